"""Neutral kernel: facts of the interface and safe readers of bytes.

No web framework, no network, no verdict. It stays empty so that importing one module pulls no other.
"""
