"""Stored queries of ITI-18: their parameters, the matching of objects, what each query returns."""
