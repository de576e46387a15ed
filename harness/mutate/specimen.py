"""Specimens: a document or one side of an exchange, taken apart for a mutator and put together again.

Works on bytes: the parts of a multipart message that a mutator does not change stay as they are, and Content-Length
follows. No signature is made again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final, Literal

from lxml import etree

from harness.mutate.registry import Mutator, Wire
from protocol import safexml
from protocol.errors import XmlRefused
from protocol.exchange import Exchange, Request, Response, header
from protocol.transactions import Transaction

_START: Final = re.compile(r'start="?<?([^">;]+)>?"?', re.IGNORECASE)
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """A CDA document alone."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Frame:
    """One side of one exchange. `name` tells where it was captured."""

    name: str
    exchange: Exchange
    transaction: Transaction
    side: Literal["request", "response"]

    @property
    def body(self) -> bytes:
        held = self.exchange.request if self.side == "request" else self.exchange.response
        return held.body if held is not None else b""

    @property
    def content_type(self) -> str:
        held = self.exchange.request if self.side == "request" else self.exchange.response
        return header(held.headers, "Content-Type") if held is not None else ""


@dataclass(frozen=True)
class Run:
    """Requests and answers of a run, in their order."""

    name: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Struck:
    """Requests that a fault struck (none when it struck the connection), those that followed it, and what the run held
    next: the good specimen follows a fault by nothing.
    """

    name: str
    struck: tuple[Frame, ...]
    later: tuple[Frame, ...] = ()
    next: tuple[Frame, ...] = ()


@dataclass
class Followed:
    """A Struck that a mutator may change. `next`: requests that the run held after the one that was struck."""

    struck: list[Frame]
    later: list[Frame]
    next: tuple[Frame, ...]


Specimen = Document | Frame | Run | Struck
#: What each kind of mutator changes.
_SIDES: Final = {
    "request": "request",
    "wire-request": "request",
    "answer": "response",
    "wire-answer": "response",
}


def concerns(mutator: Mutator, specimen: Specimen) -> bool:
    """Whether a mutator is for a specimen of that kind."""
    match specimen:
        case Document():
            return mutator.over in ("cda", "cda-bytes")
        case Run():
            return mutator.over == "run"
        case Struck():
            return mutator.over == "aftermath"
        case Frame():
            if mutator.on and specimen.transaction.id not in mutator.on:
                return False
            return mutator.over == "carried" or _SIDES.get(mutator.over) == specimen.side


def mutated(mutator: Mutator, specimen: Specimen, seed: int) -> Specimen | None:
    """The specimen changed; None when it holds nothing that the mutator changes. The same for the same seed."""
    chance = Random(f"{seed} {mutator.name} {specimen.name}")  # noqa: S311 - the same mutant each time
    match specimen:
        case Document():
            data = _document(mutator, specimen.data, chance)
            return None if data is None or data == specimen.data else replace(specimen, data=data)
        case Run():
            frames = list(specimen.frames)
            done = mutator.change(frames, chance)
            return replace(specimen, frames=tuple(frames)) if done else None
        case Struck():
            held = Followed(list(specimen.struck), list(specimen.later), specimen.next)
            done = mutator.change(held, chance)
            kept = replace(specimen, struck=tuple(held.struck), later=tuple(held.later))
            return kept if done else None
        case Frame():
            return _frame(mutator, specimen, chance)


def _document(mutator: Mutator, data: bytes, chance: Random) -> bytes | None:
    if mutator.over == "cda-bytes":
        changed = mutator.change(data, chance)
        return changed if isinstance(changed, bytes) else None
    return _tree(mutator, data, chance)


def _tree(mutator: Mutator, data: bytes, chance: Random) -> bytes | None:
    """The document with its root changed; prolog and style sheets stay."""
    try:
        root = safexml.parse(data, huge=True)
    except XmlRefused:
        return None
    if mutator.change(root, chance) is False:
        return None
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=data.startswith(b"<?xml"))


def _frame(mutator: Mutator, frame: Frame, chance: Random) -> Frame | None:
    if mutator.over.startswith("wire-"):
        return _wire(mutator, frame, chance)
    place = _root_place(frame) if mutator.over != "carried" else _document_place(frame)
    if place is None:
        return None
    begin, end = place
    changed = _tree(mutator, frame.body[begin:end], chance)
    if changed is None:
        return None
    return with_body(frame, frame.body[:begin] + changed + frame.body[end:])


def _root_place(frame: Frame) -> tuple[int, int] | None:
    """Where the root part of a multipart stands in the body; the whole body of any other message."""
    if not frame.content_type.startswith("multipart/related"):
        return (0, len(frame.body)) if frame.body else None
    parts = part_places(frame)
    named = _START.search(frame.content_type)
    wanted = named[1].encode() if named else b""
    root = [one for one in parts if wanted and wanted in frame.body[one[0] : one[1]]] or list(parts)
    return (root[0][1], root[0][2]) if root else None


def _document_place(frame: Frame) -> tuple[int, int] | None:
    held = [one for one in part_places(frame)[1:] if b"<ClinicalDocument" in frame.body[one[1] : one[2]]]
    return (held[0][1], held[0][2]) if held else None


def part_places(frame: Frame) -> Sequence[tuple[int, int, int]]:
    """Each part of a multipart: where its headers begin, where its content begins, where it ends."""
    return places(frame.body, frame.content_type)


def places(body: bytes, content_type: str) -> Sequence[tuple[int, int, int]]:
    """`part_places` of a body of that Content-Type."""
    named = _BOUNDARY.search(content_type)
    if named is None:
        return ()
    mark = b"--" + named[1].encode()
    marks = [found.start() for found in re.finditer(rb"(?:\A|(?<=\r\n))" + re.escape(mark), body)]
    found = []
    for here, after in pairwise(marks):
        begin = here + len(mark) + 2
        content = body.find(b"\r\n\r\n", begin, after)
        if content >= 0:
            found.append((begin, content + 4, after - 2))
    return found


def _wire(mutator: Mutator, frame: Frame, chance: Random) -> Frame | None:
    asked, answered = frame.exchange.request, frame.exchange.response
    if frame.side == "response" and answered is None:
        return None
    wire = (
        Wire(list(asked.headers), asked.body, asked.method, asked.target, tls=frame.exchange.tls)
        if frame.side == "request" or answered is None
        else Wire(list(answered.headers), answered.body, asked.method, asked.target, answered.status)
    )
    if mutator.change(wire, chance) is False:
        return None
    if frame.side == "request":
        request = Request(wire.method, wire.target, wire.sent, wire.body)
        return replace(frame, exchange=replace(frame.exchange, request=request, tls=wire.tls))
    return replace(
        frame, exchange=replace(frame.exchange, response=Response(wire.status, wire.sent, wire.body))
    )


def with_body(frame: Frame, body: bytes) -> Frame:
    """The frame with that body, and the Content-Length that goes with it."""
    exchange = frame.exchange
    if frame.side == "request":
        request = replace(exchange.request, body=body, headers=_measured(exchange.request.headers, body))
        return replace(frame, exchange=replace(exchange, request=request))
    if exchange.response is None:
        return frame
    response = replace(exchange.response, body=body, headers=_measured(exchange.response.headers, body))
    return replace(frame, exchange=replace(exchange, response=response))


def _measured(headers: Sequence[tuple[str, str]], body: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(len(body)) if name.lower() == "content-length" else value) for name, value in headers
    )
