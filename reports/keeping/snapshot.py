"""Everything that a register is, at one moment, while others go on writing.

The database is read in one transaction, the journals of files after it, the declarations last. A journal may then be
ahead of the register: it is kept as far as the register of that moment knows what it says, which is a state that a
crash could have left too. Written and read as an archive by `reports.keeping.archive`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select

from harness.evidence import to_json
from protocol.errors import EvidenceError, Text
from protocol.trust import TrustedKey, trust_document
from reports.dossier import events
from reports.dossier.book import JOURNAL
from reports.dossier.events import Event
from reports.dossier.people import People
from reports.register import entries, merkle, stamps, trustfiles
from reports.register.database import CHECKPOINTS, FRONTIER, LEAVES, REFERENCES, WIRE_NUMBERS, Database
from reports.register.entries import Entry
from reports.register.opening import CONFIG, Office, public_of_log
from reports.register.store import frontier_row

DOSSIERS: Final = "dossiers"
DECLARATIONS: Final = "declarations"
PEOPLE: Final = "personnes"
TRUST: Final = "trust.json"
#: Public keys of everybody who signed something in it: for whoever verifies the back-up, not restored.
KNOWN: Final = "cles-publiques.json"
#: Kind of an event (or name of a move) -> the entry that the register had before the file said so.
_AFTER: Final[Mapping[str, str]] = {
    "REGISTERED": "ISSUE",
    "suspend": "SUSPEND",
    "reinstate": "REINSTATE",
    "withdraw": "WITHDRAW",
    "supersede": "SUPERSEDE",
    "NOTICE": "NOTICE",
}


@dataclass(frozen=True)
class Snapshot:
    """The rows of the database in order, and the office's files by name, without keys."""

    leaves: tuple[bytes, ...]
    checkpoints: tuple[tuple[int, str], ...]
    references: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str, str, bytes], ...]
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entries.read(leaf) for leaf in self.leaves)

    def same_rows(self, other: Snapshot) -> bool:
        return (self.leaves, self.checkpoints, self.references, self.numbers) == (
            other.leaves,
            other.checkpoints,
            other.references,
            other.numbers,
        )


def take(office: Office) -> Snapshot:
    """What the office is now. Raises EvidenceError when a journal is damaged."""
    with trustfiles.locked(office):  # the trust file of the very moment of the rows
        trustfiles.settled(office)
        rows = of_database(office.register.database)
        trusts = {name: (office.folder / name) for name in (TRUST, trustfiles.CHAIN)}
        told = {name: path.read_bytes() for name, path in trusts.items() if path.is_file()}
    people = People(office.folder / PEOPLE, office.seal, office.folder / TRUST)
    known = people.known()
    # Without the address of the database: it may have a password, and a restored register has another one.
    configuration = office.configuration.model_copy(update={"database": ""})
    files = {CONFIG: to_json(configuration.model_dump()), KNOWN: trust_document(list(known.values())), **told}
    if (public := public_of_log(configuration)) is not None:
        files[public] = (office.folder / public).read_bytes()
    if (office.folder / PEOPLE / "people.json").is_file():
        files[f"{PEOPLE}/people.json"] = (office.folder / PEOPLE / "people.json").read_bytes()
    for path in sorted((office.folder / DOSSIERS).glob(f"*/{JOURNAL}")):
        kept = _known_then(path, known, rows)
        if kept:
            files[f"{DOSSIERS}/{path.parent.name}/{JOURNAL}"] = kept
    for path in sorted((office.folder / stamps.FOLDER).glob("*.*")):
        if not path.name.startswith("."):
            files[f"{stamps.FOLDER}/{path.name}"] = path.read_bytes()
    for path in sorted((office.folder / DECLARATIONS).glob("*/*")):
        if path.is_file() and not path.name.startswith("."):
            files[f"{DECLARATIONS}/{path.parent.name}/{path.name}"] = path.read_bytes()
    return Snapshot(rows.leaves, rows.checkpoints, rows.references, rows.numbers, files)


def of_database(database: Database) -> Snapshot:
    """The rows, of one consistent moment."""
    with database.read() as db:
        return _rows(db)


def fill(database: Database, snapshot: Snapshot) -> None:
    """Write the rows into an empty database, in one transaction; nothing when they are there already.

    Raises EvidenceError (KEEP-010) for a database that holds something else.
    """
    with database.write() as db:
        found = _rows(db)
        if found.same_rows(snapshot):
            return
        if found.leaves or found.checkpoints or found.references or found.numbers:
            raise EvidenceError(
                "KEEP-010",
                Text("cette base contient déjà un autre registre", "this database holds another register"),
                field="--db",
                found=f"{len(found.leaves)} / {len(found.references)}",
            )
        tree = merkle.Frontier()
        for seq, leaf in enumerate(snapshot.leaves):
            hashed = merkle.leaf_hash(leaf)
            tree.add(hashed)
            reference = entries.read(leaf).reference
            db.execute(insert(LEAVES).values(seq=seq, leaf=leaf, hash=hashed, reference=reference))
        for size, note in snapshot.checkpoints:
            db.execute(insert(CHECKPOINTS).values(size=size, note=note))
        if snapshot.leaves:
            db.execute(insert(FRONTIER).values(**frontier_row(tree)))
        for reference, reserved in snapshot.references:
            db.execute(insert(REFERENCES).values(reference=reference, reserved=reserved))
        for reference, tag, commitment, sealed in snapshot.numbers:
            db.execute(
                insert(WIRE_NUMBERS).values(
                    reference=reference, tag=tag, commitment=commitment, sealed=sealed
                )
            )


def _rows(db: Connection) -> Snapshot:
    numbers = WIRE_NUMBERS.c
    return Snapshot(
        tuple(bytes(one) for one in db.execute(select(LEAVES.c.leaf).order_by(LEAVES.c.seq)).scalars()),
        tuple(
            (int(size), str(note))
            for size, note in db.execute(
                select(CHECKPOINTS.c.size, CHECKPOINTS.c.note).order_by(CHECKPOINTS.c.size)
            )
        ),
        # Sorted here: databases don't agree on the order of text.
        tuple(sorted((str(a), str(b)) for a, b in db.execute(select(*REFERENCES.c)))),
        tuple(
            sorted(
                (str(a), str(b), str(c), bytes(d))
                for a, b, c, d in db.execute(
                    select(numbers.reference, numbers.tag, numbers.commitment, numbers.sealed)
                )
            )
        ),
    )


def _known_then(path: Path, known: Mapping[str, TrustedKey], rows: Snapshot) -> bytes:
    """The lines of a journal up to the first that speaks of what the register of the snapshot has not."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    listed = list(events.read(whole, path.parent.name, known))
    kept = ahead(listed, rows)
    return b"".join(whole.splitlines(keepends=True)[:kept])


def ahead(listed: Sequence[Event], rows: Snapshot) -> int:
    """How many events of a file come before the first that is ahead of these rows."""
    reserved = {reference for reference, _ in rows.references}
    written = Counter((entry.kind, entry.reference) for entry in rows.entries)
    told: Counter[str] = Counter()
    reference = ""
    for event in listed:
        if event.kind == "RESERVED":
            reference = str(event.facts["reference"])
            if reference not in reserved:
                return event.seq
        kind = _AFTER.get(str(event.facts.get("move", event.kind)))
        if event.kind == "PIECE" and event.facts["what"] == "amendment":
            kind = "AMEND"
        if kind:
            told[kind] += 1
            if told[kind] > written[kind, reference]:
                return event.seq
    return len(listed)
