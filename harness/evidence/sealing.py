"""The seal of the evidence: the index and a manifest of SHA-256 that lists every file, and the seals before it.

What is lodged after the run (screens, declarations) makes a new seal; the earlier ones are kept in `scellements/`,
and a report that signed one of them can still be checked: its files must all be there, unchanged, but for the
journal, which only grows. Who signs the digest of the manifest is `reports`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.evidence import chain
from harness.evidence.tree import read_json, sha256_of, to_json, write_atomic
from protocol.errors import EvidenceError, Text

MANIFEST: Final = "manifest-sha256.txt"
INDEX: Final = "index.json"
JOURNAL: Final = "evenements.ndjson"
#: Earlier seals: one folder each, with the manifest and the index as they were.
SEALS: Final = "scellements"
#: Names that only a human's pieces have; frames are never withdrawn, whatever an index says.
LODGED: Final = re.compile(r"/(?:ecran|declaration|piece)(?:_[0-9]+)?\.[a-z]+$")


@dataclass(frozen=True)
class Seal:
    """One seal of the tree. `digest`: SHA-256 of its manifest; `files`: digest by name; `place`: where its manifest
    is; `number`: 1 for the first, 0 for the present one.
    """

    number: int
    place: Path
    digest: str
    files: Mapping[str, str]


def seal(root: Path, index: Mapping[str, Any]) -> str:
    """Write the index, with the digest of every file and the head of the journal, then the manifest; returns the
    digest of the manifest.

    Files left by an interrupted run are removed first, so that the manifest lists all there is.
    Raises EvidenceError when the journal does not hold together.
    """
    for left in sorted(root.rglob(".*.partial"), reverse=True):  # what is inside a folder comes before it
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    listed = {name: sha256_of(root / name) for name in files(root) if name not in (MANIFEST, INDEX)}
    told = {**index, "journal": journal_of(root)} if JOURNAL in listed else dict(index)
    write_atomic(root / INDEX, to_json({**told, "files": listed}))
    lines = {**listed, INDEX: sha256_of(root / INDEX)}
    manifest = "".join(f"{digest}  {name}\n" for name, digest in sorted(lines.items())).encode()
    write_atomic(root / MANIFEST, manifest)
    return hashlib.sha256(manifest).hexdigest()


def journal_of(root: Path) -> dict[str, Any]:
    """Head and number of lines of the journal. Raises EvidenceError when it does not hold together."""
    read = chain.read(root / JOURNAL)
    read.refuse_broken(root / JOURNAL)
    return {"head": read.head, "lines": read.lines}


def keep_seal(root: Path) -> int:
    """Put the present manifest and index among the earlier seals; returns the number of that seal."""
    number = len(history(root)) + 1
    place = root / SEALS / f"{number:04d}"
    for name in (INDEX, MANIFEST):
        write_atomic(place / name, (root / name).read_bytes())
    return number


def present(root: Path) -> Seal:
    """The seal of now. Raises EvidenceError when there is no manifest."""
    return _seal(root, 0)


def history(root: Path) -> tuple[Seal, ...]:
    """The earlier seals, the first one first. Raises EvidenceError when one can't be read."""
    # One that is only half written, since the tool was killed, is no seal; `keep_seal` writes it again.
    places = sorted(path.parent for path in (root / SEALS).glob(f"*/{MANIFEST}"))
    return tuple(_seal(place, number) for number, place in enumerate(places, 1))


def verify(root: Path) -> tuple[str, ...]:
    """Differences between the seals and the tree, in plain words: files altered, missing or unlisted, a journal that
    breaks (with the line), an earlier seal that no longer holds; empty when all holds.

    Raises EvidenceError when there is no manifest.
    """
    now = present(root)
    there = {name for name in files(root) if name != MANIFEST}
    # The bytes of a link are somebody else's to change; a pipe would be waited for.
    strange = {name for name in there if not stat.S_ISREG((root / name).lstat().st_mode)}
    altered = [
        f"altered: {name}"
        for name in sorted((there - strange) & now.files.keys())
        if sha256_of(root / name) != now.files[name]
    ]
    missing = [f"missing: {name}" for name in sorted(now.files.keys() - there)]
    unlisted = [f"unlisted: {name}" for name in sorted(there - now.files.keys())]
    gone = _withdrawn(root)
    earlier = [told for one in history(root) for told in _since(one, now, gone)]
    linked = [f"not a file: {name}" for name in sorted(strange)]
    return (*linked, *altered, *missing, *unlisted, *journal_breaks(root), *earlier)


def journal_breaks(root: Path) -> tuple[str, ...]:
    """Where the journal breaks, and whether its head is the one of the index. An index that tells no head was made
    before journals were chained.
    """
    index = read_json(root / INDEX) if (root / INDEX).is_file() else {}
    expected = index.get("journal") if isinstance(index, dict) else None
    if expected is None or not (root / JOURNAL).is_file():
        return ()
    read = chain.read(root / JOURNAL)
    told = [f"journal: {one.en}" for one in read.breaks]
    if not told and expected != {"head": read.head, "lines": read.lines}:
        told.append(f"journal: head {read.head[:16]}… at line {read.lines}, index says {expected}")
    return tuple(told)


@dataclass(frozen=True)
class Since:
    """What changed after a seal: files lodged, files withdrawn."""

    added: tuple[str, ...]
    withdrawn: tuple[str, ...]


def since(root: Path, digest: str) -> Since | None:
    """What changed after the seal whose manifest has this digest; None when no seal of the tree has it."""
    for one in (*history(root), present(root)):
        if one.digest == digest:
            now = present(root).files
            added = sorted(name for name in now.keys() - one.files.keys() if not name.startswith(f"{SEALS}/"))
            return Since(tuple(added), tuple(sorted(one.files.keys() - now.keys())))
    return None


def files(root: Path) -> list[str]:
    """Every file of the tree, by its name inside it."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def _seal(place: Path, number: int) -> Seal:
    path = place / MANIFEST
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise EvidenceError(
            "EVID-002",
            Text("manifeste absent ou illisible", "manifest missing or unreadable"),
            field=str(place),
        ) from problem
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    return Seal(number, place, hashlib.sha256(raw).hexdigest(), listed)


def _withdrawn(root: Path) -> frozenset[tuple[str, str]]:
    """Name and digest of the pieces that the index says were withdrawn."""
    index = read_json(root / INDEX) if (root / INDEX).is_file() else {}
    listed = index.get("additions", ()) if isinstance(index, dict) else ()
    gone = (item for item in listed if "withdrawn" in item)
    return frozenset((item["file"], item["sha256"]) for item in gone if LODGED.search(item["file"]))


def _since(one: Seal, now: Seal, gone: frozenset[tuple[str, str]]) -> Iterator[str]:
    """What an earlier seal listed and that is not so any more; its index is beside it, its journal only grew."""
    if sha256_of(one.place / INDEX) != one.files.get(INDEX, ""):
        yield f"altered: {SEALS}/{one.place.name}/{INDEX}"
    for name, digest in sorted(one.files.items()):
        if name not in (INDEX, JOURNAL) and now.files.get(name) != digest and (name, digest) not in gone:
            yield f"seal {one.number}: {name}"
