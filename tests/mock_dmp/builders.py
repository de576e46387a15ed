"""Small builders of requests for the tests of the mock: VIHF, envelopes, HL7, ebRIM, MTOM.

Written apart from the driver of the harness, on purpose: what both would misunderstand shows nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography import x509
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from mock_dmp.dispatch import Asked, Dispatcher
from mock_dmp.state.engine import Store
from protocol import directory, facts
from protocol.coded import Coded
from protocol.exchange import Tls
from protocol.mime import read_multipart
from protocol.signature import signer_dn

BASE = "/si-dmp-server/v2/services/"
IHE = "urn:ihe:iti:2007:"
PATHS = {
    "TD0.2": "patients",
    "TD0.3": "habilitations",
    "TD2.1": "repository",
    "TD3.1": "registry",
    "TD3.2": "repository",
}
ACTIONS = {
    "TD0.2": "urn:hl7-org:v3:PRPA_IN201307UV02",
    "TD0.3": "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
    "TD2.1": f"{IHE}ProvideAndRegisterDocumentSet-b",
    "TD3.1": f"{IHE}RegistryStoredQuery",
    "TD3.2": f"{IHE}RetrieveDocumentSet",
}
_COUNTER = itertools.count(1)


def el(tag: str, attributes: Mapping[str, str] | None = None, *children: Any) -> etree._Element:
    """An element; `tag` is `prefix:name` of facts.NS; children are elements, or text."""
    prefix, name = tag.split(":")
    element = etree.Element(f"{{{facts.NS[prefix]}}}{name}", nsmap={prefix: facts.NS[prefix]})
    for key, value in (attributes or {}).items():
        element.set(key, value)
    for child in children:
        if isinstance(child, str):
            element.text = child
        else:
            element.append(child)
    return element


def oid() -> str:
    """A fresh OID under 2.25."""
    return f"2.25.{uuid4().int}"


def ins(key: str) -> str:
    patient = directory.patients()[key]
    return f"{patient.ins.number}^^^&{patient.ins.oid}&ISO^NH"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# --- VIHF -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Who:
    """A VIHF to write. `attributes` override or (with None) remove single attributes."""

    professional: str = "medecin"
    structure: str = "cabinet"
    mode: str = "DIRECTE"
    patient: str = ""
    access: str = "normal"
    reason: str = ""
    number: str = "TEST-OK-1"
    issued: datetime | None = None
    roles: int = 2
    secret: bool = False
    name_id: str = ""
    issuer: str = "CN=unsigned"
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    conditions: tuple[str, str] | None = None

    def on(self, patient: str) -> Who:
        return replace(self, patient=patient)


def _coded(tag: str, code: Coded) -> etree._Element:
    element = etree.Element(f"{{{facts.HL7}}}{tag}", nsmap={None: facts.HL7, "xsi": facts.XSI})
    element.set(f"{{{facts.XSI}}}type", "CE")
    for name, value in (("code", code.code), ("codeSystem", code.system), ("displayName", code.label)):
        element.set(name, value)
    return element


def _attribute(name: str, *values: Any) -> etree._Element:
    return el("saml:Attribute", {"Name": name}, *(el("saml:AttributeValue", {}, value) for value in values))


def vihf(who: Who) -> etree._Element:
    person = directory.professionals()[who.professional]
    place = directory.structures()[who.structure]
    issued = stamp(who.issued or datetime.now(UTC))
    roles = [person.role, *([person.specialty] if person.specialty else [])][: who.roles]
    purpose = Coded(who.access, facts.OID_ACCESS_MODES, who.access)
    values: dict[str, tuple[Any, ...]] = {
        "VIHF_Version": ("3.0",),
        "Identifiant_Structure": (place.struct_id,),
        "Secteur_Activite": (f"{place.sector.code}^{place.sector.system}",),
        "Authentification_mode": (who.mode,),
        "urn:oasis:names:tc:xspa:1.0:subject:subject-id": (f"{person.given} {person.family}",),
        "urn:oasis:names:tc:xacml:2.0:subject:role": tuple(_coded("Role", role) for role in roles),
        "Ressource_URN": ("urn:dmp",),
        "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse": (_coded("PurposeOfUse", purpose),),
        "LPS_Nom": ("LPS-TEST",),
        "LPS_Version": ("1.0.0",),
        "LPS_ID_HOMOLOGATION_DMP": (who.number,),
    }
    if who.patient:
        values["urn:oasis:names:tc:xacml:2.0:resource:resource-id"] = (ins(who.patient),)
    if who.reason:
        values["Mode_Acces_Raison"] = (who.reason,)
    if who.secret:
        key = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
        values[key] = ("INVISIBLE_REPRESENTANTS_LEGAUX",)
    for name, value in who.attributes.items():
        values.pop(name, None)
        if value is not None:
            values[name] = (value,)
    context = el(
        "saml:AuthnContext", {}, el("saml:AuthnContextClassRef", {}, f"{facts.SAML}:ac:classes:SmartcardPKI")
    )
    nameid_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
    parts = [
        el("saml:Issuer", {"Format": nameid_format}, who.issuer),
        el("saml:Subject", {}, el("saml:NameID", {}, who.name_id or person.ps_id)),
    ]
    if who.conditions:
        parts.append(
            el("saml:Conditions", {"NotBefore": who.conditions[0], "NotOnOrAfter": who.conditions[1]})
        )
    parts.append(el("saml:AuthnStatement", {"AuthnInstant": issued}, context))
    parts.append(
        el("saml:AttributeStatement", {}, *(_attribute(name, *value) for name, value in values.items()))
    )
    return el("saml:Assertion", {"ID": f"_{uuid4()}", "IssueInstant": issued, "Version": "2.0"}, *parts)


def signed(who: Who, certificate: Path, key: Path) -> etree._Element:
    """The VIHF signed with that PEM pair, Issuer being the name of the certificate."""
    pem = certificate.read_bytes()
    name = who.issuer if who.issuer != "CN=unsigned" else signer_dn(x509.load_pem_x509_certificate(pem))
    assertion = vihf(replace(who, issuer=name))
    issuer = assertion[0]
    place = etree.Element(f"{{{facts.DS}}}Signature", nsmap={"ds": facts.DS})
    place.set("Id", "placeholder")
    issuer.addnext(place)
    return XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    ).sign(
        assertion,
        key=key.read_bytes(),
        cert=pem.decode(),
        reference_uri=assertion.get("ID"),
        id_attribute="ID",
    )


# --- envelopes ------------------------------------------------------------------------------------------------


def envelope(action: str, body: etree._Element, *assertions: etree._Element, **headers: str) -> bytes:
    told = {"Action": action, "MessageID": f"urn:uuid:{uuid4()}", "To": ""} | headers
    header = el("soap:Header", {}, *(el(f"wsa:{name}", {}, text) for name, text in told.items()))
    if assertions:
        header.append(el("wsse:Security", {}, *assertions))
    return etree.tostring(
        el("soap:Envelope", {}, header, el("soap:Body", {}, body)), xml_declaration=True, encoding="UTF-8"
    )


def multipart(root: bytes, parts: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Content-Type and body of an MTOM message."""
    boundary = f"b{uuid4().hex}"
    pieces = [
        b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n'
        b"Content-ID: <root>\r\n\r\n" + root
    ]
    for name, data in parts.items():
        head = f"Content-Type: application/octet-stream\r\nContent-ID: <{name}>\r\n\r\n"
        pieces.append(head.encode() + data)
    frame = f"--{boundary}\r\n".encode()
    body = b"".join(frame + piece + b"\r\n" for piece in pieces) + f"--{boundary}--\r\n".encode()
    kind = f'multipart/related; boundary={boundary}; type="application/xop+xml"; start="<root>"; start-info="application/soap+xml"'
    return kind, body


@dataclass(frozen=True)
class Answered:
    """An answer that was read: HTTP status, payload, parts by Content-ID."""

    status: int
    payload: etree._Element
    parts: Mapping[str, bytes]

    def all(self, path: str) -> list[Any]:
        return list(self.payload.xpath(path, namespaces=facts.NS))

    def one(self, path: str) -> str:
        found = self.all(path)
        assert len(found) == 1, (path, etree.tostring(self.payload, pretty_print=True).decode())
        return str(found[0].text or "") if isinstance(found[0], etree._Element) else str(found[0])

    @property
    def fault(self) -> str:
        """Subcode of a fault, "" for another answer."""
        found = self.all("soap:Code/soap:Subcode/soap:Value/text()")
        return str(found[0]).removeprefix("soap:") if found else ""

    @property
    def reason(self) -> str:
        return " ".join(self.all("soap:Reason/soap:Text/text()"))

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(errorCode, codeContext) of a RegistryErrorList."""
        return [(item.get("errorCode"), item.get("codeContext")) for item in self.all(".//rs:RegistryError")]

    @property
    def codes(self) -> list[str]:
        return [code for code, _ in self.errors]

    @property
    def xds(self) -> str:
        """Success, Failure, PartialSuccess."""
        answer = self.all("descendant-or-self::*[@status][1]")[0]
        return str(answer.get("status")).rpartition(":")[2]


class Lps:
    """Sends messages to a dispatcher as an LPS would, without a network."""

    def __init__(self, store: Store, dispatcher: Dispatcher, session: str = "default") -> None:
        self.store = store
        self.dispatcher = dispatcher
        self.session = session

    def send(
        self,
        transaction: str,
        body: etree._Element,
        who: Who | etree._Element | Sequence[etree._Element] = (),
        *,
        parts: Mapping[str, bytes] | None = None,
        tls: Tls | None = None,
    ) -> Answered:
        if isinstance(who, Who):
            assertions: Sequence[etree._Element] = [vihf(who)]
        else:
            assertions = [who] if isinstance(who, etree._Element) else who
        message = envelope(ACTIONS[transaction], body, *assertions)
        kind = "application/soap+xml; charset=UTF-8"
        if parts is not None:
            kind, message = multipart(message, parts)
        return self.raw(transaction, kind, message, tls=tls)

    def raw(self, transaction: str, kind: str, message: bytes, *, tls: Tls | None = None) -> Answered:
        answer = self.dispatcher.serve(
            Asked(
                session=self.session,
                method="POST",
                target=BASE + PATHS[transaction],
                path=BASE + PATHS[transaction],
                headers=(("Content-Type", kind),),
                body=self.store.blobs.put(message),
                size=len(message),
                tls=tls,
            )
        )
        content_type = next(value for name, value in answer.headers if name == "Content-Type")
        with self.store.blobs.open(answer.body) as stream:
            if "multipart" not in content_type:
                return Answered(answer.status, _payload(stream.read()), {})
            with read_multipart(stream, content_type) as read:
                parts = {part.content_id: part.read() for part in read.parts}
                return Answered(answer.status, _payload(read.root.read()), parts)


def _payload(data: bytes) -> etree._Element:
    root = etree.fromstring(data)
    return root.find(f"{{{facts.SOAP12}}}Body")[0]


# --- HL7 v3 and habilitations ---------------------------------------------------------------------------------


def existence(
    patient: str = "",
    *,
    number: str = "",
    domain: str = "",
    reason: str = "TEST_EXST",
    receiver: str = facts.OID_DMP,
) -> etree._Element:
    known = directory.patients()[patient] if patient else None
    root = domain or (known.ins.oid if known else facts.OID_INS_TEST)
    value = el("hl7:value", {"root": root, "extension": number or (known.ins.number if known else "")})
    return el(
        "hl7:PRPA_IN201307UV02",
        {"ITSVersion": "XML_1.0"},
        el("hl7:id", {"root": "1.2.3.4", "extension": str(uuid4())}),
        el("hl7:creationTime", {"value": "20260101120000"}),
        el("hl7:interactionId", {"root": facts.OID_INTERACTIONS, "extension": "PRPA_IN201307UV02"}),
        el("hl7:processingCode", {"code": "D"}),
        el("hl7:receiver", {}, el("hl7:device", {}, el("hl7:id", {"root": receiver}))),
        el(
            "hl7:sender",
            {},
            el("hl7:device", {}, el("hl7:id", {"root": "1.2.3.4"}), el("hl7:softwareName", {}, "LPS")),
        ),
        el(
            "hl7:controlActProcess",
            {"classCode": "CACT", "moodCode": "EVN"},
            el("hl7:reasonCode", {"code": reason, "codeSystem": facts.OID_REASONS}),
            el(
                "hl7:queryByParameter",
                {},
                el("hl7:queryId", {"root": "1.2.3.4", "extension": "q1"}),
                el("hl7:statusCode", {"code": "new"}),
                el("hl7:parameterList", {}, el("hl7:patientIdentifier", {}, value)),
            ),
        ),
    )


def authorisation(action: str = "AJOUT", role: str = "") -> etree._Element:
    return el(
        "hab:setAuthorization",
        {},
        *([el("hab:action", {}, action)] if action else []),
        *([el("hab:role", {}, role)] if role else []),
    )


# --- ebRIM ----------------------------------------------------------------------------------------------------


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
