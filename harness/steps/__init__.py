"""Step kinds: one file each, registered by name in `harness.steps.api`."""
