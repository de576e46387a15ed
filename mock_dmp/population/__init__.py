"""Synthetic patients in number: made from a seed, loaded in bulk."""
