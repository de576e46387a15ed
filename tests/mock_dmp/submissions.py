"""Builders of XDS.b requests for the tests of the mock: submissions, stored queries, retrievals."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from protocol import directory, facts
from tests.mock_dmp.builders import el, ins, oid

_COUNTER = itertools.count(1)


def slot(name: str, *values: str) -> etree._Element:
    return el(
        "rim:Slot", {"name": name}, el("rim:ValueList", {}, *(el("rim:Value", {}, value) for value in values))
    )


def name(text: str, tag: str = "rim:Name") -> etree._Element:
    return el(tag, {}, el("rim:LocalizedString", {"value": text, "charset": "UTF8"}))


def code(owner: str, scheme: str, value: str, system: str, label: str = "libellé") -> etree._Element:
    return el(
        "rim:Classification",
        {
            "id": f"c{next(_COUNTER)}",
            "classificationScheme": scheme,
            "classifiedObject": owner,
            "nodeRepresentation": value,
        },
        slot("codingScheme", system),
        name(label),
    )


def author(owner: str, scheme: str, professional: str, structure: str) -> etree._Element:
    person, place = directory.professionals()[professional], directory.structures()[structure]
    xcn = f"{person.ps_id}^{person.family}^{person.given}^^^^^^&{facts.OID_PS}&ISO^D^^^IDNPS"
    xon = f"{place.name}^^^^^&{facts.OID_STRUCTURE}&ISO^IDNST^^^{place.struct_id}"
    return el(
        "rim:Classification",
        {
            "id": f"c{next(_COUNTER)}",
            "classificationScheme": scheme,
            "classifiedObject": owner,
            "nodeRepresentation": "",
        },
        slot("authorPerson", xcn),
        slot("authorInstitution", xon),
    )


def identifier(owner: str, scheme: str, value: str, label: str) -> etree._Element:
    return el(
        "rim:ExternalIdentifier",
        {"id": f"e{next(_COUNTER)}", "registryObject": owner, "identificationScheme": scheme, "value": value},
        name(label),
    )


def association(kind: str, source: str, target: str, status: str = "") -> etree._Element:
    return el(
        "rim:Association",
        {"id": f"a{next(_COUNTER)}", "associationType": kind, "sourceObject": source, "targetObject": target},
        *([slot("SubmissionSetStatus", status)] if status else []),
    )


@dataclass(frozen=True)
class Doc:
    """A document to submit. `slots` override (None removes) slots of the entry."""

    data: bytes = b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>"
    unique_id: str = field(default_factory=oid)
    id: str = "Document01"
    title: str = "Lettre de sortie"
    mime_type: str = "application/pdf"
    confidentiality: tuple[str, ...] = ("N",)
    type_code: str = "11490-0"
    class_code: str = "10"
    patient_id: str = ""
    professional: str = "medecin"
    structure: str = "cabinet"
    slots: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    replaces: str = ""


_VISIBILITY = {"N": facts.OID_CONFIDENTIALITY}


def entry(doc: Doc, patient_id: str) -> etree._Element:
    slots: dict[str, tuple[str, ...] | None] = {
        "creationTime": ("20260110090000",),
        "serviceStartTime": ("20260110080000",),
        "languageCode": ("fr-FR",),
        "legalAuthenticator": (f"899990000111^ESSAI^CLAUDE^^^^^^&{facts.OID_PS}&ISO^D^^^IDNPS",),
        "sourcePatientId": ("12345^^^&1.2.3.4&ISO^PI",),
        "sourcePatientInfo": ("PID-5|AUTORISEE^MARIE^^^^^L", "PID-8|F"),
        **doc.slots,
    }
    codes = (
        (facts.DE_CLASS, doc.class_code, "1.2.250.1.213.1.1.4.1"),
        (facts.DE_TYPE, doc.type_code, "2.16.840.1.113883.6.1"),
        (facts.DE_FORMAT, "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
        (facts.DE_FACILITY, "SA07", facts.OID_SECTORS),
        (facts.DE_PRACTICE, "AMBULATOIRE", "1.2.250.1.213.1.1.4.9"),
        *(
            (facts.DE_CONFIDENTIALITY, value, _VISIBILITY.get(value, facts.OID_VISIBILITY))
            for value in doc.confidentiality
        ),
    )
    return el(
        "rim:ExtrinsicObject",
        {"id": doc.id, "objectType": facts.STABLE_DOCUMENT, "mimeType": doc.mime_type},
        *(slot(key, *values) for key, values in slots.items() if values is not None),
        *([name(doc.title)] if doc.title else []),
        author(doc.id, facts.DE_AUTHOR, doc.professional, doc.structure),
        *(code(doc.id, scheme, value, system) for scheme, value, system in codes),
        identifier(doc.id, facts.DE_PATIENT_ID, doc.patient_id or patient_id, "XDSDocumentEntry.patientId"),
        identifier(doc.id, facts.DE_UNIQUE_ID, doc.unique_id, "XDSDocumentEntry.uniqueId"),
    )


def signature_entry(unique_id: str, patient_id: str, structure: str = "cabinet") -> etree._Element:
    own = "Signature01"
    codes = (
        (facts.DE_CLASS, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN"),
        (facts.DE_TYPE, "E1762", "ASTM"),
        (facts.DE_FORMAT, facts.DS, "URN"),
        (facts.DE_FACILITY, "SA07", facts.OID_SECTORS),
        (facts.DE_PRACTICE, "AMBULATOIRE", "1.2.250.1.213.1.1.4.9"),
        (facts.DE_CONFIDENTIALITY, "N", facts.OID_CONFIDENTIALITY),
        (facts.DE_CONFIDENTIALITY, "MASQUE_PS", facts.OID_VISIBILITY),
        (facts.DE_CONFIDENTIALITY, "INVISIBLE_PATIENT", facts.OID_VISIBILITY),
        (facts.DE_EVENT, "1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12"),
    )
    return el(
        "rim:ExtrinsicObject",
        {"id": own, "objectType": facts.STABLE_DOCUMENT, "mimeType": "text/xml"},
        slot("creationTime", "20260110090000"),
        slot("serviceStartTime", "20260110090000"),
        slot("languageCode", "art"),
        slot("sourcePatientId", patient_id),
        slot("legalAuthenticator", f"899990000111^ESSAI^CLAUDE^^^^^^&{facts.OID_PS}&ISO^D^^^IDNPS"),
        name("Source"),
        author(own, facts.DE_AUTHOR, "medecin", structure),
        *(code(own, scheme, value, system) for scheme, value, system in codes),
        identifier(own, facts.DE_PATIENT_ID, patient_id, "XDSDocumentEntry.patientId"),
        identifier(own, facts.DE_UNIQUE_ID, unique_id, "XDSDocumentEntry.uniqueId"),
    )


def manifest(set_id: str, documents: Mapping[str, bytes]) -> bytes:
    """A signature document whose manifest is right and whose signature is a dummy."""
    references = [_reference(f"urn:oid:{set_id}", "AA==")]
    for unique_id, data in documents.items():
        digest = base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
        references.append(_reference(f"urn:oid:{unique_id}", digest))
    root = el(
        "ds:Signature",
        {"Id": "s1"},
        el("ds:SignedInfo"),
        el("ds:SignatureValue", {}, "AA=="),
        el("ds:Object", {}, el("ds:Manifest", {"Id": "IHEManifest"}, *references)),
    )
    return etree.tostring(root)


def _reference(uri: str, digest: str) -> etree._Element:
    return el(
        "ds:Reference",
        {"URI": uri},
        el("ds:DigestMethod", {"Algorithm": f"{facts.DS}sha1"}),
        el("ds:DigestValue", {}, digest),
    )


@dataclass(frozen=True)
class Lot:
    """A submission to build."""

    patient: str = "alimentation"
    documents: tuple[Doc, ...] = field(default_factory=lambda: (Doc(),))
    unique_id: str = field(default_factory=oid)
    signature: bytes | None = None
    with_signature: bool = True
    with_signs: bool = True
    structure: str = "cabinet"
    patient_id: str = ""
    submitted: str = "20260110100000"
    more: tuple[etree._Element, ...] = ()
    member_status: str = "Original"

    def build(self) -> tuple[etree._Element, dict[str, bytes]]:
        """Body and parts of a ProvideAndRegisterDocumentSetRequest."""
        patient_id = self.patient_id or ins(self.patient)
        objects = [self._package(patient_id), *(entry(doc, patient_id) for doc in self.documents)]
        data = {doc.id: doc.data for doc in self.documents}
        if self.with_signature:
            objects.append(signature_entry(oid(), patient_id, self.structure))
            signed_bytes = {doc.unique_id: doc.data for doc in self.documents}
            data["Signature01"] = self.signature or manifest(self.unique_id, signed_bytes)
            if self.with_signs:
                objects.append(association(facts.SIGNS, "Signature01", "Set01", "Original"))
        objects += [association(facts.HAS_MEMBER, "Set01", identity, self.member_status) for identity in data]
        objects += [association(facts.RPLC, doc.id, doc.replaces) for doc in self.documents if doc.replaces]
        listing = el("rim:RegistryObjectList", {}, *objects, *self.more)
        body = el(
            "xds:ProvideAndRegisterDocumentSetRequest",
            {},
            el("lcm:SubmitObjectsRequest", {}, listing),
            *(
                el("xds:Document", {"id": identity}, el("xop:Include", {"href": f"cid:{identity}@test"}))
                for identity in data
            ),
        )
        return body, {f"{identity}@test": content for identity, content in data.items()}

    def _package(self, patient_id: str) -> etree._Element:
        own = "Set01"
        return el(
            "rim:RegistryPackage",
            {"id": own},
            slot("submissionTime", self.submitted),
            name("Lot"),
            el(
                "rim:Classification",
                {"id": "cl", "classifiedObject": own, "classificationNode": facts.SUBMISSION_SET},
            ),
            author(own, facts.SS_AUTHOR, "medecin", self.structure),
            code(own, facts.SS_CONTENT_TYPE, "07", "1.2.250.1.213.2.2"),
            identifier(own, facts.SS_PATIENT_ID, patient_id, "XDSSubmissionSet.patientId"),
            identifier(own, facts.SS_SOURCE_ID, "1.2.3.4.5", "XDSSubmissionSet.sourceId"),
            identifier(own, facts.SS_UNIQUE_ID, self.unique_id, "XDSSubmissionSet.uniqueId"),
        )


def query(query_id: str, *slots: etree._Element, returning: str = "LeafClass") -> etree._Element:
    return el(
        "query:AdhocQueryRequest",
        {},
        el("query:ResponseOption", {"returnType": returning, "returnComposedObjects": "true"}),
        el("rim:AdhocQuery", {"id": query_id}, *slots),
    )


def find_documents(patient: str = "", *more: etree._Element, returning: str = "LeafClass") -> etree._Element:
    """FindDocuments of the Approved documents."""
    slots = [slot("$XDSDocumentEntryStatus", f"('{facts.APPROVED}')"), *more]
    if patient:
        slots.append(slot("$XDSDocumentEntryPatientId", f"'{ins(patient)}'"))
    return query(facts.Q_FIND_DOCUMENTS, *slots, returning=returning)


def get_documents(*unique_ids: str, returning: str = "ObjectRef") -> etree._Element:
    listed = ",".join(f"'{one}'" for one in unique_ids)
    return query(facts.Q_GET_DOCUMENTS, slot("$XDSDocumentEntryUniqueId", f"({listed})"), returning=returning)


def retrieve(*unique_ids: str, repository: str = facts.OID_REPOSITORY) -> etree._Element:
    return el(
        "xds:RetrieveDocumentSetRequest",
        {},
        *(
            el(
                "xds:DocumentRequest",
                {},
                el("xds:RepositoryUniqueId", {}, repository),
                el("xds:DocumentUniqueId", {}, one),
            )
            for one in unique_ids
        ),
    )
