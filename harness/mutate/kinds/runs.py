"""Mutations of a run: what must be new is told twice, what must be the same is not."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from harness.mutate.registry import mutator
from harness.mutate.specimen import Frame, with_body

_MESSAGE_ID: Final = re.compile(rb"<wsa:MessageID[^>]*>([^<]+)<")
_ASSERTION: Final = re.compile(rb'<[\w:]*Assertion[^>]*? ID="([^"]+)"')


def _copied(frames: list[Frame], side: str, pattern: re.Pattern[bytes]) -> bool:
    """The second frame of that side gets the identifier of the first."""
    held = [place for place, one in enumerate(frames) if one.side == side and pattern.search(one.body)]
    if len(held) < 2:
        return False
    first, second = pattern.search(frames[held[0]].body), pattern.search(frames[held[1]].body)
    if first is None or second is None:
        return False
    frame = frames[held[1]]
    frames[held[1]] = with_body(frame, frame.body.replace(second[1], first[1]))
    return True


@mutator("run-message-id-again", over="run", breaks="SEQ-MESSAGE-ID")
def message_id(frames: list[Frame], _: Random) -> bool:
    return _copied(frames, "request", _MESSAGE_ID)


@mutator("run-assertion-again", over="run", breaks="SEQ-ASSERTION-ID")
def assertion(frames: list[Frame], _: Random) -> bool:
    return _copied(frames, "request", _ASSERTION)


@mutator("run-answer-id-again", over="run", breaks="SEQ-ANSWER-ID")
def answer_id(frames: list[Frame], _: Random) -> bool:
    return _copied(frames, "response", _MESSAGE_ID)


_UNIQUE: Final = re.compile(rb'2e82c1f6-a085-4c72-9da3-8640a32e42ab"[^>]*? value="([^"]+)"')
_GIVEN: Final = re.compile(rb"DocumentUniqueId>([^<]+)<")
_ENTRY: Final = re.compile(rb"<rim:ExtrinsicObject.*?</rim:ExtrinsicObject>", re.DOTALL)


def _of(frames: list[Frame], transaction: str, side: str, pattern: re.Pattern[bytes]) -> set[bytes]:
    return {
        name
        for one in frames
        if (one.transaction.id, one.side) == (transaction, side)
        for name in pattern.findall(one.body)
    }


def _told(frames: list[Frame], known: set[bytes], pattern: bytes, put: bytes) -> bool:
    """Change what a search told of a document of that unique id."""
    for place, one in enumerate(frames):
        if one.side != "response" or one.transaction.id != "TD3.1":
            continue
        for entry in _ENTRY.findall(one.body):
            if known & set(_UNIQUE.findall(entry)):
                new = re.sub(pattern, put, entry, count=1, flags=re.DOTALL)
                frames[place] = with_body(one, one.body.replace(entry, new))
                return bool(new != entry)
    return False


@mutator("run-title-other", over="run", breaks="SEQ-ENTRY")
def title(frames: list[Frame], _: Random) -> bool:
    fed = _of(frames, "TD2.1", "request", _UNIQUE)
    return _told(frames, fed, rb'(<rim:Name>\s*<rim:LocalizedString[^>]*? value=")[^"]*"', rb'\1Autre titre"')


@mutator("run-date-other", over="run", breaks="SEQ-ENTRY")
def date(frames: list[Frame], _: Random) -> bool:
    fed = _of(frames, "TD2.1", "request", _UNIQUE)
    return _told(frames, fed, rb'(name="creationTime"[^>]*>.*?Value>)[0-9]{4}', rb"\g<1>1999")


@mutator("run-hash-other", over="run", breaks="SEQ-RETRIEVED")
def other_hash(frames: list[Frame], _: Random) -> bool:
    given = _of(frames, "TD3.2", "response", _GIVEN)
    return _told(frames, given, rb'(name="hash"[^>]*>.*?Value>)[0-9a-f]{8}', rb"\g<1>00000000")


@mutator("run-size-other", over="run", breaks="SEQ-RETRIEVED")
def other_size(frames: list[Frame], _: Random) -> bool:
    given = _of(frames, "TD3.2", "response", _GIVEN)
    return _told(frames, given, rb'(name="size"[^>]*>.*?Value>)[0-9]+', rb"\g<1>1")
