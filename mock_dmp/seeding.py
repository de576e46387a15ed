"""Documents that a DMP holds from the start: real CDA bytes, entries and sets, through the registry as any other.

Ids are derived from the patient and the document's key, so that a session is filled the same way each time, with
documents that are made once (`prepare`). Seeded sets have no signature document. What their plain form may say is
`protocol.documentseed`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from lxml import etree
from sqlalchemy import Connection

from mock_dmp.render.cda import Written, clinical_document
from mock_dmp.services.xds.registration import deprecated
from mock_dmp.state import documents
from mock_dmp.state.blobs import Blobs
from mock_dmp.state.documents import Content, Registration
from mock_dmp.state.schema import Rows
from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Kind,
    Label,
    RegistryObject,
    Slot,
)
from protocol import codes, directory, facts, safexml
from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.directory import Patient, Professional, Structure
from protocol.documentseed import STATUSES, DocumentSeed, documents_from
from protocol.errors import DmpcompatError, Text, ToolError
from protocol.identifiers.uuids import urn_uuid

_PATIENT_PRODUCER = "1.2.250.1.213.1.1.4.6"
_PRACTICES = "1.2.250.1.213.1.1.4.9"
_CONTENT_TYPES = "1.2.250.1.213.2.2"
_ESTABLISHMENTS = frozenset({"SA01", "SA02", "SA03", "SA04"})


@dataclass(frozen=True)
class Prepared:
    """A document ready to be registered in any session: nothing of it depends on one."""

    entry_id: str
    data: bytes
    registration: Registration
    replaces: str


def prepare(patients: Iterable[Patient], *, error: type[DmpcompatError] = ToolError) -> tuple[Prepared, ...]:
    """The documents of the patients' records, in order. Raises `error` for one that can't be read."""
    return tuple(_prepared(one) for patient in patients for one in _made(patient, error))


def seed_documents(db: Connection, blobs: Blobs, session: str, several: Sequence[Prepared]) -> int:
    """Register documents; those that are there already stay. Says how many were new.

    Inside the caller's write transaction; a few statements for any number of documents.
    """
    known = documents.known_ids(db, session, [one.entry_id for one in several])
    new = [one for one in several if one.entry_id not in known]
    for one in new:
        blobs.put(one.data)
    added = [link for one in new for link in one.registration.associations]

    def links(ids: Iterable[str]) -> list[Association]:
        wanted = tuple(ids)
        return [*documents.links(db, session, wanted), *_touching(added, wanted)]

    if new:
        documents.register_all(db, session, _whole(new, links), deprecated_status=facts.DEPRECATED)
    return len(new)


def rows(several: Sequence[Prepared]) -> Rows:
    """What `seed_documents` writes, beside the bytes, for any session that holds nothing yet."""
    added = [link for one in several for link in one.registration.associations]
    whole = _whole(several, lambda ids: _touching(added, ids))
    return documents.rows(whole, deprecated_status=facts.DEPRECATED)


def _whole(
    several: Sequence[Prepared], links: Callable[[Iterable[str]], list[Association]]
) -> list[Registration]:
    """Their registrations, with what falls when one replaces another."""
    return [
        replace(one.registration, deprecated=deprecated([one.replaces], links))
        if one.replaces
        else one.registration
        for one in several
    ]


def _touching(links: Iterable[Association], ids: Iterable[str]) -> list[Association]:
    wanted = frozenset(ids)
    return [link for link in links if link.source in wanted or link.target in wanted]


def _made(patient: Patient, error: type[DmpcompatError]) -> Iterator[_Made]:
    made: dict[str, _Made] = {}
    for seed in documents_from(patient.documents, f"documents ({patient.key})", error=error):
        made[seed.key] = _Made(patient, seed, made.get(seed.replaces), *_author(seed, error))
    yield from made.values()


@dataclass(frozen=True)
class _Made:
    patient: Patient
    seed: DocumentSeed
    replaced: _Made | None
    author: Professional | None
    structure: Structure | None

    def uuid(self, what: str) -> UUID:
        return uuid5(NAMESPACE_OID, f"dmpcompat/{self.patient.ins.number}/{self.seed.key}/{what}")

    @property
    def entry_id(self) -> str:
        return urn_uuid(self.uuid("entry"))

    @property
    def set_id(self) -> str:
        return urn_uuid(self.uuid("set"))

    @property
    def unique_id(self) -> str:
        return self.seed.unique_id or f"2.25.{self.uuid('document').int}"

    @property
    def facility(self) -> Coded:
        if self.structure is None:
            return Coded("EXP_PATIENT", _PATIENT_PRODUCER, "Expression du patient")
        return self.structure.sector

    @property
    def practice(self) -> Coded:
        if self.structure is None:
            return Coded("EXP_PATIENT", _PATIENT_PRODUCER, "Expression du patient")
        inside = self.structure.sector.code in _ESTABLISHMENTS
        code = "ETABLISSEMENT" if inside else "AMBULATOIRE"
        return Coded(code, _PRACTICES, codes.value_set("J62").label(code))


def _author(seed: DocumentSeed, error: type[DmpcompatError]) -> tuple[Professional | None, Structure | None]:
    if not seed.professional:
        return None, None
    professional = directory.professionals().get(seed.professional)
    structure = directory.structures().get(seed.structure)
    if professional is None or structure is None:
        raise error(
            "SEED-001",
            Text("auteur inconnu de l'annuaire", "author unknown to the directory"),
            field="author",
            found=f"{seed.professional}, {seed.structure}",
        )
    return professional, structure


def _prepared(one: _Made) -> Prepared:
    data = clinical_document(_written(one))
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    content = Content(one.unique_id, hashlib.sha256(data).hexdigest(), sha1, len(data))
    registration = Registration(
        patient=one.patient.key,
        objects=(_set(one), _entry(one, content)),
        associations=tuple(_associations(one)),
        contents=(content,),
    )
    replaces = one.replaced.entry_id if one.replaced is not None else ""
    return Prepared(one.entry_id, data, registration, replaces)


def _written(one: _Made) -> Written:
    body, templates = _sample(one.seed.sample)
    return Written(
        unique_id=one.unique_id,
        title=one.seed.title,
        type=one.seed.type,
        practice=one.practice,
        facility=one.facility,
        at=one.seed.date,
        patient=one.patient,
        author=one.author,
        structure=one.structure,
        text=one.seed.text,
        replaces=one.replaced.unique_id if one.replaced is not None else "",
        body=body,
        templates=templates,
    )


def _sample(name: str) -> tuple[etree._Element | None, tuple[str, ...]]:
    """The body of a sample, and the templates that its header names."""
    if not name:
        return None, ()
    root = safexml.parse((folder("cda_samples") / name).read_bytes())
    templates = tuple(item.get("root", "") for item in safexml.xpath(root, "hl7:templateId"))
    return next(iter(safexml.xpath(root, "hl7:component")), None), templates


def _entry(one: _Made, content: Content) -> RegistryObject:
    own, seed = one.entry_id, one.seed
    at, class_code = _dtm(seed.date), codes.class_of_type(seed.type.code) or ""
    document_class = Coded(
        class_code, codes.class_system(class_code), codes.value_set("J57").label(class_code)
    )
    coded = [
        (facts.DE_CLASS, document_class),
        (facts.DE_TYPE, seed.type),
        (facts.DE_FORMAT, seed.format),
        (facts.DE_FACILITY, one.facility),
        (facts.DE_PRACTICE, one.practice),
        (facts.DE_CONFIDENTIALITY, Coded("N", facts.OID_CONFIDENTIALITY, "Normal")),
    ]
    labels = codes.value_set("J58")
    coded += [
        (facts.DE_CONFIDENTIALITY, Coded(code, facts.OID_VISIBILITY, labels.label(code)))
        for code in seed.confidentiality
    ]
    return RegistryObject(
        kind="entry",
        id=own,
        object_type=facts.STABLE_DOCUMENT,
        mime_type="text/xml",
        slots=(
            Slot("creationTime", (at,)),
            Slot("serviceStartTime", (at,)),
            Slot("languageCode", ("fr-FR",)),
            Slot("legalAuthenticator", (_person(one),)),
            Slot("sourcePatientId", (_cx(one.patient),)),
            Slot("sourcePatientInfo", tuple(_patient_info(one.patient))),
            Slot("hash", (content.sha1,)),
            Slot("size", (str(content.size),)),
            Slot("repositoryUniqueId", (facts.OID_REPOSITORY,)),
        ),
        name=(Label(seed.title, "FR", "UTF8"),),
        description=(),
        classifications=(
            _author_part(one, "entry", facts.DE_AUTHOR, own),
            *(_part(one, f"entry/{at}", scheme, code, own) for at, (scheme, code) in enumerate(coded)),
        ),
        identifiers=(
            _identifier(one, facts.DE_PATIENT_ID, _cx(one.patient), "XDSDocumentEntry.patientId", own),
            _identifier(one, facts.DE_UNIQUE_ID, one.unique_id, "XDSDocumentEntry.uniqueId", own),
        ),
        lid=own,
        status=STATUSES[seed.status],
    )


def _set(one: _Made) -> RegistryObject:
    own = one.set_id
    content_type = Coded("07", _CONTENT_TYPES, codes.value_set("J59").label("07"))
    if one.structure is None:
        content_type = Coded("EXP_PATIENT", _PATIENT_PRODUCER, "Expression du patient")
    return RegistryObject(
        kind="set",
        id=own,
        object_type="",
        mime_type="",
        slots=(Slot("submissionTime", (_dtm(one.seed.date),)),),
        name=(Label(one.seed.title, "FR", "UTF8"),),
        description=(),
        classifications=(
            Classification(urn_uuid(one.uuid("set/node")), "", facts.SUBMISSION_SET, "", (), (), own),
            _author_part(one, "set", facts.SS_AUTHOR, own),
            _part(one, "set/type", facts.SS_CONTENT_TYPE, content_type, own),
        ),
        identifiers=(
            _identifier(one, facts.SS_PATIENT_ID, _cx(one.patient), "XDSSubmissionSet.patientId", own),
            _identifier(
                one,
                facts.SS_SOURCE_ID,
                f"2.25.{uuid5(NAMESPACE_OID, 'dmpcompat').int}",
                "XDSSubmissionSet.sourceId",
                own,
            ),
            _identifier(
                one, facts.SS_UNIQUE_ID, f"2.25.{one.uuid('set').int}", "XDSSubmissionSet.uniqueId", own
            ),
        ),
        lid=own,
        status=facts.APPROVED,
    )


def _associations(one: _Made) -> Iterator[Association]:
    original = (Slot("SubmissionSetStatus", ("Original",)),)
    yield Association(urn_uuid(one.uuid("member")), facts.HAS_MEMBER, one.set_id, one.entry_id, original)
    if one.replaced is not None:
        yield Association(urn_uuid(one.uuid("replaces")), facts.RPLC, one.entry_id, one.replaced.entry_id)


def _author_part(one: _Made, kind: Kind, scheme: str, owner: str) -> Classification:
    slots = [Slot("authorPerson", (_person(one),))]
    if one.structure is not None:
        institution = f"{one.structure.name}^^^^^&{facts.OID_STRUCTURE}&ISO^IDNST^^^{one.structure.struct_id}"
        slots.append(Slot("authorInstitution", (institution,)))
    return Classification(urn_uuid(one.uuid(f"{kind}/author")), scheme, "", "", tuple(slots), (), owner)


def _part(one: _Made, what: str, scheme: str, code: Coded, owner: str) -> Classification:
    system = (Slot("codingScheme", (code.system,)),)
    label = (Label(code.label, "FR", "UTF8"),)
    return Classification(urn_uuid(one.uuid(what)), scheme, "", code.code, system, label, owner)


def _identifier(one: _Made, scheme: str, value: str, name: str, owner: str) -> ExternalIdentifier:
    return ExternalIdentifier(urn_uuid(one.uuid(name)), scheme, value, (Label(name),), owner)


def _person(one: _Made) -> str:
    """XCN of the professional, or of the patient under its INS."""
    if one.author is not None:
        return f"{one.author.ps_id}^{one.author.family}^{one.author.given}^^^^^^&{facts.OID_PS}&ISO^D^^^IDNPS"
    who = one.patient
    return f"{who.ins.number}^{who.family_birth}^{who.given[0]}^^^^^^&{who.ins.oid}&ISO^D^^^NH"


def _cx(patient: Patient) -> str:
    return f"{patient.ins.number}^^^&{patient.ins.oid}&ISO^NH"


def _patient_info(patient: Patient) -> Iterator[str]:
    yield f"PID-5|{patient.family_birth}^{patient.given[0]}^^^^^L"
    yield f"PID-7|{patient.birth_stamp}"
    yield f"PID-8|{patient.sex}"


def _dtm(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")
