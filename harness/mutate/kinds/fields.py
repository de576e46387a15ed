"""Mutations of the interface field by field: the changes of datasets/checks/fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from harness.fields import tables
from harness.mutate.edits import add, after, drop, first_of, put, rename, twin
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
    what, *rest = change
    return cast(Change, _MAKERS[what](*rest))


for _table in tables():
    for _name, _field, _change in _table.mutations():
        mutator(_name, over=cast(Over, _table.over), on=_table.on, breaks=_field.rules)(_made(_change))
