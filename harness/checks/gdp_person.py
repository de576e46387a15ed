"""Rules on the person of a registration (TD1.1 to TD1.4): names, traits, contacts, card, representative."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.gdp_request import CLAUSE, PATIENT
from harness.checks.hl7v3 import REGISTRATIONS
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, failed, verdict
from harness.checks.xpath import attribute, first, nodes, shown, string, strings
from protocol import facts
from protocol.errors import Text

GROUP: Final = "GDP-PERSON"
PERSON: Final = f"{PATIENT}/hl7:patientPerson"
_CARD: Final = "CARTE_SESAM_VITALE^1.2.250.1.213.4.1.2.5"
QUALITIES: Final = (
    *("FTH", "MTH", "STPFTH", "STPMTH", "GRFTH", "GRMTH", "GGRFTH", "GGRMTH"),
    *("AUNT", "UNCLE", "BRO", "SIS", "RESPRSN"),
)
QUALITY_SYSTEM: Final = "2.16.840.1.113883.1.11.19579"
_TELECOM: Final = re.compile(r"tel:[+0-9().\s-]{4,}|mailto:[^@\s]+@[^@\s]+")
_NIL: Final = f"{{{facts.XSI}}}nil"
_WITH_DATA: Final = ("TD1.1", "TD1.2", "TD1.3b")


def _there(parent: etree._Element, path: str) -> list[etree._Element]:
    """Elements that are not nil."""
    return [one for one in nodes(parent, path) if attribute(one, _NIL) not in ("true", "1")]


@check(
    "GDP-NAME",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause=CLAUSE,
    title=Text("Le patient a un nom d'usage et un prénom", "The patient has a usual name and a first name"),
    mend=Text(
        'un family qualifier="SP", au plus un "BR", un given ou plus',
        'one family qualifier="SP", at most one "BR", one given or more',
    ),
)
def names(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        found = strings(person, "hl7:name/hl7:family/@qualifier")
        where = view.at(person) + "/hl7:name"
        good = sorted(found) in (["SP"], ["BR", "SP"])
        yield verdict(good, where + "/hl7:family/@qualifier", shown(found), "SP [BR]")
        texts = [text for text in strings(person, "hl7:name/hl7:family|hl7:name/hl7:given") if not text]
        yield verdict(not texts, where, f"{len(texts)} vide(s) / empty", "0")
        given = strings(person, "hl7:name/hl7:given")
        yield verdict(bool(given), where + "/hl7:given", shown(given), "1..n")


@check(
    "GDP-TRAITS",
    on=_WITH_DATA,
    side="request",
    group=GROUP,
    clause=CLAUSE,
    title=Text("Le sexe et la date de naissance sont donnés", "Sex and birth date are given"),
    mend=Text("M, F ou U ; AAAAMMJJ", "M, F or U; YYYYMMDD"),
)
def traits(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        sex = string(person, "hl7:administrativeGenderCode/@code")
        where = view.at(person)
        yield verdict(sex in ("M", "F", "U"), where + "/hl7:administrativeGenderCode/@code", sex, "M | F | U")
        birth = string(person, "hl7:birthTime/@value")
        # A lunar date has a month or a day that no calendar holds: digits are all that can be asked.
        good = re.fullmatch("[12][0-9]{7}", birth) is not None
        yield verdict(good, where + "/hl7:birthTime/@value", birth, "YYYYMMDD")


@check(
    "GDP-TELECOM",
    on=_WITH_DATA,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.5 : telecom",
    title=Text(
        "Les contacts sont au plus trois, en tel: ou mailto:",
        "Contacts are three at most, as tel: or mailto:",
    ),
    mend=Text("tel: avec use HP ou MC, mailto:", "tel: with use HP or MC, mailto:"),
    confidence="B",
)
def telecom(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        found = _there(person, "hl7:telecom")
        if found:
            yield verdict(len(found) <= 3, view.at(person) + "/hl7:telecom", str(len(found)), "0..3")
        for one in found:
            value, use = attribute(one, "value"), attribute(one, "use")
            good = _TELECOM.fullmatch(value) is not None and use in ("HP", "MC", "")
            yield verdict(good, view.at(one), f"{use} {value}".strip(), "tel: (HP | MC) | mailto:")


@check(
    "GDP-REPRESENTATIVE",
    on=_WITH_DATA,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.4 : personalRelationship",
    title=Text(
        "Le représentant légal a une qualité connue et un nom",
        "The legal representative has a known quality and a name",
    ),
    mend=Text(
        "un code de la liste (FTH, MTH… RESPRSN), nom et prénom",
        "a code of the list (FTH, MTH… RESPRSN), names",
    ),
    confidence="B",
)
def representative(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        for found in _there(person, "hl7:personalRelationship"):
            code, system = string(found, "hl7:code/@code"), string(found, "hl7:code/@codeSystem")
            good = code in QUALITIES and system == QUALITY_SYSTEM
            expected = f"{' | '.join(QUALITIES)}^{QUALITY_SYSTEM}"
            yield verdict(good, view.at(found) + "/hl7:code", f"{code}^{system}", expected)
            for part in ("family", "given"):
                path = f"hl7:relationshipHolder1/hl7:name/hl7:{part}"
                yield verdict(bool(string(found, path)), f"{view.at(found)}/{path}", string(found, path), "1")


@check(
    "GDP-CARD",
    on=("TD1.1",),
    side="request",
    group=GROUP,
    requirements=("EX_GEN-1265", "EX_GEN-1400"),
    clause="guide d'intégration DMP (SEL-MP-037) EX_GEN-1265 ; messages GDP, 5.5 : contactParty",
    title=Text(
        "Les traits de la carte Vitale sont là, tels que lus",
        "The traits of the Vitale card are there, as read",
    ),
    mend=Text(
        "contactParty CARTE_SESAM_VITALE : noms, prénom, naissance AAMMJJ de la carte",
        "contactParty CARTE_SESAM_VITALE: names, first name, birth YYMMDD of the card",
    ),
)
def card(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        found = _there(person, "hl7:contactParty")
        where = view.at(person) + "/hl7:contactParty"
        if len(found) != 1:
            yield failed(where, str(len(found)), "1")
            continue
        code = f"{string(found[0], 'hl7:code/@code')}^{string(found[0], 'hl7:code/@codeSystem')}"
        yield verdict(code == _CARD, where + "/hl7:code", code, _CARD)
        for part in ("family[@qualifier='SP' or @qualifier='BR']", "given"):
            path = f"hl7:contactPerson/hl7:name/hl7:{part}"
            yield verdict(bool(string(found[0], path)), f"{where}/{path}", string(found[0], path), "1")
        birth = string(found[0], "hl7:contactPerson/hl7:birthTime/@value")
        good = re.fullmatch("[0-9]{6}", birth) is not None
        yield verdict(good, where + "/hl7:contactPerson/hl7:birthTime/@value", birth, "YYMMDD")


@check(
    "GDP-CARD-BIRTH",
    on=("TD1.1",),
    side="request",
    group=GROUP,
    clause="EX_GEN-1265 ; concordance déduite : deux lectures de la même personne",
    title=Text(
        "La naissance de la carte est celle du patient, l'initiale du nom aussi",
        "The birth date of the card is the patient's, and so is the initial of the name",
    ),
    mend=Text(
        "vérifier que la carte lue est celle du patient", "check that the card that was read is the patient's"
    ),
    confidence="C",
    default="warning",
)
def same_person(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(PERSON):
        found = first(person, "hl7:contactParty/hl7:contactPerson")
        if found is None:
            continue
        told, full = string(found, "hl7:birthTime/@value"), string(person, "hl7:birthTime/@value")
        yield verdict(full[-6:] == told[-6:], view.at(found) + "/hl7:birthTime/@value", told, full[-6:])
        # One letter is enough to tell two people, and survives accents, length and the order of the names.
        own = {text[:1].upper() for text in strings(person, "hl7:name/hl7:family")}
        letters = {text[:1].upper() for text in strings(found, "hl7:name/hl7:family")}
        good = bool(own & letters) or not any(letter.isascii() for letter in own)
        yield verdict(
            good, view.at(found) + "/hl7:name/hl7:family", shown(sorted(letters)), shown(sorted(own))
        )
