"""Mutations of what documents and messages seldom hold: a right part made wrong, or a wrong one put in."""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final

from lxml import etree

from harness.mutate.edits import add, after, drop, each, put, select, shape, twin
from harness.mutate.registry import Wire, mutator

CDA: Final = "cda"
REQUEST: Final = "request"
ANSWER: Final = "answer"
_FEED: Final = ("TD2.1", "TD2.2")
_FIND: Final = ("TD3.1",)
_STATE: Final = ("TD3.3c", "TD3.3d")
_UPDATE: Final = ("TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d")
_BIRTH: Final = "hl7:recordTarget/hl7:patientRole/hl7:patient/hl7:birthTime"
_PLACE: Final = "hl7:componentOf/hl7:encompassingEncounter/hl7:location/hl7:healthCareFacility"
_TEXT: Final = "hl7:component/hl7:nonXMLBody/hl7:text"
_VALUE: Final = "rim:ValueList/rim:Value"
_NUMBER: Final = re.compile(rb'LPS_ID_HOMOLOGATION_DMP"[^>]*>\s*<[\w:]*AttributeValue[^>]*>([^<]+)<')

# Documents: the header
mutator("act-twice-dated", over=CDA, breaks="CDA-SERVICE-EVENT")(
    twin("hl7:documentationOf/hl7:serviceEvent/hl7:effectiveTime")
)
mutator("act-code-no-system", over=CDA, breaks="CDA-SERVICE-EVENT")(
    each(
        drop("hl7:documentationOf/hl7:serviceEvent/hl7:code"),
        add(
            "hl7:documentationOf/hl7:serviceEvent",
            '<hl7:code code="QZRB001" displayName="Acte"/>',
            first=True,
        ),
    )
)
mutator("death-french-date", over=CDA, breaks="CDA-DECEASED")(
    each(
        drop("hl7:recordTarget//sdtc:deceasedInd|hl7:recordTarget//sdtc:deceasedTime", every=True),
        after(_BIRTH, '<sdtc:deceasedInd value="true"/><sdtc:deceasedTime value="01/11/2026"/>'),
    )
)
mutator("death-twice", over=CDA, breaks="CDA-DECEASED")(twin("hl7:recordTarget//sdtc:deceasedTime"))
mutator("twin-rank-zero", over=CDA, breaks="CDA-INTEGERS")(
    put("hl7:recordTarget//sdtc:multipleBirthOrderNumber/@value", "0")
)
mutator("replaced-version-word", over=CDA, breaks="CDA-INTEGERS")(
    add("hl7:relatedDocument/hl7:parentDocument", '<hl7:versionNumber value="1.0"/>')
)
mutator("relation-no-label", over=CDA, breaks="CDA-RELATION")(
    drop("hl7:informant/hl7:relatedEntity/hl7:code/@displayName")
)
mutator("relation-two-codes", over=CDA, breaks="CDA-RELATION")(
    twin("hl7:informant/hl7:relatedEntity/hl7:code")
)
mutator("place-twice", over=CDA, breaks="CDA-PLACE")(twin(f"{_PLACE}/hl7:location"))
mutator("place-two-names", over=CDA, breaks="CDA-PLACE")(twin(f"{_PLACE}/hl7:location/hl7:name"))
mutator("recipient-nobody", over=CDA, breaks="CDA-RECIPIENT")(
    drop("hl7:informationRecipient/hl7:intendedRecipient")
)
mutator("recipient-other-system", over=CDA, breaks="CDA-RECIPIENT")(
    put("hl7:informationRecipient/hl7:intendedRecipient/hl7:id/@root", "1.2.250.1.71.4.2.2")
)
mutator("encounter-unknown", over=CDA, breaks="CDA-MANDATORY")(
    put("hl7:componentOf/hl7:encompassingEncounter/@nullFlavor", "UNK")
)
mutator("custodian-unknown", over=CDA, breaks="CDA-MANDATORY")(
    put("hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/@nullFlavor", "NI")
)
mutator("type-of-an-id-other", over=CDA, breaks="CDA-XSI-TYPE")(
    put("hl7:recordTarget/hl7:patientRole/hl7:id[@xsi:type]/@xsi:type", "CD")
)
mutator("type-of-a-name-other", over=CDA, breaks="CDA-XSI-TYPE")(
    put("hl7:recordTarget//hl7:administrativeGenderCode/@xsi:type", "CO")
)
mutator("signature-code-empty", over=CDA, breaks="CDA-SIMPLE")(
    drop("hl7:legalAuthenticator/hl7:signatureCode/@code")
)
mutator("sector-qualified", over=CDA, breaks="CDA-SIMPLE")(
    add(
        ".//hl7:representedOrganization/hl7:standardIndustryClassCode",
        '<hl7:qualifier><hl7:name code="1" codeSystem="1.2.3"/></hl7:qualifier>',
    )
)
mutator("translation-no-system", over=CDA, breaks="CDA-TRANSLATION")(
    drop(f"{_PLACE}/hl7:code/hl7:translation/@codeSystem")
)

# Documents: the body and the model
mutator("section-of-nothing", over=CDA, breaks="BODY-SECTIONS")(
    drop("hl7:component/hl7:structuredBody/hl7:component/hl7:section")
)
mutator("section-twice-in-one", over=CDA, breaks="BODY-SECTIONS")(
    twin("hl7:component/hl7:structuredBody/hl7:component/hl7:section")
)
mutator("model-old-edition", over=CDA, breaks="MODEL-EDITION")(
    put("hl7:templateId[@root='1.2.250.1.213.1.1.1.46']/@extension", "1999.01")
)
mutator("model-of-a-body-of-bytes", over=CDA, breaks="MODEL-LEVEL")(
    after(
        "self::*[hl7:component/hl7:structuredBody]/hl7:templateId",
        '<hl7:templateId root="1.3.6.1.4.1.19376.1.2.20"/>',
    )
)
mutator("note-model-lost", over=CDA, breaks="VAC-MODEL")(
    drop("hl7:templateId[@root='1.2.250.1.213.1.1.1.46']")
)
mutator("note-other-performer", over=CDA, breaks="VAC-PERFORMER")(
    put(
        "self::*[hl7:code/@code='87273-9']/hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity"
        "/hl7:id/@extension",
        "899990000111",
    )
)


def _spoilt(root: etree._Element, media: str, old: bytes, new: bytes) -> bool:
    """The bytes of the body changed, and encoded again."""
    for text in select(root, f"{_TEXT}[@mediaType='{media}']"):
        data = base64.b64decode(text.text or "")
        text.text = base64.b64encode(data.replace(old, new, 1)).decode()
        return old in data
    return False


@mutator("pdf-archive-no-profile", over=CDA, breaks="BODY-PDF-A")
def no_profile(root: etree._Element, _: Random) -> bool:
    """A PDF that calls itself an archive and lost its colour profile."""
    return _spoilt(root, "application/pdf", b"/OutputIntents", b"/OutputIgnored_")


@mutator("pdf-archive-encrypted", over=CDA, breaks="BODY-PDF-A")
def encrypted(root: etree._Element, _: Random) -> bool:
    return _spoilt(root, "application/pdf", b"/OutputIntents", b"/Encrypt 9 0 R /OutputIntents")


@mutator("image-cut", over=CDA, breaks="BODY-IMAGE-WHOLE")
def image_cut(root: etree._Element, _: Random) -> bool:
    return _spoilt(root, "image/jpeg", b"\xff\xd9", b"")


# The document against its entry
mutator("carried-restricted", over="carried", on=_FEED, breaks="COH-CONFIDENTIALITY")(
    put("hl7:confidentialityCode/@code", "R")
)
_SECTION: Final = (
    '<hl7:structuredBody><hl7:component><hl7:section><hl7:code code="46240-8" codeSystem="2.16.840.1.113883.6.1"/>'
    "<hl7:title>Séjour</hl7:title><hl7:text>Sortie</hl7:text></hl7:section></hl7:component></hl7:structuredBody>"
)
mutator("carried-made-structured", over="carried", on=_FEED, breaks="COH-FORMAT-MODEL")(
    each(
        drop("hl7:component/hl7:nonXMLBody"),
        add("hl7:component", _SECTION),
        after(
            "hl7:templateId[last()]", '<hl7:templateId root="1.2.250.1.213.1.1.1.29" extension="2017.01"/>'
        ),
    )
)
_SET: Final = "//rim:RegistryObjectList/rim:RegistryPackage"
_ENTRY: Final = "//rim:RegistryObjectList/rim:ExtrinsicObject[1]"
_AUTHOR: Final = "rim:Classification[@classificationScheme='urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d']"
mutator("set-author-a-stranger", over=REQUEST, on=_FEED, breaks="COH-VIHF-AUTHOR")(
    each(
        shape(
            f"{_SET}/{_AUTHOR}/rim:Slot[@name='authorPerson']/{_VALUE}",
            lambda said: "899990000111" + said[12:],
        ),
        shape(
            f"{_SET}/{_AUTHOR}/rim:Slot[@name='authorInstitution']/{_VALUE}",
            lambda said: re.sub(r"[^^]+$", "499990000222001", said),
        ),
    )
)


def _code(scheme: str, code: str, system: str, number: int) -> str:
    return (
        f'<rim:Classification id="more{number}" classifiedObject="Document01" nodeRepresentation="{code}"'
        f' classificationScheme="urn:uuid:{scheme}"><rim:Slot name="codingScheme"><rim:ValueList>'
        f"<rim:Value>{system}</rim:Value></rim:ValueList></rim:Slot><rim:Name>"
        f'<rim:LocalizedString value="{code}"/></rim:Name></rim:Classification>'
    )


_KEPT: Final = "f4f85eac-e6cb-4883-b524-f2705394840f"
_EVENT: Final = "2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
_VISIBLE: Final = "1.2.250.1.213.1.1.4.13"
_CODED: Final = f"{_ENTRY}/rim:Classification[last()]"
mutator("entry-hidden-from-all", over=REQUEST, on=_FEED, breaks="DE-VISIBILITY")(
    after(_CODED, _code(_KEPT, "INVISIBLE_PATIENT", _VISIBLE, 1) + _code(_KEPT, "MASQUE_PS", _VISIBLE, 2))
)
mutator("entry-note-masked", over=REQUEST, on=_FEED, breaks="CODE-VACCINATION")(
    each(
        put(
            f"{_ENTRY}/rim:Classification[contains(@classificationScheme, 'f0306f51')]/@nodeRepresentation",
            "87273-9",
        ),
        after(_CODED, _code(_KEPT, "MASQUE_PS", _VISIBLE, 1)),
    )
)
_ATTRIBUTES: Final = "//wsse:Security/saml:Assertion/saml:AttributeStatement"
_HIDDEN: Final = (
    '<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code">'
    "<saml:AttributeValue>INVISIBLE_REPRESENTANTS_LEGAUX</saml:AttributeValue></saml:Attribute>"
)
mutator("entry-note-in-secret", over=REQUEST, on=_FEED, breaks="VAC-SECRET")(
    each(
        put(
            f"{_ENTRY}/rim:Classification[contains(@classificationScheme, 'f0306f51')]/@nodeRepresentation",
            "87273-9",
        ),
        add(_ATTRIBUTES, _HIDDEN),
    )
)
_ROLES: Final = f"{_ATTRIBUTES}/saml:Attribute[contains(@Name, 'subject:role')]"
mutator("role-of-an-employee-twice", over=REQUEST, on=("TD2.2",), breaks="VIHF-ROLE-EMPLOYEE")(
    twin(f"{_ROLES}/saml:AttributeValue[hl7:Role/@codeSystem='1.2.250.1.213.1.1.4.6']")
)
mutator("entry-event-twice", over=REQUEST, on=_FEED, breaks="DE-EVENTS")(
    after(
        _CODED,
        _code(_EVENT, "QZRB001", "1.2.250.1.213.2.5", 1) + _code(_EVENT, "QZRB001", "1.2.250.1.213.2.5", 2),
    )
)

# The registry
mutator("update-target-blank", over=REQUEST, on=_STATE, breaks="SS-TARGET-UUID")(
    put("//rim:Association[contains(@associationType, 'UpdateAvailabilityStatus')]/@targetObject", " ")
)
mutator("update-half-done", over=ANSWER, on=_UPDATE, breaks="UPD-ANSWER")(
    put("//rs:RegistryResponse/@status", "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess")
)
mutator("query-links-short", over=REQUEST, on=_FIND, breaks="QUERY-ASSOCIATIONS")(
    add(
        "//query:AdhocQueryRequest/rim:AdhocQuery",
        "<rim:Slot name=\"$AssociationTypes\"><rim:ValueList><rim:Value>('RPLC')</rim:Value></rim:ValueList>"
        "</rim:Slot>",
    )
)
_ERROR: Final = (
    '<rs:RegistryErrorList highestSeverity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning">'
    '<rs:RegistryError errorCode="XDSExtraMetadataNotSaved" codeContext="urn:x" severity="urn:oasis:names:tc:'
    'ebxml-regrep:ErrorSeverityType:Warning"/></rs:RegistryErrorList>'
)
mutator("found-warning-after-list", over=ANSWER, on=_FIND, breaks=("RS-ORDER", "XSD-XDS"))(
    after("//query:AdhocQueryResponse/rim:RegistryObjectList", _ERROR)
)
_TWIN: Final = "(//rim:RegistryObjectList/rim:ExtrinsicObject)[2]"
mutator("found-of-two-patients", over=ANSWER, on=_FIND, breaks="RS-ONE-PATIENT")(
    each(
        twin(_ENTRY),
        put(f"{_TWIN}/@id", "urn:uuid:00000000-0000-4000-8000-000000000001"),
        put(f"{_TWIN}/@lid", "urn:uuid:00000000-0000-4000-8000-000000000001"),
        put(
            f"{_TWIN}/rim:ExternalIdentifier[contains(@identificationScheme, '58a6f841')]/@value",
            "189036399920935^^^&1.2.250.1.213.1.4.10&ISO^NH",
        ),
    )
)

# The other services
mutator("fault-in-company", over=ANSWER, breaks="FAULT-ALONE")(
    after("/soap:Envelope/soap:Body/soap:Fault", "<hl7:PRPA_IN201308UV02/>")
)
mutator("list-of-an-establishment-whole", over=REQUEST, on=("TD0.4",), breaks="LIST-STRUCTURE")(
    put(
        "/soap:Envelope[.//saml:Attribute[@Name='Authentification_mode']/saml:AttributeValue='INDIRECTE']"
        "//pat:patientList/pat:dateType",
        "LASTDOC",
    )
)
mutator("rights-answer-right-unknown", over=ANSWER, on=("TD1.6",), breaks="AUTH-LIST-RIGHT")(
    put("//hab:specificRight", "TITULAIRE")
)
mutator("nir-answer-of-another", over=ANSWER, on=("TD0.0",), breaks="CERT-SAME")(
    each(
        put("//pat:output/pat:status", "DMPOk"),
        after("//pat:output/pat:context", "<pat:nirIndividu>189036399920935</pat:nirIndividu>"),
    )
)


@mutator("number-in-a-header", over="wire-request", on=("TD0.2", "TD3.1"), breaks="NUM-PLACE")
def number_in_a_header(wire: Wire, _: Random) -> bool:
    """The secret number told to whoever reads the headers."""
    found = _NUMBER.search(wire.body)
    if found is not None:
        wire.headers.append(("User-Agent", f"LPS {found[1].decode()}"))
    return found is not None
