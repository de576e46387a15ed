"""A back-up holds everything or is refused, and so is a restored register; a crash leaves neither half there."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from protocol.errors import DmpcompatError, EvidenceError, UsageError
from reports.dossier import deciding
from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.keeping import archive, backup, proof, snapshot
from reports.keeping.archive import Archive
from reports.keeping.restore import Wanted, restore
from reports.register.checkpoint import Checkpoint
from reports.register.database import CHECKPOINTS, LEAVES, REFERENCES, WIRE_NUMBERS, Database
from reports.register.opening import KEYS, Configuration, Office, init, open_office
from reports.register.store import reserve
from tests.mock_dmp.databases import every_database, postgres
from tests.reports.dossier.conftest import Bureau, bureau, hands
from tests.reports.register.conftest import START, Hands

__all__ = ["bureau", "every_database", "hands", "postgres"]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def granted(bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """An office with a homologation, a hole, a suspension; the test authority is made once for its time stamps."""
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Office, "stamp", lambda *_: {"timestamp.tsr": b"a stamp"})
    bureau.approved()
    deciding.grant(bureau.office, bureau.dossier, "conforme")
    bureau.office.numbering.reserve("L", START)
    bureau.dossier.move("put-in-service", bureau.agency, "suite")
    deciding.suspend(bureau.office, bureau.dossier, "faille")
    return bureau


def kept_of(office: Office, path: Path, **other: Any) -> backup.Kept:
    return backup.make(office, path, START, **other)


def reopened(folder: Path, bureau: Bureau) -> Office:
    return open_office(folder, clock=Hands(), seal=bureau.agency)


def test_what_is_restored_is_what_was_backed_up(granted: Bureau, tmp_path: Path) -> None:
    office = granted.office
    kept = kept_of(office, tmp_path / "b.zip")
    assert (kept.entries, kept.references, kept.dossiers, kept.keys) == (2, 2, 1, ())
    assert kept.lacking == ("lps-test",)
    point = office.register.checkpoint()
    wanted = Wanted(tmp_path / "r2", key=office.log_key, kept=point, keys=office.folder)
    restore(tmp_path / "b.zip", wanted)
    again = reopened(tmp_path / "r2", granted)
    assert again.register.leaves() == office.register.leaves()
    assert again.register.checkpoint() == point
    assert str(again.log_key) == str(office.log_key)
    reference = again.register.entries()[0].reference
    assert again.numbering.told(reference) == office.numbering.told(reference)
    later = START + timedelta(days=2)
    assert again.numbering.holes(later) == office.numbering.holes(later) != ()
    people = People(again.folder / "personnes", granted.agency)
    dossier = Dossier(again.folder / "dossiers" / "lps-test", people, clock=Hands())
    assert dossier.read() == granted.dossier.read()
    # It goes on: the register continues the old checkpoint, the file takes its next act, with a person's own key.
    deciding.reinstate(again, dossier, "corrigé")
    assert again.register.consistency(point.size)
    dossier.add("COMMENT", people.person("editeur"), "vu", {"case": ""})
    again.close()


def test_keys_are_in_it_only_when_asked_for(granted: Bureau, tmp_path: Path) -> None:
    office = granted.office
    kept_of(office, tmp_path / "without.zip")
    secrets = [(office.folder / name).read_bytes().strip() for name in KEYS]
    secrets += [path.read_bytes().strip() for path in (office.folder / "personnes").glob("*.pem")]
    with zipfile.ZipFile(tmp_path / "without.zip") as zipped:
        held = [zipped.read(name) for name in zipped.namelist()]
    assert not any(secret in data for secret in secrets for data in held)
    with_keys = kept_of(office, tmp_path / "with.zip", with_keys=True)
    assert {*KEYS, "personnes/editeur.pem"} <= set(with_keys.keys)
    assert (tmp_path / "with.zip").stat().st_mode & 0o077 == 0
    restore(tmp_path / "with.zip", Wanted(tmp_path / "r2"))
    assert (tmp_path / "r2" / KEYS[0]).stat().st_mode & 0o077 == 0
    reopened(tmp_path / "r2", granted).close()


def test_a_register_without_its_keys_is_never_given_new_ones(granted: Bureau, tmp_path: Path) -> None:
    kept_of(granted.office, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", Wanted(tmp_path / "r2"))
    with pytest.raises(DmpcompatError, match="REG-056"):
        reopened(tmp_path / "r2", granted)
    assert not (tmp_path / "r2" / KEYS[0]).exists()
    init(tmp_path / "other", Configuration())
    open_office(tmp_path / "other", seal=granted.agency).close()
    with pytest.raises(EvidenceError, match="KEEP-009"):
        restore(tmp_path / "b.zip", Wanted(tmp_path / "r3", keys=tmp_path / "other"))
    assert not (tmp_path / "r3").exists()


def test_an_older_back_up_is_told_by_a_kept_checkpoint(granted: Bureau, tmp_path: Path) -> None:
    office = granted.office
    kept_of(office, tmp_path / "b.zip")
    deciding.reinstate(office, granted.dossier, "corrigé")
    newer = office.register.checkpoint()
    with pytest.raises(EvidenceError, match="KEEP-003"):
        restore(tmp_path / "b.zip", Wanted(tmp_path / "r2", kept=newer))
    forked = Checkpoint(newer.origin, 1, bytes(32)).signed(
        office.register.key.name, office.register.key.private
    )
    with pytest.raises(EvidenceError, match="KEEP-003"):
        restore(tmp_path / "b.zip", Wanted(tmp_path / "r2", kept=forked))
    assert not (tmp_path / "r2").exists()


def test_a_place_or_a_name_that_is_taken_is_refused(granted: Bureau, tmp_path: Path) -> None:
    kept_of(granted.office, tmp_path / "b.zip")
    with pytest.raises(UsageError, match="KEEP-004"):
        kept_of(granted.office, tmp_path / "b.zip")
    with pytest.raises(UsageError, match="KEEP-008"):
        restore(tmp_path / "b.zip", Wanted(granted.office.folder))


def test_every_truncation_and_every_changed_byte_is_refused_or_changes_nothing(
    granted: Bureau, tmp_path: Path
) -> None:
    """A few bytes of a zip say nothing (dates, attributes): then what is read is the same."""
    path, other = tmp_path / "b.zip", tmp_path / "altered.zip"
    kept_of(granted.office, path)
    data, key = path.read_bytes(), granted.office.log_key
    whole = Archive.open(path, key)
    expected = whole.snapshot()
    whole.close()
    refused = 0
    cuts = [data[:length] for length in range(0, len(data), len(data) // 40)]
    changed = [data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :] for at in range(0, len(data), 149)]
    for altered in (*cuts, *changed):
        other.write_bytes(altered)
        try:
            opened = Archive.open(other, key)
        except EvidenceError:
            refused += 1
            continue
        try:
            for name in opened.files:
                opened.read(name)
            assert opened.snapshot() == expected
        except EvidenceError:
            refused += 1
        finally:
            opened.close()
    assert refused >= len(cuts) + len(changed) * 3 // 4


def test_a_file_removed_added_or_signed_by_another_is_refused(granted: Bureau, tmp_path: Path) -> None:
    path, other = tmp_path / "b.zip", tmp_path / "altered.zip"
    kept_of(granted.office, path)
    with zipfile.ZipFile(path) as zipped:
        files = {name: zipped.read(name) for name in zipped.namelist()}
    journal = next(name for name in files if name.endswith("evenements.ndjson"))
    for altered in (
        {name: data for name, data in files.items() if name != journal},
        {**files, "office/../ailleurs": b"x"},
        {**files, journal: files[journal][:-1]},
    ):
        with zipfile.ZipFile(other, "w") as zipped:
            for name, data in altered.items():
                zipped.writestr(name, data)
        with pytest.raises(EvidenceError, match="KEEP-001"):
            restore(other, Wanted(tmp_path / "r2", key=granted.office.log_key))
    init(tmp_path / "other", Configuration())
    stranger = open_office(tmp_path / "other", seal=granted.agency)
    with pytest.raises(EvidenceError, match="KEEP-001"):
        restore(path, Wanted(tmp_path / "r2", key=stranger.log_key))
    stranger.close()
    assert not (tmp_path / "r2").exists()


Damage = Callable[[Office], None]


def _rows(office: Office, *statements: Any) -> None:
    with office.register.database.write() as db:
        for one in statements:
            db.execute(one)


DAMAGES: dict[str, Damage] = {
    "an entry is gone": lambda office: _rows(office, delete(LEAVES).where(LEAVES.c.seq == 1)),
    "a checkpoint is gone": lambda office: _rows(office, delete(CHECKPOINTS).where(CHECKPOINTS.c.size == 2)),
    "a checkpoint of another root": lambda office: _rows(
        office,
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.size == 1)
        .values(
            note=str(
                Checkpoint(office.configuration.origin, 1, bytes(32)).signed(
                    office.register.key.name, office.register.key.private
                )
            )
        ),
    ),
    "reservations are gone": lambda office: _rows(office, delete(REFERENCES)),
    "secret numbers are gone": lambda office: _rows(office, delete(WIRE_NUMBERS)),
    "a number of nobody": lambda office: _rows(
        office,
        insert(WIRE_NUMBERS).values(reference="x", tag="t", commitment="c", sealed=b"s"),
    ),
    "a statement is gone": lambda office: next(
        (office.folder / "declarations").glob("*/statement.dsse.json")
    ).unlink(),
    "a file lost a line": lambda office: _without_a_line(office),
}


def _without_a_line(office: Office) -> None:
    path = next((office.folder / "dossiers").glob("*/evenements.ndjson"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_whole_makes_no_back_up(granted: Bureau, tmp_path: Path, damage: str) -> None:
    """The proof is the same on both sides: what it refuses here, it refuses in a back-up that says so."""
    DAMAGES[damage](granted.office)
    with pytest.raises(EvidenceError):
        kept_of(granted.office, tmp_path / "b.zip")
    assert not list(tmp_path.glob("*b.zip*"))


def test_a_forged_back_up_by_whoever_has_the_key_is_still_proven(granted: Bureau, tmp_path: Path) -> None:
    office, path = granted.office, tmp_path / "forged.zip"
    whole = snapshot.take(office)
    forged = replace(whole, numbers=())
    archive.write(path, forged, office.register.key, "2026-03-01T09:00:00Z", private={}, evidence={})
    with pytest.raises(EvidenceError, match="KEEP-003"):
        restore(path, Wanted(tmp_path / "r2", key=office.log_key))


def test_a_file_that_is_ahead_of_the_register_is_kept_as_far_as_the_register_knows(
    granted: Bureau, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody writes between the reading of the database and that of the files."""
    office, read = granted.office, snapshot.of_database

    def meanwhile(database: Database) -> snapshot.Snapshot:
        rows = read(database)
        deciding.reinstate(office, granted.dossier, "pendant la sauvegarde")
        return rows

    before = len(granted.dossier.events())
    monkeypatch.setattr(snapshot, "of_database", meanwhile)
    taken = snapshot.take(office)
    assert len(granted.dossier.events()) == before + 1
    assert len(proof.dossiers(taken)["lps-test"]) == before
    lines = proof.prove(taken, office.log_key, office.configuration.origin)
    assert {line.outcome for line in lines} == {"OK"}


def test_evidence_goes_along_and_is_verified(granted: Bureau, tmp_path: Path) -> None:
    from tests.reports.made import build_run

    run = build_run(tmp_path / "run")
    kept = kept_of(granted.office, tmp_path / "b.zip", runs=[run])
    assert kept.runs == 1
    restore(tmp_path / "b.zip", Wanted(tmp_path / "r2"))
    there = next((tmp_path / "r2" / "preuves").glob("*/preuves"))
    assert sorted(one.name for one in there.iterdir()) == sorted(
        one.name for one in (run / "preuves").iterdir()
    )
    (run / "preuves" / "surprise.json").write_bytes(b"{}")
    with pytest.raises(EvidenceError, match="KEEP-006"):
        kept_of(granted.office, tmp_path / "b2.zip", runs=[run])


def test_an_empty_register_too(bureau: Bureau, tmp_path: Path) -> None:
    kept_of(bureau.office, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", Wanted(tmp_path / "r2"))
    with bureau.office.register.database.write() as db:
        reserve(db, "TST-26L-7K3Q9XA-KE", START)
    kept_of(bureau.office, tmp_path / "b2.zip")
