"""Which attributes of the rule's node decide of an expression, when nothing else of the document does.

The verdict is then the same for the same values, and need not be computed again: dates, codes and identifiers recur.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.schematron.constants import external
from harness.schematron.names import Binding, Local, Symbol
from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.syntax import (
    Call,
    Dot,
    Expr,
    Filter,
    For,
    Lit,
    Path,
    Quant,
    Root,
    Step,
    Var,
    children,
)

_ELSEWHERE = frozenset(["current", "position", "last", "doc", "document", "root", "generate-id"])


class _ReadsMore(Exception):
    """Something else than attributes of the node counts."""


def attributes_read(expr: Expr, names: Mapping[str, Symbol]) -> tuple[str, ...] | None:
    """Names of the attributes, without prefix; None when the expression looks at more."""
    found: set[str] = set()
    try:
        _read(expr, names, found, set())
    except (_ReadsMore, XPathSyntaxError):
        return None
    return tuple(sorted(found))


def _read(expr: Expr, names: Mapping[str, Symbol], found: set[str], seen: set[Binding]) -> None:
    if external(expr):
        return
    if isinstance(expr, Var):
        _variable(names.get(expr.name), found, seen)
        return
    if isinstance(expr, Path) and expr.start is None and len(expr.steps) == 1:
        step = expr.steps[0]
        if isinstance(step, Step) and step.axis == "attribute" and not step.predicates and _plain(step.test):
            found.add(step.test)
            return
    if isinstance(expr, Dot | Step | Path | Root | Filter):
        raise _ReadsMore
    if isinstance(expr, Call) and (
        expr.name in _ELSEWHERE or (not expr.args and expr.name not in ("true", "false"))
    ):
        raise _ReadsMore
    if isinstance(expr, For | Quant):
        names = {**names, **{name: Local(name) for name, _ in expr.bindings}}
    for child in children(expr):
        _read(child, names, found, seen)


def _variable(symbol: Symbol | None, found: set[str], seen: set[Binding]) -> None:
    if isinstance(symbol, Local):
        return
    if not isinstance(symbol, Binding):
        raise _ReadsMore
    if symbol in seen:
        return
    seen.add(symbol)
    tree = parse(symbol.text)
    if symbol.shared and not isinstance(tree, Lit):
        raise _ReadsMore
    _read(tree, symbol.visible, found, seen)


def _plain(test: str) -> bool:
    return ":" not in test and "*" not in test and "(" not in test
