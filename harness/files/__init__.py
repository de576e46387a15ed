"""`dmpcompat check`: files, archives, whole trees, judged by the rules of harness.checks and told in many formats."""
