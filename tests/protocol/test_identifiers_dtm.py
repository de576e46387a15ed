"""DTM: precision, period, calendar, and the bounds of stored queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import IdentifierError
from protocol.identifiers.dtm import Dtm, dtm_of, parse_dtm


def _utc(*parts: int) -> datetime:
    year, month, day, hour, minute, second = (*parts, *(1, 1, 0, 0, 0)[len(parts) - 1 :])
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "precision", "start", "end"),
    [
        ("2024", "year", _utc(2024), _utc(2025)),
        ("202402", "month", _utc(2024, 2), _utc(2024, 3)),
        ("202412", "month", _utc(2024, 12), _utc(2025)),
        ("20240229", "day", _utc(2024, 2, 29), _utc(2024, 3)),
        ("2024022923", "hour", _utc(2024, 2, 29, 23), _utc(2024, 3)),
        ("202402292359", "minute", _utc(2024, 2, 29, 23, 59), _utc(2024, 3)),
        ("20240229235958", "second", _utc(2024, 2, 29, 23, 59, 58), _utc(2024, 2, 29, 23, 59, 59)),
    ],
)
def test_periods(text: str, precision: str, start: datetime, end: datetime) -> None:
    dtm = parse_dtm(text)
    assert (dtm.precision, dtm.start, dtm.end) == (precision, start, end)
    assert str(dtm) == text


@pytest.mark.parametrize("text", ["9999", "999912", "99991231", "99991231235959"])
def test_the_end_of_the_calendar(text: str) -> None:
    assert parse_dtm(text).end > parse_dtm(text).start


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "20241",
        "0000",
        "202400",
        "202413",
        "20230229",
        "20240431",
        "2024010124",
        "202401010060",
        "20240101000060",
        "202401010000001",
        "20240101000000.0",
        "20240101000000Z",
        "20240101+0100",
        "2024-01-01",
        " 2024",
        "2024\n",
        "２０２４",
    ],
)
def test_broken(text: str) -> None:
    with pytest.raises(IdentifierError):
        parse_dtm(text)


def test_from_is_inclusive_and_to_exclusive() -> None:
    moment = parse_dtm("20240315103000")
    assert moment.between(moment)
    assert not moment.between(None, moment)
    assert moment.between(None, parse_dtm("20240315103001"))
    assert not moment.between(parse_dtm("20240315103001"))
    assert moment.between()


def test_short_bounds_count_from_the_start_of_their_period() -> None:
    moment = parse_dtm("20240315103000")
    assert moment.between(parse_dtm("2024"), parse_dtm("2025"))
    assert not moment.between(parse_dtm("2023"), parse_dtm("2024"))
    assert not moment.between(parse_dtm("20240315"), parse_dtm("20240315"))
    assert parse_dtm("2024").between(parse_dtm("20240101000000"), parse_dtm("20240101000001"))


moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))


@given(moments, st.integers(-23, 23))
def test_written_from_a_moment_of_any_zone(moment: datetime, hours: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    dtm = dtm_of(aware)
    assert dtm.start == aware.replace(microsecond=0)
    assert parse_dtm(str(dtm)) == dtm


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(IdentifierError):
        dtm_of(datetime(2024, 1, 1))


@given(moments, st.sampled_from([4, 6, 8, 10, 12, 14]))
def test_a_period_holds_its_start_and_ends_where_the_next_begins(moment: datetime, length: int) -> None:
    dtm = parse_dtm(str(dtm_of(moment.replace(tzinfo=UTC)))[:length])
    assert dtm.start < dtm.end
    following = dtm_of(dtm.end).text[:length]
    assert parse_dtm(following).start == dtm.end or dtm.start.year == 9999


@given(st.one_of(st.text(max_size=16), st.text("0123456789", max_size=16)))
def test_any_text_gives_a_dtm_or_an_identifier_error(text: str) -> None:
    try:
        dtm = parse_dtm(text)
    except IdentifierError:
        return
    assert dtm == Dtm(text)
    assert dtm.start <= dtm.end
