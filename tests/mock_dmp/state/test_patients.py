"""One record is one identity, whichever of its numbers leads to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from mock_dmp.state import patients, sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.patientmodel import InsNumber, Patient

OID = "1.2.250.1.213.1.4.10"
A, B, C = (InsNumber(f"{n}" * 15, OID) for n in "123")


@pytest.fixture
def opened(store: Store) -> Store:
    sessions.create(store, "one")
    return store


def _patient(key: str, ins: InsNumber, *others: InsNumber) -> Patient:
    model = next(iter(directory.patients().values()))
    return replace(model, key=key, ins=ins, other_ins=others, authorisations=())


def _key(db: Connection, ins: InsNumber) -> str:
    found = patients.by_ins(db, "one", ins.number, ins.oid)
    return "" if found is None else found.key


def test_an_older_number_leads_to_the_record(opened: Store) -> None:
    with opened.write() as db:
        patients.save(db, "one", _patient("p", A, B))
        assert (_key(db, A), _key(db, B), _key(db, C)) == ("p", "p", "")
        assert patients.by_ins(db, "one", B.number, "1.2.3") is None
        assert patients.by_ins(db, "default", B.number, OID) is None


def test_a_number_that_is_dropped_leads_nowhere(opened: Store) -> None:
    with opened.write() as db:
        patients.save(db, "one", _patient("p", A, B))
        patients.save(db, "one", _patient("p", C))
        assert (_key(db, A), _key(db, B), _key(db, C)) == ("", "", "p")


def test_the_older_number_of_another_is_taken_from_it(opened: Store) -> None:
    with opened.write() as db:
        patients.save(db, "one", _patient("p", A, B, C))
        patients.save(db, "one", _patient("q", B))
        other = patients.by_key(db, "one", "p")
        assert other is not None and other.other_ins == (C,)
        assert (_key(db, A), _key(db, B), _key(db, C)) == ("p", "q", "p")


def test_the_lookup_is_indexed(opened: Store) -> None:
    asked = text(
        "EXPLAIN QUERY PLAN SELECT key FROM patient_older_ins WHERE session='one' AND ins_number='1' AND ins_oid='2'"
    )
    with opened.read() as db:
        assert all("SEARCH" in row[3] for row in db.execute(asked))


_INS = st.sampled_from([A, B, C])


@given(
    saves=st.lists(
        st.tuples(st.sampled_from("pqr"), _INS, st.lists(_INS, max_size=2, unique=True)), max_size=8
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_to_be_saved_holds_the_number(
    opened: Store, saves: list[tuple[str, InsNumber, list[InsNumber]]]
) -> None:
    writing = opened.begin_write()
    try:
        held: dict[InsNumber, str] = {}
        main: dict[str, InsNumber] = {}
        for key, ins, others in saves:
            patients.save(writing.connection, "one", _patient(key, ins, *others))
            gone = {key} | {who for who, number in main.items() if number in {ins, *others}}
            held = {number: who for number, who in held.items() if who not in gone}
            main = {who: number for who, number in main.items() if who not in gone}
            held |= dict.fromkeys([ins, *others], key)
            main[key] = ins
            assert {number: _key(writing.connection, number) for number in (A, B, C)} == {
                number: held.get(number, "") for number in (A, B, C)
            }
    finally:
        writing.rollback()
