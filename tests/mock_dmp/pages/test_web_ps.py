"""The Web-PS pages: each page, each refusal, confirmation, situations, AIR; journaled and traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from mock_dmp import journal
from mock_dmp.state import authorisations, traces
from mock_dmp.state.engine import Store
from protocol.webps import pages
from tests.mock_dmp.pages.conftest import Browser, code, ins, text

A = "actif-autorise"
ROOT = "/AccesDirect"
Browse = Callable[..., Browser]


def lines(store: Store) -> list[dict[str, Any]]:
    with store.read() as db:
        return traces.listing(db, "default")


@pytest.mark.parametrize("name", [name for name, one in pages().items() if one.ins != "none"])
def test_every_page_of_a_patient_shows_that_patient(browse: Browse, name: str) -> None:
    answer = browse("cps-auth").get(f"{ROOT}/{name}/{ins(A)}")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    if name != "TableauDeBord":
        assert text(answer, "//*[@id='ins']") == ins(A)
    assert text(answer, "//h1") == pages()[name].title.fr
    assert text(answer, "//title") == f"{pages()[name].title.fr} — Web-PS"
    assert text(answer, "//a[@aria-current='page']") == pages()[name].title.fr


def test_pages_are_well_formed_and_protected(browse: Browse) -> None:
    browser = browse("cps-mt-auth")
    for name, one in pages().items():
        answer = browser.get(f"{ROOT}/{name}" + (f"/{ins(A)}" if one.ins == "required" else ""))
        parser = etree.HTMLParser()
        etree.fromstring(answer.data, parser)
        unknown_tags = {entry.type_name for entry in parser.error_log}
        assert unknown_tags <= {"HTML_UNKNOWN_TAG"}, name
        assert "script" not in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("card", "path", "status", "error"),
    [
        ("cps-auth", f"CreationDMP/{ins('absent')}", 403, "DMPAccessDeniedByRightsService"),
        ("cps-auth", f"dossierpatient/{ins(A)}", 404, "MockUnknownPage"),
        ("cps-auth", "DossierPatient", 404, "MockUnknownPage"),
        ("cps-auth", f"Parametrages/{ins(A)}", 404, "MockUnknownPage"),
        ("cps-auth", "DossierPatient/280056399910182", 400, "MockInvalidIns"),
        ("cps-auth", f"DossierPatient/{ins(A)}/x", 400, "MockInvalidIns"),
        ("cps-auth", "DossierPatient/%3Cscript%3E", 400, "MockInvalidIns"),
        ("cps-auth", f"DossierPatient/{ins('ferme')}", 403, "DMPClosed"),
        ("cps-auth", f"DossierPatient/{ins('absent')}", 404, "MockPatientNotFound"),
        ("cps-auth", "DossierPatient/199126399999963", 404, "MockPatientNotFound"),
        ("cps-auth", f"DossierPatient/{ins('actif-interdit')}", 403, "MockBlocked"),
        ("cpe-auth", f"Documents/{ins(A)}", 403, "DMPAccessDeniedByRightsService"),
        ("org-auth-cli", "TableauDeBord", 403, "MockWebPsCard"),
    ],
)
def test_refusals_lead_back_to_the_dashboard(
    browse: Browse, card: str, path: str, status: int, error: str
) -> None:
    answer = browse(card).get(f"{ROOT}/{path}")
    assert (answer.status_code, code(answer)) == (status, error)
    assert text(answer, "//main//a/@href") == f"{ROOT}/TableauDeBord"
    assert "<script>" not in answer.text


def test_another_method_is_refused_in_words_that_suit_a_page(browse: Browse, store: Store) -> None:
    answer = browse("cps-auth").put(f"{ROOT}/Documents/{ins(A)}")
    assert (answer.status_code, code(answer)) == (405, "MockMethodNotAllowed")
    assert "se demande par GET" in answer.text
    with store.read() as db:
        (line,) = journal.listing(db, "default")
    assert "GET" in line["detail"]
    assert "POST" not in line["detail"]


def test_a_closed_or_unknown_dmp_is_told_by_the_dashboard(browse: Browse) -> None:
    browser = browse("cps-auth")
    assert "fermé" in text(browser.get(f"{ROOT}/TableauDeBord/{ins('ferme')}"), "//*[@id='existence']")
    assert "Aucun DMP" in text(browser.get(f"{ROOT}/TableauDeBord/{ins('absent')}"), "//*[@id='existence']")
    found = browser.get(f"{ROOT}/TableauDeBord/{ins('actif-interdit')}")
    assert text(found, "//*[@id='autorisation']") == "bloqué"
    listed = text(browser.get(f"{ROOT}/TableauDeBord"), "//*[@id='dmp']")
    assert ins(A) in listed
    assert ins("actif-sans-autorisation") not in listed
    searched = browser.get(f"{ROOT}/TableauDeBord?recherche={ins(A)}")
    assert searched.headers["Location"] == f"{ROOT}/TableauDeBord/{ins(A)}"


def test_a_secretary_opens_administrative_pages_only(browse: Browse) -> None:
    secretary = browse("cpe-auth")
    opened = {
        name
        for name, one in pages().items()
        if secretary.get(f"{ROOT}/{name}" + (f"/{ins(A)}" if one.ins == "required" else "")).status_code
        == 200
    }
    assert opened == {name for name, one in pages().items() if one.administrative}


def test_confirmation_is_td0_3(browse: Browse, store: Store) -> None:
    patient, browser = "actif-sans-autorisation", browse("cps-auth")
    page = f"{ROOT}/DossierPatient/{ins(patient)}"
    assert text(browser.get(page), "//*[@id='confirmation']") == "Confirmer l'accès"
    assert browser.post(page, {"acte": "autoriser", "jeton": "0" * 64}).status_code == 400
    with store.read() as db:
        assert authorisations.of_patient(db, "default", patient) == ()
    answer = browser.send(page, {"acte": "autoriser"})
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    with store.read() as db:
        given = authorisations.of_patient(db, "default", patient)
    assert [(one.professional, one.state) for one in given] == [("medecin", "valid")]
    assert text(browser.get(page), "//*[@id='ins']") == ins(patient)
    assert "autorisation AJOUT (Web-PS)" in [line["action"] for line in lines(store)]


def test_a_seal_is_of_one_page_and_one_professional(browse: Browse) -> None:
    mine, other = browse("cps-auth"), browse("cps-mt-auth")
    page = f"{ROOT}/DossierPatient/{ins('actif-sans-autorisation')}"
    seal = text(mine.get(page), "(//input[@name='jeton'])[1]/@value")
    assert other.post(page, {"acte": "autoriser", "jeton": seal}).status_code == 400
    elsewhere = f"{ROOT}/DossierPatient/{ins('opposition-bris-de-glace')}"
    assert mine.post(elsewhere, {"acte": "autoriser", "jeton": seal}).status_code == 400
    assert mine.post(page, {"acte": "autoriser", "jeton": seal}).status_code == 303


def test_breaking_the_glass_needs_a_reason_lasts_and_is_traced(
    browse: Browse, store: Store, setup: Callable[..., None]
) -> None:
    browser, page = browse("cps-auth"), f"{ROOT}/DossierPatient/{ins('actif-expire')}"
    assert browser.send(page, {"acte": "bris-de-glace", "raison": " "}).status_code == 400
    assert browser.send(page, {"acte": "bris-de-glace", "raison": "coma"}).status_code == 303
    assert "coma" in text(browser.get(page), "//*[@id='urgence']")
    assert [line["reason"] for line in lines(store) if line["access"] == "bris_de_glace"] == ["coma", "coma"]
    setup(clock_offset_seconds=1801)
    assert text(browser.get(page), "//*[@id='confirmation']")


def test_an_opposition_closes_the_emergency_door(browse: Browse) -> None:
    page = f"{ROOT}/DossierPatient/{ins('opposition-bris-de-glace')}"
    browser = browse("cps-auth")
    assert text(browser.get(page), "//button[@value='bris-de-glace']") == ""
    assert code(browser.send(page, {"acte": "bris-de-glace", "raison": "coma"})) == (
        "DMPAccessDeniedByRightsService"
    )


def test_the_attending_physician_blocks_and_others_may_not(browse: Browse, store: Store) -> None:
    page = f"{ROOT}/GestionDMPPatient/{ins(A)}"
    assert text(browse("cps-auth").get(page), "//form[@method='post']") == ""
    mt = browse("cps-mt-auth")
    assert mt.send(page, {"acte": "bloquer", "professionnel": "medecin"}).status_code == 303
    assert code(browse("cps-auth").get(page)) == "MockBlocked"
    assert mt.send(page, {"acte": "debloquer", "professionnel": "medecin"}).status_code == 303
    assert text(browse("cps-auth").get(page), "//*[@id='confirmation']")
    assert mt.send(page, {"acte": "bloquer", "professionnel": "medecin-traitant"}).status_code == 400
    assert mt.send(page, {"acte": "bloquer", "professionnel": "personne"}).status_code == 400


def test_traces_mt_sees_all_others_their_own(browse: Browse, setup: Callable[..., None]) -> None:
    physician, mt = browse("cps-auth"), browse("cps-mt-auth")
    page = f"{ROOT}/HistoriqueAcces/{ins(A)}"
    physician.get(f"{ROOT}/DossierPatient/{ins(A)}")
    mt.get(f"{ROOT}/DossierPatient/{ins(A)}")
    own = text(physician.get(page), "//tr[@class='trace']")
    assert "899990000111" in own
    assert "899990000129" not in own
    everything = text(mt.get(page), "//tr[@class='trace']")
    assert "899990000111" in everything
    assert "899990000129" in everything
    setup(traces_most=1)
    assert len(text(mt.get(page), "//tr[@class='trace']/td[1]").split()) == 1
    setup(traces_most=100, clock_offset_seconds=366 * 86_400)
    assert text(mt.get(page), "//*[@id='vide']") == "Aucune trace."


def test_several_situations_are_chosen_from_first(
    browse: Browse, setup: Callable[..., None], monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    browser = browse()
    browser.send(f"{ROOT}/simulateur-carte", {"professionnel": "899990000137"})
    page = f"{ROOT}/DossierPatient/{ins(A)}"
    asked = browser.get(page)
    assert asked.headers["Location"] == f"{ROOT}/Parametrages?retour=DossierPatient/{ins(A)}"
    settings_page = browser.get(asked.headers["Location"])
    assert "Choisissez" in text(settings_page, "//*[@id='choix']")
    answer = browser.send(
        f"{ROOT}/Parametrages",
        {"situation": "hopital", "retour": text(settings_page, "//input[@name='retour']/@value")},
    )
    assert answer.headers["Location"] == page
    assert text(browser.get(page), "//*[@id='ins']") == ins(A)
    assert lines(store)[-1]["structure_id"] == "1990000010"
    assert browser.send(f"{ROOT}/Parametrages", {"situation": "pharmacie"}).status_code == 400


def test_where_to_go_next_never_leaves_the_site(browse: Browse) -> None:
    browser = browse()
    for wanted in ("//evil.example/x", "https://evil.example", "../../control/v1"):
        answer = browser.send(f"{ROOT}/simulateur-carte", {"professionnel": "899990000111", "retour": wanted})
        assert answer.headers["Location"].startswith(f"{ROOT}/")


def test_without_tls_a_chooser_is_marked_and_logs_out(browse: Browse) -> None:
    browser = browse()
    asked = browser.get(f"{ROOT}/TableauDeBord")
    assert asked.headers["Location"] == f"{ROOT}/simulateur-carte?retour=TableauDeBord"
    assert "sans TLS" in text(browser.get(asked.headers["Location"]), "//main")
    assert browser.send(f"{ROOT}/simulateur-carte", {"professionnel": "inconnu"}).status_code == 400
    answer = browser.send(f"{ROOT}/simulateur-carte", {"professionnel": "899990000111"})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert f"Path={ROOT}/" in cookie
    assert browser.get(f"{ROOT}/TableauDeBord").status_code == 200
    browser.get(f"{ROOT}/deconnexion")
    assert browser.get(f"{ROOT}/TableauDeBord").status_code == 303


def test_the_chooser_is_not_there_with_tls(browse: Browse) -> None:
    assert code(browse("cps-auth").get(f"{ROOT}/simulateur-carte")) == "MockUnknownPage"


def test_air_goes_through_a_simulated_login_behind_the_switch(
    browse: Browse, setup: Callable[..., None], store: Store
) -> None:
    browser = browse("org-auth-cli")
    assert code(browser.get(f"{ROOT}/pro-sante-connect")) == "MockUnknownPage"
    setup(web_ps_air=True)
    page = f"{ROOT}/DossierPatient/{ins(A)}"
    asked = browser.get(page)
    assert asked.headers["Location"] == f"{ROOT}/pro-sante-connect?retour=DossierPatient/{ins(A)}"
    form = browser.get(asked.headers["Location"])
    assert "simulée" in text(form, "//main")
    assert "SECRETARIAT" not in text(form, "//option/@value")
    answer = browser.send(
        f"{ROOT}/pro-sante-connect",
        {"professionnel": "899990000111", "retour": text(form, "//input[@name='retour']/@value")},
    )
    assert answer.headers["Location"] == page
    assert text(browser.get(page), "//*[@id='ins']") == ins(A)
    last = lines(store)[-1]
    assert (last["transaction"], last["mode"], last["ps_id"]) == (
        "TD0.10",
        "INDIRECTE_RENFORCEE",
        "899990000111",
    )
    with store.read() as db:
        journaled = journal.listing(db, "default")
    assert [one["transaction"] for one in journaled[-2:]] == ["TD0.10", "TD0.10"]
    setup(web_ps_air=False)
    assert code(browser.get(page)) == "MockWebPsCard"


def test_every_access_is_journaled_with_its_bytes(browse: Browse, store: Store) -> None:
    browser = browse("cps-auth")
    answer = browser.get(f"{ROOT}/DossierPatient/{ins(A)}")
    browser.get(f"{ROOT}/DossierPatient/{ins('ferme')}")
    with store.read() as db:
        first, second = journal.listing(db, "default")
    assert (first["transaction"], first["outcome"], first["request"]["method"]) == (
        "TD0.9",
        "answered",
        "GET",
    )
    assert first["request"]["target"] == f"{ROOT}/DossierPatient/{ins(A)}"
    assert (second["outcome"], second["code"], second["rule"]) == ("refused", "DMPClosed", "DMP-STATE")
    kept = journal.exchange(store, "default", first["id"])
    assert kept is not None
    assert kept.response is not None
    assert kept.response.body == answer.data
    assert kept.tls is not None
    assert [line["exchange"] for line in lines(store)] == [first["id"], second["id"]]


def test_a_rule_that_warns_lets_the_page_be_and_says_so(
    browse: Browse, setup: Callable[..., None], store: Store
) -> None:
    setup(**{"WEBPS-CPE-PAGES": "warn"})
    assert browse("cpe-auth").get(f"{ROOT}/Documents/{ins(A)}").status_code == 200
    with store.read() as db:
        (line,) = journal.listing(db, "default")
    assert [one["rule"] for one in line["warnings"]] == ["WEBPS-CPE-PAGES"]


def test_a_card_past_its_end_at_the_session_clock_opens_nothing(
    browse: Browse, setup: Callable[..., None]
) -> None:
    setup(clock_offset_seconds=5 * 366 * 86_400)
    assert code(browse("cps-auth").get(f"{ROOT}/TableauDeBord")) == "MockClientCertificate"


def test_a_visit_of_a_session_that_was_reset_meanwhile_writes_nothing_there(
    browse: Browse, api: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mock_dmp.webps import views

    api.post("/control/v1/sessions", json={"name": "x"})

    def reset(one: Any) -> dict[str, Any]:
        api.post("/control/v1/sessions/x/reset")
        return views.home(one)

    monkeypatch.setattr("mock_dmp.webps.views.VIEWS", {"DossierPatient": reset})
    answer = browse("cps-auth").get(f"/s/x{ROOT}/DossierPatient/{ins(A)}")
    assert answer.status_code == 400
    with store.read() as db:
        assert journal.listing(db, "x") == []
        assert traces.listing(db, "x") == []
        (line,) = journal.listing(db, "default")
    assert (line["outcome"], line["request"]["target"]) == ("refused", f"/s/x{ROOT}/DossierPatient/{ins(A)}")


def test_our_own_failure_is_a_page_and_a_line(
    browse: Browse, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_dmp.webps.views.VIEWS", {})
    answer = browse("cps-auth").get(f"{ROOT}/DossierPatient/{ins(A)}")
    assert answer.status_code == 500
    with store.read() as db:
        (line,) = journal.listing(db, "default")
    assert (line["outcome"], line["code"]) == ("error", "MockInternalError")
