"""The desk of the operator: what observe mode shows and asks, in the terminal, in a web page, or to a program."""
