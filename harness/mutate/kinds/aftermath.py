"""Mutations of what follows a fault: the request that a careless software sends next."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Final

from harness.mutate.registry import mutator
from harness.mutate.specimen import Followed, Frame, with_body

OVER: Final = "aftermath"
_ASSERTION: Final = re.compile(rb'(<[\w:]*Assertion[^>]*? ID="_)')
_DOCUMENT: Final = re.compile(rb'2e82c1f6-a085-4c72-9da3-8640a32e42ab"[^>]*? value="([^"]+)"')
_ASKED: Final = re.compile(rb"<(?:\w+:)?DocumentRequest>.*?</(?:\w+:)?DocumentRequest>", re.DOTALL)


def _again(frame: Frame, number: int = 1) -> Frame:
    """The same request once more: a new VIHF, another exchange."""
    made = replace(frame, exchange=replace(frame.exchange, id=f"{frame.exchange.id}-{number}"))
    return with_body(made, _ASSERTION.sub(rb"\g<1>%d" % number, made.body, count=1))


def _fed(held: Followed) -> Frame | None:
    """The struck request, when it feeds a document."""
    return next((one for one in held.struck if one.transaction.id == "TD2.1"), None)


def _next(held: Followed, *transactions: str) -> bool:
    """The run goes on as if nothing had happened."""
    found = [one for one in held.next if one.transaction.id in transactions]
    held.later += found[:1]
    return bool(found)


@mutator("after-a-call", over=OVER, breaks="AFTER-NO-CALL")
def call(held: Followed, _: Random) -> bool:
    held.later += held.next[:1]
    return bool(held.next and held.struck)


@mutator("after-other-bytes", over=OVER, breaks="AFTER-OTHER-BYTES")
def other_bytes(held: Followed, _: Random) -> bool:
    """The document is made anew for the retry, under the identifier of the first."""
    frame = _fed(held)
    if frame is None or b"</ClinicalDocument>" not in frame.body:
        return False
    again = _again(frame)
    held.later.append(with_body(again, again.body.replace(b"</ClinicalDocument>", b"</ClinicalDocument> ")))
    return True


@mutator("after-fed-twice", over=OVER, breaks="AFTER-DOUBLE")
def fed_twice(held: Followed, _: Random) -> bool:
    """The same content under a new identifier."""
    frame = _fed(held)
    found = _DOCUMENT.search(frame.body) if frame is not None else None
    if frame is None or found is None:
        return False
    again = _again(frame)
    held.later.append(with_body(again, again.body.replace(found[1], found[1] + b"7")))
    return True


@mutator("after-same-vihf", over=OVER, breaks="AFTER-VIHF-AGAIN")
def same_vihf(held: Followed, _: Random) -> bool:
    held.later += held.struck[:1]
    return bool(held.later)


@mutator("after-blind-retry", over=OVER, breaks="AFTER-RETRY")
def blind_retry(held: Followed, _: Random) -> bool:
    held.later += [_again(one) for one in held.struck[:1]]
    return bool(held.later)


@mutator("after-storm", over=OVER, breaks="AFTER-STORM")
def storm(held: Followed, _: Random) -> bool:
    held.later += [_again(one, number) for one in held.struck[:1] for number in range(1, 6)]
    return bool(held.later)


@mutator("after-read", over=OVER, breaks="AFTER-NO-READ")
def read(held: Followed, _: Random) -> bool:
    return bool(held.struck) and _next(held, "TD3.1", "TD3.2")


@mutator("after-creation", over=OVER, breaks="AFTER-NO-CREATION")
def creation(held: Followed, _: Random) -> bool:
    """An error is taken for an absence."""
    return bool(held.struck) and _next(held, "TD1.1", "TD1.2")


@mutator("after-change", over=OVER, breaks="AFTER-NO-CHANGE")
def change(held: Followed, _: Random) -> bool:
    return bool(held.struck) and _next(held, "TD3.3a", "TD3.3c", "TD3.3d")


@mutator("after-answer-used", over=OVER, breaks="AFTER-ANSWER-USED")
def answer_used(held: Followed, _: Random) -> bool:
    """What the spoiled list told is read all the same."""
    listed = any(one.transaction.id == "TD3.1" for one in held.struck)
    return listed and _next(held, "TD3.2")


def _reading(held: Followed, count: int, *, same: bool) -> bool:
    """A retrieval of that many documents, or of one as often."""
    for one in held.next:
        found = _ASKED.search(one.body) if one.transaction.id == "TD3.2" else None
        if found is not None and held.struck:
            wanted = [
                found[0]
                if same
                else re.sub(rb"(\d)(</(?:\w+:)?DocumentUniqueId>)", rb"\g<1>.%d\2" % rank, found[0])
                for rank in range(count)
            ]
            held.later.append(with_body(one, one.body.replace(found[0], b"".join(wanted))))
            return True
    return False


@mutator("after-bulk-read", over=OVER, breaks="AFTER-BULK-READ")
def bulk_read(held: Followed, _: Random) -> bool:
    return _reading(held, 60, same=False)


@mutator("after-read-twice", over=OVER, breaks="AFTER-READ-TWICE")
def read_twice(held: Followed, _: Random) -> bool:
    return _reading(held, 2, same=True)


@mutator("after-stale-server", over=OVER, breaks="AFTER-STALE-SERVER")
def stale_server(held: Followed, _: Random) -> bool:
    """The request goes out although the server's certificate can't be trusted."""
    if held.struck or not held.next:
        return False
    held.struck += held.next[:1]
    return True
