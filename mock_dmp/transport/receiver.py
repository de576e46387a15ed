"""Turns bytes into one HTTP/1.1 request: the head, then the body, which goes to a blob as it comes.

No socket here: bytes are fed as they arrive, so that a slow client holds a buffer and not a thread. What is
wrong is said in `problem`, with what was received so far kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from protocol.exchange import Headers

_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;.*)?")
_LINE_MAX = 4096


class Sink(Protocol):
    """Where a body goes (mock_dmp.state.blobs.BlobWriter)."""

    size: int

    def write(self, data: bytes) -> None: ...

    def commit(self) -> str: ...

    def discard(self) -> None: ...


@dataclass(frozen=True)
class Limits:
    """Bytes of a head and of a body (decoded from its transfer coding)."""

    head: int = 64 * 1024
    body: int = 128 * 1024 * 1024


@dataclass(frozen=True)
class Problem:
    """Why a request is refused before anyone reads it: HTTP status and a stable word."""

    status: int
    word: str


@dataclass(frozen=True)
class Head:
    """Request line and headers as they came; `raw` is for the HTTP server, `Expect` taken out."""

    method: str
    target: str
    headers: Headers
    raw: bytes

    @property
    def old(self) -> bool:
        """Whether it is HTTP/1.0."""
        return self.raw.partition(b"\r\n")[0].endswith(b"1.0")

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class State(Enum):
    HEAD = "head"
    LENGTH = "length"
    CHUNK_SIZE = "chunk size"
    CHUNK_DATA = "chunk data"
    CHUNK_END = "chunk end"
    TRAILERS = "trailers"
    COMPLETE = "complete"
    BROKEN = "broken"


class Receiver:
    """One request being received. `leftover` holds what came after it (the next request)."""

    def __init__(self, limits: Limits, new_body: Callable[[], Sink], leftover: bytes = b"") -> None:
        self._limits = limits
        self._new_body = new_body
        self._buffer = bytearray(leftover)
        self._left = 0
        self._total = 0
        self._trailers = 0
        self.state = State.HEAD
        self.head: Head | None = None
        self.body: Sink | None = None
        self.problem: Problem | None = None
        self.expects_continue = False
        self._advance()

    @property
    def finished(self) -> bool:
        return self.state in (State.COMPLETE, State.BROKEN)

    @property
    def started(self) -> bool:
        """Whether anything of a request is here."""
        return self.state is not State.HEAD or bool(self._buffer)

    @property
    def leftover(self) -> bytes:
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire."""
        if not self.finished:
            self._buffer += data
            self._advance()

    def discard(self) -> None:
        """Throw away a body that nobody will commit."""
        if self.body is not None:
            self.body.discard()

    def _advance(self) -> None:
        steps = {
            State.HEAD: self._head,
            State.LENGTH: self._length,
            State.CHUNK_SIZE: self._chunk_size,
            State.CHUNK_DATA: self._chunk_data,
            State.CHUNK_END: self._chunk_end,
            State.TRAILERS: self._trailer,
        }
        while not self.finished and steps[self.state]():
            pass

    def _break(self, status: int, word: str) -> bool:
        self.problem = Problem(status, word)
        self.state = State.BROKEN
        return False

    def _head(self) -> bool:
        while self._buffer[:2] == b"\r\n":  # tolerated between two requests (RFC 9112 section 2.2)
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", 0, self._limits.head)
        if end < 0:
            if len(self._buffer) >= self._limits.head:
                return self._break(431, "head-too-large")
            return False
        raw = bytes(self._buffer[: end + 4])
        del self._buffer[: end + 4]
        head = read_head(raw)
        if head is None:
            return self._break(400, "malformed-head")
        self.head = head
        self.body = self._new_body()
        return self._framing(head)

    def _framing(self, head: Head) -> bool:
        """Decide how the body ends (RFC 9112 section 6.3); two ways at once are refused."""
        lengths, codings = head.values("content-length"), head.values("transfer-encoding")
        if len(head.values("host")) > 1:
            return self._break(400, "several-hosts")
        if codings:
            if lengths or head.old:  # HTTP/1.0 knows no transfer coding
                return self._break(400, "length-and-chunked" if lengths else "malformed-head")
            if [coding.strip().lower() for coding in codings] != ["chunked"]:
                return self._break(501, "transfer-coding-unknown")
            self.state = State.CHUNK_SIZE
        elif lengths:
            if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
                return self._break(400, "malformed-length")
            self._left = int(lengths[0])
            if self._left > self._limits.body:
                self._take(len(self._buffer))
                return self._break(413, "body-too-large")
            self.state = State.LENGTH if self._left else State.COMPLETE
        else:
            self.state = State.COMPLETE
        expected = [value.lower() for value in head.values("expect")]
        self.expects_continue = not self.finished and not head.old and expected == ["100-continue"]
        return not self.finished

    def _take(self, size: int) -> None:
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self.body is not None:
            self.body.write(piece)
        self._left -= len(piece)

    def _length(self) -> bool:
        self._take(min(self._left, len(self._buffer)))
        if self._left == 0:
            self.state = State.COMPLETE
        return False

    def _line(self) -> bytes | None:
        """The next line, or None while it is not whole."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > _LINE_MAX:
                self._break(400, "malformed-chunk")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            return self._break(400, "malformed-chunk")
        self._left = int(match[1], 16)
        self._total += self._left
        if self._total > self._limits.body:
            self._take(min(len(self._buffer), self._limits.body - self._total + self._left))
            return self._break(413, "body-too-large")
        self.state = State.CHUNK_DATA if self._left else State.TRAILERS
        return True

    def _chunk_data(self) -> bool:
        self._take(min(self._left, len(self._buffer)))
        if self._left:
            return False
        self.state = State.CHUNK_END
        return True

    def _chunk_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            return self._break(400, "malformed-chunk")
        del self._buffer[:2]
        self.state = State.CHUNK_SIZE
        return True

    def _trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._trailers += len(line)
        if self._trailers > _LINE_MAX:
            return self._break(431, "head-too-large")
        if not line:
            self.state = State.COMPLETE
        return True


_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Controls other than tab have no place in a header value (RFC 9110 section 5.5).
_CONTROL = re.compile(rb"[\0-\x08\x0a-\x1f\x7f]")
_REQUEST_LINE = re.compile(rb"([A-Z]{1,32}) ([!-~]+) (HTTP/1\.[01])")


def read_head(raw: bytes) -> Head | None:
    """Request line and headers of a head ended by an empty line; None when it breaks RFC 9112."""
    lines = raw[:-4].split(b"\r\n")
    start = _REQUEST_LINE.fullmatch(lines[0])
    if start is None:
        return None
    headers: list[tuple[str, str]] = []
    kept = [lines[0]]
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            return None
        headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
        if name.lower() != b"expect":
            kept.append(line)
    text = b"\r\n".join(kept) + b"\r\n\r\n"
    return Head(start[1].decode(), start[2].decode(), tuple(headers), text)
