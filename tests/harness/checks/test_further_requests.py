"""Rules of metadata, queries, people and VIHF: each passes on a right request and fails on its defect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import api
from harness.checks.judged import Declared
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Failing = Callable[..., set[str]]
UUID = b"urn:uuid:0f1e2d3c-4b5a-4697-8888-0000000000"


def _slot(name: bytes, *values: bytes) -> bytes:
    listed = b"".join(b"<rim:Value>" + value + b"</rim:Value>" for value in values)
    return b'<rim:Slot name="' + name + b'"><rim:ValueList>' + listed + b"</rim:ValueList></rim:Slot>"


FIRST = rb'(<rim:Slot name="creationTime">)'
QUERY_END = rb"(</rim:AdhocQuery>)"
SETS = rb'(<rim:Slot name="submissionTime">)'
PERSON = rb'(<rim:Slot name="authorPerson">)'
#: The id of a classification.
NESTED = rb'(<rim:Classification [^>]*\bid=")'
ATTRIBUTE = rb"(</saml2:AttributeStatement>)"
EVENT = (
    b'<rim:Classification id="ev%d" classifiedObject="x" nodeRepresentation="A" '
    b'classificationScheme="urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"/>'
)

#: rule, transaction, what is changed in the bytes of a good request, by what
CHANGED = [
    ("XDS-SCHEMES", "TD2.1", rb"urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a", UUID + b"01"),
    ("XDS-SLOT-NAMES", "TD2.1", rb'name="serviceStartTime"', b'name="serviceStart"'),
    ("XDS-ENTRY-UUID", "TD2.1", rb'(<rim:Association [^>]*\bid=")[^"]+', rb"\1urn:uuid:0F1E"),
    ("XDS-NESTED-IDS", "TD2.1", NESTED + rb'([^"]+)(".*?' + NESTED + rb')[^"]+', rb"\1\2\3\2"),
    ("XDS-COMPUTED", "TD2.1", FIRST, _slot(b"repositoryUniqueId", b"1.2.3") + rb"\1"),
    ("XDS-PATIENT-FORM", "TD2.1", rb'(a8ffeff98427" value="[^"]*)\^NH', rb"\1^PI"),
    ("XDS-IDENTIFIER-NAMES", "TD2.1", rb"XDSDocumentEntry\.uniqueId", b"uniqueId"),
    ("XDS-AUTHOR-TELECOM", "TD2.1", PERSON, _slot(b"authorTelecommunication", b"0600000001") + rb"\1"),
    ("XDS-AUTHOR-INSTITUTION-THERE", "TD2.1", rb'name="authorInstitution"', b'name="authorRole"'),
    ("SS-MEMBER-BARE", "TD2.1", rb"(<rim:Association [^>]*HasMember[^>]*>)", rb"\1" + EVENT % 1),
    ("SS-LINK-ONCE", "TD2.1", rb"(<rim:Association ([^>]*HasMember[^>]*)>)", rb"<rim:Association \2/>\1"),
    ("SS-RECIPIENT", "TD2.1", SETS, _slot(b"intendedRecipient", b"A^^^^^&amp;1.2&amp;ISO") + rb"\1"),
    ("SS-NOW", "TD2.1", rb'(name="submissionTime"><[^>]+><[^>]+>)\d{14}', rb"\g<1>20200101000000"),
    ("SS-TARGET-UUID", "TD3.3c", rb'targetObject="[^"]+"', b'targetObject=" "'),
    ("DE-EVENTS", "TD2.1", rb"(</rim:ExtrinsicObject>)", EVENT % 1 + EVENT % 2 + rb"\1"),
    ("DE-REFERENCE-IDS", "TD2.1", FIRST, _slot(b"urn:ihe:iti:xds:2013:referenceIdList", b"12") + rb"\1"),
    ("DE-HASH-FORM", "TD2.1", FIRST, _slot(b"size", b"1 ko") + rb"\1"),
    (
        "DE-SIGNATURE-TIMES",
        "TD2.1",
        rb"(>Source<.*|)(name=\"submissionTime\"><[^>]+><[^>]+>)\d{12}",
        rb"\g<1>\g<2>202611010000",
    ),
    ("QUERY-KNOWN", "TD3.1", QUERY_END, _slot(b"$XDSDocumentEntryTitre", b"'a'") + rb"\1"),
    ("QUERY-OLD-SCHEME", "TD3.1", QUERY_END, _slot(b"$XDSDocumentEntryClassCodeScheme", b"('a')") + rb"\1"),
    ("QUERY-IDS", "TD3.1", QUERY_END, _slot(b"$XDSDocumentEntryEntryUUID", b"('1.2.3')") + rb"\1"),
    ("QUERY-TYPE", "TD3.1", QUERY_END, _slot(b"$XDSDocumentEntryType", b"('stable')") + rb"\1"),
    ("QUERY-ASSOCIATIONS", "TD3.1", QUERY_END, _slot(b"$AssociationTypes", b"('RPLC')") + rb"\1"),
    ("QUERY-PAGING", "TD3.1", rb"(<query:AdhocQueryRequest)", rb'\1 maxResults="50"'),
    ("COH-AUTHOR-COUNT", "TD2.1", rb"(<author>.*?</author>)", rb"\1\1"),
    ("COH-AUTHOR-NAMES", "TD2.1", rb"(<assignedAuthor>.*?<family>)[^<]+", rb"\1AUTRE"),
    (
        "COH-INSTITUTIONS",
        "TD2.1",
        rb'(<assignedAuthor>.*?<representedOrganization>.*?extension=")',
        rb"\g<1>9",
    ),
    ("COH-PATIENT-INFO", "TD2.1", rb"PID-7\|\d{8}", b"PID-7|20200101"),
    ("COH-LEGAL-NAME", "TD2.1", rb"(<legalAuthenticator>.*?<family>)[^<]+", rb"\1AUTRE"),
    ("COH-CONFIDENTIALITY", "TD2.1", rb'(<confidentialityCode [^>]*code=")N"', rb'\1R"'),
    ("VIHF-NAMES", "TD0.2", rb'Name="LPS_ID"', b'Name="LPS_Numero"'),
    ("VIHF-SECTOR-KNOWN", "TD0.2", rb">SA07\^", b">SA99^"),
    ("VIHF-SECOND-ROLE", "TD0.2", rb'codeSystem="1\.2\.250\.1\.71\.4\.2\.5"', b'codeSystem="1.2.3"'),
    (
        "VIHF-REASON-ALONE",
        "TD0.2",
        ATTRIBUTE,
        rb'<saml2:Attribute Name="Mode_Acces_Raison"><saml2:AttributeValue>urgence</saml2:AttributeValue>'
        rb"</saml2:Attribute>\1",
    ),
    ("VIHF-NAME-FORMAT", "TD0.2", rb'Name="LPS_ID"', b'Name="LPS_ID" NameFormat="urn:x"'),
    ("VIHF-INSTANTS", "TD0.2", rb'IssueInstant="[^"]+"', b'IssueInstant="2020-01-01T00:00:00Z"'),
    ("VIHF-HOLDER", "TD0.2", rb"<saml2:NameID>[^<]+", b"<saml2:NameID>899990009999"),
]
BROKEN = {row[0] for row in CHANGED} | {"COH-FORMAT-MODEL", "COH-VIHF-AUTHOR", "VIHF-SAME-HOLDER"}

#: rule, transaction, what is added to a good request so that the rule has something to look at, and passes
RIGHT = [
    ("XDS-AUTHOR-TELECOM", "TD2.1", PERSON, _slot(b"authorTelecommunication", b"^PRN^PH^^^^^^^^^0600000001")),
    ("DE-HASH-FORM", "TD2.1", FIRST, _slot(b"size", b"12")),
    (
        "DE-REFERENCE-IDS",
        "TD2.1",
        FIRST,
        _slot(
            b"urn:ihe:iti:xds:2013:referenceIdList", b"12^^^&amp;1.2.3&amp;ISO^urn:ihe:iti:xds:2013:accession"
        ),
    ),
    ("QUERY-IDS", "TD3.1", QUERY_END, _slot(b"$XDSDocumentEntryEntryUUID", b"('" + UUID + b"01')")),
    (
        "QUERY-TYPE",
        "TD3.1",
        QUERY_END,
        _slot(b"$XDSDocumentEntryType", b"('urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1')"),
    ),
    (
        "QUERY-ASSOCIATIONS",
        "TD3.1",
        QUERY_END,
        _slot(b"$AssociationTypes", b"('urn:ihe:iti:2007:AssociationType:RPLC')"),
    ),
]


@pytest.mark.parametrize(("rule", "transaction", "pattern", "by"), CHANGED, ids=lambda value: str(value)[:24])
def test_a_changed_request_breaks_its_rule(
    make: Make, edited: Edited, failing: Failing, rule: str, transaction: str, pattern: bytes, by: bytes
) -> None:
    good = make(transaction)
    changed = edited(good, pattern, by)
    assert rule in failing(changed, transaction, only=[rule])
    assert rule not in failing(good, transaction, only=[rule])


def _passing(exchange: Exchange, transaction: str, declared: Declared, rule: str) -> set[str]:
    found = api.judge(exchange, load().by_id(transaction), declared, sides=("request",), only=[rule])
    return {item.status for item in found}


@pytest.mark.parametrize(
    ("rule", "transaction", "pattern", "added"), RIGHT, ids=lambda value: str(value)[:24]
)
def test_a_right_part_passes(
    make: Make, edited: Edited, declared: Declared, rule: str, transaction: str, pattern: bytes, added: bytes
) -> None:
    changed = edited(make(transaction), pattern, added + rb"\1")
    assert _passing(changed, transaction, declared, rule) == {"PASS"}


def test_a_reason_goes_with_a_break_glass_access(make: Make, edited: Edited, declared: Declared) -> None:
    reason = next(by for rule, _, _, by in CHANGED if rule == "VIHF-REASON-ALONE")
    exchange = edited(edited(make("TD0.2"), ATTRIBUTE, reason), rb'code="normal"', b'code="bris_de_glace"')
    assert _passing(exchange, "TD0.2", declared, "VIHF-REASON-ALONE") == {"PASS"}


def test_the_format_of_a_structured_document_is_its_model_s(
    make: Make, edited: Edited, declared: Declared
) -> None:
    good = make("TD2.1", documents=[{"level1": {}}])
    body = rb"<component>\s*<nonXMLBody>.*?</nonXMLBody>\s*</component>"
    structured = edited(
        good,
        body,
        b"<component><structuredBody><component><section/></component></structuredBody></component>",
    )
    model = rb'(<templateId root="1\.2\.250\.1\.213\.1\.1\.1\.1"/>)'
    claimed = edited(structured, model, rb'\1<templateId root="1.2.250.1.213.1.1.1.29"/>')
    assert "FAIL" in _passing(claimed, "TD2.1", declared, "COH-FORMAT-MODEL")
    right = edited(claimed, rb"urn:ihe:iti:xds-sd:pdf:2008", b"urn:asip:ci-sis:ldl-ses:2017")
    assert _passing(right, "TD2.1", declared, "COH-FORMAT-MODEL") == {"PASS"}


def test_the_author_of_the_set_is_the_user_or_the_structure(
    make: Make, edited: Edited, declared: Declared
) -> None:
    good = make("TD2.1")
    assert _passing(good, "TD2.1", declared, "COH-VIHF-AUTHOR") == {"PASS"}
    other = edited(good, rb"(Identifiant_Structure\"><[^>]+>)[^<]+", rb"\g<1>10B0000000")
    other = edited(other, rb"<saml2:NameID>[^<]+", b"<saml2:NameID>899990009999")
    assert _passing(other, "TD2.1", declared, "COH-VIHF-AUTHOR") == {"FAIL"}


def test_connection_and_signature_have_one_holder(make: Make, declared: Declared) -> None:
    mine, other = make("TD0.2"), make("TD0.2", identity="hopital")
    assert _passing(mine, "TD0.2", declared, "VIHF-SAME-HOLDER") == {"PASS"}
    swapped = replace(mine, tls=other.tls)
    assert _passing(swapped, "TD0.2", declared, "VIHF-SAME-HOLDER") == {"FAIL"}
