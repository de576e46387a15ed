"""Specimens taken apart and put together: parts of a multipart, the root of a message, a document alone."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from lxml import etree

from harness.mutate.registry import Mutator, Over, Wire, mutator
from harness.mutate.specimen import (
    Document,
    Followed,
    Frame,
    Struck,
    concerns,
    mutated,
    part_places,
    with_body,
)
from protocol.exchange import Exchange, Request, Response, header
from protocol.transactions import load

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KIND = 'multipart/related; boundary="b"; start="<root>"; type="application/xop+xml"'
BODY = (
    b"--b\r\nContent-ID: <doc>\r\n\r\n<ClinicalDocument xmlns='urn:hl7-org:v3'/>\r\n"
    b"--b\r\nContent-ID: <root>\r\n\r\n<a><b/></a>\r\n"
    b"--b\r\nContent-ID: <other>\r\n\r\n\x00\r\n\xff\r\n--b--\r\n"
)


def frame(kind: str = KIND, body: bytes = BODY, answer: bytes = b"<ok/>") -> Frame:
    headers = (("Content-Type", kind), ("Content-Length", str(len(body))))
    exchange = Exchange(
        "e", "driver", "s", NOW, NOW, Request("POST", "/x", headers, body), Response(200, headers, answer)
    )
    return Frame("f", exchange, load().by_id("TD2.1"), "request")


def over(kind: Over, change: object, on: tuple[str, ...] = ()) -> Mutator:
    return Mutator("m", kind, on, ("R",), False, change)  # type: ignore[arg-type]


def rename(root: etree._Element, _: Random) -> bool:
    root.tag = "changed"
    return True


def test_the_root_part_is_changed_and_no_other_byte() -> None:
    made = mutated(over("request", rename), frame(), 1)
    assert isinstance(made, Frame)
    assert made.body == BODY.replace(b"<a><b/></a>", b"<changed><b/></changed>")
    assert header(made.exchange.request.headers, "Content-Length") == str(len(made.body))


def test_a_simple_message_is_changed_whole() -> None:
    made = mutated(over("request", rename), frame("application/soap+xml", b"<a/>"), 1)
    assert isinstance(made, Frame)
    assert made.body == b"<changed/>"


def test_parts_are_found_where_they_are() -> None:
    places = part_places(frame())
    assert [BODY[begin:end] for _, begin, end in places][1:] == [b"<a><b/></a>", b"\x00\r\n\xff"]
    assert part_places(frame("text/xml")) == ()


def test_what_holds_nothing_to_change_makes_no_mutant() -> None:
    assert mutated(over("request", lambda *_: False), frame(), 1) is None
    assert mutated(over("request", rename), frame("application/soap+xml", b"no xml"), 1) is None
    assert mutated(over("cda", rename), Document("d", b"<!DOCTYPE a><a/>"), 1) is None
    assert mutated(over("cda-bytes", lambda data, _: data), Document("d", b"<a/>"), 1) is None


def test_a_wire_is_changed_on_its_side() -> None:
    def change(wire: Wire, _: Random) -> bool:
        wire.method, wire.status = "GET", 418
        return wire.put("content-type", None) and not wire.put("X-Nothing", "x")

    made = mutated(over("wire-request", change), frame(), 1)
    assert isinstance(made, Frame)
    assert made.exchange.request.method == "GET"
    assert header(made.exchange.request.headers, "Content-Type") == ""
    assert made.exchange.response is not None
    assert made.exchange.response.status == 200


def test_mutators_concern_their_transactions_and_side() -> None:
    here = frame()
    assert concerns(over("request", rename, ("TD2.1",)), here)
    assert not concerns(over("request", rename, ("TD3.1",)), here)
    assert not concerns(over("answer", rename), here)
    assert concerns(over("cda", rename), Document("d", b""))
    assert not concerns(over("run", rename), Document("d", b""))


def test_lengths_follow_the_body() -> None:
    assert header(with_body(frame(), b"abc").exchange.request.headers, "content-length") == "3"


def test_a_mutator_breaks_something_or_is_harmless() -> None:
    with pytest.raises(ValueError, match="harmless"):
        mutator("odd", over="cda")(rename)
    with pytest.raises(ValueError, match="harmless"):
        mutator("odd", over="cda", breaks="R", harmless=True)(rename)


def test_what_follows_a_fault_is_a_specimen_of_its_own() -> None:
    def go_on(held: Followed, _: Random) -> bool:
        held.later += held.next[:1]
        return bool(held.next)

    first, second = frame(), frame(answer=b"<second/>")
    struck = Struck("s", (first,), (), (second,))
    changed = mutated(over("aftermath", go_on), struck, 1)
    assert isinstance(changed, Struck)
    assert (changed.struck, changed.later) == ((first,), (second,))
    assert mutated(over("aftermath", go_on), Struck("s", (first,)), 1) is None
    assert concerns(over("aftermath", go_on), struck)
    assert not concerns(over("aftermath", go_on), first)
