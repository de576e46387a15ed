"""The interface field by field: which rule looks at each field, and a change of it that one of them must see.

Data of datasets/checks/fields/*.yaml, a file a part of the interface. The changes are mutators of the proof
(`harness.mutate.kinds.fields`), so that the table says nothing that is not measured; nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from protocol.datafolders import folder
from protocol.errors import NO_TEXT, Text
from protocol.yamlread import read_yaml

PLACE: Final = ("checks", "fields")
_DULL: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Field:
    """One field. `rules`: those that look at it; `also`: those that look at it among other things; `breaks`: changes
    ([what, path, value…]) that one of `rules` must see; `proved`: mutators written elsewhere that break it; `why`: why
    no rule looks at it, or why no change proves it.
    """

    name: str
    asks: str
    rules: tuple[str, ...]
    also: tuple[str, ...]
    breaks: tuple[tuple[str, ...], ...]
    proved: tuple[str, ...]
    why: Text


@dataclass(frozen=True)
class Table:
    """One part of one message: the transactions that carry it, the side, the path that `~` stands for."""

    id: str
    title: Text
    on: tuple[str, ...]
    over: str
    root: str
    fields: tuple[Field, ...]

    def mutations(self) -> Iterator[tuple[str, Field, tuple[str, ...]]]:
        """(name of the mutator, field, change) of each change."""
        seen: dict[str, int] = {}
        for field in self.fields:
            name = f"field-{self.id}-{_DULL.sub('-', field.name).strip('-').lower()}"
            for change in field.breaks:
                seen[name] = seen.get(name, 0) + 1
                mark = f"-{seen[name]}" if seen[name] > 1 else ""
                yield name + mark, field, tuple(part.replace("~", self.root, 1) for part in change)


@cache
def tables() -> tuple[Table, ...]:
    """All of them, in the order of their files. Raises ToolError when the data can't be read."""
    place = folder("datasets").joinpath(*PLACE)
    return tuple(
        _table(one) for path in sorted(place.glob("*.yaml")) for one in read_yaml(path).data["tables"]
    )


def _table(one: dict[str, Any]) -> Table:
    fields = tuple(_field(name, told) for name, told in one["fields"].items())
    title = Text(one["title"]["fr"], one["title"]["en"])
    return Table(one["id"], title, tuple(one["on"]), one["over"], one.get("root", ""), fields)


def _field(name: str, told: dict[str, Any]) -> Field:
    why = told.get("why")
    return Field(
        name,
        str(told.get("asks", "")),
        tuple(told.get("rules", ())),
        tuple(told.get("also", ())),
        tuple(tuple(str(part) for part in change) for change in told.get("breaks", ())),
        tuple(told.get("proved", ())),
        Text(why["fr"], why["en"]) if why else NO_TEXT,
    )
