"""When a signature existed, by what others witnessed: the time stamp over the statement, its entry in the register.

Asked of a key that is distrusted after a moment. Whoever stole it may write any date, make a time-stamping unit and a
log of their own: so witnesses are believed by what the verifier brought, never by what travels in the bundle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import dsse
from protocol.errors import EvidenceError, Text
from protocol.trust import TrustedKey, moment
from reports.homologation import statement
from reports.homologation.agreement import SKEW
from reports.homologation.bundle import receipt_of
from reports.homologation.reading import Read
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.verify_evidence import Skip, ko


def stamped(read: Read) -> datetime:
    """The moment of the time stamp, by the authority brought, else by the bundle's. Raises Skip, EvidenceError."""
    return stamp_of(read, read.need("timestamp.tsr"), read.need("statement.dsse.json"))


def stamp_of(read: Read, response: bytes, covered: bytes) -> datetime:
    """The moment that a stamp proves for these bytes, by the same authority. Raises Skip, EvidenceError."""
    try:
        from reports.sealing import documents, stamping, testauthority
    except ImportError as problem:
        raise Skip(
            Text("l'extra « sign » n'est pas installé", "the extra `sign` is not installed")
        ) from problem
    if read.brought.authority is not None:
        return documents.stamped(response, covered, read.brought.authority)
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        root = Path(scratch) / "authority.pem"
        root.write_bytes(read.need(f"{testauthority.CA}.pem"))
        return stamping.verify(response, covered, [root])


def log_keys(read: Read) -> list[NoteKey]:
    """The keys of the log that the verifier brought: `--log-key`, else those of role `log` in a trust file that
    something brought vouches for.
    """
    if read.brought.log_key:
        return [NoteKey.parse(read.brought.log_key)]
    if read.unvouched is not None:
        return []
    return [
        NoteKey(key.name, key.public)
        for key in read.keys.values()
        if key.role == "log" and isinstance(key.public, Ed25519PublicKey) and key.distrust_after is None
    ]


def refuse_other_log(point: Checkpoint, keys: Iterable[NoteKey]) -> None:
    """Raises EvidenceError (HOMO-042) for a log of another origin, which the same key may sign too."""
    names = [key.name for key in keys]
    if not any(point.origin == name or point.origin.startswith(f"{name}/") for name in names):
        raise ko(
            "HOMO-042",
            Text("point de contrôle d'un autre journal", "checkpoint of another log"),
            found=point.origin,
            expected=" ".join(f"{name}/…" for name in names),
        )


def refuse_unproven(read: Read, key: TrustedKey) -> None:
    """Raises EvidenceError (HOMO-055) for a distrusted key, unless both witnesses saw the statement before.

    Refused and not skipped: of such a key a date that nothing proves is worth nothing, and a stamp that the verifier
    can't believe is as easily made as the date.
    """
    if key.distrust_after is None:
        return
    try:
        seen = (_stamp_believed(read), _entry_believed(read))
    except Skip as skipped:
        raise _distrusted(key, skipped.reason.en) from skipped
    except EvidenceError as problem:
        raise _distrusted(key, problem.message("en")) from problem
    if not key.proven_by(*seen):
        raise _distrusted(key, " / ".join(str(one) for one in seen))


def refuse_late(read: Read, seen: datetime) -> None:
    """Raises EvidenceError (HOMO-076) when the statement was stamped before it says that it was made, or after the time
    of a key that signed it: whoever keeps a key too long may still write any date.
    """
    issued = moment(read.predicate["issuedAt"])
    signers = [read.keys[one.keyid] for one in _signatures(read) if one.keyid in read.keys]
    over = [key.not_after for key in signers if key.not_after is not None and seen >= key.not_after]
    if over or seen + SKEW < issued:
        raise ko(
            "HOMO-076",
            Text(
                "horodatée hors du temps de la clé, ou avant d'être établie",
                "stamped outside the time of its key, or before it was made",
            ),
            found=str(seen),
            expected=f">= {issued}, < {over[0]}" if over else f">= {issued}",
        )


def over_unproven(read: Read, keys: Iterable[TrustedKey]) -> None:
    """Raises Skip for a key whose time is over, when no witness that the verifier believes saw the statement before."""
    ends = [key.not_after for key in keys if key.not_after is not None and key.not_after <= read.at]
    if not ends:
        return
    for witness in (_stamp_believed, _entry_believed):
        try:
            if witness(read) < min(ends):
                return
        except (Skip, EvidenceError):
            continue  # that one proves nothing; a wrong one is told by its own step
    raise Skip(
        Text(
            f"la clé a pris fin le {min(ends)}, et rien de ce qui est donné ne prouve que ceci est d'avant ; "
            "donner --authority ou --log-key",
            f"the time of the key was over on {min(ends)}, and nothing given proves that this is of before; "
            "give --authority or --log-key",
        )
    )


def _signatures(read: Read) -> tuple[dsse.Signature, ...]:
    return dsse.read(read.need("statement.dsse.json")).signatures


def witnessed(read: Read) -> datetime | None:
    """When both witnesses had seen the statement, and so what it names; None when one is not to be believed."""
    try:
        return max(_stamp_believed(read), _entry_believed(read))
    except (Skip, EvidenceError):
        return None  # known to nobody: of an ordinary key nothing is asked


def _stamp_believed(read: Read) -> datetime:
    if read.brought.authority is None:
        raise Skip(Text("horodatage : donner --authority", "time stamp: give --authority"))
    return stamped(read)


def _entry_believed(read: Read) -> datetime:
    """The moment of the entry about this very statement."""
    keys, receipt = log_keys(read), receipt_of(read.need("receipt.json"))
    if not keys:
        raise Skip(Text("registre : donner --log-key", "register: give --log-key"))
    payload = dsse.read(read.need("statement.dsse.json")).payload
    said = receipt.entry.facts.get("statementDigest") == statement.digest(payload)
    if not said or not receipt.holds() or not receipt.checkpoint.signers(keys):
        raise Skip(Text("registre : la preuve ne tient pas", "register: the proof does not hold"))
    return receipt.entry.at


def _distrusted(key: TrustedKey, found: str) -> EvidenceError:
    return ko(
        "HOMO-055",
        Text(
            "clé révoquée, et rien ne prouve que ceci fut horodaté et inscrit avant",
            "distrusted key, and nothing proves that this was time-stamped and logged before",
        ),
        where=f"{key.name} ({key.keyid[:12]})",
        found=found,
        expected=f"<= {key.distrust_after}",
    )
