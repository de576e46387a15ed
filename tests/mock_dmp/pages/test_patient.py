"""The patient's site: login in two steps, limited guesses, then each page and each deed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from mock_dmp.state import accounts, authorisations, outbox, patients
from mock_dmp.state.engine import Store
from protocol import directory
from tests.mock_dmp.pages.conftest import Browser, ins, otp, text

A = "actif-autorise"
ROOT = "/patient"
ONE = f"/control/v1/sessions/default/patients/{A}"
Browse = Callable[..., Browser]


def credentials(store: Store, key: str = A) -> dict[str, str]:
    with store.read() as db:
        account = accounts.find(db, "default", key)
    assert account is not None
    return {"identifiant": account.login, "motdepasse": account.password}


def sent(store: Store) -> list[dict[str, Any]]:
    with store.read() as db:
        return outbox.listing(db, "default", A)


def logged_in(browser: Browser, store: Store, key: str = A) -> Browser:
    assert browser.send(f"{ROOT}/connexion", credentials(store, key)).headers["Location"] == f"{ROOT}/code"
    with store.read() as db:
        messages = outbox.listing(db, "default", key)
    answer = browser.send(f"{ROOT}/code", {"code": otp(messages)})
    assert answer.headers["Location"] == f"{ROOT}/documents"
    return browser


def test_login_takes_a_password_then_a_code(browse: Browse, store: Store) -> None:
    browser = browse()
    assert browser.get(f"{ROOT}/").headers["Location"] == f"{ROOT}/connexion"
    assert browser.get(f"{ROOT}/code").headers["Location"] == f"{ROOT}/connexion"
    logged_in(browser, store)
    page = browser.get(f"{ROOT}/documents")
    assert page.status_code == 200
    assert text(page, "//footer").startswith(f"INS {ins(A)}")
    (message,) = sent(store)
    assert (message["channel"], message["address"]) == ("SMS", "0600000001")
    assert browser.send(f"{ROOT}/deconnexion", {}, back=f"{ROOT}/documents").status_code == 303
    assert browser.get(f"{ROOT}/documents").headers["Location"] == f"{ROOT}/connexion"


def test_a_code_serves_once_and_for_three_minutes_of_the_session_clock(
    browse: Browse, store: Store, setup: Callable[..., None]
) -> None:
    setup(clock_frozen_at="2026-06-01T10:00:00Z")
    browser = browse()
    browser.send(f"{ROOT}/connexion", credentials(store))
    setup(clock_frozen_at="2026-06-01T10:03:00Z")
    late = browser.send(f"{ROOT}/code", {"code": otp(sent(store))})
    assert (late.status_code, text(late, "//*[@id='probleme']")) == (400, "Code faux ou périmé.")
    setup(clock_frozen_at="2026-06-01T10:02:59Z")
    assert browser.send(f"{ROOT}/code", {"code": otp(sent(store))}).status_code == 303
    again = browse()
    again.send(f"{ROOT}/connexion", credentials(store))
    assert again.send(f"{ROOT}/code", {"code": otp(sent(store)[:1])}).status_code == 400


def test_three_wrong_codes_end_the_login(browse: Browse, store: Store) -> None:
    browser = browse()
    browser.send(f"{ROOT}/connexion", credentials(store))
    right = otp(sent(store))
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    assert [browser.send(f"{ROOT}/code", {"code": wrong}).status_code for _ in range(2)] == [400, 400]
    assert "reconnectez-vous" in browser.send(f"{ROOT}/code", {"code": wrong}).text
    assert browser.get(f"{ROOT}/code").headers["Location"] == f"{ROOT}/connexion"


def test_five_wrong_passwords_lock_the_identifier_for_a_while(
    browse: Browse, store: Store, setup: Callable[..., None]
) -> None:
    good, browser = credentials(store), browse()
    for _ in range(5):
        answer = browser.send(f"{ROOT}/connexion", good | {"motdepasse": "faux"})
        assert text(answer, "//*[@id='probleme']") == "Identifiant ou mot de passe incorrect."
    assert "Trop d'essais" in text(browser.send(f"{ROOT}/connexion", good), "//*[@id='cause']")
    assert sent(store) == []
    setup(clock_offset_seconds=16 * 60)
    assert browser.send(f"{ROOT}/connexion", good).headers["Location"] == f"{ROOT}/code"


def test_the_token_changes_at_each_step_and_is_only_of_this_site(browse: Browse, store: Store) -> None:
    browser = browse()
    first = browser.get(f"{ROOT}/connexion").headers["Set-Cookie"]
    second = browser.send(f"{ROOT}/connexion", credentials(store)).headers["Set-Cookie"]
    third = browser.send(f"{ROOT}/code", {"code": otp(sent(store))}).headers["Set-Cookie"]
    values = [one.partition(";")[0] for one in (first, second, third)]
    assert len(set(values)) == 3
    for cookie in (first, second, third):
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert f"Path={ROOT}/" in cookie


def test_forms_without_their_seal_do_nothing(browse: Browse, store: Store) -> None:
    browser = logged_in(browse(), store)
    for path, form in (
        ("professionnels", {"acte": "bloquer", "professionnel": "medecin"}),
        ("fermeture", {"confirmation": "oui"}),
    ):
        assert browser.post(f"{ROOT}/{path}", form).status_code == 400
        assert browser.post(f"{ROOT}/{path}", form | {"jeton": "0" * 64}).status_code == 400
    with store.read() as db:
        record = patients.by_key(db, "default", A)
        assert record is not None
        assert record.dmp.status == "active"
        held = authorisations.find(db, "default", A, professional="medecin")
    assert held is not None
    assert held.state == "valid"


def test_a_document_is_filed_read_masked_and_unmasked(browse: Browse, store: Store) -> None:
    browser = logged_in(browse(), store)
    answer = browser.send(
        f"{ROOT}/documents",
        {
            "acte": "deposer",
            "titre": "Ma <note>",
            "type": "EXPPAT_2",
            "fichier": (io.BytesIO(b"bonjour"), "note.txt"),
        },
    )
    assert answer.status_code == 303
    page = browser.get(f"{ROOT}/documents")
    assert text(page, "//tr[@class='document']//a") == "Ma <note>"
    link = text(page, "//tr[@class='document']//a/@href")
    read = browser.get(link)
    assert (read.data, read.headers["Content-Disposition"][:10]) == (b"bonjour", "attachment")
    assert "sandbox" in read.headers["Content-Security-Policy"]
    unique_id = text(page, "//input[@name='document']/@value")
    browser.send(f"{ROOT}/documents", {"acte": "masquer", "document": unique_id})
    assert "masqué" in text(browser.get(f"{ROOT}/documents"), "//tr[@class='document']")
    browser.send(f"{ROOT}/documents", {"acte": "demasquer", "document": unique_id})
    assert "visible" in text(browser.get(f"{ROOT}/documents"), "//tr[@class='document']")
    told = text(browser.get(f"{ROOT}/traces"), "//tr[@class='trace']")
    for action in ("connexion", "dépôt", "consultation", "masquage", "démasquage"):
        assert action in told


def test_professionals_are_allowed_blocked_and_taken_off(browse: Browse, store: Store) -> None:
    browser, page = logged_in(browse(), store), f"{ROOT}/professionnels"
    assert "SACHA CALQUE" in text(browser.get(page), "//tr[@class='autorisation'][contains(., 'bloqué')]")
    browser.send(page, {"acte": "bloquer", "professionnel": "medecin"})
    blocked = browse("cps-auth").get(f"/AccesDirect/DossierPatient/{ins(A)}")
    assert text(blocked, "//*[@id='code']") == "MockBlocked"
    browser.send(page, {"acte": "autoriser", "professionnel": "medecin"})
    assert browse("cps-auth").get(f"/AccesDirect/DossierPatient/{ins(A)}").status_code == 200
    browser.send(page, {"acte": "retirer", "professionnel": "medecin"})
    asked = browse("cps-auth").get(f"/AccesDirect/DossierPatient/{ins(A)}")
    assert text(asked, "//*[@id='confirmation']")
    assert browser.send(page, {"acte": "autoriser", "professionnel": "personne"}).status_code == 400
    assert browser.send(page, {"acte": "effacer", "professionnel": "medecin"}).status_code == 400


def test_wishes_oppositions_and_closure(browse: Browse, store: Store) -> None:
    browser = logged_in(browse(), store)
    browser.send(f"{ROOT}/volontes", {"acte": "volontes", "texte": "Ni <b>acharnement</b>"})
    browser.send(f"{ROOT}/volontes", {"acte": "oppositions", "opposition": ["bris"]})
    page = browser.get(f"{ROOT}/volontes")
    assert text(page, "//textarea") == "Ni <b>acharnement</b>"
    assert text(page, "//input[@checked]/@value") == "bris"
    seen = browse("cps-auth").get(f"/AccesDirect/VolontesEtDroits/{ins(A)}")
    assert text(seen, "//*[@id='volontes']") == "Ni <b>acharnement</b>"
    assert browser.send(f"{ROOT}/fermeture", {"raison": "x"}).status_code == 400
    assert browser.send(f"{ROOT}/fermeture", {"confirmation": "oui", "raison": "x"}).status_code == 303
    assert "fermé" in text(browser.get(f"{ROOT}/fermeture"), "//*[@id='ferme']")
    closed = browse("cps-auth").get(f"/AccesDirect/DossierPatient/{ins(A)}")
    assert text(closed, "//*[@id='code']") == "DMPClosed"


def test_the_outbox_is_the_testers_and_needs_no_login(browse: Browse, store: Store) -> None:
    assert text(browse().get(f"{ROOT}/outbox"), "//*[@id='vide']") == "Aucun message."
    browse().send(f"{ROOT}/connexion", {})
    browser = browse()
    browser.send(f"{ROOT}/connexion", credentials(store))
    assert otp(sent(store)) in text(browse().get(f"{ROOT}/outbox"), "//tr[@class='message']")


def test_pages_can_be_used_with_a_keyboard_and_a_screen_reader(browse: Browse, store: Store) -> None:
    browser = logged_in(browse(), store)
    for path in ("documents", "professionnels", "volontes", "traces", "fermeture"):
        page = html.fromstring(browser.get(f"{ROOT}/{path}").data)
        assert page.get("lang") == "fr"
        assert len(page.xpath("//h1")) == 1
        assert page.xpath("//a[@class='skip'][@href='#contenu']")
        assert page.xpath("//main[@id='contenu']")
        for field in page.xpath("//input[not(@type='hidden')]|//select|//textarea"):
            assert page.xpath(f"//label[@for='{field.get('id')}']"), (path, field.get("name"))
        for table in page.xpath("//table"):
            assert table.xpath("caption")
            assert table.xpath(".//th[@scope='col']")
        assert page.xpath("//script|//@onclick|//img") == []


@pytest.mark.parametrize("path", ["nulle-part", "documents/2.25.1", "code/x"])
def test_unknown_addresses(browse: Browse, store: Store, path: str) -> None:
    assert logged_in(browse(), store).get(f"{ROOT}/{path}").status_code in (303, 400, 404)


def test_sessions_do_not_mix(browse: Browse, store: Store, api: Any) -> None:
    api.post("/control/v1/sessions", json={"name": "x"})
    browser = logged_in(browse(), store)
    assert browser.get("/s/x/patient/documents").headers["Location"] == "/s/x/patient/connexion"
    assert browser.get("/s/personne/patient/documents").status_code == 404


def test_every_account_of_the_data_sets_can_log_in(browse: Browse, store: Store) -> None:
    keys = [one.key for one in directory.patients().values() if one.dmp.internet_account and one.telecom]
    assert keys
    logged_in(browse(), store, keys[-1])
