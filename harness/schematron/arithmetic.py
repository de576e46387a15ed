"""Arithmetic of XPath 2.0: integers and decimals stay exact, doubles don't; empty with anything is empty."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from harness.schematron.values import DynamicError, Sequence, Unsupported, numeric, one

#: Longer ranges than any rule has a use for.
_MAX_RANGE = 100_000


def negate(operand: Sequence) -> Sequence:
    value = one(operand)
    return [] if value is None else [-numeric(value)]


def reckon(sign: str, left: Sequence, right: Sequence) -> Sequence:
    """`+ - * div idiv mod to`. Raises DynamicError (FOAR0001 division by zero, FORG0001 not a number)."""
    first, second = one(left), one(right)
    if first is None or second is None:
        return []
    a, b = numeric(first), numeric(second)
    if sign == "to":
        if int(b) - int(a) > _MAX_RANGE:
            raise Unsupported("suite de nombres démesurée")
        return list(range(int(a), int(b) + 1))
    if isinstance(a, float) or isinstance(b, float):
        return [_double(sign, float(a), float(b))]
    if sign in ("div", "idiv", "mod") and b == 0:
        raise DynamicError("FOAR0001: division par zéro")
    return [_exact(sign, a, b)]


def _exact(sign: str, a: Any, b: Any) -> Any:
    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    if sign == "div":
        result = Decimal(a) / Decimal(b)
        return int(result) if result == result.to_integral_value() else result
    quotient = int(Decimal(a) / Decimal(b))
    return quotient if sign == "idiv" else a - b * quotient


def _double(sign: str, a: float, b: float) -> Any:
    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    if sign == "mod":
        return math.nan if b == 0 or math.isinf(a) or a != a or b != b else math.fmod(a, b)
    if sign == "idiv":
        if b == 0 or a != a or b != b or math.isinf(a):
            raise DynamicError("FOAR0001: division par zéro")
        return int(a / b)
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b
