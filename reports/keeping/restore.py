"""Restoring a back-up: proven whole first, written beside, read again, then put in place in one step.

A crash at any instant leaves no register at that place, or the whole one. Keys come from the back-up when it has them,
else from the folder where they were kept apart; without them what is restored can be read and audited, not written to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import evidence as tree
from harness.evidence import to_json, write_atomic
from protocol import jsonread
from protocol.errors import EvidenceError, Text, UsageError
from reports.keeping import archive, backup, proof, snapshot
from reports.keeping.archive import Archive
from reports.keeping.backup import Kept
from reports.keeping.snapshot import KNOWN, Snapshot
from reports.register import trustfiles
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.database import Database
from reports.register.numbering import Secret
from reports.register.opening import CONFIG, Configuration, key_files


@dataclass(frozen=True)
class Wanted:
    """Where to restore to, and what the restorer knows: the log's key, a checkpoint that was kept, the keys kept apart
    (folder), another database (URL; a file of the folder by default).
    """

    folder: Path
    key: NoteKey | None = None
    kept: Checkpoint | None = None
    keys: Path | None = None
    database: str = ""


def restore(path: Path, wanted: Wanted) -> Kept:
    """Raises EvidenceError when the back-up is altered or lacks something, UsageError for a place that is taken."""
    opened = Archive.open(path, wanted.key)
    try:
        held = opened.snapshot()
        for name in opened.files:
            opened.read(name)
        lines = proof.prove(held, opened.key, str(opened.told["origin"]), wanted.kept)
        backup.refuse_incomplete(lines)
        needed = _needed(held)
        keys = _keys(opened, wanted.keys, needed)
        _refuse_foreign(keys, held, opened.key, needed)
        _refuse_taken(wanted.folder)
        _placed(wanted.folder, lambda beside: _written(beside, opened, held, keys, wanted.database))
        return backup.told(opened, lines)
    finally:
        opened.close()


def _placed(folder: Path, write: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-restauration-", dir=folder.parent))
    try:
        write(beside)
        _settle(beside)
        beside.rename(folder)  # over an empty folder at most
        _settle_one(folder.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _written(beside: Path, opened: Archive, held: Snapshot, keys: dict[str, bytes], url: str) -> None:
    for name, data in held.files.items():
        if name not in (CONFIG, KNOWN):
            write_atomic(beside / name, data)
    configuration: dict[str, Any] = jsonread.loads(held.files[CONFIG])
    write_atomic(beside / CONFIG, to_json({**configuration, "database": url}))
    for name in opened.below(archive.EVIDENCE):
        write_atomic(beside / name, opened.read(name))
    for root in sorted((beside / archive.EVIDENCE).glob("*/preuves")):
        if wrong := tree.verify(root):
            raise archive.refused(str(root.relative_to(beside)), wrong[0])
    database = Database(url or f"sqlite:///{beside / 'registre.db'}")
    try:
        snapshot.fill(database, held)
        if not snapshot.of_database(database).same_rows(held):
            raise archive.refused("database", "rows")
    finally:
        database.close()
    for name, data in keys.items():
        target = beside / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)


def _keys(opened: Archive, apart: Path | None, needed: Sequence[str]) -> dict[str, bytes]:
    inside = {name.removeprefix(archive.KEYS): opened.read(name) for name in opened.below(archive.KEYS)}
    if apart is None:
        return inside
    folders = (snapshot.PEOPLE, trustfiles.ROOTS)
    people = [path for folder in folders for path in sorted((apart / folder).glob("*.pem"))]
    found = [*(apart / name for name in needed), *people]
    try:
        return inside | {path.relative_to(apart).as_posix(): path.read_bytes() for path in found}
    except OSError as problem:
        raise UsageError(
            "KEEP-007",
            Text("il manque une clé dans ce dossier", "a key is missing in this folder"),
            field="--keys",
            found=str(problem.filename),
            expected=" ".join(needed),
        ) from problem


def _needed(held: Snapshot) -> Sequence[str]:
    try:
        return key_files(Configuration.model_validate(jsonread.loads(held.files[CONFIG])))
    except (KeyError, ValueError) as problem:
        raise archive.refused(CONFIG, str(problem)) from problem


def _refuse_foreign(keys: dict[str, bytes], held: Snapshot, key: NoteKey, needed: Sequence[str]) -> None:
    """The keys are those of this register: the log's, unless it lives elsewhere, is the one that signed, and the other
    opens every sealed number.
    """
    if not keys:
        return
    try:
        secret = Secret(bytes.fromhex(keys[needed[-1]].decode("ascii").strip()))
        logs = [serialization.load_pem_private_key(keys[name], password=None) for name in needed[:-1]]
    except (KeyError, ValueError, TypeError) as problem:
        raise _foreign(str(problem)) from problem
    for private in logs:
        own = isinstance(private, Ed25519PrivateKey) and NoteKey(key.name, private.public_key())
        if str(own) != str(key):
            raise _foreign(needed[0])
    for reference, _, _, sealed in held.numbers:
        secret.open(sealed, reference)


def _refuse_taken(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "KEEP-008",
            Text("cet endroit est pris", "this place is taken"),
            field=str(folder),
            mend=Text("restaurer dans un dossier neuf", "restore into a new folder"),
        )


def _foreign(found: str) -> EvidenceError:
    return EvidenceError(
        "KEEP-009",
        Text("ces clés ne sont pas celles de ce registre", "these keys are not those of this register"),
        field="--keys",
        found=found,
    )


def _settle(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        _settle_one(path)
    _settle_one(root)


def _settle_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
