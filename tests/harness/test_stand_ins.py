"""Two runs of one case read alike, and what is not of the run stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stand_ins import MOMENT, Steady
from protocol import facts

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@given(st.uuids(), st.uuids())
def test_the_same_identifier_has_the_same_stand_in(one: UUID, two: UUID) -> None:
    first = "00000000-0000-4000-8000-000000000001"
    second = first if one == two else "00000000-0000-4000-8000-000000000002"
    steady = Steady(NOW)
    assert steady(f"{one} {two} {one}") == f"{first} {second} {first}"
    assert steady(str(two)) == second


@given(st.integers(-6000, 6000), st.integers(-20, 20))
def test_a_moment_near_the_exchange_keeps_its_distance(minutes: int, seconds: int) -> None:
    moment = NOW + timedelta(minutes=minutes, seconds=seconds)
    seen = Steady(NOW)(f"{moment:%Y%m%d%H%M%S} {moment.isoformat()}")
    if abs(moment - NOW) < timedelta(days=2):
        there = MOMENT + timedelta(minutes=minutes)
        assert seen == f"{there:%Y%m%d%H%M%S} {there:%Y-%m-%dT%H:%M:%S}Z"
    else:
        assert seen == f"{moment:%Y%m%d%H%M%S} {moment.isoformat()}"


@given(st.integers(-5, 5))
def test_a_day_near_the_exchange_keeps_its_distance(days: int) -> None:
    day = NOW + timedelta(days=days)
    there = MOMENT + timedelta(days=days) if abs(days) <= 2 else day
    assert Steady(NOW)(f"{day:%d/%m/%Y}") == f"{there:%d/%m/%Y}"


@pytest.mark.parametrize(
    "text",
    [
        "19800514000000 2099-12-31T22:59:59Z 14/05/1980 99999999999999 99/99/2026",
        f"{facts.SUBMISSION_SET} {facts.Q_FIND_DOCUMENTS} {facts.OID_INS_TEST}",
        "https://si-dmp.invalid/s/x",
    ],
)
def test_what_is_not_of_the_run_stays(text: str) -> None:
    assert Steady(NOW, "session")(text) == text


def test_addresses_digests_seals_and_boundaries_are_replaced() -> None:
    seen = Steady(NOW, "ct-a-0f")(
        f'<p a="https://localhost:4443/s/ct-a-0f/x" b="/s/ct-a-0f/y">{"ab" * 20} {"cd" * 32}</p>'
        '<input name="jeton" value="kz"><ds:DigestValue>q+/=</ds:DigestValue>\n--b1\n--b1--'
    )
    assert seen == (
        f'<p a="https://localhost:8443/x" b="/y">{1:040x} {2:040x}</p>'
        '<input name="jeton" value="SEAL1"><ds:DigestValue>DIGEST1=</ds:DigestValue>\n'
        "--boundary_1\n--boundary_1--"
    )
