"""Reads a SOAP message from a stream: simple, or MTOM (multipart/related with an application/xop+xml root).

It checks the packaging, bounds what it reads and finds the bytes behind xop:Include or inline base64. The
envelope's own view is protocol.envelope; what the payload means, and every policy, are left to others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final, Literal
from urllib.parse import unquote

from lxml import etree

from protocol import facts
from protocol.envelope import Addressing, Envelope, read_envelope
from protocol.errors import NO_TEXT, SoapError, Text, WireError
from protocol.mime import ContentType, Limits, Multipart, Part, parse_content_type, read_multipart, read_root
from protocol.safexml import parse, path_of, text, xpath

__all__ = [
    "TOO_LARGE",
    "UNSUPPORTED_MEDIA",
    "Addressing",
    "Binary",
    "Envelope",
    "Limits",
    "Part",
    "SoapMessage",
    "message_id_of",
    "read_message",
]

#: Codes of errors that a server answers with 413 and with 415.
TOO_LARGE: Final = frozenset(
    {
        "SOAP-SIZE",
        "XML-SIZE",
        "MIME-ROOT-SIZE",
        "MIME-PART-SIZE",
        "MIME-TOTAL-SIZE",
        "MIME-HEADER-SIZE",
        "MIME-PARTS",
    }
)
UNSUPPORTED_MEDIA: Final = frozenset({"SOAP-MEDIA", "MIME-MEDIA", "MIME-CONTENT-TYPE"})

_SOAP12_MEDIA: Final = "application/soap+xml"
_SOAP11_MEDIA: Final = "text/xml"
_XOP_MEDIA: Final = "application/xop+xml"
_INCLUDE: Final = f"{{{facts.XOP}}}Include"
_PIECE: Final = 64 * 1024
#: libxml2 refuses a longer text unless told otherwise.
_LONG_TEXT: Final = 10_000_000


@dataclass(frozen=True)
class Binary:
    """The bytes that an element carries. `size` in bytes, `sha1` and `sha256` in hexadecimal; `inline` is
    True for base64 in the envelope, False for an attachment."""

    size: int
    sha1: str
    sha256: str
    inline: bool
    _part: Part | None = field(default=None, repr=False)
    _data: bytes = field(default=b"", repr=False)

    def open(self) -> BinaryIO:
        return self._part.open() if self._part is not None else io.BytesIO(self._data)

    def read(self) -> bytes:
        return self._part.read() if self._part is not None else self._data


@dataclass(frozen=True)
class SoapMessage:
    """Close it (or use `with`) to free the files of its attachments.

    `attachments` are keyed by Content-ID without angle brackets; `parts` also holds those that have none.
    """

    envelope: Envelope
    packaging: Literal["simple", "mtom"]
    attachments: Mapping[str, Part]
    parts: tuple[Part, ...] = ()
    _multipart: Multipart | None = field(default=None, repr=False)

    def binary(self, element: etree._Element) -> Binary:
        """The bytes that an element carries, by xop:Include or as base64 text (XOP 1.0, section 3).

        Raises SoapError: SOAP-XOP-CONTENT, SOAP-XOP-HREF, SOAP-XOP-DANGLING, SOAP-BASE64.
        """
        children = [child for child in element if isinstance(child.tag, str)]
        if not children:
            return _inline(element)
        if len(children) > 1 or children[0].tag != _INCLUDE or text(element):
            raise _refused(
                "SOAP-XOP-CONTENT",
                Text(
                    "l'élément doit contenir un seul xop:Include, ou du base64",
                    "the element must hold one xop:Include, or base64",
                ),
                field=path_of(element),
                found=", ".join(str(child.tag) for child in children)[:200],
                expected=_INCLUDE,
            )
        part = self._included(children[0])
        return Binary(part.size, part.sha1, part.sha256, inline=False, _part=part)

    def unreferenced(self) -> tuple[str, ...]:
        """Content-IDs of the attachments that no xop:Include names; `#2` for the second part without one."""
        used = set()
        for include in self.envelope.root.iter(_INCLUDE):
            part = self._find(include.get("href") or "")
            if part is not None:
                used.add(id(part))
        return tuple(
            part.content_id or f"#{rank}" for rank, part in enumerate(self.parts, 1) if id(part) not in used
        )

    def close(self) -> None:
        if self._multipart is not None:
            self._multipart.close()

    def __enter__(self) -> SoapMessage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _included(self, include: etree._Element) -> Part:
        href = include.get("href") or ""
        if not href.startswith("cid:") or len(href) == len("cid:"):
            raise _refused(
                "SOAP-XOP-HREF",
                Text("xop:Include sans référence cid:", "xop:Include without a cid: reference"),
                field=path_of(include),
                found=href[:200],
                expected="cid:…",
            )
        part = self._find(href)
        if part is None:
            raise _refused(
                "SOAP-XOP-DANGLING",
                Text("aucune partie n'a le Content-ID référencé", "no part has the referenced Content-ID"),
                field=path_of(include),
                found=href[:200],
                expected=", ".join(self.attachments)[:200],
                mend=Text(
                    "joindre la partie, ou reprendre son Content-ID dans href",
                    "attach the part, or repeat its Content-ID in href",
                ),
            )
        return part

    def _find(self, href: str) -> Part | None:
        """By the decoded name (RFC 2392), else by the literal one: some clients encode both or neither."""
        name = href.removeprefix("cid:")
        return self.attachments.get(unquote(name)) or self.attachments.get(name)


def read_message(
    stream: BinaryIO, content_type: str, *, limits: Limits | None = None, lenient_soap11: bool = False
) -> SoapMessage:
    """Read one message whole. A simple message is bounded by `limits.root_bytes`, base64 documents included.

    `lenient_soap11` also accepts SOAP 1.1 envelopes and text/xml (INFERRED; off by default).
    Raises SoapError (SOAP-MEDIA, SOAP-EMPTY, SOAP-SIZE and those of read_envelope), MimeError,
    XmlRefused, and then leaves nothing open.
    """
    bounds = limits or Limits()
    kind = parse_content_type(content_type)
    simple = {_SOAP12_MEDIA, _SOAP11_MEDIA} if lenient_soap11 else {_SOAP12_MEDIA}
    if kind.media in simple:
        envelope = _envelope(_bounded(stream, bounds.root_bytes), bounds, lenient_soap11)
        return SoapMessage(envelope, "simple", {})
    _require_mtom(kind, simple)
    multipart = read_multipart(stream, content_type, bounds)
    try:
        _require_xop_root(multipart.root.content_type, simple)
        envelope = _envelope(multipart.root.read(), bounds, lenient_soap11)
    except BaseException:
        multipart.close()
        raise
    attachments = {part.content_id: part for part in multipart.parts if part.content_id}
    return SoapMessage(envelope, "mtom", attachments, multipart.parts, multipart)


def message_id_of(stream: BinaryIO, content_type: str, *, limits: Limits | None = None) -> str:
    """wsa:MessageID of a message that can't be taken, so that its fault may say what it answers.

    "" when it can't be told, or not in one way. Raises nothing.
    """
    bounds = limits or Limits()
    try:
        if parse_content_type(content_type).media == "multipart/related":
            data = read_root(stream, content_type, bounds)
        else:
            data = _bounded(stream, bounds.root_bytes)
        found = xpath(_parsed(data, bounds), "/*/*[local-name() = 'Header']/wsa:MessageID")
    except WireError:
        return ""
    return text(found[0]) if len(found) == 1 else ""


def _envelope(data: bytes, limits: Limits, lenient_soap11: bool) -> Envelope:
    return read_envelope(_parsed(data, limits), lenient_soap11=lenient_soap11)


def _parsed(data: bytes, limits: Limits) -> etree._Element:
    return parse(data, max_bytes=limits.root_bytes, huge=len(data) > _LONG_TEXT)


def _bounded(stream: BinaryIO, limit: int) -> bytes:
    body = bytearray()
    while piece := stream.read(_PIECE):
        body += piece
        if len(body) > limit:
            raise _refused(
                "SOAP-SIZE",
                Text("le message est trop gros", "the message is too big"),
                expected=f"<= {limit} o",
                mend=Text("joindre les documents en MTOM", "attach documents with MTOM"),
            )
    if not body.strip():
        raise _refused("SOAP-EMPTY", Text("le corps de la requête est vide", "the body is empty"))
    return bytes(body)


def _require_mtom(kind: ContentType, simple: set[str]) -> None:
    inner = kind.params.get("type", "").lower()
    info = kind.params.get("start-info", "").lower()
    if kind.media == "multipart/related" and inner == _XOP_MEDIA and (not info or _bare(info) in simple):
        return
    raise _media(
        kind.media + (f'; type="{inner}"; start-info="{info}"' if kind.media.startswith("multipart/") else "")
    )


def _require_xop_root(kind: ContentType, simple: set[str]) -> None:
    inner = kind.params.get("type", "").lower()
    if kind.media != _XOP_MEDIA or (inner and _bare(inner) not in simple):
        raise _media(f'racine : {kind.media}; type="{inner}"')


def _bare(media: str) -> str:
    """Without parameters: some stacks repeat `action` inside start-info."""
    return media.split(";", 1)[0].strip()


def _media(found: str) -> SoapError:
    return _refused(
        "SOAP-MEDIA",
        Text("type de contenu non pris en charge", "unsupported media type"),
        field="Content-Type",
        found=found[:200],
        expected=f'{_SOAP12_MEDIA} | multipart/related; type="{_XOP_MEDIA}"; start-info="{_SOAP12_MEDIA}"',
    )


def _inline(element: etree._Element) -> Binary:
    raw = text(element).encode("utf-8").translate(None, b" \t\r\n")
    try:
        data = base64.b64decode(raw, validate=True)
    except binascii.Error as problem:
        raise _refused(
            "SOAP-BASE64",
            Text("contenu base64 invalide", "invalid base64 content"),
            field=path_of(element),
            found=str(problem),
        ) from None
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return Binary(len(data), sha1, hashlib.sha256(data).hexdigest(), inline=True, _data=data)


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> SoapError:
    return SoapError(code, words, field=field, found=found, expected=expected, mend=mend)
