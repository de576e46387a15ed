"""Readers of what other tools captured: one format a file, found by walking this package."""
