"""Rules over what the registry accepted before: each passes on a right run and fails on the defect it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load
from tests.harness.checks.opening import opening, whole

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]

BROKEN = (
    *("SEQ-SET-ONCE", "SEQ-DOCUMENT-OTHER", "SEQ-DOCUMENT-SAME", "SEQ-REPLACED-ONCE", "SEQ-DEPRECATED"),
    *("SEQ-TARGET-PATIENT", "SEQ-NO-RECORD"),
)
RS = b'<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="urn:oasis:names:tc:ebxml-'
SUCCESS = RS + b'regrep:ResponseStatusType:Success"/>'
REFUSED = RS + b'regrep:ResponseStatusType:Failure"/>'
TARGET = b"urn:uuid:0f1e2d3c-4b5a-4697-8888-000000000001"
RPLC = (
    b'<rim:Association id="r1" associationType="urn:ihe:iti:2007:AssociationType:RPLC" sourceObject="Document01"'
    b' targetObject="' + TARGET + b'"/></rim:RegistryObjectList>'
)
TOLD = b"""<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
 xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><r:RegistryObjectList><r:ExtrinsicObject id="%(id)s"
 status="urn:oasis:names:tc:ebxml-regrep:StatusType:%(status)s"><r:ExternalIdentifier
 identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427" value="%(patient)s^^^&amp;1.2.3&amp;ISO^NH"/>
<r:ExternalIdentifier identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="2.25.77"/>
</r:ExtrinsicObject></r:RegistryObjectList></q:AdhocQueryResponse>"""
ABSENT = (
    b"""<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="1.2.3"/>"""
    + opening(b"PRPA_IN201308UV02")
    + b"""<acknowledgement typeCode="AA"/><controlActProcess><queryAck><queryResponseCode code="%s"/></queryAck>
</controlActProcess></PRPA_IN201308UV02>"""
)


@pytest.fixture
def fed(make: Make, edited: Edited, answered: Answered) -> Callable[..., tuple[Exchange, str]]:
    """A submission that was answered; `other_set`, `other_bytes`, `replacing` tell it from the first one."""

    def _fed(
        payload: bytes = SUCCESS,
        *,
        other_set: bool = False,
        other_bytes: bool = False,
        replacing: bool = False,
        patient: str = "alimentation",
    ) -> tuple[Exchange, str]:
        exchange = make("TD2.1", patient=patient)
        if other_set:
            exchange = edited(exchange, rb'(96fdda7c-[^>]*? value="[^"]+)', rb"\g<1>7")
        if other_bytes:
            exchange = edited(exchange, b"</ClinicalDocument>", b"</ClinicalDocument> ")
        if replacing:
            exchange = edited(exchange, b"</rim:RegistryObjectList>", RPLC)
        return answered(exchange, payload), "TD2.1"

    return _fed


@pytest.fixture
def told(make: Make, answered: Answered) -> Callable[..., tuple[Exchange, str]]:
    def _told(status: bytes = b"Approved", patient: bytes = b"") -> tuple[Exchange, str]:
        exchange = make("TD3.1", patient="alimentation")
        own = re.search(rb"(\d{15})\^\^\^", exchange.request.body)
        assert own is not None
        places = {b"id": TARGET, b"status": status, b"patient": patient or own[1]}
        return answered(exchange, TOLD % places), "TD3.1"

    return _told


@pytest.fixture
def asked(make: Make, answered: Answered) -> Callable[[bytes], tuple[Exchange, str]]:
    def _asked(code: bytes) -> tuple[Exchange, str]:
        return answered(make("TD0.2", patient="alimentation"), whole(ABSENT) % code), "TD0.2"

    return _asked


def said(rule: str, *calls: tuple[Exchange, str]) -> list[str]:
    """Statuses that a rule gives to these answers, in their order."""
    rows = [
        (replace(exchange, id=f"e{rank}"), load().by_id(name), True)
        for rank, (exchange, name) in enumerate(calls)
    ]
    return [one.status for one in api.judge_answers(rows) if one.rule == rule]


def test_a_set_is_accepted_once(fed: Callable[..., tuple[Exchange, str]]) -> None:
    assert said("SEQ-SET-ONCE", fed(), fed(REFUSED)) == ["PASS"]
    assert said("SEQ-SET-ONCE", fed(), fed()) == ["FAIL"]
    assert said("SEQ-SET-ONCE", fed(REFUSED), fed()) == ["VACUOUS"]
    assert said("SEQ-SET-ONCE", fed(), fed(other_set=True)) == ["VACUOUS"]


def test_an_id_is_of_one_document(fed: Callable[..., tuple[Exchange, str]]) -> None:
    other = {"other_set": True, "other_bytes": True}
    assert "FAIL" in said("SEQ-DOCUMENT-OTHER", fed(), fed(**other))
    assert set(said("SEQ-DOCUMENT-OTHER", fed(), fed(REFUSED, **other))) == {"PASS"}
    assert said("SEQ-DOCUMENT-OTHER", fed(), fed(REFUSED, other_set=True)) == ["VACUOUS"]


def test_the_same_document_is_taken_again(fed: Callable[..., tuple[Exchange, str]]) -> None:
    assert set(said("SEQ-DOCUMENT-SAME", fed(), fed(other_set=True))) == {"PASS"}
    assert set(said("SEQ-DOCUMENT-SAME", fed(), fed(REFUSED, other_set=True))) == {"FAIL"}
    assert said("SEQ-DOCUMENT-SAME", fed(), fed()) == ["VACUOUS"], "the same set is no other entry"


def test_a_document_is_replaced_once(fed: Callable[..., tuple[Exchange, str]]) -> None:
    first = fed(replacing=True)
    assert said("SEQ-REPLACED-ONCE", first, fed(REFUSED, replacing=True, other_set=True)) == ["PASS"]
    assert said("SEQ-REPLACED-ONCE", first, fed(replacing=True, other_set=True)) == ["FAIL"]
    assert said("SEQ-REPLACED-ONCE", first) == ["VACUOUS"]


def test_what_is_replaced_is_deprecated(
    fed: Callable[..., tuple[Exchange, str]], told: Callable[..., tuple[Exchange, str]]
) -> None:
    before, replaced = told(), fed(replacing=True)
    assert said("SEQ-DEPRECATED", before, replaced, told(b"Deprecated")) == ["PASS"]
    assert said("SEQ-DEPRECATED", before, replaced, told(b"Approved")) == ["FAIL"]
    assert said("SEQ-DEPRECATED", before, fed(REFUSED, replacing=True), told(b"Approved")) == ["VACUOUS"]


def test_a_target_is_of_the_same_patient(
    fed: Callable[..., tuple[Exchange, str]], told: Callable[..., tuple[Exchange, str]]
) -> None:
    other = told(patient=b"189036399920935")
    assert said("SEQ-TARGET-PATIENT", told(), fed(replacing=True)) == ["PASS"]
    assert said("SEQ-TARGET-PATIENT", other, fed(replacing=True)) == ["FAIL"]
    assert said("SEQ-TARGET-PATIENT", other, fed(REFUSED, replacing=True)) == ["PASS"]


def test_nothing_is_taken_for_a_patient_without_a_record(
    fed: Callable[..., tuple[Exchange, str]], asked: Callable[[bytes], tuple[Exchange, str]]
) -> None:
    assert said("SEQ-NO-RECORD", asked(b"NF"), fed()) == ["FAIL"]
    assert said("SEQ-NO-RECORD", asked(b"NF"), fed(REFUSED)) == ["PASS"]
    assert said("SEQ-NO-RECORD", asked(b"OK"), fed()) == ["VACUOUS"]
    assert said("SEQ-NO-RECORD", asked(b"NF"), asked(b"OK"), fed()) == ["VACUOUS"]


@pytest.mark.parametrize(("system", "status"), [(b"1.2.250.1.213.1.1.4.13", "PASS"), (b"1.2.3", "FAIL")])
def test_a_coded_secret_connection_is_of_its_system(
    make: Make, edited: Edited, system: bytes, status: str
) -> None:
    attribute = (
        b'<saml2:Attribute Name="urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code">'
        b'<saml2:AttributeValue><c:Code xmlns:c="urn:hl7-org:v3" code="INVISIBLE_REPRESENTANTS_LEGAUX" '
        b'codeSystem="%s"/>'
        b"</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>" % system
    )
    exchange = edited(make("TD0.2"), b"</saml2:AttributeStatement>", attribute)
    [found] = api.judge(exchange, load().by_id("TD0.2"), only=["VIHF-SECRET-SYSTEM"], sides=("request",))
    assert found.status == status
