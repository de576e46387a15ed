"""JSON that has one form only (RFC 8785), so that equal content is equal bytes.

Floats are refused: their printing differs between tools. Reading refuses duplicate keys, which two readers
may understand in two ways.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import rfc8785

from protocol.errors import EvidenceError, Text
from protocol.jsonread import deeper

MAX_DEPTH: Final = 64
_LARGEST: Final = 2**53 - 1
_DIGITS: Final = 17
_TOLD: Final = 400
#: An escape that may be half of a pair; the rest is told by encoding.
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def dumps(value: Any) -> bytes:
    """Canonical bytes of a JSON value made of objects, lists, strings, integers, booleans and null.

    Raises EvidenceError when there is anything else in it, or too many nestings.
    """
    _refuse_odd(value, "$", 0)
    try:
        return bytes(rfc8785.dumps(value))
    except ValueError as problem:  # its own errors, and those of a key that no UTF-16 can hold
        raise _unreadable("JSON-002", str(problem)) from problem


def loads(data: bytes) -> Any:
    """Read JSON strictly: UTF-8, no duplicate key, no float, no NaN, no half of a surrogate pair, integers that every
    reader holds (RFC 7493), no more than `MAX_DEPTH` nestings. Raises EvidenceError.
    """
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
        if _SURROGATE.search(data):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as problem:
        raise _unreadable("JSON-001", str(problem)) from problem
    if deeper(found, MAX_DEPTH):
        raise _unreadable("JSON-004", f"> {MAX_DEPTH}")
    return found


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


def _integer(text: str) -> int:
    if len(text) > _DIGITS or abs(int(text)) > _LARGEST:
        raise ValueError(f"integer {text[:_DIGITS]} beyond ±{_LARGEST}")
    return int(text)


def _refuse_odd(value: Any, where: str, depth: int) -> None:
    if isinstance(value, float):
        raise _unreadable("JSON-003", f"{where}: {value!r}")
    if depth > MAX_DEPTH:
        raise _unreadable("JSON-004", f"> {MAX_DEPTH}")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_odd(inner, f"{where}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _refuse_odd(inner, f"{where}[{index}]", depth + 1)


def _unreadable(code: str, found: str) -> EvidenceError:
    return EvidenceError(
        code, Text("JSON illisible ou ambigu", "JSON that is unreadable or ambiguous"), found=found[:_TOLD]
    )
