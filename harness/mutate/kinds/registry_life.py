"""Mutations of a run that only the memory of what was accepted can tell: ids used again, documents that stay."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Final

from harness.mutate.registry import mutator
from harness.mutate.specimen import Frame, with_body

_SET: Final = re.compile(rb'96fdda7c-d067-4183-912e-bf5ee74998a8"[^>]*? value="([^"]+)"')
_DOCUMENT: Final = re.compile(rb'2e82c1f6-a085-4c72-9da3-8640a32e42ab"[^>]*? value="([^"]+)"')
_PATIENT: Final = re.compile(rb'58a6f841-87b3-4a3e-92fd-a8ffeff98427"[^>]*? value="(\d+)')
_SUCCESS: Final = b"ResponseStatusType:Success"


def _fed(frames: list[Frame]) -> list[int]:
    """Places of the answers to submissions that were accepted."""
    return [
        place
        for place, one in enumerate(frames)
        if one.side == "response" and one.transaction.id in ("TD2.1", "TD2.2") and _SUCCESS in one.body
    ]


def _replaces(frame: Frame) -> bool:
    fed = frame.transaction.id in ("TD2.1", "TD2.2")
    return fed and b"AssociationType:RPLC" in frame.exchange.request.body


def _asked(frame: Frame, body: bytes) -> Frame:
    """The answer's frame with another request before it."""
    asked = replace(frame, side="request")
    return replace(with_body(asked, body), side="response")


def _copied(frame: Frame, number: int) -> Frame:
    """The same call once more, in a set of its own."""
    again = replace(frame, exchange=replace(frame.exchange, id=f"{frame.exchange.id}-{number}"))
    found = _SET.search(frame.exchange.request.body)
    if found is None:
        return again
    return _asked(again, frame.exchange.request.body.replace(found[1], found[1] + b"7"))


def _same(frames: list[Frame], pattern: re.Pattern[bytes]) -> bool:
    """The second submission of a run takes an identifier of the first."""
    places = _fed(frames)
    if len(places) < 2:
        return False
    first, second = (frames[place].exchange.request.body for place in places[:2])
    taken, own = pattern.search(first), pattern.search(second)
    if taken is None or own is None:
        return False
    frames[places[1]] = _asked(frames[places[1]], second.replace(own[1], taken[1]))
    return True


@mutator("run-set-again", over="run", breaks="SEQ-SET-ONCE")
def set_again(frames: list[Frame], _: Random) -> bool:
    return _same(frames, _SET)


@mutator("run-other-document-under-an-id", over="run", breaks="SEQ-DOCUMENT-OTHER")
def other_document(frames: list[Frame], _: Random) -> bool:
    return _same(frames, _DOCUMENT)


@mutator("run-same-document-refused", over="run", breaks="SEQ-DOCUMENT-SAME")
def same_document(frames: list[Frame], _: Random) -> bool:
    for place in _fed(frames)[:1]:
        again = _copied(frames[place], 1)
        frames.append(with_body(again, again.body.replace(_SUCCESS, b"ResponseStatusType:Failure")))
        return True
    return False


@mutator("run-replaced-again", over="run", breaks="SEQ-REPLACED-ONCE")
def replaced_again(frames: list[Frame], _: Random) -> bool:
    for place in _fed(frames):
        if _replaces(frames[place]):
            frames.append(_copied(frames[place], 1))
            return True
    return False


@mutator("run-replaced-still-there", over="run", breaks="SEQ-DEPRECATED")
def still_there(frames: list[Frame], _: Random) -> bool:
    """The registry forgets to deprecate what was replaced."""
    for place, one in enumerate(frames):
        if one.side == "response" and one.transaction.id == "TD3.1" and b"StatusType:Deprecated" in one.body:
            body = one.body.replace(b"StatusType:Deprecated", b"StatusType:Approved")
            frames[place] = with_body(one, body)
            return any(_replaces(frame) for frame in frames[:place])
    return False


@mutator("run-target-of-another", over="run", breaks="SEQ-TARGET-PATIENT")
def target_of_another(frames: list[Frame], _: Random) -> bool:
    replaced = [_replaces(one) for one in frames]
    for place, one in enumerate(frames):
        found = _PATIENT.search(one.body) if one.transaction.id == "TD3.1" else None
        if one.side == "response" and found is not None and any(replaced[place:]):
            frames[place] = with_body(one, one.body.replace(found[1], b"189036399920935"))
            return True
    return False


@mutator("run-record-of-nobody", over="run", breaks="SEQ-NO-RECORD")
def record_of_nobody(frames: list[Frame], _: Random) -> bool:
    """A record that was said absent, and that nobody created, is told all the same."""
    absent = [place for place, one in enumerate(frames) if b'queryResponseCode code="NF"' in one.body]
    if not absent or not any(one.transaction.id == "TD1.3a" for one in frames[absent[0] :]):
        return False
    frames[absent[0] + 1 :] = [one for one in frames[absent[0] + 1 :] if one.transaction.id == "TD1.3a"]
    return True
