"""Blobs that nothing names go away; those that a call under way has written stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from mock_dmp import journal
from mock_dmp.journal import Record
from mock_dmp.services.xds import submission
from mock_dmp.state import collection, sessions
from mock_dmp.state.blobs import path_of
from mock_dmp.state.engine import Store
from mock_dmp.state.shelf import LARGEST, rows
from tests.mock_dmp.builders import Lps
from tests.mock_dmp.databases import every_database as database
from tests.mock_dmp.feeding import WHO, feed, listed
from tests.mock_dmp.lps_fixtures import lps
from tests.mock_dmp.submissions import Lot, retrieve

__all__ = ["database", "lps"]

HOUR = 3600.0


def age(store: Store, seconds: float = HOUR) -> None:
    """Make every blob that much older; what waits for a commit is committed first."""
    with store.write() as db:
        db.execute(select(rows.c.digest).limit(1))
    with store.write() as db:
        db.execute(rows.update().values(touched=rows.c.touched - seconds))
    for path in (path for path in store.blobs.root.rglob("*") if path.is_file()):
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def kept(store: Store) -> set[str]:
    files = {path.name for path in store.blobs.root.rglob("*") if path.is_file()}
    with store.read() as db:
        return files | set(db.execute(select(rows.c.digest)).scalars())


#: Beyond what the database takes: a file.
LARGE = b"x" * (LARGEST + 1)


def test_what_a_row_names_stays(lps: Lps) -> None:
    lot = Lot()
    feed(lps, lot)
    orphans = {lps.store.blobs.put(b"nobody names me"), lps.store.blobs.put(LARGE)}
    age(lps.store)
    before = kept(lps.store)
    assert orphans < before
    assert collection.collect(lps.store) == 2
    assert kept(lps.store) == before - orphans
    got = lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO)
    assert list(got.parts.values()) == [lot.documents[0].data]


def test_a_session_takes_its_blobs_along_but_not_those_of_others(store: Store) -> None:
    for name in ("gone", "stays"):
        sessions.create(store, name)
    own, shared = store.blobs.put(b"own"), store.blobs.put(b"shared")
    journal.write(store, Record(session="gone", request_body=own, response_body=shared))
    journal.write(store, Record(session="stays", request_body=shared))
    age(store)
    assert kept(store) & {own, shared} == {own, shared}
    store.blobs.__dict__["_swept"] -= HOUR
    sessions.remove(store, "gone")
    assert kept(store) & {own, shared} == {shared}
    store.blobs.__dict__["_swept"] -= HOUR
    sessions.reset(store, "stays")
    assert kept(store) & {own, shared} == set()


def test_sessions_that_come_and_go_fast_do_not_look_every_time(store: Store) -> None:
    assert not store.blobs.sweep_due(HOUR)
    assert store.blobs.sweep_due(0)


def test_what_was_just_written_or_taken_up_stays(store: Store) -> None:
    for end in (b"", LARGE):
        store.blobs.put(b"old" + end)
        taken_up = store.blobs.put(b"taken up" + end)
        age(store)
        fresh = store.blobs.put(b"fresh" + end)
        assert store.blobs.put(b"taken up" + end) == taken_up
        age(store, 0)
        assert collection.collect(store) == 1
        assert kept(store) == {fresh, taken_up}
        age(store)
        assert collection.collect(store) == 2


def test_a_blob_taken_up_while_it_goes_is_put_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.blobs.put(LARGE)
    age(store)
    replace = Path.replace

    def taken_up_first(path: Path, target: Path) -> Path:
        if path.name == digest:
            os.utime(path)  # somebody, between the look and the removal
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", taken_up_first)
    assert collection.collect(store) == 0
    assert store.blobs.read(digest) == LARGE


def test_a_submission_that_has_not_committed_keeps_its_bytes(
    lps: Lps, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = Lot()
    genuine = submission._keep
    removed = []

    def keep(*arguments: object) -> object:
        written = genuine(*arguments)  # type: ignore[arg-type]
        removed.append(collection.collect(lps.store))  # another thread, another server, at the worst moment
        return written

    monkeypatch.setattr(submission, "_keep", keep)
    assert feed(lps, lot).xds == "Success"
    assert removed == [0]
    got = lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO)
    assert list(got.parts.values()) == [lot.documents[0].data]


def test_a_submission_that_slept_beyond_all_patience_is_not_registered_without_bytes(
    lps: Lps, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = Lot()
    genuine = submission._keep

    def keep(*arguments: object) -> object:
        written = genuine(*arguments)  # type: ignore[arg-type]
        age(lps.store)
        assert collection.collect(lps.store)
        return written

    with monkeypatch.context() as patch:
        patch.setattr(submission, "_keep", keep)
        assert feed(lps, lot).fault == "MockInternalError"
    assert listed(lps) == []
    assert feed(lps, lot).xds == "Success"


def test_leftovers_of_the_dead_go_and_uploads_under_way_stay(store: Store) -> None:
    dead, alive = store.blobs.root / "tmp" / "dead", store.blobs.writer()
    dead.write_bytes(b"half")
    then = time.time() - 2 * collection.LEFTOVER_SECONDS
    os.utime(dead, (then, then))
    alive.write(b"whole soon")
    collection.collect(store)
    assert not dead.exists()
    assert store.blobs.read(alive.commit()) == b"whole soon"


def test_many_batches(store: Store) -> None:
    for number in range(450):
        path = path_of(store.blobs.root, f"{number % 4:02x}{number:062x}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    age(store)
    assert collection.collect(store) == 450
