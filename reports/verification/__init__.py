"""The verification of a run's own report, step by step: `reports.verify` takes them in order."""
