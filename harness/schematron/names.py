"""What a variable's name means where it is written: a let of the rule, a global let, or a bound variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.schematron.syntax import Expr, Lit, Path, Root


@dataclass(eq=False)
class Binding:
    """A let. `visible`: the names its own expression sees. Identity is what tells two lets apart."""

    name: str
    text: str
    visible: Mapping[str, Symbol]
    shared: bool = False
    """Global (or of a pattern): evaluated once a document, on its document node."""


@dataclass(frozen=True)
class Local:
    """A variable of `for`, `some` or `every`, held in the running context."""

    name: str


@dataclass(frozen=True)
class ContextItem:
    """A quantified variable that stands for the context item at one depth of predicates."""

    depth: int


Symbol = Binding | Local | ContextItem


def context_free(expression: Expr) -> bool:
    """Does it mean the same wherever it is evaluated in one document? Literals and absolute paths."""
    return isinstance(expression, Lit | Root) or (
        isinstance(expression, Path) and isinstance(expression.start, Root)
    )
