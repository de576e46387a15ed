"""Makes a level-1 CDA document: a header that keeps the French rules, and a PDF or text body.

Fresh identifiers, any test patient, any identity: what plans feed. Source: CDA R2, header of the CI-SIS
(structuration minimale), IHE XDS-SD.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from harness.drive import bind, pdf
from harness.drive.clock import Clock
from harness.drive.identity import Identity, specialty_of
from harness.drive.ids import Ids
from harness.drive.subject import Subject
from protocol import safexml
from protocol.coded import Coded
from protocol.errors import Text, UsageError

#: Type of document when none is said: report of a consultation.
CONSULTATION: Final = Coded(
    "11488-4", "2.16.840.1.113883.6.1", "Compte rendu ou fiche de consultation ou de visite"
)
VACCINATION: Final = Coded("87273-9", "2.16.840.1.113883.6.1", "Note de vaccination")
_VACCINE: Final = Coded("J07BB02", "2.16.840.1.113883.6.73", "Vaccin grippal inactivé")
#: Models that a document claims: a scanned one (XDS-SD), any structured one (IHE PCC).
_SCANNED: Final = "1.3.6.1.4.1.19376.1.2.20"
_MEDICAL: Final = "1.3.6.1.4.1.19376.1.5.3.1.1.1"
_PRACTICE_SYSTEM: Final = "1.2.250.1.213.1.1.4.9"
_GENDER_SYSTEM: Final = "2.16.840.1.113883.5.1"
_GENDERS: Final = {"M": "Masculin", "F": "Féminin", "U": "Inconnu"}
#: Sectors whose practice setting is an establishment; the rest is ambulatory care.
_ESTABLISHMENTS: Final = frozenset({"SA01", "SA02", "SA03", "SA04"})


@dataclass(frozen=True)
class Level1:
    """What may be said of the document; the rest is made up.

    `body` is put as it is (with its `media`); without it, a PDF or a text is made of `text`, padded to `size` bytes
    at least. `replaces` is the uniqueId of an earlier document, whose `set_id` and next `version` should be given.
    `unique_id` and `set_id` are made up when "".
    """

    title: str = "Compte rendu de consultation"
    kind: Coded = CONSULTATION
    media: str = "application/pdf"
    text: str = "Document fictif d'essai. Aucune donnée réelle."
    body: bytes | None = None
    replaces: str = ""
    unique_id: str = ""
    set_id: str = ""
    version: int = 1
    size: int = 0


@dataclass(frozen=True)
class CdaDocument:
    """A document: its uniqueId (OID) and its bytes."""

    unique_id: str
    set_id: str
    content: bytes


def level1(
    subject: Subject,
    identity: Identity,
    wanted: Level1 | None = None,
    *,
    clock: Clock,
    ids: Ids,
    oid_root: str = "",
) -> CdaDocument:
    """Make the document. Raises UsageError when the patient lacks a trait that the header must have."""
    made, tree = _written(subject, identity, wanted or Level1(), clock, ids, oid_root)
    return CdaDocument(*made, safexml.serialize(tree))


def vaccination(
    subject: Subject,
    identity: Identity,
    wanted: Level1,
    *,
    clock: Clock,
    ids: Ids,
    oid_root: str = "",
) -> CdaDocument:
    """A vaccination note: one structured act, its author is the vaccinator. Raises UsageError as `level1` does."""
    told = replace(wanted, kind=VACCINATION, body=b"")
    made, tree = _written(subject, identity, told, clock, ids, oid_root)
    now = clock.now()
    scope = {
        "user": identity.user,
        "vaccine": _VACCINE,
        "lot": "LOT-ESSAI-42",
        "day": now.strftime("%d/%m/%Y"),
        "done": _zoned(now),
        "act_id": ids.oid(oid_root),
    }
    body = tree.find("{urn:hl7-org:v3}component")
    model = tree.find(f"{{urn:hl7-org:v3}}templateId[@root='{_SCANNED}']")
    if body is None or model is None:
        raise ValueError("the template of the document has lost its parts")
    model.set("root", _MEDICAL)
    tree.replace(body, bind.fill("cda_vaccination", scope))
    return CdaDocument(*made, safexml.serialize(tree))


def _written(
    subject: Subject, identity: Identity, plan: Level1, clock: Clock, ids: Ids, oid_root: str
) -> tuple[tuple[str, str], etree._Element]:
    """uniqueId and setId, and the tree of the document."""
    _complete(subject)
    now = clock.now()
    unique_id = plan.unique_id or ids.oid(oid_root)
    set_id = plan.set_id or ids.oid(oid_root)
    scope = {
        "unique_id": unique_id,
        "set_id": set_id,
        "version": plan.version,
        "replaces": plan.replaces,
        "kind": plan.kind,
        "title": plan.title,
        "now": _zoned(now),
        "started": _zoned(now - timedelta(minutes=30)),
        "ended": _zoned(now),
        "media": plan.media,
        "body": base64.b64encode(_body(plan)).decode("ascii"),
        **_patient(subject, identity),
        **_people(identity),
    }
    return (unique_id, set_id), bind.fill("cda_level1", scope)


def _complete(subject: Subject) -> None:
    for name in ("family_birth", "given", "birth"):
        if not getattr(subject, name):
            raise UsageError(
                "CDA-W-001",
                Text(
                    "un trait du patient manque pour l'en-tête CDA", "the CDA header lacks a patient's trait"
                ),
                field=f"patient.{name}",
                found=subject.number,
            )


def _body(plan: Level1) -> bytes:
    if plan.body is not None:
        return plan.body
    if plan.media == "application/pdf":
        return _padded(pdf.one_page([plan.title, "", *plan.text.splitlines()]), plan.size)
    if plan.media == "text/plain":
        return _padded(plan.text.encode("utf-8"), plan.size)
    raise UsageError(
        "CDA-W-002",
        Text("ce support demande un corps donné", "this medium needs a given body"),
        field="media",
        found=plan.media,
        expected="application/pdf | text/plain",
    )


def _padded(content: bytes, size: int) -> bytes:
    # White space at the end: readers of text and of PDF pass over it.
    return content + b" " * max(0, size - len(content))


def _patient(subject: Subject, identity: Identity) -> dict[str, object]:
    return {
        "subject": subject,
        "local_oid": f"2.25.{int(identity.structure.struct_id)}",
        "local_id": f"IPP{subject.number[-8:]}",
        "family_birth": subject.family_birth,
        "family_usual": subject.family_usual,
        "given_all": " ".join(subject.given),
        "given_first": subject.given[0],
        "sex": Coded(subject.sex, _GENDER_SYSTEM, _GENDERS.get(subject.sex, subject.sex)),
        "birth": subject.birth,
        # A code of place that INSEE gives to those born abroad stands in when none is known.
        "birth_place": subject.birth_place or "99999",
    }


def _people(identity: Identity) -> dict[str, object]:
    sector = identity.structure.sector
    inside = sector.code in _ESTABLISHMENTS
    return {
        "user": identity.user,
        "structure": identity.structure,
        "specialty": specialty_of(identity.user),
        "practice": Coded("ETABLISSEMENT", _PRACTICE_SYSTEM, "Établissement de santé")
        if inside
        else Coded("AMBULATOIRE", _PRACTICE_SYSTEM, "Ambulatoire"),
    }


def _zoned(moment: datetime) -> str:
    """`YYYYMMDDhhmmss+0000`: CDA times carry their zone."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
