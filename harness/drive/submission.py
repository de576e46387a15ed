"""Turns the parameters of TD2.1 into registry objects: one entry a document, the set, its signature document.

Reads each CDA header (metadata.py) and lets the parameters override it; writes nothing itself (ebrim_writer).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.drive import cda_document, hl7names, metadata, xades
from harness.drive.cda_document import CONSULTATION, Level1
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.ebrim_writer import Entry
from harness.drive.identity import Identity, specialty_of
from harness.drive.metadata import Author, DocumentMetadata
from protocol import facts
from protocol.coded import Coded
from protocol.errors import Text, UsageError

_NORMAL: Final = Coded("N", facts.OID_CONFIDENTIALITY, "Normal")
#: Visibility codes with their labels (JDV_J58).
VISIBILITIES: Final = {
    "MASQUE_PS": "Masqué aux professionnels de santé",
    "INVISIBLE_PATIENT": "Document non visible par le patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "Non visible par les représentants légaux du patient",
}
_SIGNATURE_CODES: Final = (
    (facts.DE_CLASS, Coded("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature")),
    (facts.DE_TYPE, Coded("E1762", "ASTM", "Full Document")),
    (facts.DE_FORMAT, Coded(facts.DS, "URN", "Default Signature Style")),
    (facts.DE_EVENT, Coded("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")),
)
#: Keys of one item of the parameter `documents`.
DOCUMENT_KEYS: Final = (
    "cda",
    "level1",
    "title",
    "comments",
    "confidentiality",
    "first_confidentiality",
    "replaces",
    "unique_id",
    "mime_type",
    "type",
    "class",
    "format",
    "practice",
    "facility",
    "hash",
    "size",
)


@dataclass(frozen=True)
class Prepared:
    """A document ready to go: its entry, its bytes, the entryUUID it replaces ("" if none)."""

    entry: Entry
    content: bytes
    replaces: str


def user_author(identity: Identity) -> Author:
    """Author of a set: the user, within the structure."""
    user, structure = identity.user, identity.structure
    spoken = specialty_of(user)
    return Author(
        person=hl7names.person(user.ps_id, user.family, user.given),
        institution=hl7names.institution(structure.name, structure.struct_id),
        specialty=hl7names.specialty(spoken.code, spoken.label, spoken.system),
    )


def content_of(value: object, transaction: str) -> bytes:
    """Bytes of a document given as bytes or as a path. Raises UsageError."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (str, Path)):
        try:
            return Path(value).read_bytes()
        except (OSError, ValueError) as problem:
            raise UsageError(
                "DRIVE-004",
                Text("document illisible", "unreadable document"),
                field="cda",
                found=str(problem),
            ) from problem
    raise wrong_param(transaction, "documents.cda", value, "bytes | path")


def prepare(draft: Draft, item: Mapping[str, Any], symbol: str, *, hash_and_size: bool) -> Prepared:
    """One document of the set. Raises UsageError, MetadataError, XmlRefused."""
    strange = sorted(set(item) - set(DOCUMENT_KEYS))
    if strange or ("cda" in item) == ("level1" in item):
        raise wrong_param(draft.transaction, "documents", strange or list(item), ", ".join(DOCUMENT_KEYS))
    content = content_of(item["cda"], draft.transaction) if "cda" in item else _made(draft, item["level1"])
    known = metadata.derive(content)
    unique_id = str(item.get("unique_id", known.unique_id))
    size = str(item.get("size", len(content))), str(item.get("hash", sha1(content)))
    entry = Entry(
        id=symbol,
        mime_type=str(item.get("mime_type", known.mime_type)),
        title=str(item.get("title", known.title)),
        comments=str(item.get("comments", "")),
        slots=_slots(known, patient_cx(draft, known), size if hash_and_size else ("", "")),
        codes=_codes(known, item, draft.transaction),
        authors=known.authors,
        unique_id=unique_id,
        patient=patient_cx(draft, known),
    )
    return Prepared(entry, content, str(item.get("replaces", "")))


def signature_entry(
    draft: Draft, symbol: str, author: Author, model: Entry, content: bytes, at: datetime
) -> Entry:
    """Entry of the signature document; facility and practice are those of the set, that is of `model`."""
    moment = dtm(at)
    place = tuple((scheme, coded) for scheme, coded in model.codes if scheme in _PLACE)
    hidden = [
        Coded(code, facts.OID_VISIBILITY, VISIBILITIES[code]) for code in ("MASQUE_PS", "INVISIBLE_PATIENT")
    ]
    confidentialities = tuple((facts.DE_CONFIDENTIALITY, coded) for coded in (_NORMAL, *hidden))
    slots = (
        ("creationTime", (moment,)),
        ("hash", (sha1(content),)),
        ("languageCode", ("art",)),
        ("legalAuthenticator", (author.person,)),
        ("serviceStartTime", (moment,)),
        ("serviceStopTime", (moment,)),
        ("size", (str(len(content)),)),
        ("sourcePatientId", (model.patient,)),
    )
    return Entry(
        id=symbol,
        mime_type="text/xml",
        title="Source",
        comments="",
        slots=slots,
        codes=(*_SIGNATURE_CODES, *confidentialities, *place),
        authors=(author,),
        unique_id=draft.ids.oid(draft.lps.oid_root),
        patient=model.patient,
    )


_PLACE: Final = frozenset({facts.DE_FACILITY, facts.DE_PRACTICE})


def _made(draft: Draft, value: object) -> bytes:
    """A fresh level-1 document for the patient of the message."""
    wanted = dict(value) if isinstance(value, Mapping) else {}
    allowed = {name.name for name in fields(Level1)}
    if draft.subject is None or not isinstance(value, Mapping) or set(wanted) - allowed:
        raise wrong_param(draft.transaction, "documents.level1", value, ", ".join(sorted(allowed)))
    if "kind" in wanted:
        wanted["kind"] = coded_param(wanted["kind"], CONSULTATION, draft.transaction, "documents.level1.kind")
    made = cda_document.level1(
        draft.subject,
        draft.identity,
        Level1(**wanted),
        clock=draft.clock,
        ids=draft.ids,
        oid_root=draft.lps.oid_root,
    )
    return made.content


def sign_set(draft: Draft, unique_id: str, documents: list[Prepared], at: datetime) -> bytes:
    """The signature document of the set, by the signature certificate of the identity."""
    pair = draft.identity.sign
    return xades.signature_document(
        unique_id,
        [xades.Signed(document.entry.unique_id, document.content) for document in documents],
        pair.key,
        pair.certificate,
        identifier=draft.ids.uuid(),
        at=at,
    )


def patient_cx(draft: Draft, known: DocumentMetadata) -> str:
    """Patient of the message, or of the header when the message names none."""
    if draft.subject is not None:
        return draft.subject.cx
    number, oid = known.patient
    return f"{number}^^^&{oid}&ISO^NH"


def coded_param(value: object, default: Coded, transaction: str, name: str) -> Coded:
    """A coded parameter: Coded, or `{code, system, label}`. Raises UsageError."""
    if value is None:
        return default
    if isinstance(value, Coded):
        return value
    if isinstance(value, Mapping) and "code" in value:
        system, label = value.get("system", default.system), value.get("label", default.label)
        return Coded(str(value["code"]), str(system), str(label))
    raise wrong_param(transaction, name, value, "{code, system, label}")


def sha1(content: bytes) -> str:
    """Slot `hash` of XDS is SHA-1 by definition (ITI TF-3 4.2.3.2.10)."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _slots(
    known: DocumentMetadata, patient: str, size_and_hash: tuple[str, str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    size, digest = size_and_hash
    return (
        ("creationTime", (known.creation,)),
        ("hash", (digest,)),
        ("languageCode", (known.language,)),
        ("legalAuthenticator", (known.legal_authenticator,)),
        ("serviceStartTime", (known.service_start,)),
        ("serviceStopTime", (known.service_stop,)),
        ("size", (size,)),
        ("sourcePatientId", (known.source_patient or patient,)),
        ("sourcePatientInfo", known.source_patient_info),
    )


def _codes(
    known: DocumentMetadata, item: Mapping[str, Any], transaction: str
) -> tuple[tuple[str, Coded], ...]:
    def chosen(name: str, default: Coded) -> Coded:
        return coded_param(item.get(name), default, transaction, f"documents.{name}")

    return (
        (facts.DE_CLASS, chosen("class", known.document_class)),
        *((facts.DE_CONFIDENTIALITY, coded) for coded in _confidentialities(item, transaction)),
        *((facts.DE_EVENT, coded) for coded in known.events),
        (facts.DE_FORMAT, chosen("format", known.format)),
        (facts.DE_FACILITY, chosen("facility", known.facility)),
        (facts.DE_PRACTICE, chosen("practice", known.practice)),
        (facts.DE_TYPE, chosen("type", known.type)),
    )


def _confidentialities(item: Mapping[str, Any], transaction: str) -> tuple[Coded, ...]:
    wanted = item.get("confidentiality", ())
    names = (wanted,) if isinstance(wanted, str) else wanted
    if not isinstance(names, (list, tuple)) or any(name not in {*VISIBILITIES, "N"} for name in names):
        raise wrong_param(transaction, "documents.confidentiality", wanted, " | ".join(VISIBILITIES))
    first = coded_param(item.get("first_confidentiality"), _NORMAL, transaction, "first_confidentiality")
    visibilities = [Coded(name, facts.OID_VISIBILITY, VISIBILITIES[name]) for name in names if name != "N"]
    return (first, *visibilities)
