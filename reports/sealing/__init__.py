"""Seals of documents: X.509 certificates, time stamps, PAdES (extra `sign`)."""
