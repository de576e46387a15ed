"""Small blobs: there at once, on disk with the commit that names them, in a file when they are not small."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mock_dmp import journal
from mock_dmp.journal import Record
from mock_dmp.state import engine, shelf
from mock_dmp.state.blobs import path_of
from mock_dmp.state.engine import Store
from mock_dmp.state.shelf import LARGEST
from protocol.errors import EvidenceError, ToolError
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]


def shelved(store: Store) -> dict[str, bytes]:
    with store.read() as db:
        return {row.digest: bytes(row.data) for row in db.execute(select(shelf.rows))}


def test_a_small_blob_is_there_before_and_after_its_commit(store: Store) -> None:
    digest = store.blobs.put(b"small")
    for _ in range(2):
        assert store.blobs.holds(digest)
        assert store.blobs.read(digest) == b"small"
        assert store.blobs.size(digest) == 5
        journal.write(store, Record(session="default", request_body=digest))
    assert shelved(store)[digest] == b"small"
    assert not path_of(store.blobs.root, digest).exists()


def test_what_is_written_in_pieces_is_one_blob(store: Store) -> None:
    for piece in (b"ab", b"x" * LARGEST):
        writer = store.blobs.writer()
        for _ in range(3):
            writer.write(piece)
        digest = writer.commit()
        assert digest == hashlib.sha256(piece * 3).hexdigest()
        assert store.blobs.read(digest) == piece * 3
    assert list((store.blobs.root / "tmp").iterdir()) == []


def test_a_large_blob_is_a_file(store: Store) -> None:
    largest, larger = store.blobs.put(b"x" * LARGEST), store.blobs.put(b"x" * (LARGEST + 1))
    journal.write(store, Record(session="default", request_body=largest, response_body=larger))
    assert largest in shelved(store)
    assert larger not in shelved(store)
    assert path_of(store.blobs.root, larger).stat().st_size == store.blobs.size(larger) == LARGEST + 1


def test_another_server_reads_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    one = Store(f"sqlite:///{tmp_path}/file.db", tmp_path)
    other = Store(f"sqlite:///{tmp_path}/file.db", tmp_path)
    digest = one.blobs.put(b"told")
    assert not other.blobs.holds(digest)
    with pytest.raises(EvidenceError, match="BLOB-001"):
        other.blobs.read(digest)
    journal.write(one, Record(session="default", request_body=digest))
    assert other.blobs.read(digest) == b"told"
    one.close()
    other.close()


def test_what_a_transaction_undid_waits_for_the_next(store: Store) -> None:
    digest = store.blobs.put(b"kept")
    with pytest.raises(ToolError), store.write() as db:
        journal.add(db, Record(session="default", request_body=digest))
        raise turned_down()
    assert digest not in shelved(store)
    assert store.blobs.read(digest) == b"kept"
    journal.write(store, Record(session="default"))
    assert shelved(store)[digest] == b"kept"


def test_memory_is_given_back_once_committed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "_RECENT", 1000)
    digests = [store.blobs.put(bytes([rank]) * 400) for rank in range(10)]
    assert store.blobs.shelf is not None
    assert store.blobs.shelf.waiting == 4000
    journal.write(store, Record(session="default"))
    assert store.blobs.shelf.waiting == 0
    assert sum(map(len, store.blobs.shelf._recent.values())) <= 1000
    assert [store.blobs.read(digest)[0] for digest in digests] == list(range(10))


def test_what_nobody_commits_does_not_pile_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies of requests that are refused without a line anywhere, for instance."""
    monkeypatch.setattr(engine, "_MOST_WAITING", 1000)
    for rank in range(20):
        store.blobs.put(bytes([rank]) * 400)
        store.relieve()
        assert store.blobs.shelf is not None
        assert store.blobs.shelf.waiting <= 1000
    assert len(shelved(store)) >= 18


def test_the_same_bytes_are_kept_once(store: Store) -> None:
    for _ in range(3):
        digest = store.blobs.put(b"same")
        journal.write(store, Record(session="default", request_body=digest))
    with store.read() as db:
        assert db.execute(select(func.count()).where(shelf.rows.c.digest == digest)).scalar() == 1


def turned_down() -> ToolError:
    from protocol.errors import Text

    return ToolError("TST-001", Text("non", "no"))
