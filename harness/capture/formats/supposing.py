"""The Content-Type that a body must have had, when nobody kept it: the message tells most of it."""

from __future__ import annotations

import re
from typing import Final

from protocol.facts import SOAP11

_BOUNDARY: Final = re.compile(rb"(?:\A|\r?\n)--([^\r\n]{1,200}?)[ \t]*\r?\n")
_START: Final = re.compile(rb"^content-id:[ \t]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)


def supposed_kind(body: bytes) -> str:
    """Media type with the parameters that the body shows; SOAP 1.2 unless it is another."""
    boundary = _BOUNDARY.match(body) or _BOUNDARY.match(b"\n" + body.lstrip())
    if boundary and not body.lstrip().startswith(b"<"):
        start = _START.search(body)
        told = f'; start="{start[1].decode("latin-1")}"' if start else ""
        return (
            f'multipart/related; type="application/xop+xml"; boundary="{boundary[1].decode("latin-1")}"{told}; '
            'start-info="application/soap+xml"'
        )
    head = body[:4096]
    if SOAP11.encode() in head:
        return "text/xml; charset=utf-8"
    if b"<html" in head.lower():
        return "text/html"
    return "application/soap+xml; charset=utf-8" if b"<" in head else "application/octet-stream"
