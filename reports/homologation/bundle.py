"""The bundle of a homologation: one zip in which everything to verify it offline travels; the same bytes each time.

`statement.dsse.json`, `timestamp.tsr`, `receipt.json` (the entry of the register, its proof, the checkpoint),
`evenements.ndjson` (the application file), `trust.json` with its own entry and its signed chain where the register has
them, `log-key.txt`, a time stamp of the checkpoint, the sealed PDF of the report when it is given, and that of the
attestation when one was made. Reading one is bounded and believes no name in it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.evidence import write_atomic
from harness.files import zipwriting
from harness.files.zipmembers import Members
from harness.files.zipreading import ZipRefused
from protocol import canonical, dsse
from protocol.errors import EvidenceError, Text
from protocol.trust import trust_document
from reports.dossier.book import JOURNAL, Dossier
from reports.dossier.view import View, view
from reports.homologation import countersigning
from reports.register import checkpoint, entries, stamps, trustfiles
from reports.register.opening import Office
from reports.register.store import Receipt

SUFFIX: Final = ".dmpbundle"
NEEDED: Final = ("statement.dsse.json", "receipt.json", JOURNAL, "trust.json", "log-key.txt")
#: The attestation on paper: the last one that was made.
ATTESTATION: Final = "attestation.pdf"
#: The entry of the register about the trust file.
TRUST_RECEIPT: Final = "trust-receipt.json"
OPTIONAL: Final = (
    "timestamp.tsr",
    "rapport.pdf",
    ATTESTATION,
    "authority.pem",
    "authority.crl",
    stamps.NAME,
    trustfiles.CHAIN,
    TRUST_RECEIPT,
    countersigning.NAME,
)
_LARGEST: Final = 64 * 1024 * 1024
#: More members than a bundle may have; those that it may have are counted after.
_MOST: Final = 64


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle, by name."""

    files: Mapping[str, bytes]

    def packed(self) -> bytes:
        """The zip: sorted names, one date, one mode."""
        return zipwriting.packed(self.files)


def folder_of(office: Office, dossier: Dossier) -> Path:
    """Where the office keeps what was signed about a file that was homologated. Raises EvidenceError."""
    now = dossier.read()
    if not now.registered:
        raise EvidenceError(
            "HOMO-010", Text("ce dossier n'a pas de numéro", "this file has no number"), field=dossier.name
        )
    return office.folder / "declarations" / now.reference


def statement_of(office: Office, dossier: Dossier) -> bytes:
    """The signed statement of a file that was homologated. Raises EvidenceError."""
    return (folder_of(office, dossier) / "statement.dsse.json").read_bytes()


def make(office: Office, dossier: Dossier, run: Path | None = None) -> Bundle:
    """The bundle of a file that was homologated. `run`: its run, whose sealed PDF goes along. Raises EvidenceError."""
    kept = folder_of(office, dossier)
    issued = office.register.entries(kept.name)[0]
    receipt = office.register.receipt(issued.seq, stamps.best(office, issued.seq))
    files = {
        "statement.dsse.json": (kept / "statement.dsse.json").read_bytes(),
        "receipt.json": receipt_json(receipt),
        JOURNAL: (dossier.folder / JOURNAL).read_bytes(),
        "trust.json": trust_document(list(dossier.people.known().values())),
        "log-key.txt": f"{office.log_key}\n".encode(),
    }
    for name in OPTIONAL:
        if (kept / name).is_file():
            files[name] = (kept / name).read_bytes()
    if run is not None:
        files |= _paper_of(run, _decided(dossier))
    files |= _trust(office, dossier, receipt.checkpoint.size)
    return Bundle(files | stamps.of_bundle(office, receipt.checkpoint, files))


def _decided(dossier: Dossier) -> View:
    """The file as it was when the number was given: later it may speak of another release."""
    listed = dossier.events()
    given = next(event.seq for event in listed if event.kind == "REGISTERED")
    return view(listed[: given + 1])


def _paper_of(run: Path, now: View) -> dict[str, bytes]:
    """The sealed PDF of the run that was decided on. The folder comes from outside: a link in it may lead anywhere.

    Raises EvidenceError for another run, or a PDF that is a link.
    """
    place, piece = run / "rapport", now.piece("evidence")
    report, paper = place / "statement.dsse.json", place / "rapport.pdf"
    told = hashlib.sha256(dsse.read(report.read_bytes()).payload).hexdigest() if report.is_file() else ""
    if piece is None or told != piece.sha256 or place.is_symlink() or paper.is_symlink():
        raise EvidenceError(
            "HOMO-014",
            Text(
                "cette exécution n'est pas celle qui a été jugée", "this run is not the one that was judged"
            ),
            field=str(run),
            found=told or "-",
            expected=piece.sha256 if piece else "",
        )
    return {paper.name: paper.read_bytes()} if paper.is_file() else {}


def _trust(office: Office, dossier: Dossier, size: int) -> dict[str, bytes]:
    """The trust file that the register logged, with its entry and its signed chain, when it has everybody's key."""
    logged = trustfiles.logged(office, {event.actor for event in dossier.events()}, size)
    if logged is None:
        return {}
    files = {trustfiles.TRUST: logged.document, TRUST_RECEIPT: receipt_json(logged.receipt)}
    return files | ({trustfiles.CHAIN: logged.chain} if logged.chain else {})


def signed_once(office: Office, reference: str, payload: bytes) -> bytes:
    """Sign the statement and stamp it, or give what was signed before for the same payload.

    Raises EvidenceError when another one was.
    """
    place = office.folder / "declarations" / reference
    path = place / "statement.dsse.json"
    if path.is_file():
        envelope = path.read_bytes()
        if dsse.read(envelope).payload != payload:
            raise EvidenceError(
                "HOMO-011",
                Text(
                    "une autre déclaration est signée sous cette référence",
                    "another statement is signed under it",
                ),
                field=reference,
            )
        return envelope
    envelope = dsse.sign(payload, [office.seal])
    stamped = office.stamp(envelope)
    for name, data in stamped.items():
        write_atomic(place / name, data)
    write_atomic(path, envelope)
    return envelope


def receipt_json(receipt: Receipt) -> bytes:
    """A receipt as canonical JSON."""
    return canonical.dumps(
        {
            "leaf": receipt.entry.leaf().decode(),
            "path": [step.hex() for step in receipt.path],
            "checkpoint": str(receipt.checkpoint),
        }
    )


def receipt_of(data: bytes) -> Receipt:
    """The inverse of `receipt_json`. Raises EvidenceError."""
    raw: Any = canonical.loads(data)
    try:
        return Receipt(
            entries.read(raw["leaf"].encode()),
            tuple(bytes.fromhex(step) for step in raw["path"]),
            checkpoint.parse(raw["checkpoint"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise EvidenceError(
            "HOMO-012",
            Text("preuve d'inscription illisible", "the receipt can't be read"),
            found=str(problem),
        ) from problem


def read(data: bytes) -> Bundle:
    """Read a bundle: these names, once each, of bounded size. Raises EvidenceError."""
    try:
        members = Members(io.BytesIO(data), most=_MOST)
        names = set(members)
        if not names <= {*NEEDED, *OPTIONAL}:
            raise _refused("names", " ".join(sorted(names))[:200])
        if missing := set(NEEDED) - names:
            raise _refused("missing", " ".join(sorted(missing)))
        if members.size > _LARGEST:
            raise _refused("size", str(members.size))
        return Bundle({name: members.read(name, _LARGEST) for name in members})
    except ZipRefused as problem:
        raise _refused("zip", problem.message("en")) from problem


def _refused(field: str, found: str) -> EvidenceError:
    return EvidenceError(
        "HOMO-013", Text("le paquet est refusé", "the bundle is refused"), field=field, found=found
    )
