"""What waits in a session, and what became of each exchange: settled when somebody looks, as of when it came."""

from __future__ import annotations

import pytest

from mock_dmp import journal
from mock_dmp.dispatch import Dispatcher
from mock_dmp.expectations import Expectation, Facts, Verdict
from mock_dmp.journal import Record
from mock_dmp.state import expectations, sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.errors import Text, UsageError
from tests.mock_dmp.builders import Lps, Who, existence
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

PATIENT = directory.patients()["actif-autorise"].ins.number


@pytest.fixture
def filled(store: Store) -> Store:
    sessions.ensure_default(store)
    return store


def write(store: Store, transaction: str, **fields: str) -> str:
    record = Record(session="default", transaction=transaction, **fields)  # type: ignore[arg-type]
    journal.write(store, record)
    return record.id


def verdicts(store: Store, *exchanges: str) -> list[Verdict | None]:
    expectations.settle(store, "default")
    with store.read() as db:
        found = expectations.verdicts(db, "default", exchanges)
    return [found.get(one) for one in exchanges]


def met(store: Store) -> list[str]:
    expectations.settle(store, "default")
    with store.read() as db:
        return [one.exchange for one in expectations.listing(db, "default")]


def test_each_expectation_is_met_once_and_in_order(filled: Store) -> None:
    before = write(filled, "TD0.2")
    waits = [Expectation("", Facts("TD0.2"), "C", "1"), Expectation("", Facts("TD0.2"), "C", "2")]
    ids = expectations.post(filled, "default", waits)
    first, second, third = (write(filled, "TD0.2") for _ in range(3))
    found = verdicts(filled, before, first, second, third)
    assert found[0] is None  # from before anything was expected
    assert [one.expected for one in found[1:] if one] == [True, True, False]
    assert [one.id for one in found[1:] if one] == [*ids, ""]
    assert met(filled) == [first, second]


def test_an_exchange_is_held_against_what_waited_when_it_came(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("early", Facts("TD2.1"))])
    early = write(filled, "TD3.1")
    expectations.post(filled, "default", [Expectation("late", Facts("TD3.1"))])
    first = verdicts(filled, early)[0]
    assert first is not None
    assert (first.expected, first.id) == (False, "early")
    late = write(filled, "TD3.1")
    second = verdicts(filled, late)[0]
    assert second is not None
    assert second.expected


def test_what_is_withdrawn_waits_no_more(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("a", Facts("TD0.2")), Expectation("b", Facts("TD2.1"))])
    assert expectations.withdraw(filled, "default", "a") == 1
    found = verdicts(filled, write(filled, "TD0.2"))[0]
    assert found is not None
    assert found.id == "b"
    assert expectations.withdraw(filled, "default") == 1
    assert met(filled) == []


def test_facts_are_read_from_the_message(filled: Store) -> None:
    asked = Facts("TD0.2", PATIENT, "899990000111", "499990000111001", "normal")
    wrong = Facts("TD0.2", "1" * 15, "899990000111", "499990000111001", "bris_de_glace")
    sentence = Text("Vérifier", "Check")
    expectations.post(filled, "default", [Expectation("wrong", wrong, "C", "1", sentence)])
    lps = Lps(filled, Dispatcher(filled))
    lps.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise"))
    with filled.read() as db:
        exchange = journal.listing(db, "default")[-1]["id"]
    found = verdicts(filled, exchange)[0]
    assert found is not None
    assert found.sentence == sentence
    assert [(one.field, one.found) for one in found.differences] == [
        ("patient", PATIENT),
        ("access", "normal"),
    ]
    expectations.post(filled, "default", [Expectation("right", asked)])
    lps.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise"))
    assert met(filled)[1]


def test_handshakes_are_no_exchange_and_unreadable_ones_are(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("", Facts("TD0.2", PATIENT))])
    handshake, noise = (
        write(filled, "", outcome="handshake"),
        write(filled, "", request_body=filled.blobs.put(b"\0")),
    )
    found = verdicts(filled, handshake, noise)
    assert found[0] is None
    assert found[1] is not None
    assert [one.found for one in found[1].differences] == ["", ""]


def test_many_exchanges_are_settled(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("", Facts("TD2.1"))])
    with filled.write() as db:
        for _ in range(450):
            journal.add(db, Record(session="default", transaction="TD0.2"))
        last = Record(session="default", transaction="TD2.1")
        journal.add(db, last)
    assert met(filled) == [last.id]


def test_a_reset_forgets_everything(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("", Facts("TD2.1"))])
    write(filled, "TD2.1")
    expectations.settle(filled, "default")
    sessions.reset(filled, "default")
    assert met(filled) == []
    assert verdicts(filled, write(filled, "TD2.1")) == [None]


def test_ids_and_their_number_are_held(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("a", Facts())])
    with pytest.raises(UsageError, match="EXP-001"):
        expectations.post(filled, "default", [Expectation("a", Facts())])
    with pytest.raises(UsageError, match="EXP-002"):
        expectations.post(filled, "default", [Expectation("", Facts())] * expectations.MOST)
    assert met(filled) == [""]  # all or nothing


def test_a_page_names_its_patient_in_its_address(filled: Store) -> None:
    expectations.post(filled, "default", [Expectation("", Facts("TD0.9", PATIENT))])
    assert met(filled) == [""]
    page = write(filled, "TD0.9", target=f"/AccesDirect/Patient?ins={PATIENT}&x=1")
    assert met(filled) == [page]
