"""The pages of the live view: what they tell, and that nothing from outside does anything in them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from werkzeug.test import Client

from mock_dmp.state import settings as kept
from mock_dmp.state.engine import Store
from mock_dmp.ui.masking import MASK
from protocol import facts
from tests.mock_dmp.builders import Lps, Who, el, envelope, existence, multipart, vihf
from tests.mock_dmp.submissions import Doc, Lot

Get = Callable[..., Any]
HOSTILE = (
    "\"><script>alert(1)</script><img src=x onerror=alert(2)>' onmouseover='alert(3)\u202egpj.exe{{7*7}}"
)


def inert(page: Any) -> None:
    """Nothing but our own two files is loaded or run, and no attribute is code."""
    root = page.root
    assert [one.get("src") for one in root.iter("script")] == ["/ui/static/ui.js"]
    assert [one.get("href") for one in root.iter("link")] == ["/ui/static/ui.css", "/ui/static/icon.svg"]
    assert not list(root.iter("img", "iframe", "object", "embed", "style", "base", "meta[@http-equiv]"))
    for element in root.iter():
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
        assert not (element.get("href") or "").lower().startswith(("javascript:", "data:"))
    assert "\u202e" not in page.source
    assert "\x00" not in page.source


# --- sessions ---------------------------------------------------------------------------------------------------


def test_sessions_are_listed_with_what_happened(
    get: Get, record: Callable[..., str], store: Store, site: Client
) -> None:
    site.post("/control/v1/sessions", json={"name": "a", "settings": {"WSA-TO": "warn"}})
    record(session="a")
    record(session="a", outcome="refused")
    record(session="a", outcome="transport")
    page = get("/ui/")
    rows = {
        row[0]: row[1:]
        for row in ([c.text_content().strip() for c in tr] for tr in page.root.xpath("//tbody/tr"))
    }
    assert list(rows) == ["a", "default"]  # the active one first
    assert rows["a"][:3] == ["3", "1", "1"]
    assert rows["a"][4:] == ["1", "0"]
    assert rows["default"][3] == "jamais"


def test_a_session_tells_its_settings_and_defects(get: Get, site: Client) -> None:
    site.post("/control/v1/sessions", json={"name": "a", "settings": {"WSA-TO": "warn"}})
    page = get("/ui/sessions/a")
    assert "WSA-TO" in page.source
    assert "/s/a/si-dmp-server/v2/services/" in page.source


def test_what_does_not_exist_is_a_page_too(get: Get) -> None:
    for path in (
        "/ui/sessions/nobody",
        "/ui/sessions/default/exchanges/x",
        "/ui/nothing",
        "/ui/sessions/%00",
    ):
        assert "<h1>Page introuvable</h1>" in get(path, 404).source


def test_language_is_asked_once(site: Client) -> None:
    assert 'lang="fr"' in site.get("/ui/").get_data(as_text=True)
    english = site.get("/ui/?lang=en")
    assert '<html lang="en">' in english.get_data(as_text=True)
    cookie = english.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert '<html lang="en">' in site.get("/ui/").get_data(as_text=True)
    assert '<html lang="fr">' in site.get("/ui/?lang=fr").get_data(as_text=True)
    assert '<html lang="fr">' in site.get("/ui/?lang=%22%3E%3Cscript%3E").get_data(as_text=True)


def test_the_prefix_of_a_session_leads_to_its_page(site: Client) -> None:
    assert site.get("/s/default/ui/").headers["Location"] == "/ui/sessions/default"


def test_every_answer_is_guarded(site: Client, record: Callable[..., str]) -> None:
    exchange = record(b"x")
    for path in (
        "/ui/",
        "/ui/nothing",
        "/ui/static/ui.js",
        f"/ui/sessions/default/exchanges/{exchange}/request",
    ):
        headers = site.get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


# --- lists ------------------------------------------------------------------------------------------------------


def listed(page: Any) -> list[str]:
    return [one.get("href").rpartition("/")[2] for one in page.root.xpath("//tbody[@id='rows']//a")]


def test_exchanges_are_filtered(get: Get, record: Callable[..., str]) -> None:
    first = record(
        transaction="TD0.2", outcome="refused", code="DMPClosed", rule="DMP-STATE", detail="Le DMP 100%"
    )
    second = record(transaction="TD2.1", message_id="urn:uuid:42")
    assert listed(get("/ui/sessions/default")) == [second, first]
    for query, wanted in (
        ("transaction=TD2.1", [second]),
        ("outcome=refused", [first]),
        ("outcome=nonsense", [second, first]),
        ("q=closed", [first]),
        ("q=100%25", [first]),
        ("q=%25", [first]),
        ("q=urn:uuid:42", [second]),
        ("q=nothing", []),
        ("q=%00", [second, first]),
    ):
        assert listed(get(f"/ui/sessions/default?{query}")) == wanted, query


def test_a_long_list_has_pages(get: Get, record: Callable[..., str]) -> None:
    ids = [record() for _ in range(103)][::-1]
    page = get("/ui/sessions/default")
    assert listed(page) == ids[:100]
    older = page.root.xpath("//a[normalize-space()='Plus anciens']/@href")[0]
    second = get(older)
    assert listed(second) == ids[100:]
    assert not second.root.xpath("//a[normalize-space()='Plus anciens']")
    assert not second.root.xpath("//*[@data-events]")  # old pages do not move


@pytest.mark.parametrize(
    "field", ["transaction", "code", "rule", "detail", "message_id", "target", "method", "remote"]
)
def test_hostile_facts_are_inert(get: Get, record: Callable[..., str], field: str) -> None:
    exchange = record(**{field: HOSTILE[: 16 if field in ("transaction", "method") else 60]})
    for path in ("/ui/sessions/default", f"/ui/sessions/default/exchanges/{exchange}"):
        inert(get(path))


# --- one exchange -----------------------------------------------------------------------------------------------


def test_an_accepted_exchange_is_explained(get: Get, lps: Lps, last: Callable[[], str]) -> None:
    assert lps.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise")).status == 200
    page = get(last())
    assert "Acceptée" in page.texts("//section[@aria-labelledby='why']")[0]
    assert page.fact("Action").startswith("urn:hl7-org:v3:PRPA_IN201307UV02")
    assert page.fact("Interaction") == "PRPA_IN201307UV02"
    assert page.fact("Utilisateur") == "899990000111"
    rows = page.root.xpath("//table[caption='Attributs du VIHF']/tbody/tr")
    attributes = {row[0].text_content(): row[1].text_content() for row in rows}
    assert attributes["LPS_ID_HOMOLOGATION_DMP"] == MASK
    assert attributes["LPS_Nom"] == "LPS-TEST"
    assert "TEST-OK-1" not in page.source


def test_a_refusal_tells_rule_found_expected_and_mend(get: Get, lps: Lps, last: Callable[[], str]) -> None:
    who = Who(attributes={"VIHF_Version": "9.9"}).on("actif-autorise")
    assert lps.send("TD0.2", existence("actif-autorise"), who).status == 500
    page = get(last())
    why = page.texts("//section[@aria-labelledby='why']")[0]
    assert page.fact("Règle").startswith("VIHF-VERSION")
    assert page.fact("Trouvé") == "9.9"
    assert page.fact("Attendu") == "3.0 ou 4.0"
    assert page.fact("Où") == "attribut VIHF_Version"
    assert "Revoir le VIHF" in why
    assert '{"VIHF-VERSION": "warn"}' in why
    assert "Look at the VIHF" in get(last() + "?lang=en").source


def test_a_submission_is_decoded(get: Get, lps: Lps, last: Callable[[], str]) -> None:
    title = f"Compte rendu {HOSTILE}"
    data = etree.tostring(
        el(
            "hl7:ClinicalDocument",
            {},
            el("hl7:title", {}, title.replace("\u202e", "")),
            el("hl7:text", {}, "<b>gras</b>"),
        )
    )
    body, parts = Lot(documents=(Doc(data=data, title=title.replace("\u202e", "")),)).build()
    lps.send("TD2.1", body, Who().on("alimentation"), parts=parts)
    page = get(last())
    inert(page)
    assert [one for one in page.texts("//dd") if "<script>alert(1)</script>" in one]  # as text
    assert page.texts("//summary[normalize-space()='Fiche 1']")
    assert page.texts("//summary[normalize-space()='Associations']")
    assert "&lt;b&gt;gras" in " ".join(page.texts("//pre"))  # the document as it is written, nothing rendered
    assert not page.root.xpath("//b")


def test_an_undeclared_number_is_masked_everywhere(
    get: Get, site: Client, lps: Lps, last: Callable[[], str]
) -> None:
    secret = "SECRET-4711-é"
    who = Who(number=secret, attributes={"LPS_Nom": f"copy of {secret}"}).on("actif-autorise")
    lps.send("TD0.2", existence("actif-autorise"), who)
    page = get(last())
    for written in (secret, "SECRET-4711", "4711-&#233;"):
        assert written not in page.source
    whole = site.get(last() + "/request")
    assert "attachment" in whole.headers["Content-Disposition"]
    assert whole.mimetype == "application/octet-stream"
    assert b"SECRET" not in whole.data
    assert b"XXXX" in whole.data
    assert int(whole.headers["Content-Length"]) == len(whole.data)


def test_a_download_without_a_secret_is_the_bytes(site: Client, record: Callable[..., str]) -> None:
    body = bytes(range(256)) * 3000
    exchange = record(body, b"")
    place = f"/ui/sessions/default/exchanges/{exchange}"
    assert site.get(f"{place}/request").data == body
    assert site.get(f"{place}/response").status_code == 200
    assert site.get(f"{place}/other").status_code == 404


PASSWORD = (
    b"<hab:output xmlns:hab='urn:si-dmp-habilitations'><login>patient0</login>"
    b"<password>s3cr&#101;t!!</password></hab:output>"
)


def test_credentials_of_an_answer_are_masked(get: Get, record: Callable[..., str]) -> None:
    message = envelope("urn:x", etree.fromstring(PASSWORD))
    exchange = record(message, message)
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    for written in ("patient0", "s3cr", "secret!!"):
        assert written not in page.source


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff" * 50,
        b"<a>caf\xe9 \xc3\x28</a>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<soap:Envelope xmlns:soap='http://www.w3.org/2003/05/soap-envelope'><soap:Body/></soap:Envelope>",
        ("<x>" * 300).encode(),
        HOSTILE.encode(),
        "\ufeff<a>\u202e</a>".encode("utf-16-le"),
    ],
)
def test_what_can_not_be_decoded_is_shown_all_the_same(
    get: Get, record: Callable[..., str], body: bytes
) -> None:
    exchange = record(body, body, outcome="error", code="MockInternalError")
    inert(get(f"/ui/sessions/default/exchanges/{exchange}"))


def test_hostile_headers_and_certificates_are_inert(get: Get, record: Callable[..., str]) -> None:
    from protocol.exchange import Tls

    exchange = record(
        b"x",
        request_headers=(("X-<script>", HOSTILE), ("Authorization", "Bearer abcdef")),
        tls=Tls(HOSTILE[:30], "cipher", b"not a certificate"),
    )
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    inert(page)
    assert "abcdef" not in page.source
    assert "Certificat illisible" in page.source


def test_hostile_parts_are_inert(get: Get, record: Callable[..., str]) -> None:
    message = envelope(
        "urn:" + HOSTILE.replace("\u202e", ""),
        el("hab:setAuthorization", {}),
        vihf(Who(name_id=HOSTILE[:60])),
    )
    kind, body = multipart(message, {"a'b": HOSTILE.encode()})
    exchange = record(body, request_headers=(("Content-Type", kind),))
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    inert(page)
    assert page.texts("//summary[normalize-space()='Parties jointes']")


def test_a_very_big_message_is_bounded_and_said_so(get: Get, record: Callable[..., str]) -> None:
    exchange = record(b"<a>" + b"x" * 25 * 1024 * 1024)
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    assert "message trop gros pour être décodé ici" in page.source
    assert len(page.source) < 200_000
    assert re.search(r"65536 premiers octets montrés sur 26214403", page.source)


def test_a_huge_envelope_is_bounded(get: Get, record: Callable[..., str]) -> None:
    body = el("hab:setAuthorization", {}, *(el("hab:action", {}, "x" * 50) for _ in range(3000)))
    exchange = record(envelope("urn:x", body))
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    assert "lignes de plus, non montrées" in page.source
    assert len(page.source) < 400_000


@given(
    text=st.text(min_size=1, max_size=40),
    body=st.binary(max_size=200),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_exchange_has_a_page(get: Get, record: Callable[..., str], text: str, body: bytes) -> None:
    text = text.encode("utf-8", "replace").decode().replace("\0", "?")
    exchange = record(body, body, detail=text, target=text, request_headers=((text, text),))
    inert(get(f"/ui/sessions/default/exchanges/{exchange}"))
    inert(get("/ui/sessions/default"))


def test_our_own_failure_is_told_without_a_trace(
    get: Get, record: Callable[..., str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = record(b"x")
    monkeypatch.setattr("mock_dmp.ui.exchange_view.find", lambda *_: 1 / 0)
    page = get(f"/ui/sessions/default/exchanges/{exchange}", 500)
    assert "Défaillance de la vue" in page.source
    assert "ZeroDivisionError" not in page.source
    assert "live view" in caplog.text


def test_traces_and_neighbours_are_shown(
    get: Get, lps: Lps, last: Callable[[], str], record: Callable[..., str]
) -> None:
    before = record()
    lps.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise"))
    here = last()
    after = record()
    page = get(here)
    assert page.root.xpath("//a[@rel='prev']/@href")[0].endswith(before)
    assert page.root.xpath("//a[@rel='next']/@href")[0].endswith(after)
    traces = page.texts("//section[@aria-labelledby='traces']//tbody/tr")
    assert traces
    assert "899990000111" in traces[0]


def test_defects_and_faults_are_announced(get: Get, store: Store, site: Client) -> None:
    from mock_dmp import defects

    name = next(iter(defects.defects()))
    with store.write() as db:
        kept.change(db, "default", {"defects": name})
    page = get("/ui/sessions/default")
    assert name in page.texts("//section[@aria-labelledby='armed']")[0]
    row = get("/ui/").root.xpath("//tbody/tr/td[6]")[0]
    assert row.text_content() == "1"


def test_identifiers_of_pages_are_unique(get: Get, lps: Lps, last: Callable[[], str]) -> None:
    lps.send("TD0.2", existence("actif-autorise"), Who().on("actif-autorise"))
    for path in ("/ui/", "/ui/sessions/default", last()):
        ids = get(path).root.xpath("//@id")
        assert len(ids) == len(set(ids)), path
    assert uuid.UUID(last().rpartition("/")[2])
    assert facts.SOAP12 in get(last()).source


def test_injected_faults_are_told_apart_from_refusals(get: Get, record: Callable[..., str]) -> None:
    struck = {"id": 1, "fault": "http-status", "with": {"status": 503}, "when_done": "before", "call": 1}
    exchange = record(b"x", outcome="refused", rule="FAULT", faults=[struck, {"fault": HOSTILE}])
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    inert(page)
    assert "Arrêtée par une panne injectée" in page.texts("//section[@aria-labelledby='why']")[0]
    told = page.texts("//section[@aria-labelledby='injected']")[0]
    assert "http-status" in told
    assert "status = 503" in told
    assert "2 pannes injectées" in get("/ui/sessions/default").texts("//tbody[@id='rows']/tr")[0]


def test_pages_and_empty_bodies_are_no_broken_messages(get: Get, record: Callable[..., str]) -> None:
    html = (("Content-Type", "text/html; charset=utf-8"),)
    exchange = record(b"", f"<h1>{HOSTILE}</h1>".encode(), method="GET", response_headers=html)
    page = get(f"/ui/sessions/default/exchanges/{exchange}")
    inert(page)
    assert "page web ou fichier (text/html)" in page.source
    assert "SOAP-MEDIA" not in page.source
