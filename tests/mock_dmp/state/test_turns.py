"""Group commit: who waits writes into the same transaction; what one undoes or loses is told to whom it concerns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from mock_dmp import journal
from mock_dmp.journal import Record
from mock_dmp.state import turns
from mock_dmp.state.engine import Store
from mock_dmp.state.turns import Door
from protocol.errors import ToolError
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

RIDERS = 6


class Commits:
    """Counts the commits of a store, and may make them fail."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.failure: Exception | None = None
        genuine = store._turns._end

        def end(connection: Connection, keep: bool) -> None:
            self.count += keep
            if keep and self.failure is not None:
                genuine(connection, False)
                raise self.failure
            genuine(connection, keep)

        monkeypatch.setattr(store._turns, "_end", end)


@pytest.fixture
def commits(store: Store, monkeypatch: pytest.MonkeyPatch) -> Commits:
    return Commits(store, monkeypatch)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, a group lasts as long as somebody waits."""
    monkeypatch.setattr(turns, "_LONGEST", 60.0)


def ids(store: Store) -> set[str]:
    with store.read() as db:
        return set(db.execute(select(journal.journal.c.id)).scalars())


def together(store: Store, fates: list[str]) -> list[str]:
    """Writers that all wait before the first may end: what became of each, in order of their names."""
    first = store.begin_write()
    journal.add(first.connection, Record(session="default", id="first"))

    def write(name: str, fate: str) -> str:
        try:
            writing = store.begin_write()
            journal.add(writing.connection, Record(session="default", id=name))
            if fate == "undone":
                writing.rollback()
            else:
                writing.commit()
        except ToolError as lost:
            return lost.code
        return fate

    with ThreadPoolExecutor(len(fates)) as pool:
        told = [pool.submit(write, f"rider-{rank}", fate) for rank, fate in enumerate(fates)]
        while store._turns._waiting < len(fates):
            threading.Event().wait(0.001)
        try:
            first.commit()
        except ToolError as lost:
            return [lost.code, *(one.result() for one in told)]
        return ["kept", *(one.result() for one in told)]


@pytest.mark.usefixtures("patient")
def test_those_who_wait_share_a_commit(store: Store, commits: Commits) -> None:
    assert set(together(store, ["kept"] * RIDERS)) == {"kept"}
    assert commits.count == 1
    assert ids(store) == {"first", *(f"rider-{rank}" for rank in range(RIDERS))}


@pytest.mark.usefixtures("patient")
def test_who_undoes_its_writes_undoes_no_others(store: Store, commits: Commits) -> None:
    fates = ["kept", "undone", "undone", "kept", "undone"]
    assert together(store, fates) == ["kept", *fates]
    assert commits.count == 1
    assert ids(store) == {"first", "rider-0", "rider-3"}


@pytest.mark.usefixtures("patient")
def test_a_commit_that_fails_is_told_to_all(store: Store, commits: Commits) -> None:
    commits.failure = OSError("no space left")
    assert set(together(store, ["kept"] * RIDERS)) == {"DB-004"}
    assert ids(store) == set()
    commits.failure = None
    assert set(together(store, ["kept"])) == {"kept"}


def test_the_first_that_undoes_takes_nobody_along(store: Store, commits: Commits) -> None:
    writing = store.begin_write()
    journal.add(writing.connection, Record(session="default", id="gone"))
    writing.rollback()
    assert commits.count == 0
    journal.write(store, Record(session="default", id="kept"))
    assert ids(store) == {"kept"}


def test_a_group_does_not_grow_without_end(
    store: Store, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_MOST", 2)
    assert set(together(store, ["kept"] * RIDERS)) == {"kept"}
    assert commits.count >= (RIDERS + 1) / 2
    assert len(ids(store)) == RIDERS + 1


def test_an_interrupted_waiter_leaves_no_group_open(store: Store, patient: None) -> None:
    """Who should have ended the group never came: those in it do not wait for ever."""
    first = store.begin_write()
    journal.add(first.connection, Record(session="default", id="first"))
    with store._turns._turn:
        store._turns._waiting += 1
    ended = threading.Thread(target=first.commit)
    ended.start()
    with store._turns._turn:
        store._turns._waiting -= 1
    ended.join(10)
    assert not ended.is_alive()
    assert ids(store) == {"first"}


def test_a_transaction_that_the_database_ended_is_not_taken_for_kept(tmp_path: Path) -> None:
    store = Store(data_dir=tmp_path)
    writing = store.begin_write()
    journal.add(writing.connection, Record(session="default", id="lost"))
    driver = writing.connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("ROLLBACK")  # as SQLite does by itself when the disk is full
    with pytest.raises(ToolError, match="DB-004") as caught:
        writing.commit()
    assert isinstance(caught.value.__cause__, OperationalError)
    assert ids(store) == set()
    journal.write(store, Record(session="default", id="kept"))
    assert ids(store) == {"kept"}
    store.close()


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[tuple[Door, Door]]:
    one, other = Door(tmp_path / "file.db"), Door(tmp_path / "file.db")
    yield one, other
    one.close()
    other.close()


def test_one_process_at_a_time(doors: tuple[Door, Door], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = doors
    one.enter()
    with monkeypatch.context() as patch, pytest.raises(ToolError, match="DB-002"):
        patch.setattr(turns, "TURN_SECONDS", 0.02)
        other.enter()
    one.leave()
    other.enter()
    other.leave()


def test_who_waits_at_the_door_comes_before_who_just_left(doors: tuple[Door, Door]) -> None:
    one, other = doors
    order: list[str] = []
    one.enter()
    waits = threading.Thread(target=lambda: (other.enter(), order.append("other"), other.leave()))
    waits.start()
    while one_may_come_next(one):
        threading.Event().wait(0.001)
    one.leave()
    one.enter()
    order.append("one")
    one.leave()
    waits.join()
    assert order == ["other", "one"]


def one_may_come_next(door: Door) -> bool:
    """Whether nobody waits at the door yet."""
    import fcntl

    try:
        fcntl.flock(door._files[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(door._files[0], fcntl.LOCK_UN)
    return True


def test_lines_of_the_journal_keep_one_order(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: journal.write(store, Record(session="default")), range(80)))
    with store.read() as db:
        numbers = db.execute(select(journal.journal.c.seq).order_by(journal.journal.c.seq)).scalars().all()
        assert db.execute(select(func.count()).select_from(journal.journal)).scalar() == 80
    assert numbers == list(range(1, 81))
