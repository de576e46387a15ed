"""Rules of returned objects and of missing documents: each passes on a right answer and fails on its defect."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Answered = Callable[..., Exchange]

UUID = b"urn:uuid:0f1e2d3c-4b5a-4697-8888-00000000000"
STATUS = b"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SEVERITY = b"urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
CODES = (
    b"41a5887f-8865-4c09-adf7-e362475b143a",
    b"f0306f51-975f-434e-a61c-c59651d33983",
    b"a09d5840-386c-46f2-b5ad-9c3699a4309d",
    b"f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    b"cccf5598-8b07-4b77-a05e-ae952c785ead",
    b"f4f85eac-e6cb-4883-b524-f2705394840f",
)
ENTRY = (
    b'<r:ExtrinsicObject id="%(id)s1" lid="%(id)s1">'
    b'<r:Slot name="creationTime"><r:ValueList><r:Value>20261101101500</r:Value></r:ValueList></r:Slot>'
    b'<r:Slot name="size"><r:ValueList><r:Value>12</r:Value></r:ValueList></r:Slot>'
    b'<r:Slot name="repositoryUniqueId"><r:ValueList><r:Value>1.2.3</r:Value></r:ValueList></r:Slot>'
    + b"".join(
        b'<r:Classification classifiedObject="%(id)s1" nodeRepresentation="a" classificationScheme="urn:uuid:'
        + code
        + b'"/>'
        for code in CODES
    )
    + b'<r:ExternalIdentifier registryObject="%(id)s1" value="123^^^&amp;1.2&amp;ISO^NH" '
    b'identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"/>'
    b'<r:ExternalIdentifier registryObject="%(id)s1" value="1.2.3.4" '
    b'identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"/></r:ExtrinsicObject>'
) % {b"id": UUID}
SECOND = ENTRY.replace(UUID + b"1", UUID + b"2").replace(b'value="123^', b'value="456^')
PACKAGE = (
    b'<r:RegistryPackage id="%(id)s3"><r:Classification classifiedObject="%(id)s3" '
    b'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/></r:RegistryPackage>'
    b'<r:Association id="%(id)s4" sourceObject="%(id)s3" targetObject="%(id)s1"/>'
) % {b"id": UUID}
ERRORS = (
    b'<rs:RegistryErrorList><rs:RegistryError errorCode="XDSRegistryError" codeContext="raison" severity="'
    + SEVERITY
    + b'"/></rs:RegistryErrorList>'
)
QUERY = (
    b'<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
    b'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
    b'xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" status="'
    + STATUS
    + b'Success">'
    + ERRORS
    + b"<r:RegistryObjectList>"
    + ENTRY
    + PACKAGE
    + b"</r:RegistryObjectList></q:AdhocQueryResponse>"
)
RETRIEVE = (
    b'<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007" '
    b'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"><rs:RegistryResponse status="'
    + STATUS
    + b'Failure">'
    + ERRORS
    + b"</rs:RegistryResponse></x:RetrieveDocumentSetResponse>"
)

#: rule, what is changed in the good answer to TD3.1, by what
CHANGED = [
    ("RS-ERROR-CODE", b'errorCode="XDSRegistryError"', b'errorCode="Erreur42"'),
    (
        "RS-ORDER",
        rb"(<rs:RegistryErrorList.*?</rs:RegistryErrorList>)(<r:Reg.*</r:RegistryObjectList>)",
        rb"\2\1",
    ),
    ("RS-ENTRY-CODES", CODES[0], b"00000000-0000-0000-0000-000000000000"),
    ("RS-ENTRY-IDS", b'value="1.2.3.4"', b'value=""'),
    ("RS-ENTRY-FORMS", b">20261101101500<", b">hier<"),
    ("RS-PARENTS", b'classifiedObject="' + UUID + b'1"', b'classifiedObject="' + UUID + b'9"'),
    ("RS-SET-CLASS", b"a54d6aa5-d40d-43f9-88c5-b4633d873bdd", b"00000000-0000-0000-0000-000000000000"),
    ("RS-ASSOCIATION", b'targetObject="' + UUID + b'1"', b'targetObject="fiche"'),
    ("RS-ONE-PATIENT", b"</r:ExtrinsicObject>", b"</r:ExtrinsicObject>" + SECOND),
]
BROKEN = {row[0] for row in CHANGED} | {"RETRIEVE-MISSING"}


def _statuses(exchange: Exchange, transaction: str, rule: str) -> set[str]:
    found = api.judge(exchange, load().by_id(transaction), sides=("response",), only=[rule])
    return {item.status for item in found}


@pytest.mark.parametrize(("rule", "pattern", "by"), CHANGED, ids=lambda value: str(value)[:16])
def test_a_changed_answer_breaks_its_rule(
    make: Make, answered: Answered, rule: str, pattern: bytes, by: bytes
) -> None:
    asked = make("TD3.1")
    changed, count = re.subn(pattern, by, QUERY, count=1, flags=re.DOTALL)
    assert count == 1
    assert _statuses(answered(asked, QUERY), "TD3.1", rule) == {"PASS"}
    assert "FAIL" in _statuses(answered(asked, changed), "TD3.1", rule)


def test_a_missing_document_has_its_error(make: Make, answered: Answered) -> None:
    asked = make("TD3.2")
    assert _statuses(answered(asked, RETRIEVE), "TD3.2", "RETRIEVE-MISSING") == {"PASS"}
    silent = RETRIEVE.replace(ERRORS, b"")
    assert _statuses(answered(asked, silent), "TD3.2", "RETRIEVE-MISSING") == {"FAIL"}
