"""Rules of a submission (ITI-41): all of them run, so that one answer lists everything that is wrong."""
