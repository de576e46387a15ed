"""The file of a back-up: a zip of plain lists and files, with a manifest that the log's key signs.

The manifest names each file with size and digest, so that one altered, missing or added shows; it is signed as a note
whose origin is that of the log followed by `/sauvegarde`, so that it passes for no checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from harness.files.zipmembers import Members
from harness.files.zipreading import ZipRefused
from harness.files.zipwriting import Writer, writing
from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.regularfile import FileRefused, open_regular
from reports.keeping.snapshot import Snapshot
from reports.register import checkpoint
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.store import LogKey

FORMAT: Final = "dmpcompat-register-backup/1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.note"
LOG_KEY: Final = "cle-du-journal.txt"
OFFICE: Final = "office/"
KEYS: Final = "cles-privees/"
EVIDENCE: Final = "preuves/"
_ROWS: Final = ("leaves", "checkpoints", "references", "numbers")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_SUFFIX: Final = "/sauvegarde"
_LARGEST_MANIFEST: Final = 64 * 1024 * 1024


def write(
    path: Path,
    snapshot: Snapshot,
    key: LogKey,
    at: str,
    *,
    private: Mapping[str, bytes],
    evidence: Mapping[str, Path],
) -> None:
    """Write the archive. `private`: key files by name; `evidence`: files of runs by name."""
    files: dict[str, bytes] = {f"{name}.ndjson": _lines(snapshot, name) for name in _ROWS}
    files[LOG_KEY] = f"{key.public}\n".encode()
    files |= {f"{OFFICE}{name}": data for name, data in snapshot.files.items()}
    files |= {f"{KEYS}{name}": data for name, data in private.items()}
    listed: list[dict[str, Any]] = []
    with writing(path, mode=0o600) as archive:
        for name, data in sorted(files.items()):
            listed.append(_added(archive, name, data))
        for name, source in sorted(evidence.items()):
            listed.append(_added(archive, f"{EVIDENCE}{name}", source.read_bytes()))
        manifest = canonical.dumps(
            {
                "format": FORMAT,
                "at": at,
                "origin": key.origin,
                "entries": len(snapshot.leaves),
                "keys": bool(private),
                "files": listed,
            }
        )
        note = Checkpoint(key.origin + _SUFFIX, len(listed), hashlib.sha256(manifest).digest())
        _added(archive, MANIFEST, manifest)
        _added(archive, SIGNATURE, str(note.signed(key.name, key.private)).encode())


@dataclass
class Archive:
    """An archive whose manifest was verified. Each file is verified when it is read."""

    file: BinaryIO
    members: Members
    key: NoteKey
    told: Mapping[str, Any]
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, key: NoteKey | None) -> Self:
        """Raises EvidenceError (KEEP-001). `key`: the log's as the caller knows it; else the one inside."""
        try:
            file = open_regular(path)
        except (OSError, FileRefused) as problem:
            raise refused(str(path), str(problem)) from problem
        try:
            return cls._opened(file, Members(file), key)
        except ZipRefused as problem:
            file.close()
            raise refused("zip", problem.message("en")) from problem
        except BaseException:
            file.close()
            raise

    @classmethod
    def _opened(cls, file: BinaryIO, members: Members, key: NoteKey | None) -> Self:
        names = set(members)
        if not {MANIFEST, SIGNATURE, LOG_KEY} <= names:
            raise refused("names", " ".join(sorted(names))[:120])
        manifest = members.read(MANIFEST, _LARGEST_MANIFEST)
        known = key or NoteKey.parse(members.read(LOG_KEY, 4096).decode("ascii", "replace").strip())
        note = checkpoint.parse(members.read(SIGNATURE, 65_536).decode("utf-8", "replace"))
        if not note.signers([known]) or note.root != hashlib.sha256(manifest).digest():
            raise refused(MANIFEST, note.origin, known.name)
        raw: Any = canonical.loads(manifest)
        try:
            if raw["format"] != FORMAT or note.origin != raw["origin"] + _SUFFIX:
                raise ValueError(str(raw["format"]))
            files = {one["name"]: (int(one["size"]), str(one["sha256"])) for one in raw["files"]}
        except (KeyError, TypeError, ValueError) as problem:
            raise refused(MANIFEST, str(problem)) from problem
        if names != {*files, MANIFEST, SIGNATURE}:
            raise refused("names", " ".join(sorted({*files} ^ names))[:120])
        for name in files:
            if not _NAME.fullmatch(name):
                raise refused("name", name)
        return cls(file, members, known, raw, files)

    def read(self, name: str) -> bytes:
        """Raises EvidenceError when it is not as the manifest says."""
        size, digest = self.files[name]
        try:
            data = self.members.read(name, size, ratio=0)
        except (ZipRefused, OSError) as problem:
            raise refused(name, str(problem)) from problem
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            raise refused(name, hashlib.sha256(data).hexdigest(), digest)
        return data

    def below(self, folder: str) -> list[str]:
        return [name for name in self.files if name.startswith(folder)]

    def snapshot(self) -> Snapshot:
        """Raises EvidenceError."""
        rows = {name: _parsed(name, self.read(f"{name}.ndjson")) for name in _ROWS}
        try:
            return Snapshot(
                tuple(self.read("leaves.ndjson").split(b"\n")[:-1]),
                tuple((int(one["size"]), str(one["note"])) for one in rows["checkpoints"]),
                tuple((str(one["reference"]), str(one["reserved"])) for one in rows["references"]),
                tuple(
                    (
                        str(one["reference"]),
                        str(one["tag"]),
                        str(one["commitment"]),
                        base64.b64decode(one["sealed"], validate=True),
                    )
                    for one in rows["numbers"]
                ),
                {name.removeprefix(OFFICE): self.read(name) for name in self.below(OFFICE)},
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise refused("rows", str(problem)) from problem

    def close(self) -> None:
        self.file.close()


def named(names: Iterable[str]) -> None:
    """Raises EvidenceError for a name that an archive can't carry."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise refused("name", name)


def _lines(snapshot: Snapshot, name: str) -> bytes:
    if name == "leaves":
        return b"".join(leaf + b"\n" for leaf in snapshot.leaves)
    rows: dict[str, list[dict[str, Any]]] = {
        "checkpoints": [{"size": size, "note": note} for size, note in snapshot.checkpoints],
        "references": [{"reference": a, "reserved": b} for a, b in snapshot.references],
        "numbers": [
            {"reference": a, "tag": b, "commitment": c, "sealed": base64.b64encode(d).decode()}
            for a, b, c, d in snapshot.numbers
        ],
    }
    return b"".join(canonical.dumps(row) + b"\n" for row in rows[name])


def _parsed(name: str, data: bytes) -> list[Any]:
    if data and not data.endswith(b"\n"):
        raise refused(name, "no end of line")
    return [canonical.loads(line) for line in data.split(b"\n")[:-1]]


def _added(archive: Writer, name: str, data: bytes) -> dict[str, Any]:
    named([name])
    archive.add(name, data)
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def refused(field: str, found: str, expected: str = "") -> EvidenceError:
    """A back-up that is not what was written."""
    return EvidenceError(
        "KEEP-001",
        Text(
            "sauvegarde altérée, tronquée ou d'un autre journal",
            "back-up altered, truncated or of another log",
        ),
        field=field,
        found=found,
        expected=expected,
    )
