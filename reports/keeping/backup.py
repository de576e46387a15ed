"""Making a back-up: a snapshot, its archive beside the final name, read again and proven whole, then put in place.

Keys are left out unless asked for: whoever has them signs in the name of the log and opens every secret number.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness import evidence as tree
from protocol.errors import EvidenceError, Text, UsageError
from protocol.trust import stamp
from reports.keeping import archive, proof, snapshot
from reports.keeping.archive import Archive
from reports.register import trustfiles
from reports.register.audit import Line
from reports.register.opening import Office, key_files
from reports.sealing.providers import InFile


@dataclass(frozen=True)
class Kept:
    """What a back-up holds. `lacking`: files whose evidence was not given along."""

    entries: int
    references: int
    dossiers: int
    runs: int
    keys: tuple[str, ...]
    lacking: tuple[str, ...]
    checkpoint: str
    lines: tuple[Line, ...]


def make(
    office: Office, path: Path, at: datetime, *, with_keys: bool = False, runs: Sequence[Path] = ()
) -> Kept:
    """Back up an office. Raises UsageError for a name that is taken, EvidenceError (KEEP-003) when what was read is
    not whole: a back-up that could not be restored is none.
    """
    if path.exists():
        raise UsageError(
            "KEEP-004",
            Text("ce fichier existe", "this file exists"),
            field=str(path),
            mend=Text("donner un autre nom", "give another name"),
        )
    private = _private(office) if with_keys else {}
    evidence = _evidence(runs)
    taken = snapshot.take(office)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        archive.write(beside, taken, office.register.key, stamp(at), private=private, evidence=evidence)
        kept = _proven(office, beside)
        _flush(beside)
        _named(beside, path)
        _flush(path.parent)
    finally:
        beside.unlink(missing_ok=True)
    return kept


def refuse_incomplete(lines: Sequence[Line]) -> None:
    """Raises EvidenceError (KEEP-003) naming the first thing that does not hold."""
    wrong = next((line for line in lines if line.outcome == "KO"), None)
    if wrong is not None:
        raise EvidenceError(
            "KEEP-003",
            Text(f"incomplet : {wrong.text.fr}", f"incomplete: {wrong.text.en}"),
            found=wrong.detail,
        )


def told(opened: Archive, lines: tuple[Line, ...]) -> Kept:
    """What an archive holds."""
    held = opened.snapshot()
    runs = {name.split("/")[1] for name in opened.below(archive.EVIDENCE)}
    return Kept(
        entries=len(held.leaves),
        references=len(held.references),
        dossiers=len(proof.dossiers(held)),
        runs=len(runs),
        keys=tuple(name.removeprefix(archive.KEYS) for name in opened.below(archive.KEYS)),
        lacking=tuple(sorted(name for digest, name in proof.evidence_of(held).items() if digest not in runs)),
        checkpoint=held.checkpoints[-1][1] if held.checkpoints else "",
        lines=lines,
    )


def _proven(office: Office, path: Path) -> Kept:
    opened = Archive.open(path, office.log_key)
    try:
        for name in opened.files:
            opened.read(name)
        lines = proof.prove(opened.snapshot(), office.log_key, office.configuration.origin)
        refuse_incomplete(lines)
        return told(opened, lines)
    finally:
        opened.close()


def _private(office: Office) -> Mapping[str, bytes]:
    people = sorted((office.folder / snapshot.PEOPLE).glob("*.pem"))
    seal = office.configuration.seal
    names = [*key_files(office.configuration), *([seal.key] if isinstance(seal, InFile) and seal.key else [])]
    found = {name: (office.folder / name).read_bytes() for name in names}
    roots = sorted((office.folder / trustfiles.ROOTS).glob("*.pem"))
    folders = ((snapshot.PEOPLE, people), (trustfiles.ROOTS, roots))
    return {
        **found,
        **{f"{folder}/{path.name}": path.read_bytes() for folder, listed in folders for path in listed},
    }


def _evidence(runs: Sequence[Path]) -> dict[str, Path]:
    """Files of each run, under the digest of its manifest: by it a file of the office names it."""
    found: dict[str, Path] = {}
    for run in runs:
        root = run / "preuves"
        if not (root / tree.MANIFEST).is_file():
            raise UsageError(
                "KEEP-005", Text("pas de preuves à cet endroit", "no evidence at that place"), field=str(run)
            )
        if wrong := tree.verify(root):
            raise EvidenceError(
                "KEEP-006",
                Text("preuves altérées", "the evidence was altered"),
                field=str(run),
                found=wrong[0],
            )
        digest = tree.sha256_of(root / tree.MANIFEST)
        for folder in (root, run / "rapport"):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    found[f"{digest}/{path.relative_to(run).as_posix()}"] = path
    archive.named(found)
    return found


def _named(beside: Path, path: Path) -> None:
    """Give it its name: never over a back-up that somebody else put there meanwhile, where the disk can say so."""
    try:
        os.link(beside, path)
    except PermissionError:  # a disk without hard links
        beside.rename(path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
