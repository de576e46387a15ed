"""Content-Transfer-Encoding decoders that work piece by piece (RFC 2045 section 6), for protocol.mime.

Strict: a byte outside the alphabet is an error, never skipped, so that what is stored is what was sent.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Protocol

from protocol.errors import MimeError, Text

_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
_BLANKS: Final = b" \t\r\n"
_MAX_LINE: Final = 64 * 1024
_ESCAPE: Final = re.compile(rb"=(.?.?)", re.DOTALL)


class Decoder(Protocol):
    """`feed` returns what can be decoded already, `end` the rest. Both raise MimeError."""

    def feed(self, piece: bytes) -> bytes: ...

    def end(self) -> bytes: ...


def decoder_for(encoding: str) -> Decoder:
    """The decoder of a Content-Transfer-Encoding value, "" meaning none. Raises MimeError MIME-ENCODING."""
    name = encoding.strip().lower()
    if name in _IDENTITY:
        return _Identity()
    if name == "base64":
        return _Base64()
    if name == "quoted-printable":
        return _QuotedPrintable()
    raise MimeError(
        "MIME-ENCODING",
        Text("Content-Transfer-Encoding inconnu", "unknown Content-Transfer-Encoding"),
        field="Content-Transfer-Encoding",
        found=encoding[:100],
        expected="binary, 8bit, 7bit, base64, quoted-printable",
    )


class _Identity:
    def feed(self, piece: bytes) -> bytes:
        return piece

    def end(self) -> bytes:
        return b""


class _Base64:
    def __init__(self) -> None:
        self._pending = b""
        self._padded = False

    def feed(self, piece: bytes) -> bytes:
        pending = self._pending + piece.translate(None, _BLANKS)
        if pending and self._padded:
            raise _base64("=")
        whole = len(pending) // 4 * 4
        self._pending = pending[whole:]
        self._padded = pending[:whole].endswith(b"=")
        if self._padded and self._pending:
            raise _base64("=")
        try:
            return base64.b64decode(pending[:whole], validate=True)
        except binascii.Error as problem:
            raise _base64(str(problem)) from None

    def end(self) -> bytes:
        if self._pending:
            raise _base64(self._pending.decode("ascii", "replace"))
        return b""


class _QuotedPrintable:
    def __init__(self) -> None:
        self._line = b""

    def feed(self, piece: bytes) -> bytes:
        *lines, self._line = (self._line + piece).split(b"\r\n")
        if len(self._line) > _MAX_LINE:
            raise _quoted(f"> {_MAX_LINE} o sans CRLF")
        return b"".join(_quoted_line(line, b"\r\n") for line in lines)

    def end(self) -> bytes:
        return _quoted_line(self._line, b"")


def _quoted_line(line: bytes, ending: bytes) -> bytes:
    bare = line.rstrip(b" \t")
    if bare.endswith(b"="):  # soft line break
        return _ESCAPE.sub(_unescape, bare[:-1])
    return _ESCAPE.sub(_unescape, bare) + ending


def _unescape(match: re.Match[bytes]) -> bytes:
    try:
        return binascii.unhexlify(match[1]) if len(match[1]) == 2 else _no_escape(match[1])
    except binascii.Error:
        return _no_escape(match[1])


def _no_escape(found: bytes) -> bytes:
    raise _quoted("=" + found.decode("ascii", "replace"))


def _base64(found: str) -> MimeError:
    return MimeError(
        "MIME-BASE64",
        Text("partie en base64 invalide", "invalid base64 part"),
        found=found,
        expected="RFC 2045 6.8",
    )


def _quoted(found: str) -> MimeError:
    return MimeError(
        "MIME-QUOTED-PRINTABLE",
        Text("partie en quoted-printable invalide", "invalid quoted-printable part"),
        found=found,
        expected="RFC 2045 6.7",
    )
