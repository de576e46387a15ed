"""Self-authorisation: add, become médecin traitant, cease, remove, again and again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mock_dmp.pki import PkiIndex
from mock_dmp.state import authorisations
from tests.mock_dmp.builders import Lps, Who, authorisation, existence, signed
from tests.mock_dmp.submissions import find_documents

P = "actif-sans-autorisation"


def change_it(lps: Lps, action: str, role: str = "", who: Who | None = None) -> tuple[str, str]:
    """(status, context)."""
    answer = lps.send("TD0.3", authorisation(action, role), (who or Who()).on(P))
    assert answer.fault == "", answer.reason
    return answer.one("hab:output/hab:status"), "".join(answer.all("hab:output/hab:context/text()"))


def state(lps: Lps, who: Who | None = None) -> tuple[str, str]:
    """(AUTORISATION, STATUT_MT) of the existence test."""
    answer = lps.send("TD0.2", existence(P), (who or Who()).on(P))
    return answer.one("hl7:attentionLine[1]/hl7:value/@code"), answer.one(
        "hl7:attentionLine[2]/hl7:value/@value"
    )


def test_life_of_an_authorisation(lps: Lps) -> None:
    assert lps.send("TD3.1", find_documents(P), Who().on(P)).fault == "MockNotAuthorized"
    assert change_it(lps, "AJOUT") == ("DMPOk", "")
    assert state(lps) == ("VALIDE", "false")
    assert lps.send("TD3.1", find_documents(P), Who().on(P)).xds == "Success"
    status, context = change_it(lps, "AJOUT")
    assert (status, "rien n'a été fait" in context) == ("DMPOk", True)
    assert change_it(lps, "AJOUT", "MEDECIN_TRAITANT") == ("DMPOk", "")
    assert state(lps) == ("VALIDE", "true")
    assert "Déjà médecin traitant" in change_it(lps, "AJOUT", "MEDECIN_TRAITANT")[1]
    assert change_it(lps, "SUPPRESSION", "MEDECIN_TRAITANT") == ("DMPOk", "")
    assert state(lps) == ("VALIDE", "false")
    assert change_it(lps, "SUPPRESSION") == ("DMPOk", "")
    assert state(lps) == ("NON_EXISTE", "false")
    assert "Aucune autorisation" in change_it(lps, "SUPPRESSION")[1]


def test_who_is_not_mt_may_not_cease_to_be(lps: Lps) -> None:
    change_it(lps, "AJOUT")
    answer = lps.send("TD0.3", authorisation("SUPPRESSION", "MEDECIN_TRAITANT"), Who().on(P))
    assert answer.fault == "DMPAccessDeniedByRightsService"


def test_nobody_ceases_to_be_mt_in_air(lps: Lps, change: Callable[..., None]) -> None:
    """The matrix of AIR has no such line: a refusal, not a failure."""
    change(VIHF__SIGNED__INDIRECT="off")
    air = Who("medecin-hospitalier", "hopital", "INDIRECTE_RENFORCEE")
    assert change_it(lps, "AJOUT", "MEDECIN_TRAITANT", air) == ("DMPOk", "")
    answer = lps.send("TD0.3", authorisation("SUPPRESSION", "MEDECIN_TRAITANT"), air.on(P))
    assert answer.fault == "DMPAccessDeniedByRightsService"
    assert state(lps, air) == ("VALIDE", "true")


def test_only_physicians_become_mt(lps: Lps) -> None:
    nurse = Who(professional="infirmier", structure="cabinet-infirmier")
    assert change_it(lps, "AJOUT", who=nurse) == ("DMPOk", "")
    answer = lps.send("TD0.3", authorisation("AJOUT", "MEDECIN_TRAITANT"), nurse.on(P))
    assert answer.fault == "DMPAccessDeniedByRightsService"
    assert "un médecin" in answer.reason


def test_a_secretary_authorises_the_structure(lps: Lps) -> None:
    secretary = Who(professional="secretaire")
    assert change_it(lps, "AJOUT", who=secretary) == ("DMPOk", "")
    with lps.store.read() as db:
        given = authorisations.of_patient(db, "default", P)
    assert [(one.professional, one.structure) for one in given] == [("", "cabinet")]
    assert state(lps, secretary)[0] == "VALIDE"
    assert state(lps)[0] == "NON_EXISTE"


@pytest.mark.parametrize("days", [1, 30])
def test_it_expires(lps: Lps, change: Callable[..., None], days: int) -> None:
    change(authorisation_days=days)
    change_it(lps, "AJOUT")
    change(clock_offset_seconds=days * 86_400 + 60)
    later = datetime.now(UTC) + timedelta(days=days, minutes=1)
    who = Who(issued=later)
    assert state(lps, who)[0] == "EXPIRE"
    assert lps.send("TD3.1", find_documents(P), who.on(P)).fault == "MockNotAuthorized"
    assert change_it(lps, "AJOUT", who=who) == ("DMPOk", "")
    assert state(lps, who)[0] == "VALIDE"


@pytest.mark.parametrize(("action", "role"), [("", ""), ("MODIFIER", ""), ("AJOUT", "PHARMACIEN")])
def test_bad_request(lps: Lps, action: str, role: str) -> None:
    answer = lps.send("TD0.3", authorisation(action, role), Who().on(P))
    assert answer.fault == "MockInvalidRequest"


def test_an_organisation_by_switch(lps: Lps, test_pki: PkiIndex, change: Callable[..., None]) -> None:
    who = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE").on(P)

    def send() -> str:
        assertion = signed(who, test_pki.certificate("org-sign"), test_pki.key("org-sign"))
        answer = lps.send("TD0.3", authorisation(), assertion)
        return answer.fault or answer.one("hab:output/hab:status")

    assert send() == "DMPAccessDeniedByRightsService"
    change(es_may_authorise=True)
    assert send() == "DMPOk"
