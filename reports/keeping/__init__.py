"""Back-ups of a register with its files, and restoring them: proven whole before they take their name."""
