"""Casts of XPath 2.0 from text: `castable as`, `cast as`, constructor functions. The types that rules use."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from harness.schematron.values import DynamicError, Unsupported, atom, boolean, one, text_of, to_number

_SPACES: Final = re.compile(r"[ \t\r\n]+")
_ZONE: Final = r"(?P<zone>Z|[+-]\d\d:\d\d)?"
_DATE: Final = r"(?P<year>-?(?:[1-9]\d{3,}|0\d{3}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<part>\.\d+)?"
_DATE_ONLY: Final = re.compile(_DATE + _ZONE + r"\Z")
_DATE_TIME: Final = re.compile(_DATE + "T" + _TIME + _ZONE + r"\Z")
_TIME_ONLY: Final = re.compile(_TIME + _ZONE + r"\Z")
_INTEGER: Final = re.compile(r"[+-]?\d+\Z")
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)\Z")
_DOUBLE: Final = re.compile(r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?INF|\+?INF|NaN)\Z")
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*\Z")
_NCNAME: Final = re.compile(r"[^\W\d][\w.\-\u00b7]*\Z")
_GYEAR: Final = re.compile(r"-?(?:[1-9]\d{3,}|0\d{3})(?:Z|[+-]\d\d:\d\d)?\Z")
_GYEARMONTH: Final = re.compile(r"-?(?:[1-9]\d{3,}|0\d{3})-(?:0[1-9]|1[0-2])(?:Z|[+-]\d\d:\d\d)?\Z")
_DURATION: Final = re.compile(
    r"-?P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?\Z"
)


def cast(value: Any, name: str) -> Any:
    """The value as that type (`xs:integer`). Raises DynamicError (FORG0001), Unsupported for other types."""
    reader = _READERS.get(name.removeprefix("xs:").removeprefix("xsd:"))
    if reader is None:
        raise Unsupported(f"type {name}")
    if isinstance(value, bool):
        value = int(value) if name not in ("xs:boolean", "xs:string", "xs:untypedAtomic") else value
    if isinstance(value, float | Decimal) and name in ("xs:integer", "xs:int"):
        return int(value)
    if name == "xs:boolean" and isinstance(value, int | float | Decimal):
        return not (value == 0 or value != value)
    try:
        return reader(text_of(value))
    except (ValueError, OverflowError) as problem:
        raise DynamicError(f"FORG0001: {text_of(value)!r} n'est pas un {name}") from problem


def known_type(name: str) -> bool:
    return name.startswith("xs:") and name[3:] in _READERS


def castable(value: Any, name: str) -> bool:
    try:
        cast(value, name)
    except DynamicError:
        return False
    return True


def castable_sequence(values: list[Any], name: str, optional: bool) -> bool:
    if not values:
        return optional
    return len(values) == 1 and castable(atom(values[0]), name)


def cast_sequence(values: list[Any], name: str, optional: bool) -> list[Any]:
    value = one(values)
    if value is None and not optional:
        raise DynamicError(f"XPTY0004: rien à convertir en {name}")
    return [] if value is None else [cast(value, name)]


def _collapsed(text: str) -> str:
    return _SPACES.sub(" ", text).strip(" ")


def _matching(pattern: re.Pattern[str], make: Callable[[str], Any] = str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        collapsed = _collapsed(text)
        if not pattern.match(collapsed):
            raise ValueError(text)
        return make(collapsed)

    return read


def _bounded(low: int | None, high: int | None) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(_matching(_INTEGER)(text))
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(text)
        return value

    return read


def _zone(found: re.Match[str]) -> dt.tzinfo | None:
    zone = found["zone"]
    if not zone:
        return None
    if zone == "Z":
        return dt.UTC
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    if minutes > 14 * 60 or int(zone[4:6]) > 59:
        raise ValueError(zone)
    return dt.timezone(dt.timedelta(minutes=minutes if zone[0] == "+" else -minutes))


def _date_time(text: str) -> dt.datetime:
    found = _DATE_TIME.match(_collapsed(text))
    if found is None:
        raise ValueError(text)
    day = dt.datetime(int(found["year"]), int(found["month"]), int(found["day"]), tzinfo=_zone(found))
    clock = dt.timedelta(
        hours=int(found["hour"]),
        minutes=int(found["minute"]),
        seconds=int(found["second"]),
        microseconds=int((found["part"] or ".0")[1:7].ljust(6, "0")),
    )
    midnight = found["hour"] == "24" and not clock - dt.timedelta(hours=24)
    if int(found["minute"]) > 59 or int(found["second"]) > 59 or (int(found["hour"]) > 23 and not midnight):
        raise ValueError(text)
    return day + clock


def _date(text: str) -> dt.date:
    found = _DATE_ONLY.match(_collapsed(text))
    if found is None:
        raise ValueError(text)
    _zone(found)
    return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))


def _time(text: str) -> dt.time:
    found = _TIME_ONLY.match(_collapsed(text))
    if found is None:
        raise ValueError(text)
    return dt.time(int(found["hour"]) % 24, int(found["minute"]), int(found["second"]), tzinfo=_zone(found))


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "string": str,
    "untypedAtomic": str,
    "normalizedString": str,
    "token": _collapsed,
    "anyURI": str,
    "integer": _bounded(None, None),
    "int": _bounded(-(2**31), 2**31 - 1),
    "long": _bounded(-(2**63), 2**63 - 1),
    "nonNegativeInteger": _bounded(0, None),
    "positiveInteger": _bounded(1, None),
    "decimal": _matching(_DECIMAL, Decimal),
    "double": _matching(_DOUBLE, to_number),
    "float": _matching(_DOUBLE, to_number),
    "boolean": boolean,
    "date": _date,
    "dateTime": _date_time,
    "time": _time,
    "gYear": _matching(_GYEAR),
    "gYearMonth": _matching(_GYEARMONTH),
    "duration": _matching(_DURATION),
    "language": _matching(_LANGUAGE),
    "NCName": _matching(_NCNAME),
    "Name": _matching(re.compile(r"[^\W\d][\w.\-:\u00b7]*\Z")),
    "NMTOKEN": _matching(re.compile(r"[\w.\-:\u00b7]+\Z")),
}
