"""Who plays the LPS: our own driver, or somebody's software that is observed."""
