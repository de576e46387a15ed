"""Rules of TD0.9 and TD0.10: the address that an LPS opens in a browser, and the page that comes back.

There is no SOAP: nothing of the rules of any call holds here, but what these say again of TLS and hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from cryptography.x509.oid import NameOID

from harness.checks.forms import ins_key, is_ins
from harness.checks.judged import Judged
from harness.checks.pages import PageView, page_view
from harness.checks.rule import Finding, check, failed, passed, verdict
from harness.checks.transport import client_certificate, within_dates
from protocol import facts
from protocol.errors import Text
from protocol.webps import PREFIX, pages

WEBPS: Final = "WEB-PS"
ON: Final = ("TD0.9", "TD0.10")
CLAUSE: Final = "accès Web-PS contextuel (PDT-INF-527) : /AccesDirect/{page}[/{INS}]"
_INS: Final = re.compile(r"(?<!\d)[12378]\d{4}(?:\d{2}|2A|2B)\d{8}(?!\d)")
_TARGET: Final = re.compile(rf"(?:/s/[^/]+)?{re.escape(PREFIX)}([^/?#]*)(?:/([^?#]*))?(\?[^#]*)?")
_DASHBOARD: Final = "TableauDeBord"


def _asked(view: Judged) -> tuple[str, str, str] | None:
    """(page, INS as written, query) of the address; None when it is not one of this access."""
    found = _TARGET.fullmatch(view.exchange.request.target)
    return None if found is None else (found[1], found[2] or "", found[3] or "")


def _page(view: Judged) -> PageView | None:
    """The page of the answer, None for a redirection or a document."""
    media = view.media
    return page_view(view.body) if media in ("text/html", "application/xhtml+xml") else None


@check(
    "WEBPS-METHOD",
    on=ON,
    side="request",
    group=WEBPS,
    clause=CLAUSE,
    title=Text(
        "La page s'ouvre par GET, sans corps ni SOAP", "The page is opened by GET, with no body and no SOAP"
    ),
    mend=Text("ouvrir l'adresse dans un navigateur", "open the address in a browser"),
)
def method(view: Judged) -> Iterator[Finding]:
    asked = view.exchange.request
    yield verdict(asked.method == "GET", "request:", asked.method, "GET")
    yield verdict(not asked.body, "request:body", f"{len(asked.body)} o / B", "0")
    soap = view.header("SOAPAction") or (
        "soap" in view.header("Content-Type") and view.header("Content-Type")
    )
    yield verdict(not soap, "request:headers", str(soap or ""), "≠ SOAP")


@check(
    "WEBPS-PATH",
    on=ON,
    side="request",
    group=WEBPS,
    clause=CLAUSE,
    title=Text(
        "L'adresse est /AccesDirect/{page}[/{INS}], page écrite exactement",
        "The address is /AccesDirect/{page}[/{INS}], the page written exactly",
    ),
    mend=Text(
        "reprendre le nom de la page, majuscules comprises, et l'INS là où la page en veut un",
        "take the name of the page, capitals included, and the INS where the page wants one",
    ),
)
def path(view: Judged) -> Iterator[Finding]:
    target, asked = view.exchange.request.target, _asked(view)
    if asked is None:
        yield failed("request:target", target, f"{PREFIX}{{page}}[/{{INS}}]")
        return
    name, ins, _ = asked
    page = pages().get(name)
    yield verdict(page is not None, "request:target", name, " | ".join(pages()))
    if page is not None:
        good = page.ins == "optional" or bool(ins) == (page.ins == "required")
        yield verdict(good, "request:target", ins or "sans INS / no INS", f"INS : {page.ins}")


@check(
    "WEBPS-INS",
    on=ON,
    side="request",
    group=WEBPS,
    clause="INS de 15 caractères, clé juste",
    title=Text(
        "L'INS de l'adresse a quinze caractères et une clé juste, encodé une seule fois",
        "The INS of the address has fifteen characters and a right key, encoded once",
    ),
    mend=Text("écrire l'INS tel quel dans l'adresse", "write the INS as it is in the address"),
)
def ins(view: Judged) -> Iterator[Finding]:
    asked = _asked(view)
    if asked is None or not asked[1]:
        return
    written = asked[1]
    yield verdict(written == unquote(written), "request:target", written, "sans encodage / not encoded")
    good = is_ins(written) and ins_key(written) == written[13:]
    yield verdict(good, "request:target", written, "INS")


@check(
    "WEBPS-PRIVACY",
    on=ON,
    side="request",
    group=WEBPS,
    clause="aucune autre donnée personnelle que l'INS dans l'adresse",
    title=Text(
        "L'adresse ne porte que la page et l'INS",
        "The address carries nothing but the page and the INS",
    ),
    mend=Text("retirer tout paramètre de l'adresse", "take every parameter out of the address"),
)
def privacy(view: Judged) -> Iterator[Finding]:
    asked = _asked(view)
    if asked is not None:
        yield verdict(not asked[2], "request:target", asked[2], "sans paramètre / no parameter")
    referer = view.header("Referer")
    yield verdict(not referer, "request:Referer", referer, "absent")


@check(
    "WEBPS-HOST",
    on=ON,
    side="request",
    group=WEBPS,
    clause="aucun hôte réel ni identité réelle dans un essai",
    title=Text("L'hôte appelé n'est pas un hôte réel", "The host that is called is not a real one"),
    mend=Text("viser la plateforme d'essai (EX_0.9-1030)", "aim at the test platform (EX_0.9-1030)"),
    confidence="C",
    default="warning",
)
def host(view: Judged) -> Iterator[Finding]:
    name = view.header("Host").rsplit(":", 1)[0].lower()
    if name:
        yield verdict(not facts.is_production_host(name), "request:Host", name, "≠ *.dmp.gouv.fr")


@check(
    "WEBPS-TLS",
    on=ON,
    side="connection",
    group=WEBPS,
    clause="HTTPS, authentification forte avant la page",
    title=Text(
        "La page s'ouvre en TLS 1.2 ou plus, avec un certificat client en cours de validité",
        "The page is opened over TLS 1.2 or later, with a client certificate within its dates",
    ),
    mend=Text("ouvrir l'adresse en https avec la carte", "open the address by https with the card"),
)
def tls(view: Judged) -> Iterator[Finding]:
    connection = view.exchange.tls
    if connection is None:
        return
    yield verdict(
        connection.version in ("TLSv1.2", "TLSv1.3"), "request:tls", connection.version, "TLSv1.2 | TLSv1.3"
    )
    certificate = client_certificate(view)
    if certificate is None:
        yield failed("request:tls", "", "X.509")
    else:
        yield within_dates(certificate, view, "request:tls")


@check(
    "WEBPS-CARD",
    on=("TD0.9",),
    side="connection",
    group=WEBPS,
    clause="TD0.9 : authentification directe, carte CPx ; pas de mode indirect",
    title=Text(
        "Le certificat client est celui d'une carte CPx, pas d'une organisation",
        "The client certificate is that of a CPx card, not of an organisation",
    ),
    mend=Text(
        "ouvrir la page avec la carte du professionnel", "open the page with the card of the professional"
    ),
)
def card(view: Judged) -> Iterator[Finding]:
    certificate = client_certificate(view)
    if certificate is not None:
        named = certificate.subject.get_attributes_for_oid(NameOID.SURNAME)
        subject = certificate.subject.rfc4514_string()
        yield verdict(bool(named), "request:tls", subject, "SN (carte / card)")


@check(
    "WEBPS-STATUS",
    on=ON,
    side="response",
    group=WEBPS,
    clause="une page, une redirection interne ou un refus expliqué ; jamais une panne",
    title=Text(
        "La réponse est une page, une redirection interne ou un refus",
        "The answer is a page, a redirection inside the site or a refusal",
    ),
    mend=Text("répondre 200, 303 ou 4xx", "answer 200, 303 or 4xx"),
    confidence="C",
)
def status(view: Judged) -> Iterator[Finding]:
    answer = view.exchange.response
    if answer is None:
        return
    good = answer.status in (200, 301, 302, 303, 307, 308) or 400 <= answer.status < 500
    yield verdict(good, "response:status", str(answer.status), "200 | 3xx | 4xx")
    if answer.status in (301, 302, 303, 307, 308):
        address = view.header("Location")
        inside = address.startswith("/") and not address.startswith("//") and PREFIX in address
        yield verdict(inside, "response:Location", address, f"…{PREFIX}…")


@check(
    "WEBPS-HTML",
    on=ON,
    side="response",
    group=WEBPS,
    clause="HTML bien formé, en UTF-8, avec langue et titre (WCAG 2.1 critères 2.4.2 et 3.1.1)",
    title=Text(
        "La page est du HTML bien formé, avec sa langue et un titre",
        "The page is well-formed HTML, with its language and a title",
    ),
    mend=Text("corriger le balisage", "mend the markup"),
)
def markup(view: Judged) -> Iterator[Finding]:
    page = _page(view)
    if page is None:
        if view.body[:100].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            yield verdict(False, "response:Content-Type", view.header("Content-Type"), "text/html")
        return
    kind = view.header("Content-Type")
    yield verdict(
        view.parameters.get("charset", "").lower() == "utf-8", "response:Content-Type", kind, "charset=utf-8"
    )
    yield verdict(not page.mistakes, "response:", " ; ".join(page.mistakes[:3]) or "0", "0")
    yield verdict(
        page.values("/html/@lang") == ["fr"],
        "response:html/@lang",
        " ".join(page.values("/html/@lang")),
        "fr",
    )
    yield verdict(bool(page.title), "response:title", page.title, "titre / title")
    yield verdict(len(page.values("//h1")) == 1, "response:h1", str(len(page.values("//h1"))), "1")


@check(
    "WEBPS-PATIENT",
    on=ON,
    side="response",
    group=WEBPS,
    clause="la page est celle du patient demandé",
    title=Text(
        "La page montre le patient de l'adresse, et lui seul",
        "The page shows the patient of the address, and nobody else",
    ),
    mend=Text("ne montrer que le patient demandé", "show the asked patient only"),
)
def patient(view: Judged) -> Iterator[Finding]:
    page, asked = _page(view), _asked(view.request)
    answer = view.exchange.response
    if page is None or asked is None or not asked[1] or answer is None or answer.status != 200:
        return
    shown = set(_INS.findall(page.text))
    if asked[0] != _DASHBOARD:  # which also says that somebody has no DMP
        yield verdict(asked[1] in shown, "response:", " ".join(sorted(shown)), asked[1])
    others = shown - {asked[1]}
    yield verdict(not others, "response:", " ".join(sorted(others)), asked[1])


@check(
    "WEBPS-NO-SECRET",
    on=ON,
    side="response",
    group=WEBPS,
    clause="ni secret ni assertion dans une page",
    title=Text(
        "La page ne contient ni numéro d'homologation, ni VIHF, ni clé",
        "The page holds no homologation number, no VIHF, no key",
    ),
    mend=Text("retirer le secret de la page", "take the secret out of the page"),
)
def secrets(view: Judged) -> Iterator[Finding]:
    if not view.body:
        return
    number = view.declared.wire_number
    for name, found in (
        ("LPS_ID_HOMOLOGATION_DMP", bool(number) and number.encode() in view.body),
        ("saml:Assertion", b"urn:oasis:names:tc:SAML:2.0:assertion" in view.body),
        ("PRIVATE KEY", b"PRIVATE KEY-----" in view.body),
    ):
        yield failed("response:", name, "absent") if found else passed("response:", name)


@check(
    "WEBPS-HEADERS",
    on=ON,
    side="response",
    group=WEBPS,
    clause="une page de santé ne se garde pas en cache, ne se cadre pas, n'envoie pas son adresse ailleurs",
    title=Text(
        "La page défend le cache, le cadre et la fuite de son adresse",
        "The page forbids caching, framing and leaking its address",
    ),
    mend=Text(
        "Cache-Control: no-store, Content-Security-Policy avec frame-ancestors, Referrer-Policy: no-referrer",
        "Cache-Control: no-store, Content-Security-Policy with frame-ancestors, Referrer-Policy: no-referrer",
    ),
    confidence="C",
    default="warning",
)
def headers(view: Judged) -> Iterator[Finding]:
    for name, wanted in (
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "frame-ancestors"),
        ("Referrer-Policy", "no-referrer"),
    ):
        found = view.header(name)
        yield verdict(wanted in found, f"response:{name}", found, wanted)
