"""Screens and declarations lodged after the run, into a tree that is sealed: nothing sealed changes, the tree is sealed
again.

A lodging is written down beside the tree before the tree is touched; one that was interrupted is finished by the
next. What a file is, is `sniff`; what the new seal means for an issued report is told by `reports.verify`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from harness.capture.holding import hold
from harness.events import Journal
from harness.evidence import chain, sealing
from harness.evidence.sniff import MAX_BYTES, SUFFIXES, Flag, Sniffed, sniff
from harness.evidence.tree import read_json, to_json, write_atomic
from harness.privacy.exceptions import Allowed
from harness.privacy.guard import inspect_one
from harness.problems import nearest
from protocol import jsonread
from protocol.errors import NO_TEXT, EvidenceError, Text, UsageError

Purpose = Literal["screen", "declaration", "piece"]
PURPOSES: Final[tuple[Purpose, ...]] = ("screen", "declaration", "piece")
_STEMS: Final[dict[Purpose, str]] = {"screen": "ecran", "declaration": "declaration", "piece": "piece"}
_USUAL: Final[dict[str, Purpose]] = {"png": "screen", "jpeg": "screen", "text": "declaration", "pdf": "piece"}
#: Where a lodging waits, beside the tree, until the tree holds it.
_WAITING: Final = ".depot"
_INTENT: Final = "intent.json"


@dataclass(frozen=True)
class Lodged:
    """One file as lodged: its name in the tree, what it is, what it tells that was perhaps not meant."""

    name: str
    source: str
    purpose: Purpose
    sniffed: Sniffed
    size: int
    sha256: str

    def to_plain(self) -> dict[str, Any]:
        return {
            "file": self.name,
            "source": self.source,
            "purpose": self.purpose,
            "type": self.sniffed.type,
            "size": self.size,
            "sha256": self.sha256,
            "flags": [flag_to_plain(flag) for flag in self.sniffed.flags],
        }


def flag_to_plain(flag: Flag) -> dict[str, str]:
    return {"fr": flag.what.fr, "en": flag.what.en, "where": flag.where}


@dataclass(frozen=True)
class Lodging:
    """What was lodged, and the two seals: `before` and `after` are the digests of the manifests."""

    case: str
    files: tuple[Lodged, ...]
    before: str
    after: str


def lodge(
    root: Path,
    case: str,
    given: Sequence[Path],
    *,
    purpose: Purpose | None = None,
    by: str = "",
    at: datetime | None = None,
    allowed: Mapping[tuple[str, str], Allowed] | None = None,
    guarded: bool = True,
) -> Lodging:
    """Lodge files for a case of the tree `root` and seal it again. `purpose`: what they are (by default pictures are
    screens, texts declarations); `by`: who lodges them; `allowed`: test identifiers that they may hold.

    Raises UsageError for a case that the tree lacks or a file lodged already, EvidenceError for a file that is not
    accepted (EVID-03x) or that the guard would not let out (GUARD-001), and for a tree that no longer is what was
    sealed. `guarded`: False leaves the guard to the export.
    """
    _refuse_bag(root)
    with hold(root.parent / f"{_WAITING}.lock"):
        finish(root)
        _refuse_altered(root)
        index = read_json(root / sealing.INDEX)
        case, folder = _folder(index, case)
        data = [_content(path) for path in given]
        files = _named(root, folder, index, given, data, purpose)
        if guarded:
            for path, content in zip(given, data, strict=True):
                inspect_one(path.name, content, allowed).refuse()
        before = sealing.present(root).digest
        intent = {
            "case": case,
            "before": before,
            "by": by,
            "at": _stamp(at),
            "files": [item.to_plain() for item in files],
        }
        waiting = root.parent / _WAITING
        for item, content in zip(files, data, strict=True):
            write_atomic(waiting / item.sha256, content)
        write_atomic(waiting / _INTENT, to_json(intent))
        finish(root)
    return Lodging(case, files, before, sealing.present(root).digest)


def withdraw(root: Path, name: str, *, reason: str, by: str = "", at: datetime | None = None) -> str:
    """Take a piece that a human gave, during the run or after it, out of the tree (it shows a real patient, a secret)
    and seal again. That it was there, its digest and the reason stay in the index. Returns the digest of the new
    manifest.

    Raises UsageError for anything else: frames are not withdrawn, their case is played again.
    """
    _refuse_bag(root)
    with hold(root.parent / f"{_WAITING}.lock"):
        finish(root)
        _refuse_altered(root)
        digest = _piece(root, name)
        waiting = root.parent / _WAITING
        intent = {
            "case": name.partition("/")[0],
            "before": sealing.present(root).digest,
            "by": by,
            "at": _stamp(at),
            "files": [],
            "withdraw": {"file": name, "sha256": digest},
            "reason": reason,
        }
        write_atomic(waiting / _INTENT, to_json(intent))
        finish(root)
    return sealing.present(root).digest


def finish(root: Path) -> bool:
    """Carry out the lodging that waits beside the tree, wherever it had stopped; whether there was one."""
    waiting = root.parent / _WAITING
    if not (waiting / _INTENT).is_file():
        shutil.rmtree(
            waiting, ignore_errors=True
        )  # staged but never decided: nobody was told that it was lodged
        return False
    intent = read_json(waiting / _INTENT)
    lot = hashlib.sha256((waiting / _INTENT).read_bytes()).hexdigest()
    index = read_json(root / sealing.INDEX)
    kept = {name: value for name, value in index.items() if name not in ("files", "journal")}
    listed = index.get("additions", [])
    if not any(lot in (item["lot"], item.get("withdrawn", {}).get("lot")) for item in listed):
        if not any(seal.digest == intent["before"] for seal in sealing.history(root)):
            sealing.keep_seal(root)
        for item in intent["files"]:
            write_atomic(root / item["file"], (waiting / item["sha256"]).read_bytes())
        _tell(root, intent, lot)
        kept["additions"] = _listed(listed, intent, lot)
    for item in kept["additions"]:
        if "withdrawn" in item:
            (root / item["file"]).unlink(missing_ok=True)
    sealing.seal(root, kept)
    shutil.rmtree(waiting)
    return True


def _listed(listed: Sequence[Mapping[str, Any]], intent: Mapping[str, Any], lot: str) -> list[dict[str, Any]]:
    """The additions of the index once the intent is carried out."""
    told = {"at": intent["at"], "by": intent["by"], "lot": lot}
    gone = intent.get("withdraw")
    if gone is None:
        added = [{**item, "case": intent["case"], **told} for item in intent["files"]]
        return [*(dict(item) for item in listed), *added]
    mark = {"withdrawn": {**told, "reason": intent["reason"]}}
    is_it = [(item["file"], item["sha256"]) == (gone["file"], gone["sha256"]) for item in listed]
    marked = [{**item, **(mark if found else {})} for item, found in zip(listed, is_it, strict=True)]
    if not any(is_it):  # given during the run: the index had not listed it apart
        marked.append(
            {"file": gone["file"], "sha256": gone["sha256"], "case": intent["case"], **told, **mark}
        )
    return marked


def _piece(root: Path, name: str) -> str:
    """Digest of a piece that is there. Raises UsageError."""
    pieces = {
        one: digest for one, digest in sealing.present(root).files.items() if sealing.LODGED.search(one)
    }
    if name not in pieces:
        guess = nearest(name, list(pieces))
        raise UsageError(
            "EVID-038",
            Text("cette pièce n'a pas été déposée", "this piece was not lodged"),
            field="PIECE",
            found=name,
            mend=Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT,
        )
    return pieces[name]


def _refuse_bag(root: Path) -> None:
    if (root.parent.parent / "bagit.txt").is_file():
        raise UsageError(
            "EVID-039",
            Text(
                "un sac ne se complète pas : il est déjà scellé",
                "a bag is not added to: it is sealed already",
            ),
            field=str(root.parent.parent),
            mend=Text(
                "déposer dans le dossier de l'exécution, puis exporter de nouveau",
                "lodge in the folder of the run, then export again",
            ),
        )


def _refuse_altered(root: Path) -> None:
    if differences := sealing.verify(root):
        raise EvidenceError(
            "EVID-035",
            Text(
                "les preuves ne sont plus celles qui ont été scellées",
                "the evidence is no longer what was sealed",
            ),
            field=str(root),
            found="; ".join(differences[:5]),
            mend=Text("revenir à la copie scellée", "go back to the sealed copy"),
        )


def additions(root: Path, case: str = "") -> tuple[Mapping[str, Any], ...]:
    """What was lodged after the run, in order; of one case or of all."""
    listed = read_json(root / sealing.INDEX).get("additions", [])
    return tuple(item for item in listed if case in ("", item["case"]))


def _tell(root: Path, intent: Mapping[str, Any], lot: str) -> None:
    """One event, once: a lodging that is taken up again finds its own."""
    path = root / sealing.JOURNAL
    chain.mend(path)
    last = path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2] if path.is_file() else b""
    if last and jsonread.loads(last).get("lot") == lot:
        return
    gone = intent.get("withdraw")
    files = [{"file": item["file"], "sha256": item["sha256"]} for item in intent["files"]]
    Journal(path, None, lambda text: text).tell(
        "evidence-added" if gone is None else "evidence-withdrawn",
        intent["case"],
        lot=lot,
        files=files if gone is None else [gone],
        by=intent["by"],
        seal=intent["before"],
    )


def _folder(index: Mapping[str, Any], case: str) -> tuple[str, str]:
    """Code and folder of a case given by its code or its official one."""
    played = {test["code"]: str(test["folder"]) for test in index.get("tests", []) if test["folder"]}
    official = {test["official"]: test["code"] for test in index.get("tests", []) if test.get("official")}
    code = case if case in played else official.get(case, case)
    if code not in played:
        guess = nearest(case, list(played))
        raise UsageError(
            "EVID-036",
            Text("ce cas n'a pas de preuves ici", "this case has no evidence here"),
            field="CASE",
            found=case,
            mend=Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT,
        )
    return code, played[code]


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:  # never more than the limit in memory; `sniff` refuses what exceeds it
        return stream.read(MAX_BYTES + 1)


def _named(
    root: Path,
    folder: str,
    index: Mapping[str, Any],
    given: Sequence[Path],
    data: Sequence[bytes],
    purpose: Purpose | None,
) -> tuple[Lodged, ...]:
    """Each file with its name in the tree: the next number of its kind. The name it came with is kept in the index."""
    # A name that was withdrawn is not used again: an earlier seal knows it with other bytes.
    listed = {item["file"] for item in index.get("additions", [])}
    there = set(index.get("files", {})) | set(sealing.files(root)) | listed
    digests = {
        item["sha256"]: item["file"]
        for item in index.get("additions", [])
        if item["file"].startswith(f"{folder}/") and "withdrawn" not in item
    }
    named: list[Lodged] = []
    for path, content in zip(given, data, strict=True):
        sniffed = sniff(content, path.name)
        digest = hashlib.sha256(content).hexdigest()
        if digest in digests:
            raise UsageError(
                "EVID-037",
                Text("ce fichier est déjà déposé pour ce cas", "this file is already lodged for this case"),
                field=path.name,
                found=digests[digest],
            )
        meant = purpose or _USUAL[sniffed.type]
        name = _free(folder, meant, SUFFIXES[sniffed.type], there)
        there.add(name)
        digests[digest] = name
        named.append(Lodged(name, path.name, meant, sniffed, len(content), digest))
    return tuple(named)


def _free(folder: str, purpose: Purpose, suffix: str, there: set[str]) -> str:
    stems = {name.rpartition(".")[0] for name in there}
    if purpose == "declaration" and f"{folder}/declaration" not in stems:
        return f"{folder}/declaration{suffix}"
    number = 2 if purpose == "declaration" else 1
    while f"{folder}/{_STEMS[purpose]}_{number:02d}" in stems:
        number += 1
    return f"{folder}/{_STEMS[purpose]}_{number:02d}{suffix}"


def _stamp(at: datetime | None) -> str:
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
