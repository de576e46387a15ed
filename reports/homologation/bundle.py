"""The bundle of a homologation: one zip in which everything to verify it offline travels; the same bytes each time.

`statement.dsse.json`, `timestamp.tsr`, `receipt.json` (the entry of the register, its proof, the checkpoint),
`evenements.ndjson` (the application file), `trust.json`, `log-key.txt`, and the sealed PDF of the report when it is
given. Reading one is bounded and believes no name in it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.evidence import write_atomic
from protocol import canonical, dsse
from protocol.errors import EvidenceError, Text
from protocol.trust import trust_document
from reports.dossier.book import JOURNAL, Dossier
from reports.register import checkpoint, entries
from reports.register.opening import Office
from reports.register.store import Receipt

SUFFIX: Final = ".dmpbundle"
NEEDED: Final = ("statement.dsse.json", "receipt.json", JOURNAL, "trust.json", "log-key.txt")
OPTIONAL: Final = ("timestamp.tsr", "rapport.pdf", "authority.pem", "authority.crl")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LARGEST: Final = 64 * 1024 * 1024
_RATIO: Final = 200


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle, by name."""

    files: Mapping[str, bytes]

    def packed(self) -> bytes:
        """The zip: sorted names, one date, one mode."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(self.files):
                about = zipfile.ZipInfo(name, _EPOCH)
                about.external_attr = 0o644 << 16
                about.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(about, self.files[name])
        return out.getvalue()


def statement_of(office: Office, dossier: Dossier) -> bytes:
    """The signed statement of a file that was homologated. Raises EvidenceError."""
    now = dossier.read()
    if not now.registered:
        raise EvidenceError(
            "HOMO-010", Text("ce dossier n'a pas de numéro", "this file has no number"), field=dossier.name
        )
    return (office.folder / "declarations" / now.reference / "statement.dsse.json").read_bytes()


def make(office: Office, dossier: Dossier, run: Path | None = None) -> Bundle:
    """The bundle of a file that was homologated. `run`: its run, whose sealed PDF goes along. Raises EvidenceError."""
    now = dossier.read()
    if not now.registered:
        raise EvidenceError(
            "HOMO-010", Text("ce dossier n'a pas de numéro", "this file has no number"), field=dossier.name
        )
    issued = office.register.entries(now.reference)[0]
    kept = office.folder / "declarations" / now.reference
    files = {
        "statement.dsse.json": (kept / "statement.dsse.json").read_bytes(),
        "receipt.json": receipt_json(office.register.receipt(issued.seq)),
        JOURNAL: (dossier.folder / JOURNAL).read_bytes(),
        "trust.json": trust_document(list(dossier.people.known().values())),
        "log-key.txt": f"{office.log_key}\n".encode(),
    }
    for name in OPTIONAL:
        for place in (kept, *([run / "rapport"] if run else [])):
            if (place / name).is_file():
                files[name] = (place / name).read_bytes()
    return Bundle(files)


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
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            names = [item.filename for item in listed]
            if len(set(names)) != len(names) or not set(names) <= {*NEEDED, *OPTIONAL}:
                raise _refused("names", " ".join(sorted(names))[:200])
            if missing := set(NEEDED) - set(names):
                raise _refused("missing", " ".join(sorted(missing)))
            if sum(item.file_size for item in listed) > _LARGEST:
                raise _refused("size", str(sum(item.file_size for item in listed)))
            if any(item.file_size > _RATIO * max(item.compress_size, 1) for item in listed):
                raise _refused("ratio", str(_RATIO))
            return Bundle({item.filename: _bounded(archive, item) for item in listed})
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as problem:
        raise _refused("zip", str(problem)) from problem


def _bounded(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    with archive.open(item) as stream:
        data = stream.read(item.file_size + 1)
    if len(data) != item.file_size:
        raise _refused("size", item.filename)
    return data


def _refused(field: str, found: str) -> EvidenceError:
    return EvidenceError(
        "HOMO-013", Text("le paquet est refusé", "the bundle is refused"), field=field, found=found
    )
