"""What lowering gives and needs to know: an XPath 1.0 expression with its type, and the place an expression stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from harness.schematron.names import Symbol

Kind = Literal["nodes", "str", "num", "bool"]
#: Prefix of the extension functions.
PREFIX: Final = "x"


class NotLowered(Exception):
    """No XPath 1.0 expression means this."""


class Low(NamedTuple):
    """An XPath 1.0 expression, its type, and whether it can stand next to an operator as it is."""

    text: str
    kind: Kind
    bare: bool = False


@dataclass(frozen=True)
class Frame:
    """Where an expression stands. `depth`: predicates around it; `own`: the context item is the one of that depth."""

    names: Mapping[str, Symbol]
    depth: int = 0
    own: bool = True
    base: str = ""
    """What the context item is written, where it is not the one at hand: `x:top()`, the rule's node."""
    inline: bool = True
    """Are lets copied where they are used? Otherwise their values are known already."""

    def inner(self) -> Frame:
        """The frame of a predicate."""
        return replace(self, depth=self.depth + 1, own=True, base="")
