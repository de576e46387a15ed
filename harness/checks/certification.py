"""Rules of TD0.0 (historic): the NIR that is certified and the identity that comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.checks.forms import ins_key, is_ins
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import string, strings
from protocol import safexml
from protocol.errors import Text

CERT: Final = "CERT"
ON: Final = ("TD0.0",)
CLAUSE = "TD0.0 identityCertification (jusqu'au 30/09/2023)"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@check(
    "CERT-NIR",
    on=ON,
    side="request",
    group=CERT,
    clause=CLAUSE,
    title=Text(
        "Le NIR a 13 caractères, ou 15 avec sa clé ; la Corse garde sa lettre",
        "The NIR has 13 characters, or 15 with its key; Corsica keeps its letter",
    ),
    mend=Text("recopier le NIR lu sur la carte Vitale", "copy the NIR read on the Vitale card"),
    requirements=("EX_GEN-1255",),
)
def nir(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    found = view.in_payload("pat:nirOD|pat:nirIndividu")
    yield verdict(
        bool(view.in_payload("pat:nirOD")), view.at(view.payload) + "/pat:nirOD", str(len(found)), "1"
    )
    for item in found:
        number = safexml.text(item)
        key = ins_key(number)
        good = bool(key) and number in (number[:13], number[:13] + key) and is_ins(number[:13] + key)
        yield verdict(good, view.at(item), number, f"{number[:13]}{key}")


@check(
    "CERT-BIRTH",
    on=ON,
    side="request",
    group=CERT,
    clause=CLAUSE,
    title=Text(
        "La date de naissance s'écrit AAAA-MM-JJ et le rang est un chiffre",
        "The birth date is YYYY-MM-DD and the rank is a digit",
    ),
    mend=Text(
        "dateNaissance AAAA-MM-JJ, rangNaissance de 1 à 9", "dateNaissance YYYY-MM-DD, rangNaissance 1 to 9"
    ),
)
def birth(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    day, rank = string(view.payload, "pat:dateNaissance"), string(view.payload, "pat:rangNaissance")
    where = view.at(view.payload)
    yield verdict(_DAY.fullmatch(day) is not None, where + "/pat:dateNaissance", day, "YYYY-MM-DD")
    yield verdict(rank in tuple("123456789"), where + "/pat:rangNaissance", rank, "1…9")


@check(
    "CERT-STOPPED",
    on=ON,
    side="request",
    group=CERT,
    clause="matrice des droits, note 11 : TD0.0 jusqu'au 30/09/2023, remplacée par INSi",
    title=Text("Un logiciel n'appelle plus TD0.0", "A software calls TD0.0 no more"),
    mend=Text("acquérir l'identité par le téléservice INSi", "acquire the identity through the INSi service"),
    default="info",
)
def stopped(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("self::pat:identityCertification"):
        yield verdict(False, view.at(item), "TD0.0", "INSi")


@check(
    "CERT-ANSWER",
    on=ON,
    side="response",
    group=CERT,
    clause=CLAUSE,
    title=Text(
        "DMPOk rend l'identité du NIR demandé ; un autre statut s'explique",
        "DMPOk gives the identity of the NIR that was asked; another status is explained",
    ),
    mend=Text(
        "nirIndividu, prenom, nomPatronymique et dateNaissance ; context en cas de refus",
        "nirIndividu, prenom, nomPatronymique and dateNaissance; context on a refusal",
    ),
)
def answer(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::pat:identityCertificationResponse"):
        status = string(body, "pat:output/pat:status")
        yield verdict(bool(status), view.at(body) + "/pat:output/pat:status", status, "DMPOk | code")
        if status != "DMPOk":
            context = string(body, "pat:output/pat:context")
            identity = strings(body, "pat:output/pat:nirIndividu")
            yield verdict(
                bool(context) and not identity,
                view.at(body) + "/pat:output/pat:context",
                context,
                "texte / text",
            )
            continue
        for name in ("nirIndividu", "prenom", "nomPatronymique", "dateNaissance"):
            value = string(body, f"pat:output/pat:{name}")
            yield verdict(bool(value), f"{view.at(body)}/pat:output/pat:{name}", value, "présent / present")


@check(
    "CERT-SAME",
    on=ON,
    side="response",
    group=CERT,
    clause="TD0.0 ; test officiel 0.0-030 : le NIR garde sa lettre (2A, 2B) de bout en bout",
    title=Text(
        "L'identité rendue est celle du NIR et de la date demandés",
        "The identity returned is that of the NIR and the date that were asked",
    ),
    mend=Text("rendre le NIR demandé, lettre comprise", "return the NIR that was asked, letter included"),
)
def same(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    if asked is None:
        return
    wanted = string(asked, "pat:nirIndividu") or string(asked, "pat:nirOD")
    for item in view.in_payload("pat:output/pat:nirIndividu"):
        number = safexml.text(item)
        good = number[:13] == wanted[:13] and (len(number) == 13 or number[13:] == ins_key(number))
        yield verdict(good, view.at(item), number, wanted)
    for item in view.in_payload("pat:output/pat:dateNaissance"):
        day = string(asked, "pat:dateNaissance")
        yield verdict(safexml.text(item) == day, view.at(item), safexml.text(item), day)
