"""The register: append entries, all or nothing, and get the proof; read what it says of a reference at any moment.

One transaction writes the leaves, the tree and the signed checkpoint: a crash leaves the register as it was before or
as it is after. Which entry may follow which is `reports.register.standing`; drawing references and wire numbers is
`reports.register.numbering`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from protocol.errors import EvidenceError, Text
from protocol.trust import stamp
from reports.register import checkpoint, cosignature, entries, merkle, standing
from reports.register.checkpoint import Checkpoint, NoteKey, NotePrivate
from reports.register.cosignature import Cosigned, WitnessKey
from reports.register.database import CHECKPOINTS, FRONTIER, LEAVES, REFERENCES, Database
from reports.register.entries import Entry
from reports.register.merkle import Frontier
from reports.register.standing import IllegalMove, Standing

#: Kinds that give a reference its first entry: it must have been reserved.
_FIRST: Final = frozenset({"ISSUE", "REPORT", "VOID"})
#: What happens to a connector that is written about each homologation that stands on it.
_CASCADES: Final = frozenset({"SUSPEND", "WITHDRAW", "SUPERSEDE", "EXPIRE"})
#: Kind of a homologation on which others may stand.
_CONNECTOR: Final = "E"


@dataclass(frozen=True)
class LogKey:
    """Who signs the checkpoints: the origin of the log (`registre.example/homologations`), its name, its private key
    here or where its holder keeps it.
    """

    origin: str
    name: str
    private: NotePrivate

    @property
    def public(self) -> NoteKey:
        return NoteKey(self.name, self.private.public_key())


@dataclass(frozen=True)
class Draft:
    """An entry to be written: the register gives it its number, moment and predecessor."""

    kind: str
    reference: str
    actor: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """Proof that an entry is in the register: its audit path to the root of the checkpoint."""

    entry: Entry
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def holds(self) -> bool:
        """Whether the path leads to the root. Whose signature the checkpoint bears is the caller's question."""
        leaf = merkle.leaf_hash(self.entry.leaf())
        point = self.checkpoint
        return merkle.check_inclusion(leaf, self.entry.seq, point.size, self.path, point.root)


def now() -> datetime:
    """The moment of the machine, in UTC."""
    return datetime.now(UTC)


class Register:
    """An append-only register. `clock` gives the moment of an entry (UTC); entries never go back in time."""

    def __init__(self, database: Database, key: LogKey, clock: Callable[[], datetime] = now) -> None:
        self.database = database
        self.key = key
        self._clock = clock

    def append(self, drafts: Sequence[Draft]) -> tuple[Receipt, ...]:
        """Write the entries in one transaction, with those that follow from them; the receipts of all.

        The suspension or withdrawal of a connector gives NOTICE to each homologation that stands on it. Raises
        IllegalMove for a move that the state forbids or a reference never reserved, EvidenceError for a malformed
        entry; nothing is then written.
        """
        if not drafts:
            return ()
        with self.database.write() as db:
            tree = _frontier(db)
            at = _moment(self._clock(), self._last(db, tree.size))
            written: list[Entry] = []
            for draft in drafts:
                entry = self._write(db, tree, draft, at)
                written.append(entry)
                written += [self._write(db, tree, one, at) for one in self._consequences(db, entry)]
            point = self._committed(db, tree)
            hashes = _hashes(db, tree.size)
        return tuple(Receipt(one, merkle.inclusion(hashes, one.seq), point) for one in written)

    def receipt(self, seq: int, size: int | None = None) -> Receipt:
        """The proof of an entry, to the root of now, or of an acknowledged size. Raises EvidenceError when there is no
        such entry, or not yet at that size.
        """
        with self.database.read() as db:
            size = _frontier(db).size if size is None else size
            leaf = db.execute(select(LEAVES.c.leaf).filter_by(seq=seq)).scalar()
            if leaf is None or seq >= size:
                raise _absent(str(seq))
            point = self._point(db, size)
            return Receipt(entries.read(bytes(leaf)), merkle.inclusion(_hashes(db, size), seq), point)

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """The signed checkpoint of now, or of a size that was acknowledged. Raises EvidenceError."""
        with self.database.read() as db:
            return self._point(db, _frontier(db).size if size is None else size)

    def cosign(self, point: Checkpoint, known: Sequence[WitnessKey]) -> tuple[Cosigned, ...]:
        """Keep the cosignatures of a checkpoint of ours, beside our own: those of known witnesses, the last of each.

        Raises EvidenceError when it is none of ours, when a line of a known witness is wrong, or none is there.
        """
        with self.database.write() as db:
            own = self._point(db, point.size)
            if point.size == 0 or point.text != own.text:
                raise EvidenceError(
                    "REG-060",
                    Text(
                        "ce point de contrôle n'est pas de ce registre : quelqu'un a vu une autre histoire",
                        "this checkpoint is not of this register: somebody saw another history",
                    ),
                    field=f"{point.origin} {point.size}",
                    found=point.root.hex(),
                    expected=own.root.hex(),
                )
            given = cosignature.cosigned(point, known, [self.key.public], until=self._clock())
            if not given:
                raise EvidenceError(
                    "REG-061",
                    Text(
                        "aucune cosignature d'un témoin connu, dans ses dates",
                        "no cosignature of a known witness, within its dates",
                    ),
                    found=" ".join(one.name for one in point.signatures),
                    expected=" ".join(str(one) for one in known),
                    mend=Text(
                        "dmpcompat register trust add TEMOIN.pem --role witness",
                        "dmpcompat register trust add WITNESS.pem --role witness",
                    ),
                )
            note = str(cosignature.merged(own, point, [one.key for one in given]))
            db.execute(update(CHECKPOINTS).filter_by(size=point.size).values(note=note))
        return given

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint that was acknowledged, with its cosignatures, by size."""
        with self.database.read() as db:
            notes = db.execute(select(CHECKPOINTS.c.note).order_by(CHECKPOINTS.c.size)).scalars()
            return tuple(checkpoint.parse(str(note)) for note in notes)

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """Proof that the register of now continues the one of size `old`."""
        with self.database.read() as db:
            return merkle.consistency(_hashes(db, _frontier(db).size), old)

    def entries(self, reference: str = "") -> tuple[Entry, ...]:
        """All entries in order, or those of one reference."""
        with self.database.read() as db:
            return _entries(db, reference)

    def leaves(self) -> tuple[bytes, ...]:
        """The leaves as they are hashed, in order."""
        with self.database.read() as db:
            return tuple(
                bytes(leaf) for leaf in db.execute(select(LEAVES.c.leaf).order_by(LEAVES.c.seq)).scalars()
            )

    def standing(self, reference: str, at: datetime | None = None) -> Standing:
        """What the reference is worth at a moment (now by default)."""
        return standing.standing(reference, self.entries(reference), at or self._clock())

    def standings(self, at: datetime | None = None) -> tuple[Standing, ...]:
        """Every reference of the register, in the order of its first entry."""
        by_reference: dict[str, list[Entry]] = {}
        for entry in self.entries():
            if entry.reference:
                by_reference.setdefault(entry.reference, []).append(entry)
        moment = at or self._clock()
        return tuple(standing.standing(name, listed, moment) for name, listed in by_reference.items())

    def _write(self, db: Connection, tree: Frontier, draft: Draft, at: datetime) -> Entry:
        known = _entries(db, draft.reference) if draft.reference else ()
        entry = Entry(
            seq=tree.size,
            at=at,
            kind=draft.kind,
            reference=draft.reference,
            previous=known[-1].seq if known else -1,
            actor=draft.actor,
            reason=draft.reason,
            facts=dict(draft.facts),
        )
        entries.check(entry)
        if entry.reference:
            if entry.kind in _FIRST and not _reserved(db, entry.reference):
                raise IllegalMove(
                    "REG-012",
                    Text("référence jamais réservée", "the reference was never reserved"),
                    field="reference",
                    found=entry.reference,
                )
            standing.after(standing.standing(entry.reference, known, at), entry)
            self._parent_usable(db, entry)
        leaf = entry.leaf()
        hashed = merkle.leaf_hash(leaf)
        db.execute(insert(LEAVES).values(seq=entry.seq, leaf=leaf, hash=hashed, reference=entry.reference))
        tree.add(hashed)
        return entry

    def _parent_usable(self, db: Connection, entry: Entry) -> None:
        """An integrator's homologation stands on a connector's that is in force."""
        parent = entry.facts.get("parent")
        if parent is None:
            return
        found = standing.standing(parent, _entries(db, parent), entry.at)
        kind = (found.issue or {}).get("public", {}).get("kind")
        if found.usable and kind != _CONNECTOR:
            raise IllegalMove(
                "REG-014",
                Text("une homologation repose sur un connecteur", "a homologation stands on a connector"),
                field="parent",
                found=f"{parent} {kind}",
                expected=_CONNECTOR,
            )
        if not found.usable:
            raise IllegalMove(
                "REG-013",
                Text(
                    "l'homologation du connecteur n'est pas en vigueur",
                    "the connector's homologation is not active",
                ),
                field="parent",
                found=f"{parent} {found.state}",
            )

    def _consequences(self, db: Connection, entry: Entry) -> list[Draft]:
        if entry.kind == "ISSUE":
            return self._warned(db, entry)
        if entry.kind not in _CASCADES:
            return []
        children = [
            one.reference
            for one in _entries(db)
            if one.kind == "ISSUE" and one.facts.get("parent") == entry.reference
        ]
        told = {"cause": f"{entry.kind} {entry.reference}"}
        if "effectiveAt" in entry.facts:
            told["deadline"] = entry.facts["effectiveAt"]
        return [
            Draft("NOTICE", child, entry.actor, entry.reason, told)
            for child in children
            if standing.standing(child, _entries(db, child), entry.at).usable
        ]

    def _warned(self, db: Connection, entry: Entry) -> list[Draft]:
        """An integrator that comes after its connector's withdrawal was decided is told like those that were there."""
        parent = entry.facts.get("parent")
        if parent is None:
            return []
        ends = standing.standing(parent, _entries(db, parent), entry.at).withdrawn_at
        if ends is None:
            return []
        told = {"cause": f"WITHDRAW {parent}", "deadline": stamp(ends)}
        return [Draft("NOTICE", entry.reference, entry.actor, entry.reason, told)]

    def _committed(self, db: Connection, tree: Frontier) -> Checkpoint:
        point = Checkpoint(self.key.origin, tree.size, tree.root()).signed(self.key.name, self.key.private)
        db.execute(insert(CHECKPOINTS).values(size=tree.size, note=str(point)))
        db.execute(delete(FRONTIER))
        db.execute(insert(FRONTIER).values(**frontier_row(tree)))
        return point

    def _point(self, db: Connection, size: int) -> Checkpoint:
        if size == 0:
            return Checkpoint(self.key.origin, 0, merkle.EMPTY).signed(self.key.name, self.key.private)
        note = db.execute(select(CHECKPOINTS.c.note).filter_by(size=size)).scalar()
        if note is None:
            raise _absent(f"size {size}")
        return checkpoint.parse(str(note))

    def _last(self, db: Connection, size: int) -> datetime | None:
        leaf = db.execute(select(LEAVES.c.leaf).filter_by(seq=size - 1)).scalar() if size else None
        return None if leaf is None else entries.read(bytes(leaf)).at


def _moment(now: datetime, last: datetime | None) -> datetime:
    """The moment of an entry: to the second, never before the last one."""
    now = now.astimezone(UTC).replace(microsecond=0)
    return now if last is None or now >= last else last


def _frontier(db: Connection) -> Frontier:
    stored = db.execute(select(FRONTIER.c.subtrees)).scalar()
    return Frontier([(leaves, bytes.fromhex(hashed)) for leaves, hashed in json.loads(stored or "[]")])


def frontier_row(tree: Frontier) -> dict[str, Any]:
    """The one row of the frontier's table."""
    return {"one": 1, "subtrees": json.dumps([[leaves, hashed.hex()] for leaves, hashed in tree.whole])}


def _hashes(db: Connection, size: int) -> list[bytes]:
    found = db.execute(select(LEAVES.c.hash).where(LEAVES.c.seq < size).order_by(LEAVES.c.seq)).scalars()
    return [bytes(one) for one in found]


def _entries(db: Connection, reference: str = "") -> tuple[Entry, ...]:
    query = select(LEAVES.c.leaf).order_by(LEAVES.c.seq)
    if reference:
        query = query.filter_by(reference=reference)
    return tuple(entries.read(bytes(leaf)) for leaf in db.execute(query).scalars())


def _reserved(db: Connection, reference: str) -> bool:
    query = select(REFERENCES.c.reference).filter_by(reference=reference)
    return db.execute(query).scalar() is not None


def reserve(db: Connection, reference: str, at: datetime) -> None:
    """Note that a reference was drawn; the database refuses a second time (IntegrityError)."""
    db.execute(insert(REFERENCES).values(reference=reference, reserved=stamp(at)))


def _absent(found: str) -> EvidenceError:
    return EvidenceError("REG-003", Text("absent du registre", "not in the register"), found=found)
