"""Captured values: `${name}` in the texts of a step is replaced by what an earlier step saved.

Works on plain data (texts, lists, mappings). It never evaluates anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from protocol.errors import Text, ToolError

_HOLE: Final = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_.-]*)\}")


def names_in(value: Any) -> frozenset[str]:
    """Every `${name}` that the data mention."""
    if isinstance(value, str):
        return frozenset(_HOLE.findall(value))
    if isinstance(value, Mapping):
        return frozenset[str]().union(*(names_in(item) for item in value.values()))
    if isinstance(value, list | tuple):
        return frozenset[str]().union(*(names_in(item) for item in value))
    return frozenset()


def substitute(value: Any, values: Mapping[str, str]) -> Any:
    """The same data with every `${name}` replaced. Raises ToolError for a name that was not captured."""
    if isinstance(value, str):
        return _HOLE.sub(lambda hole: _value(hole[1], values), value)
    if isinstance(value, Mapping):
        return {key: substitute(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [substitute(item, values) for item in value]
    return value


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise ToolError(
            "STEP-001",
            Text("valeur capturée absente", "captured value missing"),
            field=name,
            expected=", ".join(sorted(values)),
        )
    return values[name]
