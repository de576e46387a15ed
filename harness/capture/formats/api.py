"""What a reader is given and what it gives: messages one by one, or in pairs, or a word on what it can't read.

A reader knows one format and nothing of the others. Readers are found by walking the package: each module has a
`READER`. Pairing, limits and the recording are harness.capture.importing's.
"""

from __future__ import annotations

import bisect
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, Protocol

import harness.capture.formats as package
from harness.capture.recording import Unread
from protocol.errors import Text
from protocol.exchange import RESERIALISED, Exchange, Headers, header

Side = Literal["request", "response"]

#: Bytes of a source (one is held in memory), and of a body.
MAX_SOURCE: Final = 256 * 1024 * 1024
MAX_BODY: Final = 128 * 1024 * 1024
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_ENVELOPE: Final = re.compile(rb"<(?P<tag>(?:[\w.-]{1,100}:)?Envelope)[\s>]")
_LOST: Final = "\ufffd".encode()


@dataclass(frozen=True)
class Source:
    """One file, read. `recoded`: it was UTF-16, and `data` is the same text in UTF-8."""

    path: Path
    data: bytes
    recoded: bool = False

    def line(self, offset: int) -> str:
        """The place of an offset, for a reader: `line 12`."""
        return f"line {bisect.bisect_left(self._ends, offset) + 1}"

    @cached_property
    def _ends(self) -> list[int]:
        return [found.start() for found in re.finditer(b"\n", self.data)]

    @property
    def head(self) -> bytes:
        """Enough of it to tell its format."""
        return self.data[: 64 * 1024]

    def unread(self, place: str, fr: str, en: str) -> Unread:
        return Unread(str(self.path), place, Text(fr, en))


@dataclass(frozen=True)
class Half:
    """One message. `target`: path of the request; `key`: what its answer has too, "" when nothing; `at`: with its time
    zone or None; `marks`: RESERIALISED, SUPPOSED (protocol.exchange)."""

    side: Side
    place: str
    body: bytes
    headers: Headers = ()
    method: str = "POST"
    target: str = ""
    status: int = 200
    key: str = ""
    at: datetime | None = None
    marks: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Pair:
    """A request and its answer, None when the source has none; `failure`: what the source says of it."""

    request: Half
    response: Half | None
    failure: str = ""
    ended: datetime | None = None


#: What a reader gives; an Exchange is one of ours, whole.
Item = Half | Pair | Exchange | Unread


class Reader(Protocol):
    """One format. `name` is that of `--format`; the lower `rank` is asked first."""

    name: str
    rank: int

    def recognises(self, source: Source) -> bool:
        """Whether that file is of this format, by its beginning."""

    def read(self, source: Source) -> Iterator[Item]:
        """Everything in it, in its order. Raises nothing for what it holds."""


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, in the order in which they are asked."""
    found = []
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"{package.__name__}.{name}")
        if hasattr(module, "READER"):
            found.append(module.READER)
    return tuple(sorted(found, key=lambda reader: (reader.rank, reader.name)))


def envelope_in(data: bytes) -> bytes | None:
    """The first SOAP envelope in these bytes, to its last end tag; None without one. One pass, whatever they hold."""
    start = _ENVELOPE.search(data)
    if start is None:
        return None
    closing = b"</" + start["tag"]
    end = data.rfind(closing)
    close = data.find(b">", end)
    return data[start.start() : close + 1] if end > start.start() and close >= 0 else None


def kept_as(body: bytes, headers: Headers, *, encoded: bool = False) -> frozenset[str]:
    """Marks of a body that came through a text: none when its length is the one that its sender announced.

    A text that lost or changed bytes has another length, but for the rare case of one character for another. `encoded`:
    the text shows what a content coding hid.
    """
    announced = header(headers, "Content-Length").strip()
    coded = encoded or header(headers, "Content-Encoding").strip().lower() not in ("", "identity")
    same = bool(_NUMBER.fullmatch(announced)) and int(announced) == len(body)
    return frozenset() if same and not coded and _LOST not in body else frozenset({RESERIALISED})
