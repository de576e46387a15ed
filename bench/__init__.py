"""Benchmarks: ratios measured in one run on one machine, never absolute speeds, never part of the tests."""
