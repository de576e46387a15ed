"""JSON that has one form only (RFC 8785), so that equal content is equal bytes.

Floats are refused: their printing differs between tools. Reading refuses duplicate keys, which two readers
may understand in two ways.
"""

from __future__ import annotations

import json
from typing import Any

import rfc8785

from protocol.errors import EvidenceError, Text


def dumps(value: Any) -> bytes:
    """Canonical bytes of a JSON value made of objects, lists, strings, integers, booleans and null.

    Raises EvidenceError when there is anything else in it.
    """
    _refuse_floats(value, "$")
    try:
        return bytes(rfc8785.dumps(value))
    except rfc8785.CanonicalizationError as problem:
        raise _unreadable("JSON-002", str(problem)) from problem


def loads(data: bytes) -> Any:
    """Read JSON strictly: UTF-8, no duplicate key, no float, no NaN. Raises EvidenceError."""
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise _unreadable("JSON-001", str(problem)) from problem


def is_canonical(data: bytes) -> bool:
    """Whether these bytes are the canonical form of what they say."""
    return dumps(loads(data)) == data


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"duplicate key {key!r}")
        found[key] = value
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"number {text!r} is not an integer")


def _refuse_floats(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise _unreadable("JSON-003", f"{where}: {value!r}")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_floats(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _refuse_floats(inner, f"{where}[{index}]")


def _unreadable(code: str, found: str) -> EvidenceError:
    return EvidenceError(
        code, Text("JSON illisible ou ambigu", "JSON that is unreadable or ambiguous"), found=found
    )
