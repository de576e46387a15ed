"""The store: transactions that queue, blobs that are whole, and what each session remembers."""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from mock_dmp import journal
from mock_dmp.journal import Record
from mock_dmp.state import assertions, authorisations, patients, sessions, settings
from mock_dmp.state import directory as known
from mock_dmp.state.blobs import Blobs
from mock_dmp.state.engine import Store
from mock_dmp.state.schema import METADATA
from protocol import directory
from protocol.directory import Authorisation
from protocol.errors import ConfigError, EvidenceError, ToolError, UsageError
from tests.mock_dmp.databases import NewDatabase
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def opened(store: Store) -> Store:
    sessions.ensure_default(store)
    return store


@given(st.binary(max_size=4000))
def test_a_blob_comes_back_as_it_went(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        blobs = Blobs(Path(folder))
        digest = blobs.put(data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert blobs.put_stream(io.BytesIO(data)) == (digest, len(data))
        assert blobs.read(digest) == data
        assert blobs.size(digest) == len(data)
        assert list((Path(folder) / "tmp").iterdir()) == []


def test_a_blob_is_whole_or_absent(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("gone")
            return super().read(3)

    blobs = Blobs(tmp_path)
    with pytest.raises(OSError, match="gone"):
        blobs.put_stream(Broken(b"abcdef"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(EvidenceError, match="BLOB-001"):
        blobs.read("0" * 64)


def test_sqlite_is_set_for_safety(tmp_path: Path) -> None:
    store = Store(data_dir=tmp_path)
    with store.read() as db:
        values = [db.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")]
        assert values == ["wal", 1]
        assert db.execute(text("PRAGMA synchronous")).scalar() == 2
    store.close()


def test_every_table_of_a_session_hangs_from_it(store: Store) -> None:
    for table in METADATA.sorted_tables:
        if table.name not in ("sessions", "journal", "blobs"):
            keys = {key.column.table.name: key.ondelete for key in table.c.session.foreign_keys}
            assert keys == {"sessions": "CASCADE"}, table.name


def test_foreign_keys_hold(store: Store) -> None:
    patient = directory.patients()["corse"]
    with pytest.raises(IntegrityError), store.write() as db:
        patients.save(db, "nobody", patient)


def test_parallel_writers_queue_up(opened: Store) -> None:
    failures: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(10):
                with opened.write() as db:  # read, then write: what a deferred transaction fails at
                    value = settings.load(db, "default").switch("clock_offset_seconds")
                    settings.change(db, "default", {"clock_offset_seconds": int(value) + 1})
        except BaseException as problem:  # noqa: BLE001 - told by the main thread
            failures.append(problem)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sessions.find(opened, "default").settings.switch("clock_offset_seconds") == 60


def test_parallel_lines_of_the_journal_are_all_there(opened: Store) -> None:
    def write() -> None:
        for _ in range(10):
            journal.write(opened, Record(session="default", request_body=opened.blobs.put(b"x")))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened.read() as db:
        found = journal.listing(db, "default")
    assert len({line["id"] for line in found}) == 60
    assert [line["seq"] for line in found] == list(range(1, 61))


def test_a_write_that_fails_leaves_nothing(opened: Store) -> None:
    with pytest.raises(UsageError), opened.write() as db:
        settings.change(db, "default", {"clock_offset_seconds": 5})
        settings.change(db, "default", {"unheard-of": 5})
    assert sessions.find(opened, "default").settings.changed == {}


def test_sessions_do_not_see_each_other(opened: Store) -> None:
    sessions.create(opened, "x")
    seeded = directory.patients()["absent"]
    with opened.write() as db:
        patients.save(db, "x", replace(seeded, family_birth="AILLEURS"))
        assertions.remember(db, "x", "_1", "e", until=NOW, now=NOW)
    with opened.write() as db:
        here = patients.by_ins(db, "default", seeded.ins.number, seeded.ins.oid)
        there = patients.by_key(db, "x", "absent")
        assert assertions.remember(db, "default", "_1", "e", until=NOW, now=NOW) is None
    assert here is not None
    assert there is not None
    assert (here.family_birth, there.family_birth) == (seeded.family_birth, "AILLEURS")


def test_deleting_a_session_leaves_no_row(opened: Store) -> None:
    sessions.create(opened, "x", {"WSA-TO": "off"})
    journal.write(opened, Record(session="x"))
    sessions.remove(opened, "x")
    with opened.read() as db:
        for table in METADATA.sorted_tables:
            column = table.c.get("session", table.c.get("name"))
            assert db.execute(select(table).where(column == "x")).all() == [], table.name
    with pytest.raises(UsageError, match="SES-003"):
        sessions.find(opened, "x")


def test_the_seed_is_the_data_set(opened: Store) -> None:
    with opened.read() as db:
        found = {one.key: sessions.whole(db, "default", one) for one in patients.every(db, "default")}
    for key, expected in directory.patients().items():
        assert set(found[key].authorisations) == set(expected.authorisations)
        assert replace(found[key], authorisations=()) == replace(expected, authorisations=())


def test_one_ins_is_one_patient(opened: Store) -> None:
    first = directory.patients()["corse"]
    with opened.write() as db:
        patients.save(db, "default", replace(first, key="corse-2"))
        assert patients.by_key(db, "default", "corse") is None
        found = patients.by_ins(db, "default", first.ins.number, first.ins.oid)
        assert patients.by_ins(db, "default", first.ins.number, "1.2.3") is None
    assert found is not None
    assert found.key == "corse-2"


def test_authorisations_come_and_go(opened: Store) -> None:
    given_to = Authorisation("infirmier", "", "valid", False, NOW, NOW + timedelta(days=1))
    with opened.write() as db:
        authorisations.save(db, "default", "corse", given_to, at=NOW)
        assert authorisations.find(db, "default", "corse", professional="infirmier") == given_to
        assert authorisations.find(db, "default", "corse", structure="infirmier") is None
        assert authorisations.remove(db, "default", "corse", professional="infirmier")
        assert not authorisations.remove(db, "default", "corse", professional="infirmier")


def test_an_authorisation_lapses_with_the_clock() -> None:
    given_to = Authorisation("infirmier", "", "valid", False, NOW, NOW + timedelta(days=1))
    assert authorisations.state_at(given_to, NOW) == "valid"
    assert authorisations.state_at(given_to, NOW + timedelta(days=1)) == "expired"
    assert authorisations.state_at(replace(given_to, until=None), NOW.replace(year=2099)) == "valid"
    assert (
        authorisations.state_at(replace(given_to, state="forbidden"), NOW.replace(year=2099)) == "forbidden"
    )


def test_an_assertion_is_remembered_until_it_lapses(opened: Store) -> None:
    with opened.write() as db:
        until = NOW + timedelta(minutes=5)
        assert assertions.remember(db, "default", "_1", "first", until=until, now=NOW) is None
        assert assertions.remember(db, "default", "_1", "second", until=until, now=NOW) == "first"
        later = until + timedelta(seconds=1)
        assert assertions.remember(db, "default", "_1", "third", until=later, now=later) is None


def test_who_is_who() -> None:
    physician, hospital = directory.professionals()["medecin"], directory.structures()["hopital"]
    assert known.professional(physician.ps_id) == physician
    assert known.structure(hospital.struct_id) == hospital
    assert known.professional("8") is None
    assert known.structure("") is None


def test_an_unknown_wire_number_is_none(opened: Store) -> None:
    with opened.read() as db:
        assert known.wire_number(db, "default", "nothing of the kind") is None


def test_the_clock_of_a_session(opened: Store) -> None:
    frozen = sessions.create(opened, "frozen", {"clock_frozen_at": "2026-01-31T08:30:00+01:00"})
    assert frozen.now() == datetime(2026, 1, 31, 7, 30, tzinfo=UTC)
    shifted = sessions.create(opened, "shifted", {"clock_offset_seconds": -86400})
    assert timedelta(hours=23) < datetime.now(UTC) - shifted.now() < timedelta(hours=25)


def test_unknown_settings_suggest_the_nearest(opened: Store) -> None:
    found = sessions.find(opened, "default").settings
    with pytest.raises(UsageError) as caught:
        found.severity("WSA-T0")
    assert caught.value.expected == "WSA-TO"
    with pytest.raises(UsageError):
        found.switch("no such thing at all")
    assert found.severity("WSA-TO") == "refuse"
    assert found.on("lenient_soap11") is False
    assert found.everything()["WSA-TO"] == "refuse"


def test_what_comes_off_the_wire_fits_in_every_database(opened: Store) -> None:
    record = Record(session="s" * 300, detail="a\0b", message_id="m\0" * 999, target="/" + "x" * 9000)
    journal.write(opened, record)
    with opened.read() as db:
        [line] = journal.listing(db, "s" * 64)
    assert line["detail"] == "a\\x00b"
    for name in ("nul\0", "é", "x" * 65, ""):
        with pytest.raises(UsageError, match="SES-003"):
            sessions.find(opened, name)
    with opened.write() as db:
        for expected in (None, "first"):
            assert assertions.remember(db, "default", "i" * 9000, "first", until=NOW, now=NOW) == expected


def test_a_seq_is_never_given_twice(opened: Store) -> None:
    journal.write(opened, Record(session="default"))
    sessions.reset(opened, "default")
    journal.write(opened, Record(session="default"))
    with opened.read() as db:
        assert [line["seq"] for line in journal.listing(db, "default")] == [2]


def test_a_reader_sees_one_moment(opened: Store) -> None:
    with opened.read() as db:
        before = settings.load(db, "default").changed
        with opened.write() as writer:
            settings.change(writer, "default", {"clock_offset_seconds": 5})
        assert settings.load(db, "default").changed == before
    assert sessions.find(opened, "default").settings.switch("clock_offset_seconds") == 5


def test_a_database_of_ones_own_needs_a_folder_for_the_documents(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DB-003"):
        Store(f"sqlite:///{tmp_path}/x.db")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE journal DROP COLUMN faults", r"journal \(-faults\)"),
        ("ALTER TABLE patients ADD COLUMN later TEXT", r"patients \(\+later\)"),
    ],
)
def test_a_database_of_another_version_is_told_and_left_alone(
    database: NewDatabase, tmp_path: Path, change: str, found: str
) -> None:
    url = database()
    store = Store(url, tmp_path / "old")
    sessions.ensure_default(store)
    with store.write() as db:
        db.execute(text(change))
    store.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"DB-005.*{found}") as caught:
            Store(url, tmp_path / "old")
    assert "--data" in caught.value.mend.fr


def test_an_old_table_without_the_newer_ones_is_completed(tmp_path: Path) -> None:
    """Tables may be added from one version to the next: nothing that is there depends on them."""
    store = Store(data_dir=tmp_path)
    sessions.ensure_default(store)
    with store.write() as db:
        db.execute(text("DROP TABLE outbox"))
    store.close()
    again = Store(data_dir=tmp_path)
    with again.read() as db:
        assert db.execute(text("SELECT count(*) FROM outbox")).scalar() == 0
        assert db.execute(text("SELECT count(*) FROM sessions")).scalar() == 1
    again.close()


def test_a_writer_that_gets_no_turn_leaves_no_connection_behind(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = Store(opened.engine.url.render_as_string(hide_password=False), opened.blobs.root.parent)
    beside.engine.dispose()
    monkeypatch.setattr("mock_dmp.state.engine._BUSY_MS", 50)
    monkeypatch.setattr("mock_dmp.state.turns.TURN_SECONDS", 0.05)
    with opened.write(), pytest.raises(ToolError, match="DB-002"), beside.write():
        pass
    assert beside.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with beside.write() as db:
        settings.change(db, "default", {"clock_offset_seconds": 5})
    beside.close()
