"""Mutations of the details of registry objects, of searches, of answers, of the VIHF."""

from __future__ import annotations

from typing import Final

from harness.mutate.edits import add, drop, put, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ANSWER: Final = "answer"
_FEED: Final = ("TD2.1",)
_FIND: Final = ("TD3.1",)
_LIST: Final = "//rim:RegistryObjectList"
_SET: Final = f"{_LIST}/rim:RegistryPackage"
_ENTRY: Final = f"{_LIST}/rim:ExtrinsicObject[@id='Document01']"
_VALUE: Final = "rim:ValueList/rim:Value"
_AUTHOR: Final = f"{_ENTRY}/rim:Classification[contains(@classificationScheme, '93606bcf')]"
_HAS: Final = f"{_LIST}/rim:Association[contains(@associationType, 'HasMember')]"
_QUERY: Final = "//rim:AdhocQuery"
_FOUND: Final = f"{_LIST}/rim:ExtrinsicObject"
_VIHF: Final = "//wsse:Security/saml:Assertion"


def _slot(name: str, value: str) -> str:
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>'


mutator("object-scheme-of-the-set", over=REQUEST, on=_FEED, breaks="XDS-SCHEMES")(
    put(
        f"{_ENTRY}/rim:Classification[contains(@classificationScheme, '41a5887f')]/@classificationScheme",
        "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500",
    )
)
mutator("object-slot-unknown", over=REQUEST, on=_FEED, breaks="XDS-SLOT-NAMES")(
    add(_ENTRY, _slot("auteur", "x"), first=True)
)
mutator("object-uuid-odd", over=REQUEST, on=_FEED, breaks="XDS-ENTRY-UUID")(put(f"{_HAS}/@id", "urn:uuid:1"))
mutator("object-nested-id-twice", over=REQUEST, on=_FEED, breaks="XDS-NESTED-IDS")(
    shape(f"({_LIST}//rim:Classification)[2]/@id", lambda _: "cl01")
)
mutator("object-computed", over=REQUEST, on=_FEED, breaks="XDS-COMPUTED")(
    put(f"{_ENTRY}/@lid", "urn:uuid:00000000-0000-4000-8000-000000000000")
)
mutator("object-patient-type", over=REQUEST, on=_FEED, breaks="XDS-PATIENT-FORM")(
    shape(
        f"{_SET}/rim:ExternalIdentifier[contains(@identificationScheme, '6b5aea1a')]/@value",
        lambda text: text.replace("^NH", "^PI"),
    )
)
mutator("object-identifier-name", over=REQUEST, on=_FEED, breaks="XDS-IDENTIFIER-NAMES")(
    put(f"{_SET}/rim:ExternalIdentifier/rim:Name/rim:LocalizedString/@value", "numéro")
)
mutator("author-telecom-odd", over=REQUEST, on=_FEED, breaks="XDS-AUTHOR-TELECOM")(
    add(_AUTHOR, _slot("authorTelecommunication", "0102"), first=True)
)
mutator("author-no-institution", over=REQUEST, on=_FEED, breaks="XDS-AUTHOR-INSTITUTION-THERE")(
    drop(f"{_AUTHOR}/rim:Slot[@name='authorInstitution']")
)
mutator("author-other-name", over=REQUEST, on=_FEED, breaks="COH-AUTHOR-NAMES")(
    shape(f"{_AUTHOR}/rim:Slot[@name='authorPerson']/{_VALUE}", lambda text: text.replace("EPREUVE", "AUTRE"))
)
mutator("author-other-institution", over=REQUEST, on=_FEED, breaks="COH-INSTITUTIONS")(
    shape(
        f"{_AUTHOR}/rim:Slot[@name='authorInstitution']/{_VALUE}",
        lambda text: text.rpartition("^")[0] + "^1990000028",
    )
)
mutator("author-gone", over=REQUEST, on=_FEED, breaks="COH-AUTHOR-COUNT")(drop(_AUTHOR))
mutator("member-classified", over=REQUEST, on=_FEED, breaks="SS-MEMBER-BARE")(
    add(_HAS, '<rim:Classification id="c9" classifiedObject="as01" nodeRepresentation="x"/>')
)
mutator("member-twice", over=REQUEST, on=_FEED, breaks="SS-LINK-ONCE")(twin(_HAS))
mutator("set-recipient", over=REQUEST, on=_FEED, breaks="SS-RECIPIENT")(
    add(_SET, _slot("intendedRecipient", "x"), first=True)
)
mutator("set-time-of-another-day", over=REQUEST, on=_FEED, breaks="SS-NOW")(
    put(f"{_SET}/rim:Slot[@name='submissionTime']/{_VALUE}", "20200101000000")
)
mutator("set-time-ahead", over=REQUEST, on=_FEED, breaks="SS-TIME-AHEAD")(
    put(f"{_SET}/rim:Slot[@name='submissionTime']/{_VALUE}", "29990101000000")
)
mutator("entry-hash-form", over=REQUEST, on=_FEED, breaks="DE-HASH-FORM")(
    put(f"{_ENTRY}/rim:Slot[@name='hash']/{_VALUE}", "59a0")
)
mutator("entry-size-form", over=REQUEST, on=_FEED, breaks="DE-HASH-FORM")(
    put(f"{_ENTRY}/rim:Slot[@name='size']/{_VALUE}", "4 ko")
)
mutator("entry-reference-odd", over=REQUEST, on=_FEED, breaks="DE-REFERENCE-IDS")(
    add(_ENTRY, _slot("urn:ihe:iti:xds:2013:referenceIdList", "123"), first=True)
)
mutator("entry-patient-info-sex", over=REQUEST, on=_FEED, breaks="COH-PATIENT-INFO")(
    shape(
        f"{_ENTRY}/rim:Slot[@name='sourcePatientInfo']/rim:ValueList/rim:Value[starts-with(., 'PID-8')]",
        lambda text: "PID-8|F" if text.endswith("M") else "PID-8|M",
    )
)
mutator("entry-legal-other-name", over=REQUEST, on=_FEED, breaks="COH-LEGAL-NAME")(
    shape(
        f"{_ENTRY}/rim:Slot[@name='legalAuthenticator']/{_VALUE}",
        lambda text: text.replace("EPREUVE", "AUTRE"),
    )
)
mutator("signature-entry-other-time", over=REQUEST, on=_FEED, breaks="DE-SIGNATURE-TIMES")(
    put(
        f"{_LIST}/rim:ExtrinsicObject[rim:Classification/@nodeRepresentation='E1762']"
        f"/rim:Slot[@name='creationTime']/{_VALUE}",
        "20200101000000",
    )
)

mutator("query-parameter-unknown", over=REQUEST, on=_FIND, breaks="QUERY-KNOWN")(
    add(_QUERY, _slot("$XDSDocumentEntryColour", "('x')"))
)
mutator("query-scheme-apart", over=REQUEST, on=_FIND, breaks="QUERY-OLD-SCHEME")(
    add(_QUERY, _slot("$XDSDocumentEntryClassCodeScheme", "('1.2.3')"))
)
mutator("query-kind-unknown", over=REQUEST, on=_FIND, breaks="QUERY-TYPE")(
    add(_QUERY, _slot("$XDSDocumentEntryType", "('urn:uuid:1')"))
)
mutator("query-ids-odd", over=REQUEST, on=_FIND, breaks="QUERY-IDS")(
    add(_QUERY, _slot("$XDSDocumentEntryEntryUUID", "('Document01')"))
)
mutator("query-page", over=REQUEST, on=_FIND, breaks="QUERY-PAGING")(
    put("//query:AdhocQueryRequest/@maxResults", "10")
)

mutator("found-error-code-unknown", over=ANSWER, breaks="RS-ERROR-CODE")(
    put("//rs:RegistryError/@errorCode", "XDSOups")
)
mutator("found-code-lost", over=ANSWER, on=_FIND, breaks="RS-ENTRY-CODES")(
    drop(f"{_FOUND}/rim:Classification[contains(@classificationScheme, '41a5887f')]")
)
mutator("found-patient-lost", over=ANSWER, on=_FIND, breaks="RS-ENTRY-IDS")(
    drop(f"{_FOUND}/rim:ExternalIdentifier[contains(@identificationScheme, '58a6f841')]")
)
mutator("found-time-odd", over=ANSWER, on=_FIND, breaks="RS-ENTRY-FORMS")(
    put(f"{_FOUND}/rim:Slot[@name='creationTime']/{_VALUE}", "2026-11-23")
)
mutator("found-parent-other", over=ANSWER, on=_FIND, breaks="RS-PARENTS")(
    put(f"{_FOUND}/rim:Classification/@classifiedObject", "x")
)
mutator("found-set-unclassified", over=ANSWER, on=_FIND, breaks="RS-SET-CLASS")(
    drop(f"{_SET}/rim:Classification[@classificationNode]")
)
mutator("found-link-symbolic", over=ANSWER, on=_FIND, breaks="RS-ASSOCIATION")(
    put(f"{_LIST}/rim:Association/@targetObject", "Document01")
)
mutator("given-missing-mute", over=ANSWER, on=("TD3.2",), breaks=("RETRIEVE-MISSING", "RETRIEVE-STATUS"))(
    drop("//xds:DocumentResponse")
)

_ON: Final = ("TD0.2", "TD2.1")
_ATTRIBUTES: Final = f"{_VIHF}/saml:AttributeStatement"
mutator("vihf-attribute-unknown", over=REQUEST, on=_ON, breaks="VIHF-NAMES")(
    add(
        _ATTRIBUTES,
        '<saml:Attribute Name="Couleur"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>',
    )
)
mutator("vihf-attribute-format", over=REQUEST, on=_ON, breaks="VIHF-NAME-FORMAT")(
    put(f"{_ATTRIBUTES}/saml:Attribute/@NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
)
mutator("vihf-sector-unknown", over=REQUEST, on=_ON, breaks="VIHF-SECTOR-KNOWN")(
    put(
        f"{_ATTRIBUTES}/saml:Attribute[@Name='Secteur_Activite']/saml:AttributeValue",
        "SA99^1.2.250.1.71.4.2.4",
    )
)
mutator("vihf-reason-alone", over=REQUEST, on=_ON, breaks="VIHF-REASON-ALONE")(
    add(
        _ATTRIBUTES,
        '<saml:Attribute Name="Mode_Acces_Raison"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>',
    )
)
mutator("vihf-issued-before", over=REQUEST, on=_ON, breaks="VIHF-INSTANTS")(
    put(f"{_VIHF}/saml:Conditions/@NotBefore", "2999-01-01T00:00:00Z")
)
mutator("vihf-second-role-system", over=REQUEST, on=_ON, breaks="VIHF-SECOND-ROLE")(
    put(
        f"({_ATTRIBUTES}/saml:Attribute[contains(@Name, 'subject:role')]/saml:AttributeValue)[2]/hl7:Role/@codeSystem",
        "1.2.3",
    )
)
mutator("vihf-other-user", over=REQUEST, on=("TD0.2",), breaks="VIHF-HOLDER")(
    put(f"{_VIHF}/saml:Subject/saml:NameID", "899990000202")
)
