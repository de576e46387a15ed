"""Clock and identifiers: repeatable, and legal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from harness.drive.clock import SetClock, SystemClock, dtm, saml_instant
from harness.drive.ids import LONGEST_OID, RandomIds, SeededIds
from protocol.identifiers.oid import parse_oid


def test_a_set_clock_steps_and_speaks_utc() -> None:
    paris = timezone(timedelta(hours=2))
    clock = SetClock(datetime(2026, 7, 1, 10, 0, tzinfo=paris), timedelta(seconds=5))
    assert clock.now() == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert clock.now() == datetime(2026, 7, 1, 8, 0, 5, tzinfo=UTC)


def test_the_system_clock_is_aware() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_dates_are_written_in_utc() -> None:
    moment = datetime(2026, 7, 1, 10, 0, 1, 5000, tzinfo=timezone(timedelta(hours=2)))
    assert saml_instant(moment) == "2026-07-01T08:00:01.005Z"
    assert dtm(moment) == "20260701080001"


@given(seed=st.integers(), root=st.sampled_from(["", "1.2.3", "1.2.250.1.999" + ".123456" * 6]))
def test_oids_are_legal_and_repeatable(seed: int, root: str) -> None:
    first, again = SeededIds(seed), SeededIds(seed)
    oids = [first.oid(root) for _ in range(3)]
    assert oids == [again.oid(root) for _ in range(3)]
    assert len(set(oids)) == 3
    for oid in oids:
        assert len(oid) <= LONGEST_OID
        parse_oid(oid)


def test_an_oid_grows_under_its_root_when_there_is_room() -> None:
    assert SeededIds(1).oid("1.2.3").startswith("1.2.3.")
    assert SeededIds(1).oid("1." + "1" * 60).startswith("2.25.")
    parse_oid(RandomIds().oid())


def test_uuids_differ_and_follow_the_seed() -> None:
    assert SeededIds(1).uuid() == SeededIds(1).uuid() != SeededIds(2).uuid()
    source = RandomIds()
    assert source.uuid() != source.uuid()
