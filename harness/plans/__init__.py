"""What is done with a plan beside running it: explained, frozen, linted, proved."""
