"""Writes MTOM: multipart/related whose root is an XOP package (W3C XOP 1.0, RFC 2387).

Every legal form that real clients use (Content-ID style, encodings, preamble, order of parts...) and illegal
ones are options of `Packaging`. The message can be drawn piece by piece, so that a document may stay on disk.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from protocol.facts import SOAP12

Encoding = Literal["binary", "8bit", "7bit", "base64", "quoted-printable"]
_CHUNK = 64 * 1024
_SOAP_MEDIA = "application/soap+xml"
_SPECIALS = frozenset('()<>@,;:\\"/[]?= \t')


@dataclass(frozen=True)
class OutPart:
    """A part beside the root: `content_id` without angle brackets, content as bytes or a file."""

    content_id: str
    content: bytes | Path
    content_type: str = "text/xml"
    encoding: Encoding = "binary"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Packaging:
    """How the message is wrapped. The defaults are what the interface documents.

    `announced_boundary` differs from `boundary` in a message that lies; `href_style` is how `cid:` is written
    (`encoded` per RFC 2392); `newline` other than CRLF is illegal; `close` False leaves out the last boundary.
    """

    boundary: str = "=_dmpcompat"
    root_id: str = "rootpart@lps.invalid"
    announced_boundary: str = ""
    announced_start: str | None = None
    with_start: bool = True
    with_start_info: bool = True
    with_type: bool = True
    action: str = ""
    quoted: bool = True
    root_media: str = "application/xop+xml"
    root_encoding: Encoding = "binary"
    root_first: bool = True
    preamble: bytes = b""
    epilogue: bytes = b""
    newline: bytes = b"\r\n"
    padding_after_boundary: bytes = b""
    lower_case_headers: bool = False
    close: bool = True
    href_style: Literal["encoded", "literal"] = "encoded"
    extra: tuple[OutPart, ...] = field(default=())


def href(content_id: str, packaging: Packaging) -> str:
    """The `cid:` URL of a part."""
    return "cid:" + (quote(content_id, safe="@") if packaging.href_style == "encoded" else content_id)


class MultipartWriter:
    """A multipart message: `content_type`, its bytes by iteration, its length by `len()`."""

    def __init__(self, root: bytes, parts: Sequence[OutPart], packaging: Packaging) -> None:
        self._packaging = packaging
        main = OutPart(packaging.root_id, root, root_type(packaging), packaging.root_encoding)
        others = [*parts, *packaging.extra]
        self._parts = [main, *others] if packaging.root_first else [*others, main]

    @property
    def content_type(self) -> str:
        """Value of the HTTP header Content-Type."""
        how = self._packaging
        start = how.root_id if how.announced_start is None else how.announced_start
        parameters = [
            ("boundary", how.announced_boundary or how.boundary, True),
            ("type", "application/xop+xml", how.with_type),
            ("start", f"<{start}>", how.with_start),
            ("start-info", _SOAP_MEDIA, how.with_start_info),
            ("action", how.action, bool(how.action)),
        ]
        written = [f"{name}={_parameter(value, how.quoted)}" for name, value, wanted in parameters if wanted]
        return "; ".join(["multipart/related", *written])

    def __iter__(self) -> Iterator[bytes]:
        how = self._packaging
        delimiter = b"--" + how.boundary.encode("ascii")
        if how.preamble:
            yield how.preamble + how.newline
        for number, part in enumerate(self._parts):
            yield (how.newline if number else b"") + delimiter + how.padding_after_boundary + how.newline
            yield self._part_headers(part)
            yield from _encoded(part)
        if how.close:
            yield how.newline + delimiter + b"--" + how.newline + how.epilogue

    def __len__(self) -> int:
        return sum(len(piece) for piece in self)

    def read(self) -> bytes:
        """The whole message."""
        return b"".join(self)

    def _part_headers(self, part: OutPart) -> bytes:
        how = self._packaging
        headers = [
            ("Content-Type", part.content_type),
            ("Content-Transfer-Encoding", part.encoding),
            ("Content-ID", f"<{part.content_id}>"),
            *part.headers,
        ]
        lines = [
            f"{name.lower() if how.lower_case_headers else name}: {value}".encode() for name, value in headers
        ]
        return how.newline.join(lines) + how.newline * 2


def root_type(packaging: Packaging) -> str:
    """Content-Type of the root part."""
    written = f'{packaging.root_media}; charset=UTF-8; type="{_SOAP_MEDIA}"'
    return f'{written}; action="{packaging.action}"' if packaging.action else written


def soap_content_type(action: str = "", namespace: str = SOAP12) -> str:
    """Content-Type of a message without attachments: SOAP 1.2, or text/xml for SOAP 1.1."""
    if namespace != SOAP12:
        return "text/xml; charset=UTF-8"
    return f"{_SOAP_MEDIA}; charset=UTF-8" + (f'; action="{action}"' if action else "")


def _parameter(value: str, quoted: bool) -> str:
    if quoted or any(char in _SPECIALS for char in value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value


def _encoded(part: OutPart) -> Iterator[bytes]:
    if part.encoding in ("binary", "8bit", "7bit"):
        yield from _pieces(part.content)
        return
    whole = b"".join(_pieces(part.content))
    if part.encoding == "base64":
        yield base64.encodebytes(whole).replace(b"\n", b"\r\n")
    else:
        yield _quoted_printable(whole)


def _quoted_printable(content: bytes) -> bytes:
    # Everything doubtful is escaped, line ends too, so that decoding gives back the very bytes.
    safe = frozenset(range(33, 127)) - {ord("=")}
    units = [bytes((octet,)) if octet in safe else b"=%02X" % octet for octet in content]
    out, width = bytearray(), 0
    for unit in units:
        if width + len(unit) > 75:
            out += b"=\r\n"
            width = 0
        out += unit
        width += len(unit)
    return bytes(out)


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as source:
        while piece := source.read(_CHUNK):
            yield piece
