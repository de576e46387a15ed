"""Deliberate defects, by name. One module a family; `registry` finds them."""
