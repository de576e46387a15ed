"""Reports: model and renderings, reference numbers, signatures, offline verification."""
