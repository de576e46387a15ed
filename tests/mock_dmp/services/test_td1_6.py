"""The list of who is allowed or blocked on a DMP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mock_dmp.services.td1_6 import speciality
from mock_dmp.state import authorisations
from protocol import directory, facts
from protocol.directory import Authorisation
from tests.mock_dmp.builders import Answered, Lps, Who, authorisation
from tests.mock_dmp.custom_messages import custom, said, status

P = "actif-autorise"
ROW = "hab:output/hab:listOfAuthorizationByPatient"


def ask(lps: Lps, mode: str = "", who: Who | None = None, patient: str = P) -> Answered:
    return lps.send("TD1.6", custom("hab:listAuthorizationByPatient", mode=mode), (who or Who()).on(patient))


def holders(answer: Answered) -> dict[str, str]:
    """National id -> mode."""
    return {row[0].text: row.findtext(f"{{{facts.HABILITATIONS}}}mode") for row in answer.all(ROW)}


def seeded(state: str) -> set[str]:
    people, places = directory.professionals(), directory.structures()
    return {
        people[one.professional].ps_id if one.professional else places[one.structure].struct_id
        for one in directory.patients()[P].authorisations
        if one.state == state
    }


def test_each_mode_gives_its_own(lps: Lps) -> None:
    active, forbidden = seeded("valid"), seeded("forbidden")
    assert active
    assert forbidden
    assert holders(ask(lps, "ACTIVE")) == dict.fromkeys(active, "ACTIVE")
    assert holders(ask(lps, "INTERDITE")) == dict.fromkeys(forbidden, "INTERDITE")
    both = dict.fromkeys(active, "ACTIVE") | dict.fromkeys(forbidden, "INTERDITE")
    assert holders(ask(lps, "TOUTE")) == holders(ask(lps)) == both


def test_a_line_says_who_and_since_when(lps: Lps) -> None:
    answer = ask(lps)
    mt = f"{ROW}[hab:specificRight = 'MEDECIN_TRAITANT']"
    assert answer.one(f"{mt}/hab:nationalId") == directory.professionals()["medecin-traitant"].ps_id
    assert answer.one(f"{mt}/hab:nationalIdType") == facts.OID_PS
    assert answer.one(f"{mt}/hab:lastName") == "FICTIF"
    assert answer.one(f"{mt}/hab:firstName") == "DOMINIQUE"
    assert answer.one(f"{mt}/hab:codeSpeciality") == "G15_10/SM54"
    assert answer.one(f"{mt}/hab:libSpeciality") == "Médecin - Médecine générale"
    assert answer.one(f"{mt}/hab:startOfAuthorization") == "20260115080000"
    place = f"{ROW}[hab:nationalId = '1990000010']"
    assert answer.one(f"{place}/hab:nationalIdType") == facts.OID_STRUCTURE
    assert answer.one(f"{place}/hab:lastName") == "HOPITAL FICTIF DES ESSAIS"
    assert answer.all(f"{place}/hab:firstName") == []
    assert answer.all(f"{place}/hab:codeSpeciality") == []


def test_the_last_action_is_that_of_the_last_change(lps: Lps, change: Callable[..., None]) -> None:
    change(clock_frozen_at="2026-11-20T10:00:00+00:00")
    who = Who(issued=datetime(2026, 11, 20, 10, tzinfo=UTC))
    lps.send("TD0.3", authorisation("AJOUT", "MEDECIN_TRAITANT"), who.on(P))
    mine = f"{ROW}[hab:nationalId = '899990000111']"
    answer = ask(lps, who=Who(issued=datetime(2026, 11, 20, 10, tzinfo=UTC)))
    assert answer.one(f"{mine}/hab:startOfAuthorization") == "20260115080000"
    assert answer.one(f"{mine}/hab:lastActionDate") == "20261120100000"
    assert answer.one(f"{mine}/hab:specificRight") == "MEDECIN_TRAITANT"
    assert answer.one("hab:output/*[1]/hab:nationalId") == "899990000111", "the latest action first"


def test_what_expired_is_in_no_list(lps: Lps) -> None:
    now = datetime.now(UTC)
    gone = Authorisation(
        "pharmacien", "", "valid", False, now - timedelta(days=400), now - timedelta(days=35)
    )
    with lps.store.write() as db:
        authorisations.save(db, "default", P, gone, at=gone.since)
    pharmacist = directory.professionals()["pharmacien"].ps_id
    for mode in ("ACTIVE", "INTERDITE", "TOUTE"):
        assert pharmacist not in holders(ask(lps, mode))


def test_a_holder_whom_the_directory_lacks_keeps_its_number(lps: Lps) -> None:
    stranger = Authorisation("899990009999", "", "valid", False, datetime(2026, 3, 1, tzinfo=UTC), None)
    with lps.store.write() as db:
        authorisations.save(db, "default", P, stranger, at=stranger.since)
    answer = ask(lps)
    line = f"{ROW}[hab:nationalId = '899990009999']"
    assert answer.one(f"{line}/hab:mode") == "ACTIVE"
    assert answer.all(f"{line}/hab:lastName") == []


@pytest.mark.parametrize("mode", ["TOUTES", "active"])
def test_an_unknown_mode_is_refused_by_the_status(lps: Lps, change: Callable[..., None], mode: str) -> None:
    answer = ask(lps, mode)
    assert status(answer) == "MockInvalidRequest"
    assert mode in said(answer)
    assert holders(answer) == {}
    change(WS__LIST__MODE="warn")
    assert status(ask(lps, mode)) == "DMPOk"


def test_a_mode_can_be_demanded_by_setting(lps: Lps, change: Callable[..., None]) -> None:
    change(WS__LIST__MODE__GIVEN="refuse")
    assert status(ask(lps)) == "MockInvalidRequest"


@pytest.mark.parametrize(
    ("patient", "who", "code"),
    [
        ("actif-sans-autorisation", Who(), "MockNotAuthorized"),
        ("actif-expire", Who(), "MockNotAuthorized"),
        ("actif-interdit", Who(), "MockBlocked"),
        ("ferme", Who(), "DMPClosed"),
        ("absent", Who(), "MockPatientNotFound"),
        (P, Who(access="bris_de_glace", reason="Inconscient"), "MockWrongAccessMode"),
        (P, Who(professional="secretaire"), "DMPAccessDeniedByRightsService"),
    ],
)
def test_who_may_not_ask(reader: Lps, patient: str, who: Who, code: str) -> None:
    assert status(ask(reader, who=who, patient=patient)) == code


def test_two_modes_are_refused(lps: Lps) -> None:
    twice = custom("hab:listAuthorizationByPatient", mode="ACTIVE")
    twice.append(custom("hab:mode"))
    assert status(lps.send("TD1.6", twice, Who().on(P))) == "MockInvalidRequest"


def test_codes_of_specialities() -> None:
    people = directory.professionals()
    assert speciality(people["infirmier"]) == ("G15_60", "Infirmier")
    assert speciality(people["pharmacien"]) == ("G15_21/A", "Pharmacien - Pharmaciens titulaires d'officine")
    assert speciality(people["secretaire"]) is None
