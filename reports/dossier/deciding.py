"""From a decision to the register: the number of a homologation, and what becomes of it later.

The file says first which reference it will use, then the register is written, then the file says so: after a crash at
any instant the same command goes on where it stopped, and no second number is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocol.errors import EvidenceError, Text, UsageError
from protocol.trust import stamp
from reports.dossier import planning
from reports.dossier.book import Dossier
from reports.dossier.states import MOVES
from reports.dossier.view import View
from reports.homologation import bundle, statement
from reports.register.numbering import WireNumber
from reports.register.opening import Office
from reports.register.store import Draft, Receipt


@dataclass(frozen=True)
class Granted:
    """A homologation that was given: its public reference, its secret number (told once), its proof."""

    reference: str
    number: WireNumber | None
    receipt: Receipt


def grant(office: Office, dossier: Dossier, reason: str, expires: datetime | None = None) -> Granted:
    """Homologate: the guards, the number, the register, the file. Raises IllegalAct, EvidenceError.

    Called again after a crash it goes on; called again after success it tells the reference, and not the number. A file
    that was examined again after an evolution keeps its number: the register is told of the release.
    """
    now = dossier.read()
    if (piece := now.piece("evidence")) is not None and not now.registered:
        planning.refuse_other(office.configuration, piece.facts)
    if now.state == "EN_EXAMEN":
        now = dossier.move("grant", office.seal, reason)
    if not now.reference:
        if now.state != "HOMOLOGUE":
            raise _not_granted(now)
        reference = office.numbering.reserve(str(now.opening["kind"]))
        now = dossier.add("RESERVED", office.seal, reason, {"reference": reference})
    written = office.register.entries(now.reference)
    if now.registered:
        amended = _evolved(office, now, reason)
        return Granted(now.reference, None, amended or office.register.receipt(written[0].seq))
    number = office.numbering.told_or_given(now.reference)
    signed = statement.payload(now, number.commitment, office.configuration)
    bundle.signed_once(office, now.reference, signed)
    receipt = (
        office.register.receipt(written[0].seq)
        if written
        else office.register.append([_issue(office, now, number, statement.digest(signed), reason, expires)])[
            0
        ]
    )
    dossier.add("REGISTERED", office.seal, reason, {"reference": now.reference, "seq": receipt.entry.seq})
    return Granted(now.reference, number, receipt)


def suspend(office: Office, dossier: Dossier, reason: str) -> tuple[Receipt, ...]:
    """Suspend: the register, then the file. Raises IllegalAct, IllegalMove."""
    return _decided(office, dossier, "suspend", "SUSPEND", reason, {})


def reinstate(office: Office, dossier: Dossier, reason: str) -> tuple[Receipt, ...]:
    return _decided(office, dossier, "reinstate", "REINSTATE", reason, {})


def withdraw(office: Office, dossier: Dossier, reason: str, effective: datetime) -> tuple[Receipt, ...]:
    """Withdraw, with effect at that moment."""
    return _decided(office, dossier, "withdraw", "WITHDRAW", reason, {"effectiveAt": stamp(effective)})


def supersede(office: Office, dossier: Dossier, reason: str, by: str) -> tuple[Receipt, ...]:
    """Replace by another homologation, which must be in force. Raises IllegalAct, IllegalMove, UsageError."""
    other = office.register.standing(by)
    if not other.usable or by == dossier.read().reference:
        raise UsageError(
            "DOSSIER-077",
            Text(
                "ce qui remplace doit être une autre homologation en vigueur",
                "what replaces must be another in force",
            ),
            field="--by",
            found=f"{by} {other.state}",
        )
    return _decided(office, dossier, "supersede", "SUPERSEDE", reason, {"by": by})


def refuse(office: Office, dossier: Dossier, reason: str) -> tuple[Receipt, ...]:
    """Refuse: the register keeps that this report was examined and failed, under a reference of its own. Called again
    after a crash it goes on. Raises IllegalAct.
    """
    dossier.allow("refuse", office.seal)
    piece = dossier.read().piece("evidence")
    if piece is None:  # nothing is examined without evidence
        raise _not_granted(dossier.read())
    told = {"statementDigest": piece.sha256, "result": str(piece.facts["result"])}
    written = [one for one in office.register.entries() if one.kind == "REPORT" and dict(one.facts) == told]
    if written:
        receipts: tuple[Receipt, ...] = (office.register.receipt(written[-1].seq),)
    else:
        reference = office.numbering.reserve("R")
        receipts = office.register.append([Draft("REPORT", reference, office.seal.keyid, reason, told)])
    dossier.move("refuse", office.seal, reason)
    return receipts


def notice(office: Office, dossier: Dossier, reason: str, deadline: datetime) -> tuple[Receipt, ...]:
    """A formal notice: the homologation stands, its holder has until the deadline."""
    now = _with_number(dossier)
    told = {"deadline": stamp(deadline)}
    receipts = office.register.append([Draft("NOTICE", now.reference, office.seal.keyid, reason, told)])
    dossier.add("NOTICE", office.seal, reason, told)
    return receipts


def amend(office: Office, dossier: Dossier, reason: str, facts: Mapping[str, Any]) -> tuple[Receipt, ...]:
    """Add a release that a regression run proved equivalent (`facts`: those of the run, from `lodging`)."""
    now = _with_number(dossier)
    dossier.permit("PIECE", office.seal, {**facts, "what": "amendment"})
    told = {"release": facts["software"]["version"], "statementDigest": facts["sha256"]}
    receipts = office.register.append([Draft("AMEND", now.reference, office.seal.keyid, reason, told)])
    dossier.add("PIECE", office.seal, reason, {**facts, "what": "amendment"})
    return receipts


def _decided(
    office: Office, dossier: Dossier, move: str, kind: str, reason: str, facts: Mapping[str, Any]
) -> tuple[Receipt, ...]:
    now = _with_number(dossier)
    dossier.allow(move, office.seal)
    last = office.register.entries(now.reference)[-1]
    if last.kind == kind and MOVES[move].to != now.state:
        receipts: tuple[Receipt, ...] = (
            office.register.receipt(last.seq),
        )  # a crash came before the file was told
    else:
        receipts = office.register.append([Draft(kind, now.reference, office.seal.keyid, reason, facts)])
    dossier.move(move, office.seal, reason)
    return receipts


def _with_number(dossier: Dossier) -> View:
    now = dossier.read()
    if not now.registered:
        raise _not_granted(now)
    return now


def _evolved(office: Office, now: View, reason: str) -> Receipt | None:
    """The entry of a release that was examined in full after the number was given; None when there is none."""
    piece = now.piece("evidence")
    given = next(event.seq for event in now.history if event.kind == "REGISTERED")
    if piece is None or piece.seq < given or now.state != "HOMOLOGUE":
        return None
    told = {"release": str(piece.facts["software"]["version"]), "statementDigest": piece.sha256}
    for entry in office.register.entries(now.reference):
        if entry.kind == "AMEND" and dict(entry.facts) == told:
            return office.register.receipt(entry.seq)
    return office.register.append([Draft("AMEND", now.reference, office.seal.keyid, reason, told)])[0]


def _issue(
    office: Office, now: View, number: WireNumber, digest: str, reason: str, expires: datetime | None
) -> Draft:
    piece = now.piece("evidence")
    if piece is None:  # the guards asked for it
        raise _not_granted(now)
    facts: dict[str, Any] = {
        "statementDigest": digest,
        "numberCommitment": number.commitment,
        "public": {
            "holder": str(now.opening["holder"]),
            "software": str(piece.facts["software"]["name"]),
            "version": str(piece.facts["software"]["version"]),
            "profiles": list(now.opening["profiles"]),
            "modes": list(now.opening["modes"]),
            "framework": str(piece.facts["framework"]),
            "kind": str(now.opening["kind"]),
        },
    }
    if parent := now.opening.get("parent"):
        facts["parent"] = str(parent)
    if expires is not None:
        facts["expiresAt"] = stamp(expires)
    return Draft("ISSUE", now.reference, office.seal.keyid, reason, facts)


def _not_granted(now: View) -> EvidenceError:
    return EvidenceError(
        "DOSSIER-050",
        Text("ce dossier n'a pas de numéro", "this file has no number"),
        field=now.dossier,
        found=now.state,
    )
