"""Moments of signed documents: one way to write one moment, both ways."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.trust import moment, stamp


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_a_moment_comes_back(at: datetime) -> None:
    assert moment(stamp(at)) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-31T12:00:00Z",
        "2026-01-31T1:00:00Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+00:00",
        " 2026-01-31T12:00:00Z",
        "٢٠٢٦-01-31T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T12:00:61Z",
        "",
    ],
)
def test_what_reads_as_a_moment_and_is_not_written_as_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"2026|does not match|out of range|must be|unconverted"):
        moment(text)
