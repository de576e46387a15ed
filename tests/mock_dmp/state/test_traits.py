"""The index of traits: it follows the records, and answers by index however large the session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite

from mock_dmp.state import patients, sessions, traits
from mock_dmp.state.engine import Store
from mock_dmp.state.traits import Like
from protocol import directory
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

ONE = directory.patients()["accents"]


@pytest.fixture
def opened(store: Store) -> Store:
    sessions.ensure_default(store)
    return store


def keys(store: Store, like: Like, session: str = "default") -> set[str]:
    with store.read() as db:
        return {one.patient for one in traits.find(db, session, like)}


def test_it_follows_the_records(opened: Store) -> None:
    assert keys(opened, Like(family="d'herbe outremont")) == {"accents"}
    with opened.write() as db:
        patients.save(db, "default", replace(ONE, family_birth="AUTRENOM", family_usual=""))
    assert keys(opened, Like(family="d'herbe outremont")) == set()
    assert keys(opened, Like(family="AUTRENOM")) == {"accents"}
    with opened.write() as db:
        patients.save(db, "default", replace(ONE, key="accents-2"))
    assert keys(opened, Like(family="AUTRENOM")) == set()
    assert keys(opened, Like(family="L'ETANG SUR OEUVRE")) == {"accents-2"}


def test_sessions_do_not_see_each_other(opened: Store) -> None:
    sessions.create(opened, "x")
    with opened.write() as db:
        patients.save(db, "x", replace(ONE, family_birth="AILLEURS"))
    assert keys(opened, Like(family="AILLEURS")) == set()
    assert keys(opened, Like(family="AILLEURS"), "x") == {"accents"}
    sessions.remove(opened, "x")
    assert keys(opened, Like(family="AILLEURS"), "x") == set()


def test_every_patient_is_indexed_once(opened: Store) -> None:
    with opened.read() as db:
        found = db.execute(traits.traits.select()).all()
    assert sorted(row.patient for row in found) == sorted(directory.patients())


def test_no_criterion_finds_nobody(opened: Store) -> None:
    assert keys(opened, Like()) == set()
    assert keys(opened, Like(family="%")) == set()
    assert keys(opened, Like(family="_" * 9)) == set()
    assert keys(opened, Like(family="NOMBREUX", given="'")) == set()


def test_the_number_of_candidates_is_bounded(opened: Store) -> None:
    with opened.read() as db:
        assert len(traits.find(db, "default", Like(family="NOMBREUX"), most=5)) == 5
        assert len(traits.find(db, "default", Like(family="NOMBREUX"))) == 12


@pytest.mark.parametrize(
    "like",
    [
        Like(family="OPPOSANT"),
        Like(family="OPPOSANT", given="RENE", sex="M", statuses=("active",)),
        Like(family="OPPOSANT", near_name=True),
        Like(family="OPPOSANT", near_name=True, born="19500109"),
        Like(born="19500109"),
        Like(family="OPPOSANT", born="19500109", city="VILLE"),
    ],
)
def test_each_question_is_answered_by_an_index(opened: Store, like: Like) -> None:
    """What holds for a hundred thousand patients: no walk through the session."""
    if opened.engine.dialect.name != "sqlite":
        pytest.skip("the plan is read in SQLite's words")
    asked: list[str] = []
    with opened.read() as db:

        class Watched:
            def execute(self, query: Select[tuple[object, ...]]) -> list[object]:
                compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
                asked.append(str(compiled))
                return []

        traits.find(Watched(), "default", like)  # type: ignore[arg-type]
        plan = [str(row[3]) for row in db.execute(text(f"EXPLAIN QUERY PLAN {asked[0]}"))]
    searches = [line for line in plan if "patient_traits" in line]
    assert searches
    for line in searches:
        assert "USING INDEX patient_traits_" in line
        assert "session=? AND " in line
