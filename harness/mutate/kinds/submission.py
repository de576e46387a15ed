"""Mutations of what is fed: sets, entries, their coherence with the document, the signature of the set (TD2.1)."""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.mutate.edits import add, drop, each, put, rename, replace, select, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ON: Final = ("TD2.1",)
_LIST: Final = "//rim:RegistryObjectList"
_SET: Final = f"{_LIST}/rim:RegistryPackage"
_ENTRY: Final = f"{_LIST}/rim:ExtrinsicObject[rim:Slot/@name='sourcePatientInfo'][@id='Document01']"
_SIGNATURE: Final = f"{_LIST}/rim:ExtrinsicObject[rim:Classification/@nodeRepresentation='E1762']"
_HAS: Final = f"{_LIST}/rim:Association[contains(@associationType, 'HasMember')]"
_SIGNS: Final = f"{_LIST}/rim:Association[contains(@associationType, 'signs')]"


def _slot(owner: str, name: str) -> str:
    return f"{owner}/rim:Slot[@name='{name}']/rim:ValueList/rim:Value"


def _code(owner: str, scheme: str) -> str:
    return f"{owner}/rim:Classification[@classificationScheme='urn:uuid:{scheme}']"


def _external(owner: str, scheme: str) -> str:
    return f"{owner}/rim:ExternalIdentifier[@identificationScheme='urn:uuid:{scheme}']"


_SS_AUTHOR: Final = _code(_SET, "a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d")
_AUTHOR: Final = _code(_ENTRY, "93606bcf-9494-43ec-9b4e-a7748d1a838d")
_CLASS: Final = _code(_ENTRY, "41a5887f-8865-4c09-adf7-e362475b143a")
_CONFIDENTIAL: Final = _code(_ENTRY, "f4f85eac-e6cb-4883-b524-f2705394840f")
_FORMAT: Final = _code(_ENTRY, "a09d5840-386c-46f2-b5ad-9c3699a4309d")
_FACILITY: Final = _code(_ENTRY, "f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1")
_PRACTICE: Final = _code(_ENTRY, "cccf5598-8b07-4b77-a05e-ae952c785ead")
_TYPE: Final = _code(_ENTRY, "f0306f51-975f-434e-a61c-c59651d33983")
_CONTENT: Final = _code(_SET, "aa543740-bdda-424e-8c96-df4873be8500")
_SS_PATIENT: Final = _external(_SET, "6b5aea1a-874d-4603-a4bc-96a0a7b38446")
_SS_SOURCE: Final = _external(_SET, "554ac39e-e3fe-47fe-b233-965d2a147832")
_SS_UNIQUE: Final = _external(_SET, "96fdda7c-d067-4183-912e-bf5ee74998a8")
_PATIENT: Final = _external(_ENTRY, "58a6f841-87b3-4a3e-92fd-a8ffeff98427")
_UNIQUE: Final = _external(_ENTRY, "2e82c1f6-a085-4c72-9da3-8640a32e42ab")

# The set
mutator("set-gone", over=REQUEST, on=ON, breaks="SS-ONE")(drop(_SET))
mutator("set-unclassified", over=REQUEST, on=ON, breaks="SS-ONE")(
    drop(f"{_SET}/rim:Classification[@classificationNode]")
)
mutator("set-time-gone", over=REQUEST, on=ON, breaks="SS-TIME")(
    drop(f"{_SET}/rim:Slot[@name='submissionTime']")
)
mutator("set-time-of-a-day", over=REQUEST, on=ON, breaks="SS-TIME")(
    shape(_slot(_SET, "submissionTime"), lambda value: value[:8])
)
mutator("set-content-type-gone", over=REQUEST, on=ON, breaks="SS-CONTENT-TYPE")(drop(_CONTENT))
mutator("set-content-type-unknown", over=REQUEST, on=ON, breaks="CODE-CONTENT-TYPE")(
    put(f"{_CONTENT}/@nodeRepresentation", "99")
)
mutator("set-source-no-oid", over=REQUEST, on=ON, breaks="SS-SOURCE")(
    put(f"{_SS_SOURCE}/@value", "urn:oid:2.25.1")
)
mutator("set-patient-gone", over=REQUEST, on=ON, breaks="XDS-PATIENT-ID")(drop(_SS_PATIENT))
mutator("set-unique-id-no-oid", over=REQUEST, on=ON, breaks="XDS-UNIQUE-ID")(
    put(f"{_SS_UNIQUE}/@value", "0001")
)
mutator("set-author-gone", over=REQUEST, on=ON, breaks="XDS-AUTHOR")(drop(_SS_AUTHOR))
mutator("set-author-other", over=REQUEST, on=ON, breaks="XDS-AUTHOR-VIHF")(
    shape(_slot(_SS_AUTHOR, "authorInstitution"), lambda value: value.rpartition("^")[0] + "^1990000028")
)
mutator("set-member-lost", over=REQUEST, on=ON, breaks="SS-MEMBERS")(drop(_HAS))
mutator("set-member-twice", over=REQUEST, on=ON, breaks="SS-MEMBERS")(twin(_HAS))
mutator("set-member-by-reference", over=REQUEST, on=ON, breaks="SS-MEMBERS")(
    put(_slot(_HAS, "SubmissionSetStatus"), "Reference")
)
mutator("set-association-unknown", over=REQUEST, on=ON, breaks="SS-ASSOCIATIONS")(
    put(f"{_HAS}/@associationType", "urn:oasis:names:tc:ebxml-regrep:AssociationType:Has")
)
mutator("set-association-nowhere", over=REQUEST, on=ON, breaks="SS-ASSOCIATIONS")(
    put(f"{_HAS}/@targetObject", "Nowhere")
)
mutator("set-signs-lost", over=REQUEST, on=ON, breaks="SS-SIGNS")(drop(_SIGNS))
mutator("set-signs-backwards", over=REQUEST, on=ON, breaks="SS-SIGNS")(lambda root, _: _backwards(root))
mutator("set-signature-lost", over=REQUEST, on=ON, breaks="SS-SIGNS")(drop(_SIGNATURE))
mutator("set-folder", over=REQUEST, on=ON, breaks="SS-NO-FOLDER")(
    add(
        _SET,
        '<rim:Classification id="f" classifiedObject="SubmissionSet01" '
        'classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"/>',
    )
)
mutator("set-only-signature", over=REQUEST, on=ON, breaks=("SS-HAS-DOCUMENT", "DE-DOCUMENT"))(
    drop(f"{_LIST}/rim:ExtrinsicObject[not(rim:Classification/@nodeRepresentation='E1762')]", every=True)
)
mutator("set-replaces-nothing", over=REQUEST, on=ON, breaks=("SS-RELATIONS", "COH-REPLACEMENT"))(
    add(
        _LIST,
        '<rim:Association id="r1" associationType="urn:ihe:iti:2007:AssociationType:RPLC" '
        'sourceObject="Document01" targetObject="Document01"/>',
    )
)

# Any registry object
mutator("object-slot-twice", over=REQUEST, on=ON, breaks="XDS-SLOTS")(twin(f"{_ENTRY}/rim:Slot"))
mutator("object-parent-other", over=REQUEST, on=ON, breaks="XDS-PARENTS")(
    put(f"{_CLASS}/@classifiedObject", "Other")
)
mutator("object-id-twice", over=REQUEST, on=ON, breaks="XDS-IDS")(put(f"{_HAS}/@id", "Document01"))
mutator("object-coded-no-scheme", over=REQUEST, on=ON, breaks="XDS-CODED")(
    drop(f"{_CLASS}/rim:Slot[@name='codingScheme']")
)
mutator("object-coded-no-label", over=REQUEST, on=ON, breaks="XDS-CODED")(drop(f"{_CLASS}/rim:Name"))
mutator("object-unknown-element", over=REQUEST, on=ON, breaks="XSD-XDS")(
    rename(f"{_ENTRY}/rim:Slot", "Slots")
)
mutator("object-unknown-attribute", over=REQUEST, on=ON, breaks="XSD-XDS")(put(f"{_SET}/@colour", "red"))
mutator("object-slot-no-list", over=REQUEST, on=ON, breaks=("XSD-XDS", "DE-SLOTS"))(
    drop(f"{_ENTRY}/rim:Slot/rim:ValueList")
)

# The entry
mutator("entry-other-kind", over=REQUEST, on=ON, breaks="DE-TYPE")(
    put(f"{_ENTRY}/@objectType", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248")
)
mutator("entry-media-odd", over=REQUEST, on=ON, breaks=("DE-MIME", "COH-MIME"))(
    put(f"{_ENTRY}/@mimeType", "xml")
)
mutator("entry-media-gone", over=REQUEST, on=ON, breaks="DE-MIME")(drop(f"{_ENTRY}/@mimeType"))
mutator("entry-no-traits", over=REQUEST, on=ON, breaks="DE-PATIENT-INFO")(
    drop(f"{_ENTRY}/rim:Slot[@name='sourcePatientInfo']")
)
for _name in ("creationTime", "languageCode", "sourcePatientId", "serviceStartTime"):
    mutator(f"entry-no-{_name}", over=REQUEST, on=ON, breaks="DE-SLOTS")(
        drop(f"{_ENTRY}/rim:Slot[@name='{_name}']")
    )
mutator("entry-time-odd", over=REQUEST, on=ON, breaks="DE-TIMES")(
    put(_slot(_ENTRY, "creationTime"), "2026-11-23")
)
mutator("entry-time-impossible", over=REQUEST, on=ON, breaks="DE-TIMES")(
    put(_slot(_ENTRY, "creationTime"), "20260231")
)
mutator("entry-ends-first", over=REQUEST, on=ON, breaks=("DE-CHRONOLOGY", "COH-SERVICE-TIMES"))(
    put(_slot(_ENTRY, "serviceStopTime"), "19990101")
)
mutator("entry-language-odd", over=REQUEST, on=ON, breaks=("DE-LANGUAGE", "COH-LANGUAGE"))(
    put(_slot(_ENTRY, "languageCode"), "français")
)
mutator("entry-local-patient-odd", over=REQUEST, on=ON, breaks="DE-SOURCE-PATIENT")(
    shape(_slot(_ENTRY, "sourcePatientId"), lambda value: value.split("^")[0])
)
mutator("entry-traits-gone", over=REQUEST, on=ON, breaks="DE-PATIENT-INFO")(
    drop(_slot(_ENTRY, "sourcePatientInfo"), every=True)
)
mutator("entry-traits-sex", over=REQUEST, on=ON, breaks="DE-PATIENT-INFO")(
    put(
        f"{_ENTRY}/rim:Slot[@name='sourcePatientInfo']/rim:ValueList/rim:Value[starts-with(., 'PID-8')]",
        "PID-8|X",
    )
)
mutator("entry-title-gone", over=REQUEST, on=ON, breaks="DE-TITLE")(drop(f"{_ENTRY}/rim:Name"))
mutator("entry-title-long", over=REQUEST, on=ON, breaks="DE-TITLE")(
    put(f"{_ENTRY}/rim:Name/rim:LocalizedString/@value", "x" * 300)
)
mutator("entry-authenticator-odd", over=REQUEST, on=ON, breaks="DE-LEGAL-AUTHENTICATOR")(
    put(_slot(_ENTRY, "legalAuthenticator"), "EPREUVE")
)
mutator("entry-class-gone", over=REQUEST, on=ON, breaks="DE-CODES")(drop(_CLASS))
mutator("entry-type-twice", over=REQUEST, on=ON, breaks="DE-CODES")(twin(_TYPE))
mutator("entry-confidentiality-gone", over=REQUEST, on=ON, breaks=("DE-CONFIDENTIALITY", "EX_2.1-1050"))(
    drop(_CONFIDENTIAL, every=True)
)
mutator("entry-confidentiality-unknown", over=REQUEST, on=ON, breaks="DE-CONFIDENTIALITY")(
    put(f"{_CONFIDENTIAL}/@nodeRepresentation", "SECRET")
)
mutator("entry-document-lost", over=REQUEST, on=ON, breaks="DE-DOCUMENT")(
    drop("//xds:Document[@id='Document01']")
)
mutator("entry-document-other", over=REQUEST, on=ON, breaks="DE-DOCUMENT")(put("//xds:Document/@id", "Other"))
mutator("entry-hash-other", over=REQUEST, on=ON, breaks="XDS-HASH")(
    shape(_slot(_ENTRY, "hash"), lambda value: value[1:] + value[0])
)
mutator("entry-size-other", over=REQUEST, on=ON, breaks="XDS-SIZE")(
    shape(_slot(_ENTRY, "size"), lambda value: str(int(value) + 1))
)
mutator("entry-unique-id-no-oid", over=REQUEST, on=ON, breaks=("XDS-UNIQUE-ID", "COH-UNIQUE-ID"))(
    put(f"{_UNIQUE}/@value", "doc^1")
)
mutator("entry-unique-id-other", over=REQUEST, on=ON, breaks=("COH-UNIQUE-ID", "XADES-MANIFEST"))(
    shape(f"{_UNIQUE}/@value", lambda value: value + "9")
)
mutator("entry-patient-other", over=REQUEST, on=ON, breaks=("XDS-PATIENT-ID", "INS-SAME", "COH-PATIENT"))(
    shape(f"{_PATIENT}/@value", lambda value: "280056399910181" + value[15:])
)
mutator("entry-patient-odd", over=REQUEST, on=ON, breaks="XDS-PATIENT-ID")(
    shape(f"{_PATIENT}/@value", lambda value: value.replace("&ISO", ""))
)
mutator("entry-author-gone", over=REQUEST, on=ON, breaks="XDS-AUTHOR")(drop(_AUTHOR))
mutator("entry-author-odd", over=REQUEST, on=ON, breaks="XDS-AUTHOR-PERSON")(
    shape(_slot(_AUTHOR, "authorPerson"), lambda value: value.replace("^D", ""))
)
mutator("entry-author-no-person", over=REQUEST, on=ON, breaks="XDS-AUTHOR")(
    drop(f"{_AUTHOR}/rim:Slot[@name='authorPerson']")
)
mutator("entry-institution-odd", over=REQUEST, on=ON, breaks="XDS-AUTHOR-INSTITUTION")(
    shape(_slot(_AUTHOR, "authorInstitution"), lambda value: value.replace("IDNST", ""))
)
mutator("entry-specialty-odd", over=REQUEST, on=ON, breaks="XDS-AUTHOR-SPECIALTY")(
    shape(_slot(_AUTHOR, "authorSpecialty"), lambda value: value.split("^")[0])
)
for _name, _owner, _rule in (
    ("class", _CLASS, "CODE-CLASS"),
    ("type", _TYPE, "CODE-TYPE"),
    ("format", _FORMAT, "CODE-FORMAT"),
    ("facility", _FACILITY, "CODE-FACILITY"),
    ("practice", _PRACTICE, "CODE-PRACTICE"),
):
    mutator(f"entry-{_name}-unknown", over=REQUEST, on=ON, breaks=_rule)(
        put(f"{_owner}/@nodeRepresentation", "nulle-part")
    )
mutator("entry-class-of-another", over=REQUEST, on=ON, breaks="CODE-CLASS-OF-TYPE")(
    shape(f"{_CLASS}/@nodeRepresentation", lambda value: "31" if value != "31" else "11")
)

# Against the document
mutator("entry-type-other", over=REQUEST, on=ON, breaks="COH-TYPE")(
    shape(f"{_TYPE}/@nodeRepresentation", lambda value: "11490-0" if value != "11490-0" else "34112-3")
)
mutator("entry-practice-other", over=REQUEST, on=ON, breaks="COH-PRACTICE")(
    shape(
        f"{_PRACTICE}/@nodeRepresentation", lambda value: "AMBULATOIRE" if value != "AMBULATOIRE" else "SAMU"
    )
)
mutator("entry-facility-other", over=REQUEST, on=ON, breaks="COH-FACILITY")(
    shape(f"{_FACILITY}/@nodeRepresentation", lambda value: "SA07" if value != "SA07" else "SA01")
)
mutator("entry-created-other", over=REQUEST, on=ON, breaks="COH-CREATION-TIME")(
    shape(_slot(_ENTRY, "creationTime"), lambda value: str(int(value[:4]) - 1) + value[4:])
)
mutator("entry-act-other", over=REQUEST, on=ON, breaks="COH-SERVICE-TIMES")(
    shape(_slot(_ENTRY, "serviceStartTime"), lambda value: str(int(value[:4]) - 1) + value[4:])
)
mutator("entry-title-other", over=REQUEST, on=ON, breaks="COH-TITLE")(
    put(f"{_ENTRY}/rim:Name/rim:LocalizedString/@value", "Autre titre")
)
mutator("entry-authenticator-other", over=REQUEST, on=ON, breaks="COH-LEGAL-AUTHENTICATOR")(
    shape(_slot(_ENTRY, "legalAuthenticator"), lambda value: "899990000111" + value[12:])
)
mutator("entry-author-other", over=REQUEST, on=ON, breaks="COH-AUTHORS")(
    shape(_slot(_AUTHOR, "authorPerson"), lambda value: "899990000111" + value[12:])
)
mutator("entry-format-other", over=REQUEST, on=ON, breaks="COH-FORMAT")(
    shape(f"{_FORMAT}/@nodeRepresentation", lambda _: "urn:ihe:lab:xd-lab:2008")
)
mutator("entry-media-self-display", over=REQUEST, on=ON, breaks="COH-MIME")(
    put(f"{_ENTRY}/@mimeType", "text/html")
)

# The document, against its entry
_CDA: Final = "carried"
mutator("carried-id-other", over=_CDA, on=ON, breaks=("COH-UNIQUE-ID", "XDS-HASH"))(
    shape("hl7:id/@root", lambda value: value + "9")
)
mutator("carried-patient-other", over=_CDA, on=ON, breaks="COH-PATIENT")(
    shape("hl7:recordTarget/hl7:patientRole/hl7:id/@extension", lambda _: "280056399910181")
)
mutator("carried-title-other", over=_CDA, on=ON, breaks="COH-TITLE")(put("hl7:title", "Autre titre"))
mutator("carried-language-other", over=_CDA, on=ON, breaks="COH-LANGUAGE")(
    put("hl7:languageCode/@code", "en-US")
)
mutator("carried-date-other", over=_CDA, on=ON, breaks="COH-CREATION-TIME")(
    shape("hl7:effectiveTime/@value", lambda value: str(int(value[:4]) - 1) + value[4:])
)
mutator("carried-type-other", over=_CDA, on=ON, breaks="COH-TYPE")(
    shape("hl7:code/@code", lambda value: "11490-0" if value != "11490-0" else "34112-3")
)
mutator("carried-authenticator-other", over=_CDA, on=ON, breaks="COH-LEGAL-AUTHENTICATOR")(
    put("hl7:legalAuthenticator/hl7:assignedEntity/hl7:id/@extension", "899990000111")
)
mutator("carried-realm-gone", over=_CDA, on=ON, breaks="CDA-REALM")(drop("hl7:realmCode"))
mutator("carried-replaced", over=_CDA, on=ON, breaks="XDS-HASH")(
    shape("hl7:relatedDocument/hl7:parentDocument/hl7:id/@root", lambda value: value + "7")
)

# The signature document: its entry
mutator("signature-entry-media", over=REQUEST, on=ON, breaks="XADES-ENTRY")(
    put(f"{_SIGNATURE}/@mimeType", "text/plain")
)
mutator("signature-entry-language", over=REQUEST, on=ON, breaks="XADES-ENTRY")(
    put(_slot(_SIGNATURE, "languageCode"), "fr-FR")
)
mutator("signature-entry-times", over=REQUEST, on=ON, breaks="XADES-ENTRY")(
    shape(_slot(_SIGNATURE, "creationTime"), lambda value: str(int(value[:4]) - 1) + value[4:])
)
mutator("submission-renamed", over=REQUEST, on=ON, breaks=("SOAP-PAYLOAD", "XSD-XDS"))(
    each(rename("//xds:ProvideAndRegisterDocumentSetRequest", "ProvideAndRegisterDocumentSet"))
)
mutator("include-not-alone", over=REQUEST, on=ON, breaks="MTOM-INCLUDE-ALONE")(put("//xds:Document", "x"))
mutator("include-lost", over=REQUEST, on=ON, breaks=("MTOM-INCLUDE", "DE-DOCUMENT"))(
    replace("//xop:Include/@href", "cid:", "cid:no-")
)
mutator("include-no-cid", over=REQUEST, on=ON, breaks="MTOM-INCLUDE")(
    replace("//xop:Include/@href", "cid:", "")
)


def _backwards(root: etree._Element) -> bool:
    for one in select(root, _SIGNS):
        source, target = one.get("sourceObject", ""), one.get("targetObject", "")
        one.set("sourceObject", target)
        one.set("targetObject", source)
        return True
    return False
