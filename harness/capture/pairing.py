"""Which answer is whose: by wsa:RelatesTo, by the identifier that the log has for both, by the order.

What the messages say of themselves goes first: the numbers of a log start again with the software.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.capture.formats.api import Half, Pair, envelope_in
from protocol import safexml
from protocol.errors import WireError

How = Literal["source", "relates-to", "id", "order", "alone"]


@dataclass(frozen=True)
class Paired:
    """A pair, and by what."""

    pair: Pair
    how: How


@dataclass
class _Asked:
    """A request, where it stands among the messages, and what is known of its answer."""

    rank: int
    half: Half
    message_id: str
    answer: Half | None = None
    how: How = "alone"


@dataclass(frozen=True)
class _Answer:
    rank: int
    half: Half
    relates_to: str


def pair_up(halves: Sequence[Half], *, in_order: bool = True) -> tuple[list[Paired], list[Half]]:
    """Pairs in the order of their requests, and the responses that are nobody's."""
    asked = [
        _Asked(rank, half, addressing(half.body)[0])
        for rank, half in enumerate(halves)
        if half.side == "request"
    ]
    left = [
        _Answer(rank, half, addressing(half.body)[1])
        for rank, half in enumerate(halves)
        if half.side == "response"
    ]
    left = _matched(left, asked, "relates-to", lambda one: one.message_id, lambda one: one.relates_to)
    left = _matched(left, asked, "id", lambda one: one.half.key, lambda one: one.half.key)
    if in_order:
        left = _in_order(left, asked)
    return [Paired(Pair(one.half, one.answer), one.how) for one in asked], [one.half for one in left]


def addressing(body: bytes) -> tuple[str, str]:
    """wsa:MessageID and wsa:RelatesTo of the envelope in these bytes, MTOM or not; "" for what can't be read."""
    envelope = envelope_in(body)
    if envelope is None:
        return "", ""
    try:
        root = safexml.parse(envelope, huge=True)
    except WireError:
        return "", ""
    header = "*[local-name()='Header']/wsa:"
    return safexml.value(root, f"{header}MessageID"), safexml.value(root, f"{header}RelatesTo")


def _matched(
    answers: Sequence[_Answer],
    asked: Sequence[_Asked],
    how: How,
    of_request: Callable[[_Asked], str],
    of_answer: Callable[[_Answer], str],
) -> list[_Answer]:
    """Each answer goes to the last request before it with the same mark, else to the first after; what is left."""
    by_mark: dict[str, list[_Asked]] = {}
    for one in asked:
        if of_request(one) and one.answer is None:
            by_mark.setdefault(of_request(one), []).append(one)
    left = []
    for answer in answers:
        mark = of_answer(answer)
        waiting = [one for one in by_mark.get(mark, ()) if one.answer is None] if mark else []
        if not waiting:
            left.append(answer)
            continue
        before = [one for one in waiting if one.rank < answer.rank]
        chosen = before[-1] if before else waiting[0]
        chosen.answer, chosen.how = answer.half, how
    return left


def _in_order(answers: Sequence[_Answer], asked: Sequence[_Asked]) -> list[_Answer]:
    """An answer goes to the request right before it, unless both have marks, which then differ."""
    ranks = [one.rank for one in asked]
    left = []
    for answer in answers:
        place = bisect_left(ranks, answer.rank)
        last = asked[place - 1] if place else None
        if last is None or last.answer is not None or _differ(last, answer):
            left.append(answer)
        else:
            last.answer, last.how = answer.half, "order"
    return left


def _differ(one: _Asked, answer: _Answer) -> bool:
    return bool(one.message_id and answer.relates_to) or bool(one.half.key and answer.half.key)
