"""Each expectation passes on the answer it describes and fails on another one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from harness.checks.rule import Finding
from harness.expectations import Expect, judge_answer, to_plain
from protocol.exchange import Exchange, Request, Response
from protocol.transactions import load

SOAP = "http://www.w3.org/2003/05/soap-envelope"
AT = datetime(2026, 1, 1, tzinfo=UTC)
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:DMPInvalidCertificate</s:Value></s:Subcode>"
    "</s:Code><s:Reason><s:Text>Le certificat ayant signé le VIHF est invalide</s:Text></s:Reason></s:Fault>"
)
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
REGISTRY = f"<r:RegistryResponse xmlns:r='{RS}' status='{{}}'>{{}}</r:RegistryResponse>"
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
OK = REGISTRY.format(f"{STATUS}Success", "")
KO = REGISTRY.format(
    f"{STATUS}Failure",
    "<r:RegistryErrorList><r:RegistryError errorCode='XDSUnknownPatientId' codeContext='patient inconnu'/>"
    "</r:RegistryErrorList>",
)
FOUND = (
    "<h:PRPA_IN201308UV02 xmlns:h='urn:hl7-org:v3'>"
    "<h:attentionLine><h:keyWordText code='AUTORISATION'/><h:value code='VALIDE'/></h:attentionLine>"
    "<h:acknowledgement typeCode='AA'/><h:controlActProcess><h:subject><h:patient><h:statusCode code='active'/>"
    "</h:patient></h:subject><h:queryAck><h:queryResponseCode code='OK'/></h:queryAck></h:controlActProcess>"
    "</h:PRPA_IN201308UV02>"
)
NOT_FOUND = (
    FOUND.replace("code='OK'", "code='NF'").replace("VALIDE", "EXPIRE").replace("active", "terminated")
)
STATUS_OK = (
    "<h:setAuthorizationResponse xmlns:h='urn:si-dmp-habilitations'><h:output><h:status>DMPOk</h:status>"
    "<h:context>déjà autorisé</h:context></h:output></h:setAuthorizationResponse>"
)
RETRIEVED = (
    "<x:RetrieveDocumentSetResponse xmlns:x='urn:ihe:iti:xds-b:2007'>"
    f"<x:DocumentResponse><x:Document>aGVsbG8=</x:Document></x:DocumentResponse>{OK}</x:RetrieveDocumentSetResponse>"
)


def exchange(payload: str, *, status: int = 200, failure: str = "") -> Exchange:
    body = f"<s:Envelope xmlns:s='{SOAP}'><s:Body>{payload}</s:Body></s:Envelope>".encode()
    response = None if failure else Response(status, (("Content-Type", "application/soap+xml"),), body)
    return Exchange("e", "driver", "s", AT, AT, Request("POST", "/", (), b""), response, failure=failure)


def judged(payload: str, *, answered: int = 200, **expect: Any) -> list[Finding]:
    made = exchange(payload, status=answered)
    return list(judge_answer(Expect.model_validate(expect), made, load().by_id("TD3.2"), under_test="D"))


@pytest.mark.parametrize(
    ("expect", "good", "bad"),
    [
        ({"success": True}, OK, KO),
        ({"success": True}, FOUND, FAULT),
        ({"success": True}, STATUS_OK, STATUS_OK.replace("DMPOk", "DMPClosed")),
        ({"success": False}, KO, OK),
        ({"success": False}, FAULT, FOUND),
        ({"fault": "DMPInvalidCertificate"}, FAULT, OK),
        (
            {"fault": "MockVihfSignature|DMPInvalidCertificate"},
            FAULT,
            FAULT.replace("DMPInvalid", "DMPUnknown"),
        ),
        ({"ebxml": "XDSUnknownPatientId"}, KO, OK),
        ({"error": "XDSUnknownPatientId"}, KO, FAULT),
        ({"error": "DMPInvalidCertificate"}, FAULT, KO),
        ({"ack": "AA"}, FOUND, FOUND.replace("'AA'", "'AE'")),
        ({"status": "DMPOk"}, STATUS_OK, OK),
        ({"query_response": "OK"}, FOUND, NOT_FOUND),
        ({"authorisation": "VALIDE"}, FOUND, NOT_FOUND),
        ({"patient_status": "active"}, FOUND, NOT_FOUND),
        ({"cause": "certificat .* invalide"}, FAULT, KO),
        ({"cause": "PATIENT INCONNU"}, KO, FAULT),
        ({"cause": "déjà"}, STATUS_OK, OK),
        (
            {"retrieved": hashlib.sha256(b"hello").hexdigest()},
            RETRIEVED,
            RETRIEVED.replace("aGVsbG8=", "aGVsbG8h"),
        ),
        ({"xpath": [{"path": "//hl7:patient", "count": 1}]}, FOUND, OK),
        ({"xpath": [{"path": "//hl7:patient", "present": True}]}, FOUND, OK),
        ({"xpath": [{"path": "//hl7:patient", "present": False}]}, OK, FOUND),
        ({"xpath": [{"path": "//hl7:statusCode/@code", "equals": "active"}]}, FOUND, NOT_FOUND),
        ({"xpath": [{"path": "//rs:RegistryError/@codeContext", "contains": "inconnu"}]}, KO, OK),
        ({"xpath": [{"path": "//rs:RegistryError/@errorCode", "matches": "^XDS.*Id$"}]}, KO, OK),
    ],
)
def test_good_and_bad_answers(expect: dict[str, Any], good: str, bad: str) -> None:
    assert {item.status for item in judged(good, **expect)} == {"PASS"}
    assert {item.status for item in judged(bad, **expect)} == {"FAIL"}


def test_http_status() -> None:
    assert judged(FAULT, answered=500, http=500)[0].status == "PASS"
    assert judged(FAULT, http=500)[0].status == "FAIL"


def test_an_answer_that_is_no_soap_fails_every_expectation() -> None:
    [finding] = judged("<", success=True)
    assert (finding.rule, finding.status) == ("EXPECT-READABLE", "FAIL")


@pytest.mark.parametrize(("side", "status"), [("D", "FAIL"), ("L", "VACUOUS")])
def test_no_answer_fails_the_platform_and_says_nothing_of_the_software(side: Any, status: str) -> None:
    lost = exchange("", failure="cut: hung up")
    [finding] = judge_answer(Expect(success=True), lost, load().by_id("TD3.2"), under_test=side)
    assert finding.status == status
    assert "hung up" in finding.found


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ("tls: alert", "PASS"),
        ("cut: reset", "PASS"),
        ("connect: refused", "FAIL"),
        ("timeout: 5 s", "FAIL"),
        ("", "FAIL"),
    ],
)
def test_a_refused_connection_is_the_act_of_a_peer_that_is_there(failure: str, status: str) -> None:
    made = exchange(OK, failure=failure)
    [finding] = judge_answer(Expect(connection="refused"), made, load().by_id("TD3.2"), under_test="D")
    assert finding.status == status


def test_captured_values_are_put_in_and_the_result_is_plain() -> None:
    expect = Expect.model_validate(
        {"xpath": [{"path": "//x[@id='${id}']", "equals": "${id}"}], "success": True}
    )
    done = expect.resolved({"id": "7"})
    assert to_plain(done) == {"xpath": [{"path": "//x[@id='7']", "equals": "7"}], "success": True}
    assert Expect.model_validate(to_plain(done)) == done


def test_codes_and_expressions_are_listed_for_the_check_of_names() -> None:
    expect = Expect.model_validate({"error": "A| B", "fault": "C", "xpath": [{"path": "//x"}]})
    assert expect.codes() == {"A", "B", "C"}
    assert expect.expressions() == ("//x",)


def test_unknown_expectations_are_refused() -> None:
    with pytest.raises(ValidationError):
        Expect.model_validate({"sucess": True})


def test_a_fault_is_told_once_with_its_own_words() -> None:
    found = judged(FAULT, success=True, query_response="OK", xpath=[{"path": "//hl7:patient"}])
    assert [finding.rule for finding in found] == ["EXPECT-SUCCESS"]
    assert found[0].found == "s:DMPInvalidCertificate — Le certificat ayant signé le VIHF est invalide"
    found = judged(FAULT, query_response="NF")
    assert "DMPInvalidCertificate — Le certificat" in found[0].found


def test_an_error_without_fault_is_quoted_and_the_rest_still_judged() -> None:
    found = judged(KO, success=True, xpath=[{"path": "//hl7:patient"}])
    assert [finding.rule for finding in found] == ["EXPECT-SUCCESS", "EXPECT-XPATH"]
    assert all("patient inconnu" in finding.found for finding in found)


def test_a_long_text_of_the_platform_is_shortened() -> None:
    found = judged(FAULT.replace("Le certificat", "x" * 100_000), success=True)
    assert len(found[0].found) < 1000


def test_what_only_the_patient_may_know_is_compared_and_not_quoted() -> None:
    created = (
        "<p:createPatientAccessResponse xmlns:p='urn:si-dmp-patients'><p:output><p:login>ABCD2345</p:login>"
        "<p:password>aB3$-x+9</p:password><p:status>DMPOk</p:status></p:output></p:createPatientAccessResponse>"
    )
    paths = [{"path": "//pat:login", "equals": "ABCD2345"}, {"path": "//pat:output", "equals": "?"}]
    right, wrong = judged(created, xpath=paths)
    assert (right.status, right.found) == ("PASS", "•••")
    assert (wrong.status, wrong.found) == ("FAIL", "••••••DMPOk")
