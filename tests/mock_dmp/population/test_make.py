"""Generated patients: repeatable, each with a right INS of its own, plausible, nobody real."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_dmp.population import make
from mock_dmp.population.names import names
from protocol import directory
from protocol.directory import Patient, patient_from, patient_to_plain
from protocol.errors import UsageError
from protocol.facts import OID_INS_TEST
from protocol.identifiers.ins import parse_ins

SAMPLE: tuple[Patient, ...] = tuple(make.patients(4000, 7))


def share(what: object) -> float:
    return sum(bool(what(one)) for one in SAMPLE) / len(SAMPLE)  # type: ignore[operator]


@settings(max_examples=10, deadline=None)
@given(st.integers(), st.integers(0, 60))
def test_the_same_seed_gives_the_same_patients_whatever_the_count(seed: int, count: int) -> None:
    several = tuple(make.patients(count, seed))
    assert several == tuple(islice(make.patients(60, seed), count))
    assert [one.key for one in several] == [f"g{seed}-{rank}" for rank in range(1, count + 1)]
    assert all(patient_from(patient_to_plain(one), "x") == one for one in several)


def test_another_seed_gives_others() -> None:
    assert tuple(make.patients(5, 8)) != SAMPLE[:5]


def test_every_ins_is_right_alone_and_fictitious() -> None:
    numbers = [one.ins.number for one in SAMPLE]
    known = {one.ins.number for one in directory.patients().values()}
    assert len(set(numbers)) == len(numbers)
    assert not known & set(numbers)
    for one in SAMPLE:
        assert one.ins.oid == OID_INS_TEST
        parse_ins(one.ins.number, one.ins.oid)
        assert one.ins.number[5:10] == one.birth_place.insee
        assert one.birth_place.insee.endswith("999")
        assert one.ins.number[0] == {"M": "1", "F": "2"}[one.sex]
        assert int(one.ins.number[1:3]) == one.birth_date.year % 100


def test_nobody_is_reached() -> None:
    for one in SAMPLE:
        people = (one.telecom, one.legal_representative.telecom if one.legal_representative else ())
        for telecom in (item for several in people for item in several):
            if telecom.use == "MAIL":
                assert telecom.value.endswith("@example.org")
            else:
                assert re.fullmatch(r"(063998|019900)[0-9]{4}", telecom.value)
        assert one.address is None or "FICTI" in one.address.city
        assert one.address is None or one.address.postal_code.startswith("99")


def test_a_minor_has_a_representative_and_an_adult_none() -> None:
    for one in SAMPLE:
        assert one.minor == (one.legal_representative is not None)
        assert one.minor == ((make.TODAY - one.birth_date).days / 365.2425 < 18.0)


@pytest.mark.parametrize(
    ("what", "low", "high"),
    [
        (lambda one: one.sex == "F", 0.48, 0.55),
        (lambda one: one.minor, 0.15, 0.25),
        (lambda one: one.dmp.status == "active", 0.93, 0.97),
        (lambda one: one.dmp.status == "absent", 0.02, 0.05),
        (lambda one: one.dmp.attached_to_mes, 0.20, 0.30),
        (lambda one: one.birth_place.insee.startswith("99"), 0.10, 0.15),
        (lambda one: one.family_usual, 0.12, 0.22),
        (lambda one: one.birth_lunar, 0.001, 0.008),
        (lambda one: any(given.medecin_traitant for given in one.authorisations), 0.10, 0.30),
    ],
)
def test_shares_are_plausible(what: object, low: float, high: float) -> None:
    assert low < share(what) < high


def test_names_are_shared_unevenly() -> None:
    counted = Counter(one.family_birth for one in SAMPLE)
    first, last = names().families.values[0], names().families.values[-1]
    assert counted[first] > 3 * counted[last]
    assert len({one.given for one in SAMPLE}) > 500


def test_a_full_month_leads_to_the_next_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """More births than a commune numbers in a month: codes of unknown months follow, keys stay right."""
    monkeypatch.setattr(make, "_DEPARTMENTS", ("63",))
    monkeypatch.setattr(make._Maker, "_birth", lambda _: make.date(1980, 5, 14))
    monkeypatch.setattr(make._Maker, "_happens", lambda _, share: False)
    several = list(make.patients(1200, 1))
    assert len({one.ins.number for one in several}) == 1200
    assert Counter(one.ins.number[3:5] for one in several) == {"05": 999, "20": 201}
    for one in several:
        parse_ins(one.ins.number, one.ins.oid)


@pytest.mark.parametrize("count", [-1, make.MOST + 1])
def test_a_count_out_of_reach(count: int) -> None:
    with pytest.raises(UsageError, match="GEN-001"):
        next(make.patients(count, 1))
