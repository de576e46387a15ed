"""Rules of the search without INS (TD0.5): the question, PRPA_IN201305UV02."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.checks.forms import is_oid, is_ts, is_uuid
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import PURPOSE
from harness.checks.xpath import nodes, string, strings
from protocol import facts
from protocol.errors import Text

PDQ: Final = "PDQ"
ON: Final = ("TD0.5",)
REQUEST = "recherche sans INS : PRPA_IN201305UV02 ; IHE ITI-47"
QUERY: Final = "hl7:controlActProcess/hl7:queryByParameter"
PARAMETERS: Final = f"{QUERY}/hl7:parameterList"
#: What each criterion says that it is.
MEANINGS: Final = {
    "livingSubjectAdministrativeGender": "LivingSubject.administrativeGender",
    "livingSubjectBirthTime": "LivingSubject.birthTime",
    "livingSubjectName": "LivingSubject.name",
    "patientAddress": "LivingSubject.addr",
}
#: YYYYMMDD; a lunar date has a month or a day that no calendar holds.
DAY: Final = re.compile(r"[0-9]{8}")


@check(
    "PDQ-ENVELOPE",
    on=ON,
    side="request",
    group=PDQ,
    clause=REQUEST,
    title=Text(
        "L'enveloppe HL7 v3 de la recherche porte les codes documentés",
        "The HL7 v3 envelope of the search carries the documented codes",
    ),
    mend=Text("reprendre la valeur documentée", "use the documented value"),
)
def envelope(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    asked = {
        "@ITSVersion": ("XML_1.0",),
        "hl7:interactionId/@root": (facts.OID_INTERACTIONS,),
        "hl7:interactionId/@extension": ("PRPA_IN201305UV02",),
        "hl7:processingCode/@code": ("P", "D"),
        "hl7:processingModeCode/@code": ("T",),
        "hl7:acceptAckCode/@code": ("AL",),
        "hl7:receiver/hl7:device/hl7:id/@root": (facts.OID_DMP,),
        "hl7:controlActProcess/@classCode": ("CACT",),
        "hl7:controlActProcess/@moodCode": ("EVN",),
        "hl7:controlActProcess/hl7:code/@code": ("PRPA_TE201305UV02",),
        "hl7:controlActProcess/hl7:code/@codeSystem": (facts.OID_INTERACTIONS,),
        f"{QUERY}/hl7:statusCode/@code": ("new",),
    }
    for path, allowed in asked.items():
        value = string(view.payload, path)
        yield verdict(value in allowed, f"{view.at(view.payload)}/{path}", value, " | ".join(allowed))


@check(
    "PDQ-IDENTIFIERS",
    on=ON,
    side="request",
    group=PDQ,
    clause=REQUEST,
    title=Text(
        "Message, question et émetteur ont leurs identifiants, le message sa date",
        "Message, query and sender have their identifiers, the message its date",
    ),
    mend=Text("OID ou UUID ; date AAAAMMJJhhmmss en UTC", "OID or UUID; date YYYYMMDDhhmmss in UTC"),
)
def identifiers(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    for path in ("hl7:id/@root", f"{QUERY}/hl7:queryId/@root", "hl7:sender/hl7:device/hl7:id/@root"):
        value = string(view.payload, path)
        yield verdict(is_oid(value) or is_uuid(value), f"{view.at(view.payload)}/{path}", value, "OID | UUID")
    written = string(view.payload, "hl7:creationTime/@value")
    good = is_ts(written) and len(written) >= 14
    yield verdict(good, f"{view.at(view.payload)}/hl7:creationTime/@value", written, "YYYYMMDDhhmmss")


@check(
    "PDQ-NAME",
    on=ON,
    side="request",
    group=PDQ,
    clause="recherche sans INS : nom d'au moins deux lettres (contrôle cité par un éditeur)",
    title=Text(
        "La recherche donne un nom d'au moins deux lettres", "The search gives a name of two letters at least"
    ),
    mend=Text("demander le nom avant de chercher", "ask for the name before searching"),
    confidence="B",
)
def name(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    path = f"{PARAMETERS}/hl7:livingSubjectName/hl7:value/hl7:family"
    family = string(view.payload, path)
    letters = [letter for letter in family if letter.isalnum()]
    yield verdict(len(letters) >= 2, f"{view.at(view.payload)}/{path}", family, "≥ 2")


@check(
    "PDQ-CRITERIA",
    on=ON,
    side="request",
    group=PDQ,
    clause="recherche sans INS : paramètres et semanticsText",
    title=Text(
        "Chaque critère est connu, donné une fois, et dit ce qu'il est",
        "Each criterion is known, given once, and says what it is",
    ),
    mend=Text(
        "un value et un semanticsText par critère documenté",
        "one value and one semanticsText a documented criterion",
    ),
)
def criteria(view: Judged) -> Iterator[Finding]:
    for parameter in view.in_payload(f"{PARAMETERS}/*"):
        local = str(parameter.tag).rpartition("}")[2]
        values = len(nodes(parameter, "hl7:value"))
        yield verdict(local in MEANINGS and values == 1, view.at(parameter), f"{local}, {values} value", "1")
        if local in MEANINGS:
            meaning = string(parameter, "hl7:semanticsText")
            yield verdict(
                meaning == MEANINGS[local],
                view.at(parameter) + "/hl7:semanticsText",
                meaning,
                MEANINGS[local],
            )
    for local in MEANINGS:
        found = view.in_payload(f"{PARAMETERS}/hl7:{local}")
        if len(found) > 1:
            yield verdict(False, view.at(found[1]), f"{len(found)} {local}", "1")


@check(
    "PDQ-VALUES",
    on=ON,
    side="request",
    group=PDQ,
    clause="recherche sans INS : sexe M ou F, naissance AAAAMMJJ, use SRCH pour une valeur approchante",
    title=Text(
        "Sexe, date de naissance et mode de comparaison sont bien écrits",
        "Sex, birth date and way of comparing are well written",
    ),
    mend=Text("M ou F ; AAAAMMJJ ; use absent ou SRCH", "M or F; YYYYMMDD; use absent or SRCH"),
)
def values(view: Judged) -> Iterator[Finding]:
    for value in view.in_payload(f"{PARAMETERS}/hl7:livingSubjectAdministrativeGender/hl7:value"):
        code = string(value, "@code")
        yield verdict(code in ("M", "F"), view.at(value), code, "M | F")
    for value in view.in_payload(f"{PARAMETERS}/hl7:livingSubjectBirthTime/hl7:value"):
        written = string(value, "@value")
        yield verdict(DAY.fullmatch(written) is not None, view.at(value), written, "YYYYMMDD")
    for local in ("livingSubjectName", "patientAddress"):
        for value in view.in_payload(f"{PARAMETERS}/hl7:{local}/hl7:value"):
            use = strings(value, "@use")
            yield verdict(use in ([], ["SRCH"]), view.at(value) + "/@use", " ".join(use), "SRCH | –")


@check(
    "PDQ-REGULATION",
    on=ON,
    side="request",
    group=PDQ,
    clause="matrices des droits : la recherche sans INS n'existe qu'en régulation",
    title=Text(
        "La recherche sans INS ne se fait qu'en régulation", "The search without INS is for régulation only"
    ),
    mend=Text("mode d'accès « centre_15 » pour TD0.5", "access mode “centre_15” for TD0.5"),
)
def regulation(view: Judged) -> Iterator[Finding]:
    for value in view.attribute_values(PURPOSE):
        code = " ".join(strings(value, "*/@code"))
        yield verdict(code == "centre_15", view.at(value), code, "centre_15")
