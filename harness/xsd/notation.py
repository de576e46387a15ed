"""The short notation of datasets/schemas/cda/model, read: what a class holds, which attributes it has.

`id II+, code CE?, (act Act | supply Supply)` — name and type of each child, in order; `?` `*` `+` `{2,}` say how
many, `|` means either, `~` that xsi:nil is admitted, `<People>` stands for a named group, `sdtc:id*` for a declared
element, `[other]` for any element of another namespace, `[local]` for one of none (`[other lax]`: checked if known).
Attributes: `classCode ActClass!` (required), `use NameUses`, `typeCode=AUT` (one value), `code Word-` (forbidden),
`<Marked>` (a named set). harness.xsd.writer makes XSD of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocol.errors import Text, ToolError

#: No upper bound.
MANY: Final = -1
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][\w.\-]*(?::[A-Za-z_][\w.\-]*)?)|(?P<occurs>[?*+]|\{\d+,\d*\})"
    r"|<(?P<group>[\w:]+)>|(?P<any>\[(?:other|local)(?: lax)?\])|(?P<mark>[(),|~]))"
)
_ATTRIBUTE: Final = re.compile(
    r"(?P<name>[A-Za-z_][\w.:\-]*)(?:\s+(?P<type>[A-Za-z_][\w.:\-]*?))?(?:=(?P<fixed>\S+?))?(?P<use>[!\-]?)"
)
_COUNTS: Final = {"": (1, 1), "?": (0, 1), "*": (0, MANY), "+": (1, MANY)}


@dataclass(frozen=True)
class Occurs:
    """How many times: `high` is MANY for no bound."""

    low: int = 1
    high: int = 1


@dataclass(frozen=True)
class Child:
    """An element: of this namespace with its type, or (`type` "") a reference to one of another namespace."""

    name: str
    type: str
    nillable: bool
    occurs: Occurs


@dataclass(frozen=True)
class Group:
    """A named group."""

    name: str
    occurs: Occurs


@dataclass(frozen=True)
class Other:
    """Any element of another namespace, or (`local`) of none: unchecked, or (`lax`) checked when a schema knows it."""

    occurs: Occurs
    lax: bool = False
    local: bool = False


@dataclass(frozen=True)
class Several:
    """Particles one after the other, or (`either`) one of them."""

    items: tuple[Particle, ...]
    either: bool
    occurs: Occurs


Particle = Child | Group | Other | Several


@dataclass(frozen=True)
class Attribute:
    """One attribute; `use` is "", "required" or "prohibited"; `fixed` its only value, "" for any of its type."""

    name: str
    type: str
    fixed: str
    use: str


def content(notation: str) -> Several:
    """What a class holds. Raises ToolError (SCHEMA-001)."""
    reader = _Reader(notation)
    found = reader.several("")
    return found if isinstance(found, Several) else Several((found,), False, Occurs())


def attributes(notation: str) -> tuple[Attribute | Group, ...]:
    """The attributes of a class, in order. Raises ToolError (SCHEMA-001)."""
    return tuple(_attribute(item.strip()) for item in notation.split(",")) if notation.strip() else ()


def _attribute(item: str) -> Attribute | Group:
    if item.startswith("<") and item.endswith(">"):
        return Group(item[1:-1], Occurs())
    match = _ATTRIBUTE.fullmatch(item)
    if match is None:
        raise _wrong(item)
    use = {"!": "required", "-": "prohibited"}.get(match["use"], "")
    return Attribute(match["name"], match["type"] or "", match["fixed"] or "", use)


class _Reader:
    """Reads the tokens of one notation, left to right."""

    def __init__(self, notation: str) -> None:
        self._notation = notation
        self._tokens: list[re.Match[str]] = []
        place = 0
        while notation[place:].strip():
            match = _TOKEN.match(notation, place)
            if match is None:
                raise _wrong(notation[place:])
            self._tokens.append(match)
            place = match.end()
        self._next = 0

    def several(self, end: str) -> Particle:
        """Particles up to `end` ("" for the end of the notation), all sequence or all choice."""
        items = [self._particle()]
        separator = ""
        while (mark := self._mark()) != end:
            if mark not in (",", "|") or (separator and mark != separator):
                raise _wrong(self._notation)
            separator = mark
            items.append(self._particle())
        if len(items) == 1 and not end:
            return items[0]
        return Several(tuple(items), separator == "|", Occurs())

    def _mark(self) -> str:
        """The next mark, consumed; "" at the end."""
        if self._next == len(self._tokens):
            return ""
        token = self._tokens[self._next]
        self._next += 1
        return token["mark"] or "?"

    def _particle(self) -> Particle:
        if self._next == len(self._tokens):
            raise _wrong(self._notation)
        token = self._tokens[self._next]
        self._next += 1
        if token["mark"] == "(":
            inner = self.several(")")
            items, either = (inner.items, inner.either) if isinstance(inner, Several) else ((inner,), False)
            return Several(items, either, self._occurs())
        if token["group"]:
            return Group(token["group"], self._occurs())
        if token["any"]:
            return Other(self._occurs(), "lax" in token["any"], "local" in token["any"])
        if not token["name"]:
            raise _wrong(self._notation)
        kind = self._take("name")
        nillable = self._tilde()
        return Child(token["name"], kind, nillable, self._occurs())

    def _take(self, what: str) -> str:
        if self._next < len(self._tokens) and self._tokens[self._next][what]:
            self._next += 1
            return self._tokens[self._next - 1][what]
        return ""

    def _tilde(self) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next]["mark"] == "~":
            self._next += 1
            return True
        return False

    def _occurs(self) -> Occurs:
        said = self._take("occurs")
        if said.startswith("{"):
            low, _, high = said[1:-1].partition(",")
            return Occurs(int(low), int(high) if high else MANY)
        return Occurs(*_COUNTS[said])


def _wrong(found: str) -> ToolError:
    return ToolError(
        "SCHEMA-001",
        Text("notation de schéma illisible", "schema notation can't be read"),
        field="datasets/schemas/cda/model",
        found=found,
    )
