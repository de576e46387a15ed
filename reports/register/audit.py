"""Auditing a register: by its own database, or from outside with an older checkpoint and what it publishes.

Anybody who kept a checkpoint (one is printed in each report) can tell that what came before it was not rewritten; what
witnesses cosigned tells it to those who kept nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from protocol.errors import DmpcompatError, EvidenceError, Text
from reports.register import cosignature, entries, merkle
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.cosignature import WitnessKey
from reports.register.standing import Standing, in_force, then

Outcome = Literal["OK", "KO", "SKIPPED"]


@dataclass(frozen=True)
class Line:
    """One thing looked at."""

    outcome: Outcome
    text: Text
    detail: str = ""


def audit(
    leaves: Sequence[bytes], point: Checkpoint, keys: Sequence[NoteKey], since: Checkpoint | None = None
) -> tuple[Line, ...]:
    """Judge a whole register: the leaves it publishes, its checkpoint, and an older one that somebody kept.

    `keys`: those that may sign its checkpoints. Never raises for what it finds.
    """
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    lines = [
        _signed(point, keys, Text("le point de contrôle est signé", "the checkpoint is signed")),
        _line(
            len(hashes) == point.size and merkle.root(hashes) == point.root,
            Text(
                "les entrées donnent la racine du point de contrôle", "the entries give the checkpoint's root"
            ),
            f"{len(hashes)} / {point.size}",
        ),
        _history(leaves),
    ]
    if since is not None:
        lines.append(
            _signed(since, keys, Text("l'ancien point de contrôle est signé", "the old checkpoint is signed"))
        )
        lines.append(_continued(hashes, point, since))
    return tuple(lines)


def cosigned(
    point: Checkpoint,
    keys: Sequence[NoteKey],
    witnesses: Sequence[WitnessKey],
    quorum: int | None,
    until: datetime | None = None,
) -> Line:
    """Whether enough witnesses cosigned a checkpoint: `quorum` of them; None: nobody asked, those that did are told."""
    text = Text("des témoins ont cosigné", "witnesses cosigned")
    try:
        found = cosignature.cosigned(point, witnesses, keys, until=until)
    except EvidenceError as problem:
        return Line("KO", text, problem.message("en"))
    detail = f"{' '.join(one.key.name for one in found) or '0'} / {len(witnesses)}"
    if quorum is not None:
        return _line(len(found) >= quorum, text, f"{detail} >= {quorum}")
    return Line("OK" if found else "SKIPPED", text, detail if found else f"{detail} (--witness, --witnesses)")


def kept(leaves: Sequence[bytes], points: Sequence[Checkpoint], keys: Sequence[NoteKey]) -> Line:
    """Whether every checkpoint that the register keeps is signed and a root of it, cosigned ones too."""
    text = Text(
        "chaque point de contrôle gardé est une racine du registre",
        "each checkpoint that is kept is a root of the register",
    )
    tree, by_size = merkle.Frontier(), {point.size: point for point in points}
    for leaf in leaves:
        tree.add(merkle.leaf_hash(leaf))
        point = by_size.pop(tree.size, None)
        if point is None:
            continue
        line = _signed(point, keys, text)
        if line.outcome == "KO" or point.root != tree.root():
            return Line("KO", text, f"{point.size}")
    return Line("KO" if by_size else "OK", text, " ".join(map(str, by_size)) or str(len(points)))


def _signed(point: Checkpoint, keys: Sequence[NoteKey], text: Text) -> Line:
    try:
        signers = point.signers(keys)
    except EvidenceError as problem:
        return Line("KO", text, problem.message("en"))
    return _line(bool(signers), text, " ".join(key.name for key in signers) or point.origin)


def _continued(hashes: Sequence[bytes], point: Checkpoint, since: Checkpoint) -> Line:
    text = Text(
        "le registre prolonge l'ancien point de contrôle", "the register continues the old checkpoint"
    )
    if since.origin != point.origin:
        return Line("KO", text, f"{since.origin} ≠ {point.origin}")
    same = since.size <= len(hashes) and merkle.root(hashes[: since.size]) == since.root
    return _line(same, text, f"{since.size} → {point.size}")


def _history(leaves: Sequence[bytes]) -> Line:
    """Every entry is in its place, and every move was allowed."""
    text = Text(
        "chaque entrée est à sa place et chaque décision était possible",
        "each entry is in its place, each move was allowed",
    )
    known: dict[str, Standing] = {}
    given: set[str] = set()
    last = None
    for seq, leaf in enumerate(leaves):
        try:
            entry = entries.read(leaf)
            if entry.seq != seq or (last is not None and entry.at < last):
                raise _misplaced(seq, entry)
            if entry.reference:
                before = known.get(entry.reference, Standing(entry.reference))
                if entry.previous != before.last:
                    raise _misplaced(seq, entry)
                known[entry.reference] = then(before, entry)
                _stands(entry, known, given)
            last = entry.at
        except DmpcompatError as problem:
            return Line("KO", text, f"{seq}: {problem.message('en')}")
    return Line("OK", text, str(len(leaves)))


def _stands(entry: entries.Entry, known: Mapping[str, Standing], given: set[str]) -> None:
    """A homologation has a number of its own and, when it stands on a connector, one that was in force.

    Raises EvidenceError; the number is told by what the register publishes of it.
    """
    if entry.kind != "ISSUE":
        return
    number, parent = str(entry.facts["numberCommitment"]), entry.facts.get("parent")
    if number in given:
        raise EvidenceError(
            "REG-005", Text("un numéro est donné deux fois", "a number is given twice"), found=number
        )
    given.add(number)
    if parent is not None and not in_force(known.get(str(parent)), entry.at):
        raise EvidenceError(
            "REG-006",
            Text("le connecteur n'est pas en vigueur", "the connector is not in force"),
            field=entry.reference,
            found=str(parent),
        )


def _misplaced(seq: int, entry: entries.Entry) -> EvidenceError:
    return EvidenceError(
        "REG-004",
        Text("entrée déplacée", "entry out of its place"),
        found=f"{entry.seq} {entry.previous}",
        expected=str(seq),
    )


def _line(holds: bool, text: Text, detail: str) -> Line:
    return Line("OK" if holds else "KO", text, detail)
