"""What becomes of the record: opened, reopened, changed, closed; and what TD1.3a reads of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree

from mock_dmp.state import patients, traces
from protocol.directory import Patient
from protocol.patientmodel import Telecom
from tests.mock_dmp.administrative import message, problems, registration, send
from tests.mock_dmp.builders import Answered, Lps, Who, existence

FROZEN = "2026-06-01T12:00:00Z"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def frozen(lps: Lps, change: Callable[..., None]) -> Lps:
    change(clock_frozen_at=FROZEN, VIHF__FRESHNESS="off")
    return lps


def record(lps: Lps, key: str) -> Patient:
    with lps.store.read() as db:
        found = patients.by_key(db, lps.session, key)
    assert found is not None
    return found


def consult(lps: Lps, patient: str, who: Who | None = None) -> Answered:
    return lps.send("TD1.3a", existence(patient, reason="CNSLT_DATA"), (who or Who()).on(patient))


def results(lps: Lps) -> list[tuple[str, str]]:
    with lps.store.read() as db:
        return [(str(line["transaction"]), str(line["result"])) for line in traces.listing(db, lps.session)]


def test_a_dmp_is_opened(frozen: Lps) -> None:
    answer = send(frozen, "TD1.1", "absent")
    kept = record(frozen, "absent")
    assert (kept.dmp.status, kept.dmp.opened, kept.dmp.closed) == ("active", NOW, None)
    assert kept.dmp.consent_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (kept.dmp.opposition_bris_de_glace, kept.dmp.opposition_acces_urgence) == (False, True)
    assert kept.telecom == (Telecom("MC", "0600000041"),)
    assert kept.address is not None and kept.address.lines == ("1 rue Neuve",)
    assert answer.one(".//hl7:patient/hl7:statusCode/@code") == "active"
    assert answer.one(".//hl7:name/hl7:family[@qualifier='BR']") == "ABSENTE"
    assert answer.one("hl7:PRPA_IN201312UV02/hl7:id/@root") == "1.2.250.1.213.4.1.1.1.1"
    assert answer.payload.tag == "{asip:ci-sis:gdp:2010}PRPA_IN201311UV02_Response"
    assert results(frozen) == [("TD1.1", "active")]


def test_an_identity_that_is_known_is_not_rewritten(lps: Lps) -> None:
    send(lps, "TD1.1", "absent", (">ABSENTE<", ">PRESENTE<"), ('"19691224"', '"19691225"'), ('"F"', '"M"'))
    kept = record(lps, "absent")
    assert (kept.family_birth, kept.family_usual, kept.sex) == ("ABSENTE", "PRESENTE", "F")
    assert kept.birth_stamp == "19691224"


def test_a_closed_dmp_is_reopened_with_what_it_held(frozen: Lps) -> None:
    before = record(frozen, "ferme")
    send(frozen, "TD1.2", "ferme")
    kept = record(frozen, "ferme")
    assert (kept.dmp.status, kept.dmp.closed, kept.dmp.opened) == ("active", None, before.dmp.opened)
    assert kept.dmp.consent_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert kept.dmp.opposition_acces_urgence == before.dmp.opposition_acces_urgence
    assert results(frozen) == [("TD1.2", "active")]


@pytest.mark.parametrize(("setting", "kept"), [("removed", False), ("unchanged", True)])
def test_what_a_change_does_not_carry(
    lps: Lps, change: Callable[..., None], setting: str, kept: bool
) -> None:
    change(gdp_absent_data=setting)
    before = record(lps, "accents")
    address = "<addr><streetAddressLine>1 rue Neuve</streetAddressLine><city>X</city></addr>"
    send(lps, "TD1.3b", "accents", ('<telecom use="MC" value="tel:0600000041"/>', ""), (address, ""))
    after = record(lps, "accents")
    assert after.telecom == (before.telecom if kept else ())
    assert after.address == (before.address if kept else None)


def test_an_opposition_that_is_not_sent_is_unchanged(lps: Lps) -> None:
    send(lps, "TD1.3b", "opposition-regulation")
    dmp = record(lps, "opposition-regulation").dmp
    assert (dmp.opposition_bris_de_glace, dmp.opposition_acces_urgence) == (True, True)
    consent = ("OPPOSITION_BRIS_DE_GLACE", "CONSENTEMENT_REACTIVATION_DMP")
    assert message(send(lps, "TD1.3b", "opposition-regulation", consent))[1] == "AA"
    assert record(lps, "opposition-regulation").dmp == dmp


def test_the_usual_name_that_nobody_filled_stays_so(lps: Lps) -> None:
    send(lps, "TD1.3b", "nom-usuel-absent", (">INCONNU<", ">NON RENSEIGNE<"))
    assert record(lps, "nom-usuel-absent").family_usual == ""


@pytest.mark.parametrize("status", ["active", "terminated"])
def test_a_dmp_is_closed(frozen: Lps, status: str) -> None:
    request = ('<statusCode code="active"/>', f'<statusCode code="{status}"/>')
    answer = send(frozen, "TD1.4", "actif-autorise", request)
    assert answer.one(".//hl7:patient/hl7:statusCode/@code") == "terminated"
    closed = record(frozen, "actif-autorise").dmp.closed
    assert closed is not None
    assert (closed.at, closed.code, closed.text) == (NOW, "FERMETURE_DEMANDE_PATIENT", "Il le veut")
    told = frozen.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise"))
    assert told.one(".//hl7:registrationEvent/hl7:effectiveTime/@value") == "20260601120000"
    assert told.one(".//hl7:detectedIssueEvent/hl7:text") == "Il le veut"


def test_a_closing_may_be_without_words(lps: Lps) -> None:
    assert message(send(lps, "TD1.4", "actif-autorise", ("<text>Il le veut</text>", "")))[1] == "AA"
    closed = record(lps, "actif-autorise").dmp.closed
    assert closed is not None and closed.text == ""


@pytest.mark.parametrize(
    ("transaction", "patient", "code"),
    [
        ("TD1.1", "actif-autorise", "DMPFound"),
        ("TD1.1", "ferme", "DMPClosed"),
        ("TD1.2", "actif-autorise", "DMPFound"),
        ("TD1.2", "absent", "MockPatientNotFound"),
        ("TD1.3b", "ferme", "DMPClosed"),
        ("TD1.3b", "rattache-mes", "MockAttachedToMes"),
        ("TD1.4", "ferme", "DMPClosed"),
        ("TD1.4", "absent", "MockPatientNotFound"),
        ("TD1.4", "rattache-mes", "MockAttachedToMes"),
        ("TD1.4", "actif-interdit", "MockBlocked"),
    ],
)
def test_state_and_rights_refuse(reader: Lps, transaction: str, patient: str, code: str) -> None:
    answer = send(reader, transaction, patient)
    assert problems(answer) == [code]
    refusing = "PRPA_IN201313UV02" if transaction == "TD1.1" else "PRPA_IN201316UV02"
    assert answer.fault or message(answer) == (refusing, "AE")


def test_a_refusal_is_traced(lps: Lps) -> None:
    send(lps, "TD1.4", "ferme")
    assert results(lps) == [("TD1.4", "DMPClosed")]


def test_the_administrative_data(lps: Lps) -> None:
    send(lps, "TD1.3b", "actif-autorise")
    answer = consult(lps, "actif-autorise")
    assert answer.one("hl7:acknowledgement/@typeCode") == "AA"
    numbers = answer.all(".//hl7:patientPerson/hl7:telecom/@value")
    assert numbers[0] == "tel:0600000041"
    # The channels of the account that the patient has come after, as they were registered.
    assert numbers[1:] == ["tel:0600000001", "mailto:marie.autorisee@example.org"]
    assert answer.one(".//hl7:deceasedInd/@value") == "false"
    assert answer.one(".//hl7:birthPlace/hl7:addr/hl7:postalCode") == "63999"
    observed = {
        item.find("{*}code").get("code"): item.find("{*}value").get("value")
        for item in answer.all(".//hl7:administrativeObservation")
    }
    assert observed == {
        "COMPTE_INTERNET_OUVERT": "true",
        "RATTACHEMENT_ENS": "false",
        "OPPOSITION_BRIS_DE_GLACE": "true",
        "OPPOSITION_ACCES_URGENCE": "false",
    }
    assert answer.all(".//hl7:attentionLine") == []
    assert results(lps)[-1] == ("TD1.3a", "active")


@pytest.mark.parametrize(
    ("patient", "who", "status"),
    [
        ("decede", Who(), "terminated"),
        ("rattache-mes", Who(professional="secretaire"), "active"),
        ("actif-expire", Who(access="bris_de_glace", reason="urgence"), "active"),
    ],
)
def test_who_may_read_what(reader: Lps, patient: str, who: Who, status: str) -> None:
    assert consult(reader, patient, who).one(".//hl7:patient/hl7:statusCode/@code") == status


def test_nothing_to_read(reader: Lps) -> None:
    answer = consult(reader, "absent")
    assert answer.one("hl7:acknowledgement/@typeCode") == "AE"
    assert answer.one(".//hl7:acknowledgementDetail/hl7:code/@code") == "MockPatientNotFound"


def test_a_patient_whom_nobody_knows_needs_traits(lps: Lps, change: Callable[..., None]) -> None:
    body = registration("TD1.1", "absent", ('"269126399920249"', '"280056399912325"'))
    born = body.find(".//{*}patientPerson/{*}birthTime")
    assert isinstance(born, etree._Element)
    born.set("value", "hier")
    change(
        GDP__TRAITS="off",
        GDP__CARD__TRAITS="off",
        GDP__MINOR="off",
        INS__KEY="off",
        INS__BODY__COHERENCE="off",
    )
    resource = {
        "urn:oasis:names:tc:xacml:2.0:resource:resource-id": "280056399912325^^^&1.2.250.1.213.1.4.10&ISO^NH"
    }
    answer = lps.send("TD1.1", body, Who(attributes=resource))
    assert problems(answer) == ["MockInvalidRequest"]
    with lps.store.read() as db:
        assert patients.by_key(db, lps.session, "cree-280056399912325") is None
