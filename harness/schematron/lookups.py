"""`doc(d)//c[@a = E and b = F]` asked as a yes or no, looked up in a table of the document instead of searched for.

Value sets and terminologies are asked so, for every code of a document; a terminology holds a hundred thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.schematron.constants import DOC, free
from harness.schematron.forms import independent
from harness.schematron.syntax import Call, Dot, Expr, Lit, Op, Path, Step


@dataclass(frozen=True)
class Lookup:
    """`reference`: which document. `steps` lead to the rows; `columns` are relative to a row; `wanted`, in the same
    order, is what they must equal, evaluated outside."""

    reference: Expr
    steps: tuple[Expr, ...]
    columns: tuple[Expr, ...]
    wanted: tuple[Expr, ...]


def lookup(expression: Expr) -> Lookup | None:
    """The expression as a look-up in a table, when it is one."""
    if not isinstance(expression, Path) or not isinstance(expression.start, Call) or not expression.steps:
        return None
    call, steps = expression.start, _flattened(expression.steps)
    last = steps[-1]
    if call.name not in DOC or len(call.args) != 1 or not isinstance(last, Step) or not last.predicates:
        return None
    if last.axis != "child" or any(free(step) for step in steps[:-1]):
        return None
    pairs = [_equality(one) for predicate in last.predicates for one in _conjuncts(predicate)]
    known = [pair for pair in pairs if pair is not None]
    if len(known) != len(pairs):
        return None
    bare = Step(last.axis, last.test, [])
    return Lookup(
        call.args[0],
        (*steps[:-1], bare),
        tuple(column for column, _ in known),
        tuple(one for _, one in known),
    )


def _flattened(steps: list[Expr]) -> list[Expr]:
    """`a[b/c[p]]` asked as a yes or no is `a/b/c[p]`."""
    last = steps[-1]
    while isinstance(last, Step) and last.predicates:
        inner = last.predicates[-1]
        if not isinstance(inner, Path) or inner.start is not None:
            break
        steps = [*steps[:-1], Step(last.axis, last.test, last.predicates[:-1]), *inner.steps]
        last = steps[-1]
    return steps


def _conjuncts(expression: Expr) -> list[Expr]:
    if isinstance(expression, Op) and expression.sign == "and":
        return [*_conjuncts(expression.left), *_conjuncts(expression.right)]
    return [expression]


def _equality(expression: Expr) -> tuple[Expr, Expr] | None:
    if not isinstance(expression, Op) or expression.sign not in ("=", "eq"):
        return None
    for side, other in ((expression.left, expression.right), (expression.right, expression.left)):
        number = isinstance(other, Lit) and not isinstance(other.value, str)
        if _column(side) and independent(other) and not number:
            return side, other
    return None


def _column(expression: Expr) -> bool:
    """Is it a plain path from the row: `@code`, `skos:notation`, `b/text()`, `.`?"""
    if isinstance(expression, Dot):
        return True
    return (
        isinstance(expression, Path)
        and expression.start is None
        and all(
            isinstance(step, Step) and step.axis in ("child", "attribute") and not step.predicates
            for step in expression.steps
        )
    )
