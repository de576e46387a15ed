"""Items and sequences of XPath 2.0 as this engine holds them, and the conversions of the recommendation.

A sequence is a list. A node is an lxml element (or comment, or instruction), an attribute or text (lxml's smart
string), or a `Document`; the rest are atomic values. Text from nodes is `Untyped`, which comparisons treat apart.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lxml import etree

Item = Any
Sequence = list[Any]
_SmartString: Final = etree._ElementUnicodeResult
_XML_SPACE: Final = " \t\r\n"
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")


class DynamicError(Exception):
    """An error of XPath 2.0 at run time (a cast that fails, a sequence where one item is due): Saxon would stop."""


class Unsupported(Exception):
    """Something this engine does not take; it is reported, and left to Saxon."""


class Unavailable(Exception):
    """A value set or another document that is not there."""


class Untyped(str):
    """The text of a node."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document node, by its root element."""

    root: etree._Element


@dataclass(frozen=True, slots=True)
class Name:
    """A value of type xs:QName."""

    uri: str
    local: str


def is_node(item: Item) -> bool:
    return isinstance(item, etree._Element | Document) or (
        isinstance(item, _SmartString) and item.getparent() is not None
    )


def is_element(item: Item) -> bool:
    """An element; comments and instructions, which libxml2 takes no expression from here, are not."""
    return isinstance(item, etree._Element) and isinstance(item.tag, str)


def is_attribute(item: Item) -> bool:
    return isinstance(item, _SmartString) and bool(item.is_attribute)


def key(item: Item) -> object:
    """What tells a node from another."""
    if isinstance(item, _SmartString):
        return (id(item.getparent()), item.attrname if item.is_attribute else item.is_tail)
    return id(item.root) if isinstance(item, Document) else -id(item)


def text_of(item: Item) -> str:
    """The string value of a node, or the lexical form of an atomic value."""
    if isinstance(item, str):
        return str(item)
    if isinstance(item, etree._Element):
        if not isinstance(item.tag, str):
            return item.text or ""
        return (item.text or "") if not len(item) else _whole(item)
    if isinstance(item, Document):
        return _whole(item.root)
    return lexical(item)


def _whole(element: etree._Element) -> str:
    return "".join(str(piece) for piece in element.itertext(etree.Element))


def lexical(value: Item) -> str:
    """Atomic value to string, as XPath 2.0 casts it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "INF" if value > 0 else "-INF"
        if value == int(value) and abs(value) < 1e6:
            return str(int(value))
        return repr(value)
    if isinstance(value, Decimal):
        plain = format(value, "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return value.local if isinstance(value, Name) else str(value)


def atom(item: Item) -> Item:
    """The typed value of an item: text of a node is untyped."""
    if isinstance(item, _SmartString):
        return Untyped(item) if item.getparent() is not None else str(item)
    return Untyped(text_of(item)) if isinstance(item, etree._Element | Document) else item


def atoms(sequence: Sequence) -> Sequence:
    return [atom(item) for item in sequence]


def one(sequence: Sequence) -> Item | None:
    """The single atomic value of a sequence, None when empty. Raises DynamicError for several."""
    if len(sequence) > 1:
        raise DynamicError("XPTY0004: plusieurs éléments là où un seul est permis")
    return atom(sequence[0]) if sequence else None


def string(sequence: Sequence) -> str:
    """The argument of a function that takes one string or none."""
    value = one(sequence)
    return "" if value is None else text_of(value)


def to_number(value: Item | None) -> float:
    """fn:number: NaN for what is not a number."""
    if value is None:
        return math.nan
    if isinstance(value, bool | int | float | Decimal):
        return float(value)
    stripped = text_of(value).strip(_XML_SPACE)
    return float(stripped) if _NUMBER.match(stripped) else special(stripped)


def special(text: str) -> float:
    return {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf}.get(text, math.nan)


def truth(sequence: Sequence) -> bool:
    """Effective boolean value. Raises DynamicError where there is none."""
    if not sequence:
        return False
    first = sequence[0]
    if is_node(first):
        return True
    if len(sequence) > 1:
        raise DynamicError("FORG0006: pas de valeur booléenne")
    if isinstance(first, bool):
        return first
    if isinstance(first, str):
        return first != ""
    if isinstance(first, int | float | Decimal):
        return not (first == 0 or first != first)
    raise DynamicError("FORG0006: pas de valeur booléenne")


def numeric(item: Item) -> Item:
    """An operand of arithmetic or of a comparison with a number. Raises DynamicError (FORG0001)."""
    if isinstance(item, bool):
        raise DynamicError("XPTY0004: booléen dans un calcul")
    if isinstance(item, int | float | Decimal):
        return item
    stripped = str(item).strip(_XML_SPACE)
    if not _NUMBER.match(stripped) and stripped not in ("NaN", "INF", "-INF"):
        raise DynamicError(f"FORG0001: {stripped!r} n'est pas un nombre")
    return to_number(item)


_SIGNS: Final = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def compare(sign: str, left: Sequence, right: Sequence) -> bool:
    """General comparison: some pair of items compares so."""
    lefts, rights = atoms(left), atoms(right)
    return any(_pair(sign, one, other, general=True) for one in lefts for other in rights)


def compare_values(sign: str, left: Sequence, right: Sequence) -> Sequence:
    """Value comparison: empty when a side is empty."""
    first, second = one(left), one(right)
    if first is None or second is None:
        return []
    return [_pair(_SIGNS[sign], first, second, general=False)]


def _pair(sign: str, left: Item, right: Item, *, general: bool) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        if isinstance(left, str) and isinstance(right, str):
            pass
        elif general and isinstance(left, Untyped):
            left = _as(left, right)
        elif general and isinstance(right, Untyped):
            right = _as(right, left)
        else:
            raise DynamicError("XPTY0004: comparaison entre types différents")
    elif isinstance(left, bool) != isinstance(right, bool) or isinstance(left, Name) != isinstance(
        right, Name
    ):
        raise DynamicError("XPTY0004: comparaison entre types différents")
    return order(sign, left, right)


def _as(text: Untyped, other: Item) -> Item:
    """Untyped text cast to the type it is compared with."""
    if isinstance(other, bool):
        return boolean(text)
    if isinstance(other, int | float | Decimal):
        return numeric(text)
    from harness.schematron.casts import cast

    return cast(text, type_name(other))


def boolean(text: str) -> bool:
    stripped = text.strip(_XML_SPACE)
    if stripped not in ("true", "false", "0", "1"):
        raise DynamicError(f"FORG0001: {stripped!r} n'est pas un booléen")
    return stripped in ("true", "1")


def type_name(item: Item) -> str:
    for kind, name in (
        (bool, "xs:boolean"), (int, "xs:integer"), (Decimal, "xs:decimal"), (float, "xs:double"),
        (dt.datetime, "xs:dateTime"), (dt.date, "xs:date"), (dt.time, "xs:time"), (Name, "xs:QName"),
        (Untyped, "xs:untypedAtomic"),
    ):  # fmt: skip
        if isinstance(item, kind):
            return name
    return "xs:string"


def order(sign: str, left: Item, right: Item) -> bool:
    if isinstance(left, Decimal) and isinstance(right, float):
        left = float(left)
    elif isinstance(right, Decimal) and isinstance(left, float):
        right = float(right)
    try:
        if sign == "=":
            return bool(left == right)
        if sign == "!=":
            return bool(left != right)
        if sign == "<":
            return bool(left < right)
        if sign == "<=":
            return bool(left <= right)
        return bool(left > right) if sign == ">" else bool(left >= right)
    except TypeError as problem:
        raise DynamicError(f"XPTY0004: {problem}") from problem
