"""Reads multipart/related messages (RFC 2046, RFC 2387; MTOM) from a stream, in memory that does not
depend on their size: parts spill to disk and are hashed while they are read.

Tolerated: preamble, epilogue, blanks after a boundary, any Content-Transfer-Encoding of RFC 2045. Everything
else that is not as the RFC says is a MimeError with its own code. SOAP and XOP are left to protocol.soap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final

from protocol.contenttype import TOKEN, ContentType, parse_content_type
from protocol.errors import NO_TEXT, MimeError, Text
from protocol.mimepart import Part, bare_content_id
from protocol.transferencoding import decoder_for

__all__ = ["ContentType", "Limits", "Multipart", "Part", "parse_content_type", "read_multipart", "read_root"]

_MIB: Final = 1024 * 1024
_PIECE: Final = 64 * 1024
#: Blanks accepted between a boundary and the end of its line (RFC 2046 transport padding).
_PADDING: Final = 256
_AFTER_BOUNDARY: Final = re.compile(rb"(?:(--)[ \t]*(?:\r\n|\Z)|[ \t]*\r\n)")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_UNIQUE_HEADERS: Final = ("content-id", "content-type", "content-transfer-encoding")


@dataclass(frozen=True)
class Limits:
    """Bytes, except `parts` (count, root included). `spill_bytes`: what a part may hold in memory."""

    root_bytes: int = 16 * _MIB
    part_bytes: int = 100 * _MIB
    total_bytes: int = 120 * _MIB
    parts: int = 64
    header_bytes: int = 16 * 1024
    spill_bytes: int = _MIB


@dataclass(frozen=True)
class Multipart:
    """`parts` in the order of the message, without the root. Close it (or use `with`) to free its files."""

    root: Part
    parts: tuple[Part, ...]
    boundary: str

    def close(self) -> None:
        for part in (self.root, *self.parts):
            part.close()

    def __enter__(self) -> Multipart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_multipart(stream: BinaryIO, content_type: str, limits: Limits | None = None) -> Multipart:
    """Read a whole multipart/related message; the stream is drained (short reads are fine).

    The root is the part that `start` names, else the first (RFC 2387 3.2). Raises MimeError,
    and then leaves nothing open.
    """
    with ExitStack() as opened:
        reader = _reader(stream, content_type, limits or Limits(), opened)
        parts = reader.parts()
        root = _root(parts, reader.start)
        opened.pop_all()
    return Multipart(root, tuple(part for part in parts if part is not root), reader.boundary)


def read_root(stream: BinaryIO, content_type: str, limits: Limits | None = None) -> bytes:
    """The root part of a message that is perhaps damaged after it, for who must answer to it all the same.

    Raises MimeError when the root itself is not whole.
    """
    with ExitStack() as opened:
        reader = _reader(stream, content_type, limits or Limits(), opened)
        try:
            reader.parts()
        except MimeError:
            if not reader.whole:
                raise
        return _root(reader.whole, reader.start).read()


def _reader(stream: BinaryIO, content_type: str, limits: Limits, opened: ExitStack) -> _Reader:
    kind = parse_content_type(content_type)
    if kind.media != "multipart/related":
        raise _refused(
            "MIME-MEDIA",
            Text("le message n'est pas multipart/related", "the message is not multipart/related"),
            field="Content-Type",
            found=kind.media,
            expected="multipart/related",
        )
    start = bare_content_id(kind.params["start"]) if "start" in kind.params else None
    return _Reader(_Source(stream, limits.total_bytes), _boundary(kind), start, limits, opened)


class _Source:
    """The bytes not yet consumed. A CRLF is put in front, so the first boundary is found as others are."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.buffer = bytearray(b"\r\n")
        self.ended = False
        self._stream = stream
        self._left = limit
        self._limit = limit

    def fill(self) -> bool:
        piece = b"" if self.ended else self._stream.read(_PIECE)
        if not piece:
            self.ended = True
            return False
        self._left -= len(piece)
        if self._left < 0:
            raise _too_big("MIME-TOTAL-SIZE", "message", self._limit)
        self.buffer += piece
        return True

    def need(self, size: int) -> None:
        while len(self.buffer) < size and self.fill():
            pass

    def drain(self) -> None:
        self.buffer.clear()
        while self.fill():
            self.buffer.clear()


@dataclass
class _Reader:
    source: _Source
    boundary: str
    start: str | None
    limits: Limits
    opened: ExitStack
    seen: set[str] = field(default_factory=set)
    #: The parts read to their end.
    whole: list[Part] = field(default_factory=list)

    def parts(self) -> list[Part]:
        found = self.whole
        if not self.source.fill():
            raise _refused("MIME-EMPTY", Text("le corps du message est vide", "the message body is empty"))
        last = self._until_boundary(None, _NO_BOUNDARY)
        while not last:
            if len(found) >= self.limits.parts:
                raise _refused(
                    "MIME-PARTS",
                    Text("trop de parties dans le message", "too many parts in the message"),
                    expected=f"<= {self.limits.parts}",
                )
            part = self._open_part(len(found))
            last = self._body(part, is_root=self._is_root(part, len(found)))
            found.append(part)
        if not found:
            raise _refused("MIME-NO-PART", Text("le message n'a aucune partie", "the message has no part"))
        self.source.drain()
        return found

    def _is_root(self, part: Part, index: int) -> bool:
        return index == 0 if self.start is None else part.content_id == self.start

    def _open_part(self, index: int) -> Part:
        headers = _headers(self._header_block(), index)
        part = Part(headers, self.limits.spill_bytes)
        self.opened.callback(part.close)
        if part.content_id:
            if part.content_id in self.seen:
                raise _refused(
                    "MIME-CONTENT-ID-TWICE",
                    Text("deux parties ont le même Content-ID", "two parts have the same Content-ID"),
                    field="Content-ID",
                    found=part.content_id,
                )
            self.seen.add(part.content_id)
        return part

    def _header_block(self) -> bytes:
        """The buffer starts at the CRLF of the boundary line; the block's last CRLF stays in the buffer,
        because it may belong to the next boundary (a part with headers and no body)."""
        buffer, limit = self.source.buffer, self.limits.header_bytes
        while (end := buffer.find(b"\r\n\r\n")) < 0 and len(buffer) <= limit and self.source.fill():
            pass
        if end > limit or (end < 0 and not self.source.ended):
            raise _too_big("MIME-HEADER-SIZE", "en-têtes", limit)
        if end < 0:
            raise _truncated()
        block = bytes(buffer[2:end])
        del buffer[: end + 2]
        return block

    def _body(self, part: Part, *, is_root: bool) -> bool:
        limit = self.limits.root_bytes if is_root else self.limits.part_bytes
        code = "MIME-ROOT-SIZE" if is_root else "MIME-PART-SIZE"
        decoder = decoder_for(part.headers.get("content-transfer-encoding", ""))

        def sink(piece: bytes) -> None:
            data = decoder.feed(piece)
            if part.size + len(data) > limit:
                raise _too_big(code, part.content_id or "racine", limit)
            part.append(data)

        self.source.need(len(self.boundary) + 4 + _PADDING)
        if not self._at_boundary():
            del self.source.buffer[:2]  # the CRLF of the blank line
        last = self._until_boundary(sink, _truncated)
        data = decoder.end()
        if part.size + len(data) > limit:
            raise _too_big(code, part.content_id or "racine", limit)
        part.append(data)
        return last

    def _at_boundary(self) -> bool:
        mark = b"\r\n--" + self.boundary.encode("ascii")
        buffer = self.source.buffer
        return buffer.startswith(mark) and _AFTER_BOUNDARY.match(buffer, len(mark)) is not None

    def _until_boundary(self, sink: Callable[[bytes], None] | None, failure: Callable[[], MimeError]) -> bool:
        """Give the bytes before the next boundary line to `sink`; True when it is the closing one.

        What only begins like a boundary (longer text, no end of line) is content: lines are compared
        whole. The CRLF that ends the boundary line stays in the buffer.
        """
        source, buffer, at = self.source, self.source.buffer, 0
        mark = b"\r\n--" + self.boundary.encode("ascii")
        while True:
            found = buffer.find(mark, at)
            if found < 0:
                ready = max(0, len(buffer) - len(mark) + 1)
                if sink is not None and ready:
                    sink(bytes(buffer[:ready]))
                del buffer[:ready]
                at = 0
                if not source.fill():
                    raise failure()
                continue
            source.need(found + len(mark) + _PADDING)
            match = _AFTER_BOUNDARY.match(buffer, found + len(mark))
            if match is None or match.end() - found - len(mark) > _PADDING:
                at = found + 1
                continue
            last, end = match[1] is not None, match.end()
            if sink is not None and found:
                sink(bytes(buffer[:found]))
            del buffer[: end if last else end - 2]
            return last


def _headers(block: bytes, index: int) -> dict[str, str]:
    where = f"partie {index + 1}"
    try:
        lines = re.sub(rb"\r\n[ \t]+", b" ", block).decode("utf-8").split("\r\n") if block else []
    except UnicodeDecodeError as problem:
        raise _header(where, str(problem)) from None
    headers: dict[str, str] = {}
    for line in lines:
        label, colon, content = line.partition(":")
        name = label.rstrip(" \t").lower()
        if not colon or not TOKEN.fullmatch(name) or any(char in line for char in "\r\n\0"):
            raise _header(where, line)
        if name in headers and name in _UNIQUE_HEADERS:
            raise _refused(
                "MIME-HEADER-TWICE",
                Text("en-tête donné deux fois dans une partie", "header given twice in a part"),
                field=where,
                found=name,
            )
        headers.setdefault(name, content.strip(" \t"))
    return headers


def _boundary(kind: ContentType) -> str:
    boundary = kind.params.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _refused(
            "MIME-BOUNDARY",
            Text("paramètre boundary absent ou invalide", "boundary parameter absent or invalid"),
            field="Content-Type",
            found=boundary[:100],
            expected="1..70 (RFC 2046 5.1.1)",
        )
    return boundary


def _root(parts: list[Part], start: str | None) -> Part:
    if start is None:
        return parts[0]
    for part in parts:
        if part.content_id == start:
            return part
    raise _refused(
        "MIME-START",
        Text(
            "aucune partie n'a le Content-ID que start nomme", "no part has the Content-ID that start names"
        ),
        field="Content-Type; start",
        found=", ".join(part.content_id for part in parts)[:200],
        expected=start[:200],
        mend=Text(
            "donner à start la valeur du Content-ID de la partie racine",
            "give start the Content-ID of the root part",
        ),
    )


def _NO_BOUNDARY() -> MimeError:  # noqa: N802 - stands beside _truncated, both passed as values
    return _refused(
        "MIME-NO-BOUNDARY",
        Text("aucune ligne de séparation dans le message", "no boundary line in the message"),
        mend=Text(
            "écrire la même valeur de boundary dans l'en-tête et dans le corps, lignes terminées par CRLF",
            "write the same boundary in the header and in the body, lines ended by CRLF",
        ),
    )


def _truncated() -> MimeError:
    return _refused(
        "MIME-TRUNCATED",
        Text(
            "le message s'arrête avant sa séparation finale", "the message stops before its closing boundary"
        ),
        mend=Text("envoyer le message entier, séparation finale comprise", "send the whole message"),
    )


def _header(where: str, found: str) -> MimeError:
    return _refused(
        "MIME-HEADER",
        Text("en-tête de partie illisible", "unreadable part header"),
        field=where,
        found=found[:200],
        expected="Name: value",
    )


def _too_big(code: str, what: str, limit: int) -> MimeError:
    return _refused(
        code, Text("taille maximale dépassée", "size limit exceeded"), field=what, expected=f"<= {limit} o"
    )


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> MimeError:
    return MimeError(code, words, field=field, found=found, expected=expected, mend=mend)
