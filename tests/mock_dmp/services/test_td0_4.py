"""The list of the DMPs that the caller may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from mock_dmp.pki import PkiIndex
from mock_dmp.state import authorisations, sessions, traces
from protocol import directory
from protocol.directory import Authorisation, InsNumber, Patient
from protocol.identifiers.ins import ins_key
from tests.mock_dmp.builders import Answered, Lps, Who, existence, signed
from tests.mock_dmp.custom_messages import custom, listed, patient_list, said, status
from tests.mock_dmp.feeding import feed
from tests.mock_dmp.submissions import Lot, find_documents

P = "actif-autorise"
OTHER = "recherche"
ROW = "pat:output/pat:patientlistData"
NURSE = Who(professional="infirmier", structure="cabinet-infirmier")
SECRETARY = Who(professional="secretaire")
HOSPITAL = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE")


def ins(*keys: str) -> set[str]:
    return {directory.patients()[key].ins.number for key in keys}


def row(answer: Answered, patient: str, name: str) -> str:
    number = directory.patients()[patient].ins.number
    path = f"{ROW}[pat:patientIdentifier/pat:nationalId = '{number}']/pat:{name}/text()"
    return "".join(map(str, answer.all(path)))


@pytest.fixture
def hospital(test_pki: PkiIndex) -> Callable[..., etree._Element]:
    """A VIHF of the hospital, signed with its certificate."""

    def make(structure: str = "hopital") -> etree._Element:
        who = replace(HOSPITAL, structure=structure)
        return signed(who, test_pki.certificate("org-sign"), test_pki.key("org-sign"))

    return make


def give(lps: Lps, patient: str, since: datetime, **holder: object) -> None:
    told: dict[str, object] = {"professional": "medecin", "structure": "", "state": "valid"} | holder
    given = Authorisation(medecin_traitant=False, since=since, until=None, **told)  # type: ignore[arg-type]
    with lps.store.write() as db:
        authorisations.save(db, "default", patient, given, at=since)


def seeds(holder: str, key: str) -> set[str]:
    """INS of the active patients whose seed authorises that holder."""
    return {
        one.ins.number
        for one in directory.patients().values()
        if one.dmp.status == "active"
        and any(getattr(given, holder) == key and given.state == "valid" for given in one.authorisations)
    }


def blocked(*holders: tuple[str, str]) -> set[str]:
    return {
        one.ins.number
        for one in directory.patients().values()
        for given in one.authorisations
        for holder, key in holders
        if getattr(given, holder) == key and given.state == "forbidden"
    }


def test_a_physician_gets_the_dmps_where_his_authorisation_holds(lps: Lps) -> None:
    found = listed(patient_list(lps))
    assert len(found) == len(set(found))
    expected = seeds("professional", "medecin") - blocked(
        ("professional", "medecin"), ("structure", "cabinet")
    )
    assert set(found) == expected
    assert ins(P) <= set(found)
    assert not ins("actif-sans-autorisation", "actif-expire", "actif-interdit", "ferme") & set(found)


def test_a_line_holds_identifiers_names_and_dates(lps: Lps) -> None:
    answer = patient_list(lps)
    identifiers = [
        "".join(node.itertext())
        for node in answer.all(f"{ROW}[pat:lastName = 'AUTORISEE']/pat:patientIdentifier")
    ]
    assert identifiers == ["19999000000000000001011.2.250.1.213.1.4.2", "2800563999101811.2.250.1.213.1.4.10"]
    assert row(answer, P, "patronymicalName") == "AUTORISEE"
    assert row(answer, P, "firstName") == "MARIE"
    assert row(answer, P, "civility") == "Mme"
    assert row(answer, P, "dateOfBirth") == "19800514"
    assert (row(answer, P, "MT"), row(answer, P, "message")) == ("false", "false")
    attending = Who(professional="medecin-traitant")
    assert row(patient_list(lps, attending), P, "MT") == "true"


def test_an_authorisation_that_comes_to_its_end_takes_the_dmp_off_the_list(
    lps: Lps, change: Callable[..., None]
) -> None:
    now = datetime.now(UTC)
    given = Authorisation("medecin", "", "valid", False, now - timedelta(days=1), now + timedelta(hours=1))
    with lps.store.write() as db:
        authorisations.save(db, "default", P, given, at=given.since)
    assert ins(P) <= set(listed(patient_list(lps)))
    change(clock_offset_seconds=7200)
    assert not ins(P) & set(listed(patient_list(lps, Who(issued=now + timedelta(hours=2)))))


def test_a_blocked_structure_takes_its_professionals_off(lps: Lps) -> None:
    assert ins(P) <= set(listed(patient_list(lps)))
    give(lps, P, datetime(2026, 3, 1, tzinfo=UTC), professional="", structure="cabinet", state="forbidden")
    assert not ins(P) & set(listed(patient_list(lps)))


def test_closed_dmps_by_switch(lps: Lps, change: Callable[..., None]) -> None:
    assert not ins("ferme") & set(listed(patient_list(lps)))
    change(closed_dmps_listed=True)
    assert ins("ferme") <= set(listed(patient_list(lps)))


def test_by_authorisation(lps: Lps) -> None:
    assert listed(patient_list(lps, dateType="LASTAUTORIZATION", startDate="20260801000000")) == []
    give(lps, "actif-sans-autorisation", datetime(2026, 8, 1, tzinfo=UTC))
    found = listed(patient_list(lps, dateType="LASTAUTORIZATION", startDate="20260801000000"))
    assert set(found) == ins("actif-sans-autorisation")
    assert listed(patient_list(lps, dateType="LASTAUTORIZATION", startDate="20260801000001")) == []


def test_by_document(lps: Lps) -> None:
    start = f"{datetime.now(UTC) - timedelta(minutes=5):%Y%m%d%H%M%S}"
    assert not ins(P, OTHER) & set(listed(patient_list(lps, dateType="LASTDOC", startDate=start)))
    assert feed(lps, Lot(patient=P)).xds == "Success"
    answer = patient_list(lps, dateType="LASTDOC", startDate=start)
    assert set(listed(answer)) == ins(P)
    assert row(answer, P, "lastAddDate") >= start
    assert row(answer, P, "lastUpdateDate") == row(answer, P, "lastAddDate")


def test_the_last_access_is_the_callers_own_and_refusals_are_none(lps: Lps) -> None:
    assert row(patient_list(lps), P, "lastAccessDate") == ""
    assert lps.send("TD3.1", find_documents(P), NURSE.on(P)).xds == "Success"
    assert row(patient_list(lps), P, "lastAccessDate") == ""
    assert row(patient_list(lps, NURSE), P, "lastAccessDate") != ""
    wrong = lps.send("TD1.6", custom("hab:listAuthorizationByPatient", mode="?"), Who().on(P))
    assert status(wrong) == "MockInvalidRequest"
    assert row(patient_list(lps), P, "lastAccessDate") == ""
    lps.send("TD0.2", existence(P), Who().on(P))
    assert row(patient_list(lps), P, "lastAccessDate") != ""
    assert row(patient_list(lps), P, "lastUpdateDate") == ""


def test_it_is_about_no_patient(lps: Lps) -> None:
    """What the VIHF says of one does not matter, and no patient finds the call among the traces."""
    everything = set(listed(patient_list(lps)))
    for named in ("absent", "ferme", "actif-interdit", "opposition-bris-de-glace"):
        assert set(listed(patient_list(lps, Who().on(named)))) == everything
    emergency = Who(access="bris_de_glace", reason="Patient inconscient").on("opposition-bris-de-glace")
    assert status(patient_list(lps, emergency)) == "DMPOk"
    with lps.store.read() as db:
        lines = [line for line in traces.listing(db, "default") if line["transaction"] == "TD0.4"]
    assert len(lines) == 6
    assert {line["patient"] for line in lines} == {""}


def test_an_establishment_asks_by_date_of_authorisation_only(
    lps: Lps, hospital: Callable[..., etree._Element], change: Callable[..., None]
) -> None:
    asked = {"dateType": "LASTAUTORIZATION", "startDate": "20260101000000"}
    found = set(listed(patient_list(lps, hospital(), **asked)))
    assert found == seeds("structure", "hopital") - blocked(("structure", "hopital"))
    assert ins("autorise-structure") <= found
    for wrong in (
        {},
        {"dateType": "LASTAUTORIZATION"},
        {"dateType": "LASTDOC", "startDate": "20260101000000"},
    ):
        refused = patient_list(lps, hospital(), **wrong)
        assert status(refused) == "DMPAccessDeniedByRightsService"
    change(WS__LIST__STRUCTURE="warn")
    assert set(listed(patient_list(lps, hospital()))) == found


def test_a_site_has_the_authorisations_of_its_legal_entity(
    lps: Lps, hospital: Callable[..., etree._Element]
) -> None:
    asked = {"dateType": "LASTAUTORIZATION", "startDate": "20260101000000"}
    assert ins("autorise-structure") <= set(listed(patient_list(lps, hospital("hopital-site"), **asked)))


def test_a_secretary_asks_for_the_structure_or_for_its_professionals(lps: Lps) -> None:
    assert set(listed(patient_list(lps, SECRETARY))) == seeds("structure", "cabinet")
    people = directory.professionals()
    own = patient_list(lps, SECRETARY, psOwnerId=people["medecin"].ps_id)
    assert set(listed(own)) == set(listed(patient_list(lps)))
    for stranger in (people["infirmier"].ps_id, "899990009999"):
        refused = patient_list(lps, SECRETARY, psOwnerId=stranger)
        assert status(refused) == "DMPAccessDeniedByRightsService"


def test_a_professional_asks_for_nobody_else(lps: Lps, change: Callable[..., None]) -> None:
    people = directory.professionals()
    everything = listed(patient_list(lps))
    assert listed(patient_list(lps, psOwnerId=people["medecin"].ps_id)) == everything
    other = people["medecin-traitant"].ps_id
    assert status(patient_list(lps, psOwnerId=other)) == "DMPAccessDeniedByRightsService"
    change(WS__LIST__OWNER="warn")
    assert listed(patient_list(lps, psOwnerId=other)) == everything


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dateType": "LASTDOC", "startDate": "2026-01-01"}, "startDate"),
        ({"dateType": "LASTDOC", "startDate": "20260230000000"}, "startDate"),
        ({"dateType": "LASTDOC", "startDate": "20260101"}, "startDate"),
        ({"dateType": "LASTAUTHORIZATION", "startDate": "20260101000000"}, "LASTAUTORIZATION"),
        ({"startDate": "20260101000000"}, "dateType"),
    ],
)
def test_bad_dates_are_refused_by_the_status(reader: Lps, fields: dict[str, str], expected: str) -> None:
    answer = patient_list(reader, **fields)
    assert status(answer) == "MockInvalidRequest"
    assert expected in said(answer)


def test_a_session_that_forgives_bad_dates_filters_by_none(lps: Lps, change: Callable[..., None]) -> None:
    change(WS__LIST__DATE="warn", WS__LIST__DATE__TYPE="off")
    everything = listed(patient_list(lps))
    assert listed(patient_list(lps, dateType="LASTDOC", startDate="hier")) == everything


def test_five_hundred_dmps_come_at_once(lps: Lps) -> None:
    model = directory.patients()[P]
    with lps.store.write() as db:
        sessions.add_patients(db, "default", [_twin(model, rank) for rank in range(500)])
    found = listed(patient_list(lps))
    assert len([number for number in found if number.startswith("18801")]) == 500


def _twin(model: Patient, rank: int) -> Patient:
    number = f"18801{rank % 95 + 1:02}999{rank // 95:03}"
    return replace(
        model,
        key=f"jumeau-{rank}",
        ins=InsNumber(number + ins_key(number), model.ins.oid),
        ins_c="",
        documents=(),
    )
