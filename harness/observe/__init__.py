"""Observe mode: a human uses the software under test, the runner says what to do and recognises what it sends."""
