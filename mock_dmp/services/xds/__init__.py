"""What the XDS.b services share: reading a submission, its rules, registration, stored queries."""
