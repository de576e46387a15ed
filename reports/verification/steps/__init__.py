"""The steps, one file a subject; each registers itself with its place in the order."""
