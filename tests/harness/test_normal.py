"""Two messages that differ in what each must draw anew say the same; anything else is told where it is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.normal import Difference, differences, normal

_MESSAGE = (
    "<s:Header><a:MessageID>urn:uuid:{one}</a:MessageID><a:RelatesTo>urn:uuid:{two}</a:RelatesTo></s:Header>"
    '<b code="{code}" at="{at}"><v>{digest}</v></b>'
)
_FIRST = {
    "one": "6b0e1b80-0000-4000-8000-00000000000a",
    "two": "6b0e1b80-0000-4000-8000-00000000000b",
    "code": "11502-2",
    "at": "2026-01-15T10:00:00.000Z",
    "digest": "wrYnDnyuxUnXIs4rLNr0Ov4V7/Z3PdS9YXFDM+B51es=",
}


def message(**changes: str) -> bytes:
    return _MESSAGE.format(**_FIRST | changes).encode()


@given(st.uuids(), st.uuids(), st.datetimes(min_value=datetime(2000, 1, 1)))
def test_what_is_drawn_anew_is_no_difference(one: UUID, two: UUID, at: datetime) -> None:
    if one != two:
        again = message(one=str(one), two=str(two), at=f"{at.isoformat()}Z", digest="A1" * 21 + "0=")
        assert differences(message(), again) == ()


def test_an_identifier_that_is_repeated_where_it_was_not_is_one() -> None:
    same = str(uuid4())
    assert differences(message(), message(one=same, two=same)) == (
        Difference(
            "s:Header",
            "<a:RelatesTo>urn:uuid:<uuid 2></a:RelatesTo>",
            "<a:RelatesTo>urn:uuid:<uuid 1></a:RelatesTo>",
        ),
    )


def test_a_value_is_told_with_what_is_around_it() -> None:
    (found,) = differences(message(), message(code="34133-9"))
    assert (found.where, "11502-2" in found.before, "34133-9" in found.after) == ("s:Header", True, True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b"http://www.w3.org/2005/08/addressing/soap/fault",
            b"urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
        ),
        (b"<id extension='279035121518989'/>", b"<id extension='279035121518990'/>"),
        (b"<v/>", b""),
        (b"1.2.250.1.213.1.4.10", b"1.2.250.1.213.1.4.8"),
    ],
)
def test_what_is_not_drawn_is_a_difference(before: bytes, after: bytes) -> None:
    assert differences(before, after)


def test_sessions_and_ports_are_no_difference() -> None:
    one, two = (
        f"<To>https://127.0.0.1:{port}/s/ct-1-{mark}/si-dmp-server</To>".encode()
        for port, mark in ((8443, "aa12"), (40123, "ff00"))
    )
    assert normal(one) == normal(two)
