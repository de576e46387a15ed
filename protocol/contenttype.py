"""Reads a Content-Type value (RFC 2045 5.1), of HTTP or of a MIME part. What it allows is left to others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocol.errors import MimeError, Text

TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MEDIA: Final = re.compile(rf"\s*({TOKEN.pattern}/{TOKEN.pattern})\s*(?=;|\Z)")
#: An unquoted value goes up to the next semicolon: several clients leave `start=<…>` or a boundary unquoted.
_PARAMETER: Final = re.compile(
    rf';\s*+(?:({TOKEN.pattern})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"\s*+|([^;"]*+)))?(?=;|\Z)', re.DOTALL
)
_MAX_LENGTH: Final = 4 * 1024


@dataclass(frozen=True)
class ContentType:
    """`media` and the names of `params` are in lower case; values are kept as they are."""

    media: str
    params: Mapping[str, str]


def parse_content_type(value: str) -> ContentType:
    """Read a Content-Type value (RFC 2045 5.1), quoted or unquoted parameters in any order.

    Raises MimeError MIME-CONTENT-TYPE, MIME-PARAMETER-TWICE.
    """
    media = _MEDIA.match(value) if len(value) <= _MAX_LENGTH else None
    if media is None or any(char in value for char in "\r\n\0"):
        raise _unreadable(value)
    params: dict[str, str] = {}
    at = media.end()
    while at < len(value):
        match = _PARAMETER.match(value, at)
        if match is None:
            raise _unreadable(value)
        at = match.end()
        if match[1] is None:  # a semicolon with nothing after it
            continue
        name = match[1].lower()
        if name in params:
            raise MimeError(
                "MIME-PARAMETER-TWICE",
                Text("paramètre donné deux fois", "parameter given twice"),
                field="Content-Type",
                found=name,
            )
        params[name] = (
            re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL) if match[2] is not None else match[3].rstrip()
        )
    return ContentType(media[1].lower(), params)


def _unreadable(value: str) -> MimeError:
    return MimeError(
        "MIME-CONTENT-TYPE",
        Text("Content-Type illisible", "unreadable Content-Type"),
        field="Content-Type",
        found=value[:200],
        expected='type/subtype; name="value"',
    )
