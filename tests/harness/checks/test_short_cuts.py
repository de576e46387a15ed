"""What is computed once or by a shorter way says the same as the long way."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from harness.checks import api, second
from harness.checks.judged import Declared, Judged, once_a_view
from harness.checks.rim import LIST, entries
from harness.checks.xpath import PREFIXES, strings
from protocol import facts, safexml
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
PIECES = st.lists(st.sampled_from([b"--b", b"\r\n", b"--", b" ", b"\t", b"b", b"x", b"\n"]), max_size=12)
SLOT = (
    f'<r xmlns="{facts.RIM}" a="0"><Slot name="n" a="1"> x<!-- c -->y </Slot><Slot/><Slot a="2"><Slot a="3"/></Slot>'
    f'<Slot a="4" nullFlavor="UNK">z</Slot><o xmlns="urn:o" a="5">o</o></r>'
)


@given(PIECES, st.integers(0, 20))
def test_a_delimiter_is_found_where_a_search_finds_it(pieces: list[bytes], place: int) -> None:
    body, mark = b"".join(pieces), b"--b"
    delimiter = re.compile(rb"(?:\A|\r\n)" + mark + rb"(--)?[ \t]*(?=\r\n|\Z)")
    found, sought = second._next(delimiter, mark, body, place), delimiter.search(body, place)
    assert (found and found.span()) == (sought and sought.span())


@pytest.mark.parametrize(
    "expr",
    [
        *(
            "@a",
            "@none",
            "rim:Slot/@a",
            "rim:Slot",
            "rim:Slot/rim:Slot/@a",
            "*/@a",
            "rim:Slot[not(@nullFlavor)]/@a",
        ),
        *("rim:Slot[not(@nullFlavor)]", "rim:None/@a", "//@a", "/@a", "rim:Slot[@a]", "string(@a)", "."),
    ],
)
def test_values_are_those_of_xpath(expr: str) -> None:
    root = safexml.parse(SLOT.encode())
    found = root.xpath(expr, namespaces=PREFIXES)
    values = found if isinstance(found, list) else [found]
    assert strings(root, expr) == [
        safexml.text(one) if isinstance(one, etree._Element) else str(one) for one in values
    ]


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize(
    "rest", ["", "/rim:Slot", "//rim:Slot", "/rim:*[@a]", "/rim:Slot[2]", "/rim:Slot|self::*"]
)
def test_a_list_of_objects_is_looked_into_as_xpath_does(make: Make, count: int, rest: str) -> None:
    view = Judged(make("TD2.1"), "request", load().by_id("TD2.1"), Declared())
    inside = SLOT.removeprefix(f'<r xmlns="{facts.RIM}" a="0">').removesuffix("</r>")
    lists = f"<RegistryObjectList>{inside}</RegistryObjectList>" * count
    view.__dict__["payload"] = payload = safexml.parse(f'<r xmlns="{facts.RIM}">{lists}</r>'.encode())
    sought = payload.xpath(LIST + rest, namespaces=PREFIXES)
    assert [view.in_payload(LIST + rest) for _ in range(2)] == [sought, sought]


def test_what_a_caller_does_to_a_list_stays_its_own(make: Make) -> None:
    view = Judged(make("TD2.1"), "request", load().by_id("TD2.1"), Declared())
    for ask in (view.nodes, view.in_payload, view.values):
        before = ask("descendant::rim:Slot")
        ask("descendant::rim:Slot").clear()
        assert before
        assert ask("descendant::rim:Slot") == before


def test_a_reading_is_made_once_a_view(make: Make) -> None:
    made: list[Judged] = []
    reading = once_a_view(lambda view: made.append(view) or len(entries(view)))
    views = [Judged(make("TD2.1"), "request", load().by_id("TD2.1"), Declared()) for _ in range(2)]
    assert [reading(view) for view in (*views, *views)] == [3, 3, 3, 3]
    assert made == views


def test_the_answer_is_judged_beside_the_request_that_was_read(make: Make) -> None:
    exchange, transaction = make("TD2.1"), load().by_id("TD2.1")
    views = api._views(exchange, transaction, Declared(), ("request", "response"), None)
    assert list(views) == ["request", "response"]
    assert views["response"].request is views["request"]
    assert (
        api._views(exchange, transaction, Declared(), ("response",), None)["response"].request.side
        == "request"
    )


def test_findings_are_of_their_exchange(make: Make) -> None:
    exchange, transaction = make("TD2.1"), load().by_id("TD2.1")
    assert {one.exchange for one in api.judge(exchange, transaction)} == {exchange.id}
