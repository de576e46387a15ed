"""Rules of TD1.5a to d: the patient's internet account, question and answer.

What the answers give to the patient alone (login, password) is measured and never shown: no finding quotes it.
Evidence overwrites both, byte for byte, so that the rules say the same when it is judged again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import PURPOSE
from harness.checks.xpath import nodes, string, strings
from protocol import facts, safexml
from protocol.errors import Text

ACCESS = "INTERNET-ACCESS"
ON = ("TD1.5a", "TD1.5b", "TD1.5c", "TD1.5d")
CHANNEL = ("TD1.5a", "TD1.5b", "TD1.5c")
UPDATE = ("TD1.5b", "TD1.5c")
CREDENTIALS = ("TD1.5a", "TD1.5d")
FIELDS: Final = {
    "createPatientAccess": ["canal", "type"],
    "patientOTPUpdate": ["action", "canal", "type"],
    "updatePatientAccess": [],
}
_MOBILE: Final = re.compile(r"0[67][0-9]{8}")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_SHAPES: Final = {"SMS": (_MOBILE, "06… | 07…, 10"), "EMAIL": (_ADDRESS, "nom@domaine / name@domain")}
_ANSWERS: Final = "|".join(
    f"self::pat:{name}Response" for name in ("createPatientAccess", "patientOTPUpdate", "updatePatientAccess")
)


@check(
    "ACCESS-CONTENT",
    on=ON,
    side="request",
    group=ACCESS,
    clause="TD1.5 createPatientAccess, patientOTPUpdate, updatePatientAccess",
    title=Text(
        "La demande tient les éléments de son opération, chacun une fois, et rien d'autre",
        "The request holds the elements of its operation, each once, and nothing else",
    ),
    mend=Text(
        "création : type, canal ; mise à jour : type, canal, action ; réédition : rien",
        "creation: type, canal; update: type, canal, action; reissue: nothing",
    ),
)
def content(view: Judged) -> Iterator[Finding]:
    for operation, wanted in FIELDS.items():
        for body in view.in_payload(f"self::pat:{operation}"):
            names = sorted(etree.QName(child).localname for child in nodes(body, "*"))
            spaces = {etree.QName(child).namespace for child in nodes(body, "*")} - {facts.PATIENTS}
            good = names == wanted and not spaces
            yield verdict(good, view.at(body), ", ".join(names) or "–", ", ".join(wanted) or "–")


@check(
    "ACCESS-TYPE",
    on=CHANNEL,
    side="request",
    group=ACCESS,
    clause="TD1.5 : type",
    title=Text("Le type de canal est SMS ou EMAIL", "The type of channel is SMS or EMAIL"),
    mend=Text("SMS ou EMAIL", "SMS or EMAIL"),
)
def kind(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("pat:type"):
        yield verdict(safexml.text(item) in _SHAPES, view.at(item), safexml.text(item), "SMS | EMAIL")


@check(
    "ACCESS-CHANNEL",
    on=CHANNEL,
    side="request",
    group=ACCESS,
    clause="TD1.5 : canal ; 10 chiffres commençant par 06 ou 07, ou une adresse électronique",
    title=Text(
        "Le canal a la forme de son type : mobile français ou adresse électronique",
        "The channel has the form of its type: French mobile or electronic address",
    ),
    mend=Text(
        "0612345678, sans espace ni indicatif, ou nom@domaine",
        "0612345678, without spaces or prefix, or name@domain",
    ),
    requirements=("REC_1.5-1100",),
    confidence="B",
)
def channel(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::*[pat:canal]"):
        shape, expected = _SHAPES.get(string(body, "pat:type"), (re.compile(".+"), "…"))
        said = string(body, "pat:canal")
        yield verdict(bool(shape.fullmatch(said)), view.at(body) + "/pat:canal", said, expected)


@check(
    "ACCESS-ACTION",
    on=UPDATE,
    side="request",
    group=ACCESS,
    clause="TD1.5b : AJOUT ; TD1.5c : MODIFICATION, SUPPRESSION",
    title=Text(
        "L'action est AJOUT, MODIFICATION ou SUPPRESSION", "The action is AJOUT, MODIFICATION or SUPPRESSION"
    ),
    mend=Text("AJOUT, MODIFICATION ou SUPPRESSION", "AJOUT, MODIFICATION or SUPPRESSION"),
    requirements=("EX_1.5-1020",),
)
def action(view: Judged) -> Iterator[Finding]:
    known = ("AJOUT",) if view.transaction.id == "TD1.5b" else ("MODIFICATION", "SUPPRESSION")
    for item in view.in_payload("pat:action"):
        yield verdict(safexml.text(item) in known, view.at(item), safexml.text(item), " | ".join(known))


@check(
    "ACCESS-MODE",
    on=ON,
    side="request",
    group=ACCESS,
    clause="création et gestion du compte internet : aucune urgence",
    title=Text(
        "Le compte internet se gère en mode d'accès normal",
        "The internet account is managed in normal access mode",
    ),
    mend=Text("mode d'accès « normal »", "access mode “normal”"),
    confidence="C",
)
def access_mode(view: Judged) -> Iterator[Finding]:
    for value in view.attribute_values(PURPOSE):
        code = " ".join(strings(value, "*/@code"))
        yield verdict(code == "normal", view.at(value), code, "normal")


@check(
    "ACCESS-SECRETS-KEPT",
    on=ON,
    side="request",
    group=ACCESS,
    clause="le logiciel ne conserve ni identifiant ni mot de passe du patient",
    title=Text(
        "La demande ne renvoie aucun secret du patient", "The request sends no secret of the patient back"
    ),
    mend=Text(
        "n'enregistrer ni identifiant ni mot de passe : ils s'impriment et s'oublient",
        "keep neither login nor password: print and forget them",
    ),
    requirements=("EX_1.5-1090",),
)
def secrets_kept(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::*"):
        found = nodes(body, "descendant::pat:login|descendant::pat:password")
        names = ", ".join(etree.QName(item).localname for item in found)
        yield verdict(not found, view.at(body), names or "–", "–")


@check(
    "ACCESS-STATUS",
    on=ON,
    side="response",
    group=ACCESS,
    clause="services propres : output/status",
    title=Text(
        "La réponse porte un statut, et un texte quand ce n'est pas DMPOk",
        "The answer carries a status, and a text when it is not DMPOk",
    ),
    mend=Text(
        "output/status, et output/context en cas de refus", "output/status, output/context on a refusal"
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload(_ANSWERS):
        said = string(body, "pat:output/pat:status")
        yield verdict(bool(said), view.at(body) + "/pat:output/pat:status", said, "DMPOk | code")
        if said and said != "DMPOk":
            context = string(body, "pat:output/pat:context")
            yield verdict(bool(context), view.at(body) + "/pat:output/pat:context", context, "texte / text")


@check(
    "ACCESS-CREDENTIALS",
    on=CREDENTIALS,
    side="response",
    group=ACCESS,
    clause="TD1.5a, TD1.5d : login et password, 8 caractères",
    title=Text(
        "Un succès donne identifiant et mot de passe de 8 caractères, un refus n'en donne pas",
        "A success gives a login and a password of 8 characters, a refusal gives none",
    ),
    mend=Text(
        "login : 8 lettres et chiffres ; password : 8 caractères imprimables",
        "login: 8 letters and digits; password: 8 printable characters",
    ),
    confidence="B",
)
def credentials(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload(_ANSWERS):
        login, password = string(body, "pat:output/pat:login"), string(body, "pat:output/pat:password")
        success = string(body, "pat:output/pat:status") == "DMPOk"
        shapes = bool(re.fullmatch(r"[0-9A-Za-z]{8}", login)) and bool(re.fullmatch(r"[!-~]{8}", password))
        good = shapes if success else not (login or password)
        found = f"login {len(login)}, password {len(password)}"
        yield verdict(good, view.at(body), found, "8, 8" if success else "0, 0")


@check(
    "ACCESS-NO-SECRET",
    on=UPDATE,
    side="response",
    group=ACCESS,
    clause="TD1.5b, TD1.5c : status et context seulement",
    title=Text("La mise à jour d'un canal ne rend aucun secret", "Updating a channel gives no secret back"),
    mend=Text("status et context seulement", "status and context only"),
    confidence="B",
)
def no_secret(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload(_ANSWERS):
        found = nodes(body, "pat:output/*[not(self::pat:status or self::pat:context)]")
        names = ", ".join(etree.QName(item).localname for item in found)
        yield verdict(not found, view.at(body), names or "–", "status[, context]")
