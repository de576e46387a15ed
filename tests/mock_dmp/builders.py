"""Small builders of requests for the tests of the mock: VIHF, envelopes, MTOM, HL7, habilitations.

Written apart from the driver of the harness, on purpose: what both would misunderstand shows nowhere.
"""

from __future__ import annotations

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

from mock_dmp.dispatch import Dispatcher
from mock_dmp.progress import Asked
from mock_dmp.state.engine import Store
from protocol import directory, facts
from protocol.coded import Coded
from protocol.exchange import Tls
from protocol.mime import read_multipart
from protocol.signature import signer_dn

BASE = "/si-dmp-server/v2/services/"
IHE = "urn:ihe:iti:2007:"
PATHS = {
    "TD0.0": "patientCertif",
    "TD0.5": "patientsPDQ",
    "TD0.2": "patients",
    "TD0.3": "habilitations",
    "TD0.4": "patientsSpecific",
    **dict.fromkeys(("TD1.5a", "TD1.5b", "TD1.5c", "TD1.5d"), "patientsSpecific"),
    "TD1.6": "habilitations",
    **dict.fromkeys(("TD1.1", "TD1.2", "TD1.3a", "TD1.3b", "TD1.4"), "patients"),
    "TD2.1": "repository",
    "TD3.1": "registry",
    "TD3.2": "repository",
    "TD2.2": "repository",
    "TD3.3": "registry",
}
ACTIONS = {
    "TD0.0": "urn:si-dmp-patients:PatientCertificationEndPoint:identityCertification",
    "TD0.5": "urn:hl7-org:v3:PRPA_IN201305UV02",
    "TD0.2": "urn:hl7-org:v3:PRPA_IN201307UV02",
    "TD0.3": "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
    "TD0.4": "urn:si-dmp-patients:PatientSpecificEndPoint:patientList",
    "TD1.1": "urn:hl7-org:v3:PRPA_IN201311UV02",
    "TD1.3a": "urn:hl7-org:v3:PRPA_IN201307UV02",
    **dict.fromkeys(("TD1.2", "TD1.3b", "TD1.4"), "urn:hl7-org:v3:PRPA_IN201314UV02"),
    "TD1.5a": "urn:si-dmp-patients:PatientSpecificEndPoint:createPatientAccess",
    **dict.fromkeys(("TD1.5b", "TD1.5c"), "urn:si-dmp-patients:PatientSpecificEndPoint:patientOTPUpdate"),
    "TD1.5d": "urn:si-dmp-patients:PatientSpecificEndPoint:updatePatientAccess",
    "TD1.6": "urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatient",
    "TD2.1": f"{IHE}ProvideAndRegisterDocumentSet-b",
    "TD3.1": f"{IHE}RegistryStoredQuery",
    "TD3.2": f"{IHE}RetrieveDocumentSet",
    "TD2.2": f"{IHE}ProvideAndRegisterDocumentSet-b",
    "TD3.3": "urn:ihe:iti:2010:UpdateDocumentSet",
}


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
    kind = (
        f'multipart/related; boundary={boundary}; type="application/xop+xml"; start="<root>"; '
        'start-info="application/soap+xml"'
    )
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
