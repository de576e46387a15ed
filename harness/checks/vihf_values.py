"""More rules of the VIHF, attribute by attribute: types of values, order of the roles, authentication by mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.vihf_attributes import PURPOSE, ROLE, SECRET
from harness.checks.vihf_core import AC_CLASSES
from harness.checks.xpath import XSI_TYPE, attribute, nodes, string
from protocol import facts, safexml
from protocol.errors import Text

VIHF: Final = "A-VIHF"
_SMARTCARD: Final = f"{AC_CLASSES}SmartcardPKI"
#: Systems of second roles: specialties of physicians, sections of pharmacists.
_SECONDS: Final = (facts.OID_SPECIALTIES, "1.2.250.1.71.4.2.6")
#: Producers that are no professionals (TRE_A00): secretaries, automata.
_EMPLOYEES: Final = "1.2.250.1.213.1.1.4.6"
_VISIBILITY: Final = "1.2.250.1.213.1.1.4.13"
_CODED: Final = (ROLE.lower(), PURPOSE.lower(), SECRET.lower())


def _roles(view: Judged) -> list[etree._Element]:
    return [one for item in view.attribute_values(ROLE) for one in nodes(item, "hl7:Role")]


@check(
    "VIHF-AUTHN-DIRECT",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : AuthnContextClassRef en authentification directe",
    title=Text(
        "En mode direct, l'utilisateur s'est authentifié par sa carte",
        "In direct mode, the user authenticated with the card",
    ),
    mend=Text(_SMARTCARD, _SMARTCARD),
    requirements=("EX_0.1-1020",),
    confidence="B",
    default="warning",
)
def authn_direct(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None and view.vihf("Authentification_mode") == "DIRECTE":
        path = "saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef"
        found = string(view.assertion, path)
        yield verdict(found == _SMARTCARD, f"{view.at(view.assertion)}/{path}", found, _SMARTCARD)


@check(
    "VIHF-DECL-FILLED",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : AuthnContextDecl, une valeur non vide",
    title=Text("AuthnContextDecl, quand il est là, est rempli", "AuthnContextDecl, when there, is filled"),
    mend=Text("APP_BROWSER_AUTH", "APP_BROWSER_AUTH"),
    confidence="B",
    default="warning",
)
def decl_filled(view: Judged) -> Iterator[Finding]:
    for item in (
        nodes(view.assertion, "descendant::saml:AuthnContextDecl") if view.assertion is not None else []
    ):
        found = safexml.text(item).strip()
        yield verdict(bool(found) or len(item) > 0, view.at(item), found, "non vide / not empty")


@check(
    "VIHF-MODE-THERE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs : Authentification_mode, dans tous les exemples ; facultatif en direct",
    title=Text("Le VIHF dit son mode d'authentification", "The VIHF tells its mode of authentication"),
    mend=Text("ajouter Authentification_mode", "add Authentification_mode"),
    confidence="B",
    default="info",
)
def mode_there(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        found = len(view.attribute_values("Authentification_mode"))
        yield verdict(found == 1, view.at(view.assertion), f"{found} Authentification_mode", "1")


@check(
    "VIHF-ROLE-ORDER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles : la profession d'abord, la spécialité ou la section ensuite",
    title=Text("Le premier rôle est la profession", "The first role is the profession"),
    mend=Text("inverser les deux valeurs", "swap both values"),
    confidence="B",
    default="warning",
)
def role_order(view: Judged) -> Iterator[Finding]:
    for item in _roles(view)[:1]:
        system = attribute(item, "codeSystem")
        yield verdict(
            system not in _SECONDS, view.at(item) + "/@codeSystem", system, f"≠ {' | '.join(_SECONDS)}"
        )


@check(
    "VIHF-ROLE-EMPLOYEE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles : secrétariat et automate n'ont pas de second rôle",
    title=Text(
        "Un secrétariat ou un automate n'a qu'un rôle", "A secretary or an automaton has one role only"
    ),
    mend=Text("retirer le second rôle", "remove the second role"),
    confidence="B",
    default="warning",
)
def role_employee(view: Judged) -> Iterator[Finding]:
    found = _roles(view)
    if found and attribute(found[0], "codeSystem") == _EMPLOYEES:
        codes = [attribute(one, "code") for one in found]
        yield verdict(len(codes) == 1, view.at(found[0]), " | ".join(codes), "1")


@check(
    "VIHF-DISPLAY",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles et modes d'accès : displayName",
    title=Text("Rôles et mode d'accès ont un libellé", "Roles and access mode have a label"),
    mend=Text("remplir displayName", "fill displayName"),
    confidence="C",
    default="info",
)
def display(view: Judged) -> Iterator[Finding]:
    purposes = [one for item in view.attribute_values(PURPOSE) for one in nodes(item, "hl7:PurposeOfUse")]
    for item in [*_roles(view), *purposes]:
        found = attribute(item, "displayName").strip()
        yield verdict(bool(found), view.at(item) + "/@displayName", found, "texte / text")


@check(
    "VIHF-SECRET-SYSTEM",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, connexion secrète : code de JDV_J64, du système TRE_A07",
    title=Text(
        "Le code de la connexion secrète, s'il est codé, est de son système",
        "The code of the secret connection, when it is coded, is of its system",
    ),
    mend=Text(f'codeSystem="{_VISIBILITY}"', f'codeSystem="{_VISIBILITY}"'),
    confidence="B",
    default="warning",
)
def secret_system(view: Judged) -> Iterator[Finding]:
    for item in (one for value in view.attribute_values(SECRET) for one in nodes(value, "*[@code]")):
        found = attribute(item, "codeSystem")
        yield verdict(found == _VISIBILITY, view.at(item) + "/@codeSystem", found, _VISIBILITY)


@check(
    "VIHF-FILLED",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs : un attribut facultatif s'omet, il ne se laisse pas vide",
    title=Text(
        "Chaque attribut du VIHF porte une valeur, de type chaîne s'il a un type",
        "Each attribute of the VIHF has a value, a string when it is typed",
    ),
    mend=Text("retirer l'attribut, ou le remplir ; xsi:type xs:string", "remove it, or fill it; xs:string"),
    confidence="B",
    default="warning",
)
def filled(view: Judged) -> Iterator[Finding]:
    for item in view.nodes("descendant::saml:AttributeStatement/saml:Attribute"):
        for value in nodes(item, "saml:AttributeValue"):
            kind = attribute(value, XSI_TYPE).rpartition(":")[2]
            coded = attribute(item, "Name").lower() in _CODED
            full = bool(safexml.text(value).strip()) or len(value) > 0
            good = full and (not kind or kind == "string" or coded)
            yield verdict(good, view.at(value), kind or ("" if not full else "…"), "xs:string")


@check(
    "VIHF-ISSUER-ORDER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : Issuer dans l'ordre de la RFC 2253, le pays à la fin",
    title=Text(
        "Issuer va du nom au pays, et non l'inverse", "Issuer goes from the name to the country, not back"
    ),
    mend=Text("CN=…,OU=…,O=…,C=FR", "CN=…,OU=…,O=…,C=FR"),
    confidence="B",
    default="warning",
)
def issuer_order(view: Judged) -> Iterator[Finding]:
    """Said of unsigned assertions too, whose issuer no certificate can be held against."""
    for item in nodes(view.assertion, "saml:Issuer") if view.assertion is not None else []:
        found = safexml.text(item).strip()
        first = found.partition(",")[0].strip().upper()
        good = not first.startswith(("C=", "O=")) and "S=" not in [one[:2] for one in found.split(",")]
        yield verdict(good, view.at(item), found, "CN=…,OU=…,O=…,C=FR")
