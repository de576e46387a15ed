"""Plain JSON from outside, within bounds: whatever is wrong with it is one ValueError, a document without end included.

Documents that are signed are read by `protocol.canonical`, which takes their one form only.
"""

from __future__ import annotations

import json
from typing import Any, Final

#: Nestings that no document of ours or of a tool that we read comes near; whoever walks one may go down freely.
MAX_DEPTH: Final = 200


def loads(data: bytes | str) -> Any:
    """The value. Raises ValueError: no JSON, of no encoding, nested too deep."""
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from None
    if deeper(found, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return found


def deeper(value: Any, most: int) -> bool:
    """Whether a value has more nestings than that; looked at without going down."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
