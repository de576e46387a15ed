"""The time of an HL7 v3 answer: local time is seen, another clock is not judged. The other rules: test_answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load

BROKEN = ("HL7-UTC",)

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("apart", "status"),
    [
        (timedelta(), "PASS"),
        (timedelta(seconds=90), "PASS"),
        (timedelta(hours=1), "FAIL"),
        (timedelta(hours=2, seconds=-40), "FAIL"),
        (timedelta(hours=-4), "FAIL"),
        (timedelta(minutes=31), "PASS"),  # a clock that is wrong, not a zone
        (timedelta(days=400), "PASS"),  # a clock that was turned
    ],
)
def test_local_time(
    make: Callable[..., Exchange], answered: Callable[..., Exchange], apart: timedelta, status: str
) -> None:
    stamp = f"{NOON + apart:%Y%m%d%H%M%S}"
    payload = f'<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><creationTime value="{stamp}"/></PRPA_IN201308UV02>'
    exchange = replace(answered(make("TD0.2"), payload.encode()), started=NOON)
    [found] = api.judge(exchange, load().by_id("TD0.2"), sides=("response",), only=["HL7-UTC"])
    assert found.status == status
