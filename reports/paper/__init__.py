"""The report on paper: a tagged PDF/A-3 that carries the signed statement, a QR code, and a seal (extra `sign`)."""
