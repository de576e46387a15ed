"""Each rule of TD0.9 and TD0.10 on an exchange where it passes, and on one where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.pages import page_view
from harness.drive import urls
from harness.drive.identity import Keyring
from protocol import directory
from protocol.exchange import Exchange, Headers, Request, Response, Tls
from protocol.transactions import load

A = "actif-autorise"
INS = directory.patients()[A].ins.number
OTHER = directory.patients()["corse"].ins.number
PAGE = (
    '<!DOCTYPE html><html lang="fr"><head><title>Dossier</title></head>'
    f"<body><main><h1>Dossier</h1><p>INS <span id='ins'>{INS}</span></p></main></body></html>"
)
HEADERS: Headers = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
Open = Callable[..., Exchange]
ADDRESSES = [
    ("url-page-case", {"WEBPS-PATH"}),
    ("url-without-ins", {"WEBPS-PATH"}),
    ("url-prefix-case", {"WEBPS-PATH"}),
    ("url-ins-key", {"WEBPS-INS", "WEBPS-PATIENT"}),
    ("url-ins-in-query", {"WEBPS-PATH", "WEBPS-PRIVACY"}),
    ("url-traits", {"WEBPS-PRIVACY"}),
    ("url-encoded-twice", {"WEBPS-INS", "WEBPS-PATIENT"}),
    ("url-injection", {"WEBPS-INS", "WEBPS-PATIENT"}),
]
#: For test_every_rule.
BROKEN = {rule for _, rules in ADDRESSES for rule in rules} | {
    "WEBPS-METHOD",
    "WEBPS-HOST",
    "WEBPS-TLS",
    "WEBPS-CARD",
    "WEBPS-STATUS",
    "WEBPS-HTML",
    "WEBPS-NO-SECRET",
    "WEBPS-HEADERS",
}


@pytest.fixture
def opened(keyring: Keyring) -> Open:
    """An exchange around a page; `card` is the identity of the connection, "" for no certificate."""

    def make(
        *alterations: str,
        card: str = "cps",
        page: str = PAGE,
        status: int = 200,
        headers: Headers = HEADERS,
        **changed: Any,
    ) -> Exchange:
        message = urls.build("TD0.9", "DossierPatient", A, alterations=alterations)
        der = keyring.identity(card).tls.certificate.public_bytes(Encoding.DER) if card else b""
        now = datetime.now(UTC)
        request = Request("GET", message.path, (("Host", "localhost:8443"), *message.headers), b"")
        answer = Response(status, headers, page.encode())
        tls = Tls(changed.pop("tls", "TLSv1.2"), "ECDHE-RSA-AES256-GCM-SHA384", der)
        made = Exchange("e1", "driver", "default", now, now, request, answer, tls)
        return replace(made, **changed)

    return make


def failing(exchange: Exchange, transaction: str = "TD0.9", declared: Declared | None = None) -> set[str]:
    findings = api.judge(exchange, load().by_id(transaction), declared)
    assert [item for item in findings if item.status == "ERROR"] == []
    return {item.rule for item in findings if item.status == "FAIL"}


def test_a_right_access_passes_every_rule(opened: Open) -> None:
    exchange = opened()
    assert failing(exchange) == set()
    looked = {item.rule for item in api.judge(exchange, load().by_id("TD0.9")) if item.status == "PASS"}
    own = {rule.id for rule in api.rules() if "TD0.9" in rule.on}
    assert looked == own


def test_rules_of_soap_do_not_look_at_an_address(opened: Open) -> None:
    judged = {item.rule for item in api.judge(opened(), load().by_id("TD0.9"))}
    assert all(rule.startswith("WEBPS-") for rule in judged)


@pytest.mark.parametrize(("alteration", "rules"), ADDRESSES)
def test_each_mistake_of_an_address_is_seen(opened: Open, alteration: str, rules: set[str]) -> None:
    assert failing(opened(alteration)) == rules


def test_every_mistake_of_an_address_is_tried() -> None:
    tried = {name for name, _ in ADDRESSES}
    assert tried == set(urls.defects())


def test_method_body_and_soap(opened: Open) -> None:
    asked = opened().request
    for request in (
        replace(asked, method="POST"),
        replace(asked, body=b"x"),
        replace(asked, headers=(*asked.headers, ("SOAPAction", '"x"'))),
        replace(asked, headers=(*asked.headers, ("Content-Type", "application/soap+xml"))),
    ):
        assert failing(opened(request=request)) == {"WEBPS-METHOD"}


def test_a_referer_tells_too_much(opened: Open) -> None:
    asked = opened().request
    headers = (*asked.headers, ("Referer", "https://lps.example/patient/42"))
    assert failing(opened(request=replace(asked, headers=headers))) == {"WEBPS-PRIVACY"}


def test_a_production_host(opened: Open) -> None:
    asked = opened().request
    headers = (("Host", "www.dmp.gouv.fr"), *asked.headers[1:])
    assert failing(opened(request=replace(asked, headers=headers))) == {"WEBPS-HOST"}


def test_the_connection(opened: Open) -> None:
    assert failing(opened(tls="TLSv1.3")) == set()
    assert failing(opened(tls="TLSv1.1")) == {"WEBPS-TLS"}
    assert failing(opened(card="")) == {"WEBPS-TLS"}
    assert failing(opened(card="hopital")) == {"WEBPS-CARD"}
    assert failing(opened(card="hopital"), "TD0.10") == set()
    late = datetime.now(UTC) + timedelta(days=5 * 366)
    assert failing(opened(started=late, ended=late)) == {"WEBPS-TLS"}


@pytest.mark.parametrize(
    ("page", "rules"),
    [
        (PAGE.replace("</span>", "</b>"), {"WEBPS-HTML"}),
        (PAGE.replace(' lang="fr"', ""), {"WEBPS-HTML"}),
        (PAGE.replace("<title>Dossier</title>", ""), {"WEBPS-HTML"}),
        (PAGE.replace("<h1>Dossier</h1>", ""), {"WEBPS-HTML"}),
        (PAGE.replace(INS, OTHER), {"WEBPS-PATIENT"}),
        (PAGE.replace("</main>", f"<p>{OTHER}</p></main>"), {"WEBPS-PATIENT"}),
        (PAGE.replace("</main>", "<p>NUMERO-SECRET-1</p></main>"), {"WEBPS-NO-SECRET"}),
        (
            PAGE.replace("</main>", "<p>urn:oasis:names:tc:SAML:2.0:assertion</p></main>"),
            {"WEBPS-NO-SECRET"},
        ),
        (PAGE.replace("</main>", "<p>-----BEGIN PRIVATE KEY-----</p></main>"), {"WEBPS-NO-SECRET"}),
    ],
)
def test_pages(opened: Open, page: str, rules: set[str]) -> None:
    assert failing(opened(page=page), declared=Declared(wire_number="NUMERO-SECRET-1")) == rules


@pytest.mark.parametrize("missing", ["Cache-Control", "Content-Security-Policy", "Referrer-Policy"])
def test_headers_that_protect(opened: Open, missing: str) -> None:
    kept = tuple(pair for pair in HEADERS if pair[0] != missing)
    assert failing(opened(headers=kept)) == {"WEBPS-HEADERS"}


def test_charset_is_said(opened: Open) -> None:
    kept = (("Content-Type", "text/html"), *HEADERS[1:])
    assert failing(opened(headers=kept)) == {"WEBPS-HTML"}


@pytest.mark.parametrize(
    ("status", "location", "rules"),
    [
        (303, "/AccesDirect/Parametrages?retour=x", set()),
        (303, "/s/x/AccesDirect/TableauDeBord", set()),
        (303, "https://evil.example/AccesDirect/", {"WEBPS-STATUS"}),
        (303, "//evil.example/AccesDirect/", {"WEBPS-STATUS"}),
        (303, "", {"WEBPS-STATUS"}),
        (404, "", set()),
        (500, "", {"WEBPS-STATUS"}),
    ],
)
def test_statuses(opened: Open, status: int, location: str, rules: set[str]) -> None:
    plain = (("Content-Type", "text/plain"), *HEADERS[1:], ("Location", location))
    assert failing(opened(status=status, headers=plain, page="x")) == rules


def test_a_page_as_the_oracle_reads_it() -> None:
    view = page_view(PAGE.encode())
    assert (view.title, view.mistakes, view.values("//h1")) == ("Dossier", (), ["Dossier"])
    assert page_view(b"").root is None
    assert page_view(b"   ").mistakes
    hidden = page_view(b"<html><style>a{}</style><body>x<script>y</script></body></html>")
    assert hidden.text == "x"
    assert page_view("<p id='code'>é</p>".encode()).code == "é"
    assert page_view(b"<p>x</p>").values("count(//p)") == ["1.0"]
