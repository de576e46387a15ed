"""Shapes of expressions that the lowering and the matching look for: positions, unions, parts that don't depend on
where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.schematron.constants import external
from harness.schematron.names import Binding, Symbol
from harness.schematron.parse import parse
from harness.schematron.syntax import Call, Dot, Expr, Filter, Lit, Op, Path, Quant, Seq, Step, Var, children

#: Functions that take the context item when they are given nothing.
ON_CONTEXT: Final = frozenset(
    [
        "string",
        "normalize-space",
        "string-length",
        "number",
        "name",
        "local-name",
        "namespace-uri",
        "node-name",
    ]
)


def elsewhere(expr: Expr, names: Mapping[str, Symbol]) -> Expr | None:
    """The expression, or what its variable stands for, when it is a sequence from another document."""
    if isinstance(expr, Var):
        symbol = names.get(expr.name)
        expr = parse(symbol.text) if isinstance(symbol, Binding) else expr
    return expr if external(expr) else None


def positional(expr: Expr) -> bool:
    """May the predicate be a position, or depend on one?"""
    if isinstance(expr, Lit):
        return not isinstance(expr.value, str)
    if isinstance(expr, Var):
        return True
    if isinstance(expr, Op) and expr.sign in ("+", "-", "*", "div", "idiv", "mod"):
        return True
    if isinstance(expr, Call) and expr.name in ("count", "string-length", "number", "sum"):
        return True
    return _asks_position(expr)


def _asks_position(expr: Expr) -> bool:
    if isinstance(expr, Call) and expr.name in ("position", "last"):
        return True
    if isinstance(expr, Step):
        return False  # its predicates have positions of their own
    return any(_asks_position(child) for child in children(expr))


def hoisted(expr: Expr) -> tuple[Path, Expr] | None:
    """`//a[p]` where p does not look at `a`, asked as a yes or no: (`//a`, p)."""
    if not isinstance(expr, Path) or not expr.steps:
        return None
    last = expr.steps[-1]
    if not isinstance(last, Step) or not last.predicates:
        return None
    predicate = last.predicates[-1]
    boolean = isinstance(predicate, Quant) or (
        isinstance(predicate, Op) and predicate.sign in ("and", "or", "=", "!=", "<", "<=", ">", ">=")
    )
    if not boolean or not independent(predicate):
        return None
    return Path(expr.start, [*expr.steps[:-1], Step(last.axis, last.test, last.predicates[:-1])]), predicate


def independent(expr: Expr) -> bool:
    """Does it mean the same whatever the context item?"""
    if isinstance(expr, Dot | Step) or (isinstance(expr, Path) and expr.start is None):
        return False
    if isinstance(expr, Path) and expr.start is not None:
        return independent(expr.start)
    if isinstance(expr, Filter):
        return independent(expr.base)
    if isinstance(expr, Call) and (
        expr.name in ("position", "last") or (not expr.args and expr.name in ON_CONTEXT)
    ):
        return False
    return all(independent(child) for child in children(expr))


def alternatives(expr: Expr) -> list[Expr]:
    if isinstance(expr, Op) and expr.sign == "|":
        return [*alternatives(expr.left), *alternatives(expr.right)]
    return [one for item in expr.items for one in alternatives(item)] if isinstance(expr, Seq) else [expr]
