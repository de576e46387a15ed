"""`doc(d)//c[@a = E and b = F]` asked as a yes or no, looked up in a table of the document instead of searched for.

Value sets and terminologies are asked so, for every code of a document; a terminology holds a hundred thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.schematron.constants import DOC, free
from harness.schematron.forms import independent, positional
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
    if isinstance(expression, Op) and expression.sign == "=":
        return _compared(expression)
    if not isinstance(expression, Path) or not isinstance(expression.start, Call) or not expression.steps:
        return None
    call, steps = expression.start, _flattened(expression.steps)
    last = steps[-1]
    if not _opens(call) or not isinstance(last, Step) or last.axis != "child":
        return None
    every = [one for predicate in last.predicates for one in _conjuncts(predicate)]
    asked = [one for one in every if free(one)]
    pairs = [pair for one in asked if (pair := _equality(one)) is not None]
    if (
        not pairs
        or len(pairs) != len(asked)
        or any(free(step) for step in steps[:-1])
        or any(map(positional, every))
    ):
        return None
    row = Step(last.axis, last.test, [one for one in every if not free(one)])
    return Lookup(
        call.args[0], (*steps[:-1], row), tuple(one for one, _ in pairs), tuple(one for _, one in pairs)
    )


def _compared(expression: Op) -> Lookup | None:
    """`E = doc(d)//c`: the table of what is found there."""
    for side, other in ((expression.left, expression.right), (expression.right, expression.left)):
        if isinstance(side, Path) and isinstance(side.start, Call) and _opens(side.start) and side.steps:
            plain = all(isinstance(step, Step) and not free(step) for step in side.steps)
            if plain and not isinstance(other, Lit):
                return Lookup(side.start.args[0], tuple(side.steps), (Dot(),), (other,))
    return None


def _opens(call: Call) -> bool:
    return call.name in DOC and len(call.args) == 1


def _flattened(steps: list[Expr]) -> list[Expr]:
    """`a[b/c[p]]` asked as a yes or no is `a/b/c[p]`."""
    last = steps[-1]
    while isinstance(last, Step) and last.predicates:
        inner = last.predicates[-1]
        if not isinstance(inner, Path) or inner.start is not None or not free(inner):
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
