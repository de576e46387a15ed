"""Rules of the core of the VIHF: the SAML 2.0 assertion itself, its times, its subject, its authentication."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from lxml import etree

from harness.checks.forms import instant, is_ps_id, is_utc_instant
from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, failed, passed, verdict
from harness.checks.xpath import attribute, first, nodes, string
from protocol import safexml
from protocol.errors import Text

VIHF = "A-VIHF"
CLAUSE = "VIHF, éléments SAML ; SAML 2.0 core"
X509_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
AC_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
#: Window of freshness: no text gives one, five minutes either way is the usual tolerance of a clock.
FRESH = timedelta(minutes=5)
ORDER = ("Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement")


@check(
    "VIHF-SAML",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text(
        "L'assertion est SAML 2.0 et a un identifiant XML", "The assertion is SAML 2.0 and has an XML id"
    ),
    mend=Text(
        'Version="2.0" et ID commençant par une lettre ou _',
        'Version="2.0" and an ID starting with a letter or _',
    ),
)
def saml(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        version, identifier = attribute(view.assertion, "Version"), attribute(view.assertion, "ID")
        where = view.at(view.assertion)
        yield verdict(version == "2.0", where + "/@Version", version, "2.0")
        good = re.fullmatch(r"[A-Za-z_][\w.\-]*", identifier) is not None
        yield verdict(good, where + "/@ID", identifier, "NCName")


@check(
    "VIHF-ORDER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="SAML 2.0 core §2.3.3 (séquence du schéma)",
    title=Text(
        "Les éléments de l'assertion sont ceux du schéma, dans l'ordre",
        "The assertion's elements are in order",
    ),
    mend=Text(" → ".join(ORDER), " → ".join(ORDER)),
)
def order(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        names = [etree.QName(child).localname for child in nodes(view.assertion, "*")]
        expected = [name for name in ORDER if name in names]
        needed = {"Issuer", "Subject", "AuthnStatement", "AttributeStatement"}
        good = names == expected and needed <= set(names)
        yield verdict(good, view.at(view.assertion), ", ".join(names), ", ".join(ORDER))


@check(
    "VIHF-ISSUE-INSTANT",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text("IssueInstant est un instant UTC", "IssueInstant is a UTC instant"),
    mend=Text("AAAA-MM-JJThh:mm:ss.sssZ", "YYYY-MM-DDThh:mm:ss.sssZ"),
)
def issue_instant(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        value = attribute(view.assertion, "IssueInstant")
        yield verdict(is_utc_instant(value), view.at(view.assertion) + "/@IssueInstant", value, "…Z")


@check(
    "VIHF-FRESH",
    on=ANY,
    side="request",
    group=VIHF,
    clause="PRE_TPS : horloge synchronisée ; fenêtre de ±5 min déduite",
    title=Text("L'assertion vient d'être émise", "The assertion has just been issued"),
    mend=Text(
        "synchroniser l'horloge et émettre un VIHF par appel", "set the clock right and issue one VIHF a call"
    ),
    requirements=("EX_GEN-1460",),
    confidence="C",
)
def fresh(view: Judged) -> Iterator[Finding]:
    issued = instant(attribute(view.assertion, "IssueInstant")) if view.assertion is not None else None
    if issued is not None:
        gap = view.now - issued
        yield verdict(abs(gap) <= FRESH, view.at(view.assertion), f"{gap.total_seconds():.0f} s", "± 300 s")


@check(
    "VIHF-CONDITIONS",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : Conditions facultatives, sans AudienceRestriction",
    title=Text("Les Conditions couvrent l'instant présent", "The Conditions cover the present instant"),
    mend=Text(
        "une fenêtre qui contient l'heure d'envoi, sans AudienceRestriction",
        "a window that holds the time of sending, no AudienceRestriction",
    ),
)
def conditions(view: Judged) -> Iterator[Finding]:
    for element in nodes(view.assertion, "saml:Conditions") if view.assertion is not None else []:
        start, end = attribute(element, "NotBefore"), attribute(element, "NotOnOrAfter")
        low, high = instant(start), instant(end)
        good = (low is not None or not start) and (high is not None or not end)
        inside = (low is None or low <= view.now + FRESH) and (high is None or view.now - FRESH < high)
        ordered = low is None or high is None or low < high
        yield verdict(
            good and inside and ordered, view.at(element), f"{start} … {end}", f"∋ {view.now.isoformat()}"
        )
        audience = nodes(element, "saml:AudienceRestriction")
        yield verdict(not audience, view.at(element), f"{len(audience)} AudienceRestriction", "0")


@check(
    "VIHF-ISSUER-FORMAT",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text("Issuer est un nom de sujet X.509", "Issuer is an X.509 subject name"),
    mend=Text(f'Format="{X509_NAME}"', f'Format="{X509_NAME}"'),
)
def issuer_format(view: Judged) -> Iterator[Finding]:
    issuer = first(view.assertion, "saml:Issuer") if view.assertion is not None else None
    if issuer is not None:
        found = attribute(issuer, "Format")
        yield verdict(found == X509_NAME, view.at(issuer) + "/@Format", found, X509_NAME)
        yield verdict("CN=" in safexml.text(issuer), view.at(issuer), safexml.text(issuer), "CN=…,…,C=FR")


@check(
    "VIHF-NAME-ID",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : PS_IdNat de l'utilisateur",
    title=Text(
        "NameID est un identifiant national de professionnel", "NameID is a national id of a professional"
    ),
    mend=Text("8 + RPPS (11 chiffres), ou une forme interne {type}{structure}/{id}", "8 + RPPS (11 digits)"),
    requirements=("EX_GEN-1320",),
)
def name_id(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        value = string(view.assertion, "saml:Subject/saml:NameID")
        yield verdict(
            is_ps_id(value), view.at(view.assertion) + "/saml:Subject/saml:NameID", value, "PS_IdNat"
        )


@check(
    "VIHF-AUTHN",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text(
        "AuthnStatement dit quand et comment l'utilisateur s'est authentifié",
        "AuthnStatement tells when and how the user authenticated",
    ),
    mend=Text(f"classe parmi {AC_CLASSES}*", f"a class among {AC_CLASSES}*"),
    requirements=("EX_0.1-1020",),
)
def authn(view: Judged) -> Iterator[Finding]:
    for element in nodes(view.assertion, "saml:AuthnStatement") if view.assertion is not None else []:
        moment = attribute(element, "AuthnInstant")
        good = instant(moment) is not None and (instant(moment) or view.now) <= view.now + FRESH
        yield verdict(good, view.at(element) + "/@AuthnInstant", moment, f"≤ {view.now.isoformat()}")
        used = string(element, "saml:AuthnContext/saml:AuthnContextClassRef")
        known = used.startswith(AC_CLASSES) and used != AC_CLASSES
        yield verdict(known, view.at(element) + "/…/saml:AuthnContextClassRef", used, f"{AC_CLASSES}*")


@check(
    "VIHF-AUTHN-DECL",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : AuthnContextDecl en authentification indirecte renforcée seulement",
    title=Text(
        "AuthnContextDecl accompagne le mode AIR, et lui seul", "AuthnContextDecl goes with AIR, only"
    ),
    mend=Text("AuthnContextDecl en mode AIR seulement", "AuthnContextDecl in AIR mode only"),
    requirements=("EX_AIR-050",),
    confidence="B",
    default="warning",
)
def authn_decl(view: Judged) -> Iterator[Finding]:
    mode = view.vihf("Authentification_mode")
    if view.assertion is not None and mode:
        found = nodes(view.assertion, "saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextDecl")
        wanted = 1 if mode == "INDIRECTE_RENFORCEE" else 0
        yield verdict(len(found) == wanted, view.at(view.assertion), f"{mode}: {len(found)}", str(wanted))


@check(
    "VIHF-COMMENT",
    on=ANY,
    side="request",
    group=VIHF,
    clause="défense contre la troncature d'identité (commentaire dans un texte)",
    title=Text(
        "Aucun commentaire ne coupe un texte de l'assertion", "No comment cuts a text of the assertion"
    ),
    mend=Text("retirer commentaires et instructions de l'assertion", "remove comments from the assertion"),
    confidence="C",
)
def comment(view: Judged) -> Iterator[Finding]:
    if view.assertion is None:
        return
    found = nodes(view.assertion, "descendant::comment()|descendant::processing-instruction()")
    for item in found:
        yield failed(view.at(item), str(item), "absent")
    if not found:
        yield passed(view.at(view.assertion))
