"""A session that is sown holds, on every database, what the ordinary way writes row by row."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from mock_dmp import seeding
from mock_dmp.state import schema, sessions
from mock_dmp.state.engine import Store
from mock_dmp.state.sown import Sown
from protocol import directory, facts
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

PATIENTS = tuple(directory.patients().values())


def bare(db: Connection, name: str) -> str:
    db.execute(insert(schema.sessions).values(name=name, created="now"))
    return name


def held(db: Connection, session: str) -> dict[str, list[Any]]:
    """Every row of the session, as the database holds it, by table; without the session's name."""
    found = {}
    for table in schema.complete().sorted_tables:
        columns = [column for column in table.columns if column.name != "session"]
        if "session" in table.c and columns:
            rows = db.execute(select(*columns).filter_by(session=session))
            found[table.name] = sorted(map(repr, rows))
    return found


def test_it_holds_what_is_written_one_by_one(store: Store) -> None:
    prepared = seeding.prepare(PATIENTS)
    with store.write() as db:
        sessions.add_patients(db, bare(db, "by-hand"), PATIENTS)
        seeding.seed_documents(db, store.blobs, "by-hand", prepared)
    sessions.create(store, "sown")
    with store.read() as db:
        by_hand, sown = held(db, "by-hand"), held(db, "sown")
    for table in ("registry_objects", "registry_associations", "document_contents", "patients"):
        assert by_hand[table], table
    for table in ("numbers", "accounts"):  # by other ways; what a login is depends on the session
        del by_hand[table], sown[table]
    assert sown == by_hand
    assert any(facts.DEPRECATED in row for row in sown["registry_objects"]), "one document replaces another"


def test_a_session_sown_twice_is_refused_and_others_are_left_alone(store: Store) -> None:
    sessions.create(store, "one")
    again = Sown(sessions._seed()[0].rows)
    with pytest.raises(IntegrityError), store.write() as db:
        again.write(db, "one")
    with store.read() as db:
        whole = held(db, "one")
    sessions.create(store, "two")
    with store.read() as db:
        assert held(db, "one") == whole
        assert held(db, "two")["registry_objects"] == whole["registry_objects"]
