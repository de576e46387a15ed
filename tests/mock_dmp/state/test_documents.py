"""The registry's tables: what is written comes back, and rivals break a key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from mock_dmp.state import documents, sessions, traces
from mock_dmp.state.documents import Content, Registration
from mock_dmp.state.engine import Store
from mock_dmp.state.traces import Trace, Wanted
from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Label,
    RegistryObject,
    Slot,
    association_from_json,
    object_from_json,
)
from protocol import facts
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

S = "default"
TEXT = st.text(max_size=20)
SLOTS = st.lists(st.builds(Slot, TEXT, st.lists(TEXT, max_size=2).map(tuple)), max_size=2).map(tuple)
LABELS = st.lists(st.builds(Label, TEXT, TEXT, TEXT), max_size=2).map(tuple)
CLASSES = st.lists(st.builds(Classification, TEXT, TEXT, TEXT, TEXT, SLOTS, LABELS, TEXT), max_size=2).map(
    tuple
)
IDENTIFIERS = st.lists(st.builds(ExternalIdentifier, TEXT, TEXT, TEXT, LABELS, TEXT), max_size=2).map(tuple)


@given(
    st.builds(
        RegistryObject,
        st.sampled_from(["entry", "set"]),
        TEXT,
        TEXT,
        TEXT,
        SLOTS,
        LABELS,
        LABELS,
        CLASSES,
        IDENTIFIERS,
    )
)
def test_objects_survive_json(item: RegistryObject) -> None:
    assert object_from_json(item.to_json()) == item


@given(st.builds(Association, TEXT, TEXT, TEXT, TEXT, SLOTS, TEXT, st.booleans()))
def test_associations_survive_json(link: Association) -> None:
    assert association_from_json(link.to_json()) == link


def item(kind: str, identity: str, unique_id: str) -> RegistryObject:
    scheme = facts.DE_UNIQUE_ID if kind == "entry" else facts.SS_UNIQUE_ID
    unique = ExternalIdentifier("e", scheme, unique_id, ())
    return RegistryObject(kind, identity, "", "", (), (), (), (), (unique,), status=facts.APPROVED)  # type: ignore[arg-type]


def whole(number: int, *, unique_id: str = "", sha: str = "aa") -> Registration:
    entry = item("entry", f"e{number}", unique_id or f"1.2.{number}")
    package = item("set", f"s{number}", f"1.3.{number}")
    link = Association(f"a{number}", facts.HAS_MEMBER, package.id, entry.id)
    return Registration("p", (package, entry), (link,), (Content(entry.unique_id, sha, "11", 3),))


@pytest.fixture
def filled(store: Store) -> Store:
    sessions.ensure_default(store)
    with store.write() as db:
        documents.register(db, S, whole(1), deprecated_status=facts.DEPRECATED)
        documents.register(db, S, whole(2), deprecated_status=facts.DEPRECATED)
    return store


def test_reading_back(filled: Store) -> None:
    with filled.read() as db:
        assert [one.id for one in documents.entries(db, S, "p")] == ["e1", "e2"]
        assert [one.id for one in documents.sets(db, S, "p")] == ["s1", "s2"]
        assert documents.entries(db, S, "autre") == []
        assert [one.id for one in documents.by_id(db, S, ["e2", "s1", "x"])] == ["s1", "e2"]
        assert [one.id for one in documents.by_unique_id(db, S, "set", ["1.3.2", "1.2.1"])] == ["s2"]
        assert [link.id for link in documents.links(db, S, ["e1", "s1"])] == ["a1"]
        assert documents.content(db, S, "1.2.1") == Content("1.2.1", "aa", "11", 3)
        assert documents.content(db, S, "1.2.9") is None
        assert (documents.patient_of(db, S, "e1"), documents.patient_of(db, S, "x")) == ("p", "")
        assert documents.known_ids(db, S, ["e1", "a2", "x"]) == {"e1", "a2"}
        assert {"e1", "e2", "s1", "s2"} < {one.id for one in documents.all_objects(db, S)}
        assert [one["entry_uuid"] for one in documents.summary(db, S, "p")] == ["e1", "e2"]
        assert {"e1", "e2"} < {one["entry_uuid"] for one in documents.summary(db, S)}


def test_many_ids(filled: Store) -> None:
    with filled.read() as db:
        assert len(documents.by_id(db, S, [f"e{number}" for number in range(2000)])) == 2


def test_deprecating(filled: Store) -> None:
    with filled.write() as db:
        later = replace(whole(3), deprecated=("e1",))
        documents.register(db, S, later, deprecated_status=facts.DEPRECATED)
    with filled.read() as db:
        statuses = {one.id: one.status for one in documents.entries(db, S, "p")}
    assert statuses == {"e1": facts.DEPRECATED, "e2": facts.APPROVED, "e3": facts.APPROVED}


@pytest.mark.parametrize(
    "rival",
    [
        whole(3, unique_id="1.2.1", sha="bb"),
        replace(whole(3), objects=(item("set", "s3", "1.3.1"),)),
        replace(whole(3), objects=(item("entry", "e1", "1.2.3"),)),
    ],
)
def test_rivals_break_a_key(filled: Store, rival: Registration) -> None:
    with pytest.raises(IntegrityError), filled.write() as db:
        documents.register(db, S, rival, deprecated_status=facts.DEPRECATED)
    with filled.read() as db:
        assert len(documents.entries(db, S, "p") + documents.sets(db, S, "p")) == 4


def test_the_same_content_again_is_no_news(filled: Store) -> None:
    with filled.write() as db:
        documents.register(db, S, whole(3, unique_id="1.2.1"), deprecated_status=facts.DEPRECATED)
    with filled.read() as db:
        assert len(documents.by_unique_id(db, S, "entry", ["1.2.1"])) == 2


def test_sessions_are_apart(filled: Store) -> None:
    sessions.create(filled, "autre")
    with filled.write() as db:
        documents.register(db, "autre", whole(1, sha="cc"), deprecated_status=facts.DEPRECATED)
        assert len(documents.entries(db, "autre", "p")) == 1
    sessions.remove(filled, "autre")
    with filled.read() as db:
        assert documents.all_objects(db, "autre") == []
        assert len(documents.entries(db, S, "p") + documents.sets(db, S, "p")) == 4


def test_traces(store: Store) -> None:
    sessions.ensure_default(store)
    one = Trace(
        "2026-01-01T00:00:00+00:00",
        "x",
        "TD3.2",
        "consultation",
        "8",
        "4",
        "10",
        "DIRECTE",
        "normal",
        "",
        False,
        "1",
        "1.2",
        "Success",
    )
    with store.write() as db:
        traces.add(db, S, one)
        traces.add(db, S, replace(one, patient="2"))
        assert [line["seq"] for line in traces.listing(db, S)] == [1, 2]
        assert [line["patient"] for line in traces.listing(db, S, Wanted(patient="2"))] == ["2"]
