"""Schematron layers of a pack: a direct engine of ours, and Saxon as the reference, behind one result type."""
