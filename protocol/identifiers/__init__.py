"""Identifiers of the interface: one module a data type, each `parse_*` raises IdentifierError only.

Writing is `str(value)`; `parse_x(str(value)) == value` holds for every value that came out of `parse_x`.
Whether an identifier is allowed in a place is decided elsewhere.
"""
