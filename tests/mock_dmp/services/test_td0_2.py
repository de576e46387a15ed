"""The existence test: the decision table, the traits, bad requests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mock_dmp.state import traces
from protocol import directory, facts
from protocol.identifiers.ins import ins_key
from tests.mock_dmp.builders import Answered, Lps, Who, el, existence

A = "actif-autorise"
CODE = "hl7:controlActProcess/hl7:queryAck/hl7:queryResponseCode/@code"
STATUS = (
    "hl7:controlActProcess/hl7:subject/hl7:registrationEvent/hl7:subject1/hl7:patient/hl7:statusCode/@code"
)


def ask(lps: Lps, patient: str, who: Who | None = None) -> Answered:
    return lps.send("TD0.2", existence(patient), (who or Who()).on(patient))


def line(answer: Answered, key: str, attribute: str) -> list[str]:
    return answer.all(f"hl7:attentionLine[hl7:keyWordText/@code='{key}']/hl7:value/@{attribute}")


@pytest.mark.parametrize(
    ("patient", "who", "status", "authorisation", "mt"),
    [
        (A, Who(), "active", "VALIDE", "false"),
        (A, Who(professional="medecin-traitant"), "active", "VALIDE", "true"),
        ("actif-sans-autorisation", Who(), "active", "NON_EXISTE", "false"),
        ("actif-expire", Who(), "active", "EXPIRE", "false"),
        ("actif-expire", Who(professional="medecin-traitant"), "active", "EXPIRE", "false"),
        ("actif-interdit", Who(), "active", "INTERDIT", "false"),
        ("ferme", Who(), "terminated", None, "false"),
        (A, Who(access="centre_15"), "active", "VALIDE", "false"),
        (A, Who(professional="secretaire"), "active", "VALIDE", "false"),
    ],
)
def test_decision_table(
    reader: Lps, patient: str, who: Who, status: str, authorisation: str | None, mt: str
) -> None:
    answer = ask(reader, patient, who)
    assert answer.one("hl7:acknowledgement/@typeCode") == "AA"
    assert answer.one(CODE) == "OK"
    assert answer.one(STATUS) == status
    assert authorisation in (None, *line(answer, "AUTORISATION", "code"))
    assert line(answer, "STATUT_MT", "value") == [mt]
    assert bool(answer.all(".//hl7:detectedIssueEvent")) == (status == "terminated")


def test_no_dmp(reader: Lps) -> None:
    answer = ask(reader, "absent")
    assert answer.one("hl7:acknowledgement/@typeCode") == "AA"
    assert answer.one(CODE) == "NF"
    assert answer.all("hl7:attentionLine | .//hl7:subject") == []


def test_unknown_patient(reader: Lps) -> None:
    number = f"1850163999123{ins_key('1850163999123')}"
    resource = {
        "urn:oasis:names:tc:xacml:2.0:resource:resource-id": f"{number}^^^&{facts.OID_INS_TEST}&ISO^NH"
    }
    answer = reader.send("TD0.2", existence(number=number), Who(attributes=resource))
    assert answer.one(CODE) == "NF"


def test_closed_says_when_and_why(reader: Lps) -> None:
    answer = ask(reader, "ferme")
    closed = directory.patients()["ferme"].dmp.closed
    assert closed is not None
    assert answer.one(".//hl7:registrationEvent/hl7:effectiveTime/@value") == closed.at.strftime(
        "%Y%m%d%H%M%S"
    )
    issue = "hl7:controlActProcess/hl7:reasonOf/hl7:detectedIssueEvent"
    assert answer.one(f"{issue}/hl7:code/@code") == closed.code
    assert answer.one(f"{issue}/hl7:code/@codeSystem") == "1.2.250.1.213.4.1.2.4"
    assert answer.one(f"{issue}/hl7:text") == closed.text


def test_traits_and_echo(reader: Lps) -> None:
    answer = ask(reader, A)
    person = ".//hl7:patientPerson"
    assert answer.one(f"{person}/hl7:name/hl7:family[@qualifier='SP']") == "AUTORISEE"
    assert answer.all(f"{person}/hl7:name/hl7:given/text()") == ["MARIE", "JEANNE"]
    assert answer.one(f"{person}/hl7:birthTime/@value") == "19800514"
    assert answer.all(".//hl7:patient/hl7:id/@root") == [facts.OID_INS_C, facts.OID_INS_TEST]
    assert answer.all(f"{person}/hl7:telecom/@value") == [
        "tel:0600000001",
        "mailto:marie.autorisee@example.org",
    ]
    account = ".//hl7:administrativeObservation[hl7:code/@code='COMPTE_INTERNET_OUVERT']/hl7:value/@value"
    assert answer.one(account) == "true"
    assert answer.one("hl7:receiver/hl7:device/hl7:id/@root") == "1.2.3.4"
    assert answer.one(".//hl7:queryAck/hl7:queryId/@extension") == "q1"
    assert answer.all("hl7:acknowledgement/hl7:targetMessage/hl7:id/@extension")


def test_attached_to_mes_and_usual_name_never_filled(reader: Lps) -> None:
    answer = ask(reader, "rattache-mes")
    attached = ".//hl7:administrativeObservation[hl7:code/@code='RATTACHEMENT_ENS']/hl7:value/@value"
    assert answer.one(attached) == "true"
    answer = ask(reader, "actif-sans-autorisation")
    assert answer.one(".//hl7:family[@qualifier='SP']") == "NON RENSEIGNE"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (existence(A, reason="AUTRE"), "TEST_EXST"),
        (el("hl7:PRPA_IN201307UV02"), "requête par paramètres"),
        (existence(number=""), "patientIdentifier"),
    ],
)
def test_bad_request_is_an_acknowledgement(reader: Lps, body: object, cause: str) -> None:
    answer = reader.send("TD0.2", body, Who().on(A))  # type: ignore[arg-type]
    assert answer.status == 200
    assert answer.one("hl7:acknowledgement/@typeCode") == "AE"
    assert answer.one("hl7:acknowledgement/hl7:acknowledgementDetail/hl7:code/@code") == "MockInvalidRequest"
    assert cause in answer.one("hl7:acknowledgement/hl7:acknowledgementDetail/hl7:text")


def test_receiver_is_a_warning(lps: Lps, change: Callable[..., None]) -> None:
    body = existence(A, receiver="1.2.3")
    assert lps.send("TD0.2", body, Who().on(A)).one("hl7:acknowledgement/@typeCode") == "AA"
    change(HL7__RECEIVER="refuse")
    body = existence(A, receiver="1.2.3")
    assert lps.send("TD0.2", body, Who().on(A)).one("hl7:acknowledgement/@typeCode") == "AE"


def test_traced(lps: Lps) -> None:
    ask(lps, A)
    ask(lps, "absent")
    with lps.store.read() as db:
        assert [trace["result"] for trace in traces.listing(db, "default")] == ["active", "NF"]
