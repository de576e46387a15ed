"""Mutations of the interface field by field: the changes of datasets/checks/fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from harness.fields import tables
from harness.mutate.edits import add, after, drop, each, first_of, put, rename, twin
from harness.mutate.registry import Change, Over, mutator

_MAKERS: Final[dict[str, Callable[..., Any]]] = {
    "drop": drop,
    "drop-all": lambda path: drop(path, every=True),
    "put": put,
    "twin": twin,
    "add": add,
    "first": lambda path, fragment: add(path, fragment, first=True),
    "after": after,
    "rename": rename,
    "lead": first_of,
}


def _made(change: tuple[str, ...]) -> Change:
    """Of `[what, path, value]`. Steps of one change are texts after `each`: `[each, "put|path|x", "drop|path"]`."""
    what, *rest = change
    return cast(Change, _MAKERS[what](*rest))


for _table in tables():
    for _name, _field, _change in _table.mutations():
        _steps = [tuple(step.split("|")) for step in _change[1:]] if _change[0] == "each" else [_change]
        mutator(_name, over=cast(Over, _table.over), on=_table.on, breaks=_field.rules)(
            each(*(_made(step) for step in _steps))
        )
