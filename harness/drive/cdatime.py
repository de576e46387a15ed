"""Turns a CDA time into the DTM that XDS wants: UTC, no zone written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from protocol.errors import MetadataError, Text

_TS: Final = re.compile(r"(\d{4}(?:\d\d){0,5})(?:\.\d+)?([+-]\d{4})?")
_FORMATS: Final = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def utc(value: str) -> str:
    """`20210401134745+0100` gives `20210401124745`; "" stays "".

    Precision is kept. A time without a zone is taken for UTC and a date stays as it is: what the writer meant
    is unknown. Raises MetadataError for anything else.
    """
    if not value:
        return ""
    match = _TS.fullmatch(value)
    if match is None:
        raise _wrong(value)
    digits, zone = match[1], match[2]
    pattern = _FORMATS.get(len(digits))
    if pattern is None:
        return digits
    try:
        moment = datetime.strptime(digits, pattern).replace(tzinfo=UTC) - _offset(zone)
    except (ValueError, OverflowError):
        raise _wrong(value) from None
    return moment.strftime("%Y%m%d%H%M%S")[: len(digits)].rjust(len(digits), "0")


def _offset(zone: str | None) -> timedelta:
    if not zone:
        return timedelta()
    span = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return span if zone[0] == "+" else -span


def _wrong(value: str) -> MetadataError:
    return MetadataError(
        "META-004",
        Text("date CDA illisible", "unreadable CDA time"),
        found=value[:40],
        expected="YYYYMMDDhhmmss+hhmm",
    )
