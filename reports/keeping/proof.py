"""Proof that a snapshot lacks nothing: the register whole and signed, every number, declaration and file it speaks of.

What nothing inside can prove is that it is not an older back-up: a checkpoint that somebody kept does.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from protocol import dsse
from protocol.errors import DmpcompatError, EvidenceError, Text
from protocol.trust import TrustedKey, load_trust
from reports.dossier import events
from reports.dossier.book import JOURNAL
from reports.dossier.events import Event
from reports.keeping.snapshot import DECLARATIONS, DOSSIERS, KNOWN, Snapshot, ahead
from reports.register import checkpoint, merkle, trustaudit
from reports.register.audit import Line, audit
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.entries import Entry


def prove(snapshot: Snapshot, key: NoteKey, origin: str, kept: Checkpoint | None = None) -> tuple[Line, ...]:
    """What was looked at, line by line. `kept`: a checkpoint that somebody kept. Raises EvidenceError for rows that
    can't be read at all.
    """
    point = _last(snapshot, origin)
    lines = [*audit(snapshot.leaves, point, [key], kept)]
    if not snapshot.leaves:
        lines = lines[1:]  # nobody signs an empty log before its first entry
    if any(line.outcome == "KO" for line in lines):
        return tuple(lines)
    listed = snapshot.entries
    return (
        *lines,
        _every_checkpoint(snapshot, key, origin),
        _numbers(snapshot, listed),
        _declarations(snapshot, listed),
        _dossiers(snapshot, listed),
        *_trust(snapshot),
    )


def dossiers(snapshot: Snapshot) -> dict[str, list[Event]]:
    """The events of each file, verified. Raises EvidenceError."""
    known = _known(snapshot)
    suffix = f"/{JOURNAL}"
    names = [name for name in snapshot.files if name.startswith(f"{DOSSIERS}/") and name.endswith(suffix)]
    found = {}
    for name in names:
        short = name.removeprefix(f"{DOSSIERS}/").removesuffix(suffix)
        data = snapshot.files[name]
        if not data.endswith(b"\n"):
            raise _missing(name, "end of line")
        found[short] = list(events.read(data, short, known))
    return found


def evidence_of(snapshot: Snapshot) -> dict[str, str]:
    """Digest of an evidence manifest -> the file that lodged it."""
    return {
        str(event.facts["evidenceSha256"]): name
        for name, listed in dossiers(snapshot).items()
        for event in listed
        if event.kind == "PIECE" and "evidenceSha256" in event.facts
    }


def holes(snapshot: Snapshot) -> tuple[str, ...]:
    """References that were drawn and that no entry uses: restored too, so that they are never given."""
    used = {entry.reference for entry in snapshot.entries}
    return tuple(reference for reference, _ in snapshot.references if reference not in used)


def _last(snapshot: Snapshot, origin: str) -> Checkpoint:
    if not snapshot.checkpoints:
        return Checkpoint(origin, 0, merkle.EMPTY)
    return checkpoint.parse(snapshot.checkpoints[-1][1])


def _every_checkpoint(snapshot: Snapshot, key: NoteKey, origin: str) -> Line:
    text = Text(
        "chaque point de contrôle acquitté est signé et est une racine du registre",
        "each checkpoint that was acknowledged is signed and is a root of the register",
    )
    tree, notes = merkle.Frontier(), dict(snapshot.checkpoints)
    for leaf in snapshot.leaves:
        tree.add(merkle.leaf_hash(leaf))
        note = notes.pop(tree.size, None)
        if note is None:
            continue
        try:
            point = checkpoint.parse(note)
            if (point.origin, point.size, point.root) != (origin, tree.size, tree.root()):
                return Line("KO", text, f"size {tree.size}")
            if not point.signers([key]):
                return Line("KO", text, f"size {tree.size}: signature")
        except EvidenceError as problem:
            return Line("KO", text, problem.message("en"))
    return Line("KO" if notes else "OK", text, f"{len(snapshot.checkpoints)}")


def _numbers(snapshot: Snapshot, listed: Sequence[Entry]) -> Line:
    text = Text(
        "chaque référence est réservée, chaque homologation a son numéro scellé",
        "each reference is reserved, each homologation has its sealed number",
    )
    reserved = {reference for reference, _ in snapshot.references}
    sealed = {reference: commitment for reference, _, commitment, _ in snapshot.numbers}
    wrong = [one.reference for one in listed if one.reference and one.reference not in reserved]
    wrong += [reference for reference in sealed if reference not in reserved]
    wrong += [
        one.reference
        for one in listed
        if one.kind == "ISSUE" and sealed.get(one.reference) != one.facts["numberCommitment"]
    ]
    detail = f"{len(reserved)} / {len(sealed)} ; {len(holes(snapshot))} VOID?"
    return Line("KO", text, " ".join(wrong[:5])) if wrong else Line("OK", text, detail)


def _declarations(snapshot: Snapshot, listed: Sequence[Entry]) -> Line:
    text = Text(
        "la déclaration signée de chaque homologation est là",
        "the signed statement of each homologation is there",
    )
    issued = [one for one in listed if one.kind == "ISSUE"]
    for entry in issued:
        name = f"{DECLARATIONS}/{entry.reference}/statement.dsse.json"
        try:
            payload = dsse.read(snapshot.files.get(name, b"")).payload
        except DmpcompatError as problem:
            return Line("KO", text, f"{entry.reference}: {problem.message('en')}")
        if hashlib.sha256(payload).hexdigest() != entry.facts["statementDigest"]:
            return Line("KO", text, entry.reference)
    return Line("OK", text, str(len(issued)))


def _dossiers(snapshot: Snapshot, listed: Sequence[Entry]) -> Line:
    text = Text(
        "la chaîne de chaque dossier est entière et s'accorde avec le registre",
        "the chain of each file is whole and agrees with the register",
    )
    try:
        found = dossiers(snapshot)
    except DmpcompatError as problem:
        return Line("KO", text, problem.message("en"))
    issued = {one.seq: one.reference for one in listed if one.kind == "ISSUE"}
    for name, history in found.items():
        if ahead(history, snapshot) != len(history):
            return Line("KO", text, name)
        for event in history:
            if event.kind == "REGISTERED" and issued.get(event.facts["seq"]) != event.facts["reference"]:
                return Line("KO", text, name)
    return Line("OK", text, f"{len(found)}")


def _trust(snapshot: Snapshot) -> tuple[Line, ...]:
    """Of a register that logged no trust file, or has no root, nothing is to be there."""
    lines = trustaudit.audit(snapshot.leaves, snapshot.files)
    return tuple(line for line in lines if line.outcome != "SKIPPED")


def _known(snapshot: Snapshot) -> Mapping[str, TrustedKey]:
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        path = Path(scratch) / "trust.json"
        path.write_bytes(snapshot.files.get(KNOWN, b""))
        return load_trust(path)


def _missing(field: str, found: str) -> EvidenceError:
    return EvidenceError(
        "KEEP-002", Text("il manque quelque chose", "something is missing"), field=field, found=found
    )
