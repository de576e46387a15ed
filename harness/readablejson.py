"""JSON for people and digests: one value a line, keys sorted, the same bytes for the same value.

What `json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)` writes, several times faster: with an indent
the standard library does not use its compiled encoder, and a run writes megabytes of it.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any


def readable(value: Any) -> str:
    """The text, without an end of line. Raises TypeError for what JSON can't hold."""
    return _written(value, "\n")


def _written(value: Any, end: str) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict) and value:
        deeper = end + " "
        fields = [f"{_key(name)}: {_written(value[name], deeper)}" for name in sorted(value)]
        return "{" + deeper + ("," + deeper).join(fields) + end + "}"
    if isinstance(value, list | tuple) and value:
        deeper = end + " "
        return "[" + deeper + ("," + deeper).join([_written(item, deeper) for item in value]) + end + "]"
    if type(value) is int:  # not a boolean, which is one too
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"keys are text, not {type(name).__name__}")
    return encode_basestring(name)
