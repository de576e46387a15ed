"""Brings the fixtures of an LPS without a network."""

from tests.mock_dmp.lps_fixtures import change, lps, reader, shared_store, trusting

__all__ = ["change", "lps", "reader", "shared_store", "trusting"]
