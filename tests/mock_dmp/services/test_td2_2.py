"""TD2.2: feeding by an employee's card, for which the structure answers; minors, vaccination notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mock_dmp import journal
from protocol import facts
from tests.mock_dmp.builders import Lps, Who
from tests.mock_dmp.feeding import feed
from tests.mock_dmp.submissions import Doc, Lot, get_documents
from tests.mock_dmp.updating import Update

P = "alimentation"
CPE = Who(professional="secretaire")
OWN = Doc(professional="secretaire")


def last(lps: Lps) -> dict[str, Any]:
    with lps.store.read() as db:
        return journal.listing(db, "default")[-1]


def test_it_is_told_from_td2_1_by_the_role(lps: Lps) -> None:
    assert feed(lps, Lot(documents=(OWN,)), CPE).xds == "Success"
    assert last(lps)["transaction"] == "TD2.2"
    assert feed(lps, Lot()).xds == "Success"
    assert last(lps)["transaction"] == "TD2.1"


def test_the_structure_is_an_author(lps: Lps) -> None:
    elsewhere = Doc(professional="secretaire", structure="hopital")
    answer = feed(lps, Lot(documents=(elsewhere,)), CPE)
    assert "Aucun AuthorInstitution" in str(answer.errors) or "authorInstitution" in answer.errors[0][1]


@pytest.mark.parametrize("access", ["bris_de_glace", "centre_15"])
def test_in_normal_mode_only(lps: Lps, access: str) -> None:
    assert feed(lps, Lot(), replace(CPE, access=access, reason="urgence")).fault == "MockWrongAccessMode"


def test_never_in_air_mode(lps: Lps, change: Callable[..., None]) -> None:
    change(**{"VIHF__SIGNED__INDIRECT": "off"})
    answer = feed(lps, Lot(), replace(CPE, mode="INDIRECTE_RENFORCEE"))
    assert answer.fault in ("MockWrongAuthenticationMode", "DMPAccessDeniedByRightsService")


def test_the_structure_deletes_what_its_card_fed(lps: Lps) -> None:
    assert feed(lps, Lot(documents=(OWN,)), CPE).xds == "Success"
    identity = lps.send("TD3.1", get_documents(OWN.unique_id), CPE.on(P)).one(".//rim:ObjectRef/@id")
    update = Update(P, professional="secretaire").status(identity, facts.APPROVED, facts.DELETED)
    assert update.send(lps).xds == "Success"


class TestVisibility:
    VACCINATION = Doc(type_code="87273-9", class_code="52")

    @pytest.mark.parametrize("code", ["MASQUE_PS", "INVISIBLE_PATIENT"])
    def test_a_vaccination_note_is_open(self, lps: Lps, code: str, change: Callable[..., None]) -> None:
        hidden = replace(self.VACCINATION, confidentiality=("N", code))
        answer = feed(lps, Lot(documents=(hidden,)))
        assert answer.codes == ["XDSRegistryMetadataError"] and code in answer.errors[0][1]
        assert feed(lps, Lot(documents=(self.VACCINATION,))).xds == "Success"
        change(**{"XDS__VACCINATION__N": "off"})
        assert feed(lps, Lot(documents=(hidden,))).xds == "Success"

    def test_masked_and_invisible_by_the_parameter(self, lps: Lps, change: Callable[..., None]) -> None:
        both = Doc(confidentiality=("N", "MASQUE_PS", "INVISIBLE_PATIENT"))
        assert feed(lps, Lot(documents=(both,))).xds == "Failure"
        change(cumul_invisible_patient_masque_ps=True)
        assert feed(lps, Lot(documents=(both,))).xds == "Success"

    def test_a_secret_connection_is_a_minor_s(self, lps: Lps, change: Callable[..., None]) -> None:
        hidden = Doc(confidentiality=("N", "INVISIBLE_REPRESENTANTS_LEGAUX"))
        who = replace(Who(), secret=True)
        assert feed(lps, Lot(patient="mineur-documents", documents=(hidden,)), who).xds == "Success"
        assert "RIGHTS-SECRET" not in {item["rule"] for item in last(lps)["warnings"]}
        feed(lps, Lot(documents=(Doc(confidentiality=hidden.confidentiality),)), who)
        assert "RIGHTS-SECRET" in {item["rule"] for item in last(lps)["warnings"]}
        change(fonctions_gestion_mineurs=False)
        feed(
            lps,
            Lot(patient="mineur-documents", documents=(Doc(confidentiality=hidden.confidentiality),)),
            who,
        )
        assert "RIGHTS-SECRET" in {item["rule"] for item in last(lps)["warnings"]}

    def test_the_age_of_majority_is_the_session_s(self, lps: Lps, change: Callable[..., None]) -> None:
        hidden = Doc(confidentiality=("N", "INVISIBLE_REPRESENTANTS_LEGAUX"))
        feed(lps, Lot(documents=(hidden,)))
        assert "XDS-VISIBILITY-MINOR" in {item["rule"] for item in last(lps)["warnings"]}
        change(age_majorite=90)
        feed(lps, Lot(documents=(Doc(confidentiality=hidden.confidentiality),)))
        assert "XDS-VISIBILITY-MINOR" not in {item["rule"] for item in last(lps)["warnings"]}
