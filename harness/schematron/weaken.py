"""What must hold, in XPath 1.0, for a condition of XPath 2.0 to be false, or true.

The whole condition when it can be lowered; otherwise what follows from its parts that can. Nodes where this does not
hold need no closer look, so that an expression libxml2 can't take costs only where it matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.schematron.lower import Lowering
from harness.schematron.lowered import Frame, NotLowered
from harness.schematron.syntax import Call, Expr, If, Op


@dataclass(frozen=True)
class Weak:
    """`text`: XPath 1.0 condition, None when nothing is known. `exact`: it is sufficient too."""

    text: str | None
    exact: bool


def when_false(expr: Expr, lowering: Lowering, frame: Frame) -> Weak:
    """What must hold for the condition to be false."""
    return _weak(expr, lowering, frame, wanted=False)


def when_true(expr: Expr, lowering: Lowering, frame: Frame) -> Weak:
    """What must hold for the condition to be true."""
    return _weak(expr, lowering, frame, wanted=True)


def _weak(expr: Expr, lowering: Lowering, frame: Frame, *, wanted: bool) -> Weak:
    kept = set(lowering.needs)
    try:
        text = lowering.condition(expr, frame)
        return Weak(text if wanted else f"not({text})", exact=True)
    except NotLowered:
        lowering.needs.clear()
        lowering.needs |= kept
    if isinstance(expr, Op) and expr.sign in ("and", "or"):
        left = _weak(expr.left, lowering, frame, wanted=wanted).text
        right = _weak(expr.right, lowering, frame, wanted=wanted).text
        both = (expr.sign == "and") is wanted
        return Weak(_all(left, right) if both else _any(left, right), exact=False)
    if isinstance(expr, Call) and len(expr.args) == 1 and expr.name in ("not", "boolean"):
        return Weak(
            _weak(expr.args[0], lowering, frame, wanted=wanted is (expr.name == "boolean")).text, False
        )
    if isinstance(expr, If):
        then = _all(
            _weak(expr.test, lowering, frame, wanted=True).text,
            _weak(expr.then, lowering, frame, wanted=wanted).text,
        )
        other = _all(
            _weak(expr.test, lowering, frame, wanted=False).text,
            _weak(expr.other, lowering, frame, wanted=wanted).text,
        )
        return Weak(_any(then, other), exact=False)
    return Weak(None, exact=False)


def _all(left: str | None, right: str | None) -> str | None:
    if left is None or right is None:
        return right if left is None else left
    return f"({left} and {right})"


def _any(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else f"({left} or {right})"
