"""More rules of the registrations (TD1.1 to TD1.4): what author, structure and closing say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.checks.gdp_request import GROUP, PATIENT, REQUEST
from harness.checks.hl7v3 import REGISTRATIONS
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, first, nodes, string
from protocol import facts
from protocol.errors import Text

_AUTHOR: Final = f"{REQUEST}/hl7:author/hl7:assignedEntity"
_SPECIALITIES: Final = "1.2.250.1.213.1.1.4.5"
_SPECIALITY: Final = re.compile(r"[A-Z][0-9]{2,3}_[0-9A-Z]{2,}(/[0-9A-Z]{1,6})?")
#: Producers that are no professionals: their code is of that system, whole.
_EMPLOYEES: Final = "1.2.250.1.213.1.1.4.6"
_NIL: Final = f"{{{facts.XSI}}}nil"


@check(
    "GDP-AUTHOR-CODE",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.5 : author/assignedEntity/code, facultatif",
    title=Text(
        "La spécialité de l'auteur, si elle est dite, est un code composé de son système",
        "The author's speciality, when told, is a compound code of its system",
    ),
    mend=Text(f"G15_10/SM26 du système {_SPECIALITIES}", f"G15_10/SM26 of system {_SPECIALITIES}"),
    confidence="B",
    default="warning",
)
def author_code(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_AUTHOR}/hl7:code"):
        code, system = attribute(item, "code"), attribute(item, "codeSystem")
        if attribute(item, "nullFlavor") or attribute(item, _NIL):
            continue
        compound = _SPECIALITY.fullmatch(code) is not None and system == _SPECIALITIES
        good = compound or (bool(code) and system == _EMPLOYEES)
        yield verdict(good, view.at(item), f"{code}^{system}", f"G15_10/SM26^{_SPECIALITIES}")


@check(
    "GDP-ORGANISATION",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.5 : representedOrganization",
    title=Text(
        "La structure de l'auteur a un nom et un contactParty",
        "The structure of the author has a name and a contactParty",
    ),
    mend=Text("name, et contactParty classCode CON vide", "name, and an empty contactParty classCode CON"),
    confidence="B",
    default="warning",
)
def organisation(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_AUTHOR}/hl7:representedOrganization"):
        name, contacts = string(item, "hl7:name"), len(nodes(item, "hl7:contactParty"))
        yield verdict(bool(name.strip()) and contacts == 1, view.at(item), f"{name}, {contacts}", "name, 1")


@check(
    "GDP-PROVIDER",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.5 : providerOrganization",
    title=Text("providerOrganization est là une fois, et nil", "providerOrganization is there once, and nil"),
    mend=Text('<providerOrganization classCode="ORG" xsi:nil="true"/>', 'xsi:nil="true"'),
    confidence="B",
    default="warning",
)
def provider(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(PATIENT):
        found = [attribute(one, _NIL) for one in nodes(patient, "hl7:providerOrganization")]
        good = len(found) == 1 and found[0] in ("true", "1")
        yield verdict(good, view.at(patient) + "/hl7:providerOrganization", " | ".join(found), "1 × nil")


@check(
    "GDP-CLOSING-TEXT",
    on=("TD1.4",),
    side="request",
    group=GROUP,
    clause="messages GDP, 5.6 : detectedIssueEvent/text, motif libre",
    title=Text("La fermeture dit son motif en clair", "The closing tells its reason in plain words"),
    mend=Text("remplir detectedIssueEvent/text", "fill detectedIssueEvent/text"),
    confidence="B",
    default="warning",
)
def closing_text(view: Judged) -> Iterator[Finding]:
    for act in view.in_payload("hl7:controlActProcess"):
        path = "hl7:reasonOf/hl7:detectedIssueEvent/hl7:text"
        found = string(act, path).strip()
        yield verdict(bool(found), f"{view.at(act)}/{path}", found, "texte / text")


@check(
    "GDP-CLOSING-CODE",
    on=("TD1.4",),
    side="request",
    group=GROUP,
    clause="messages GDP, 5.6 : le seul code de fermeture connu",
    title=Text(
        "Le code de fermeture est FERMETURE_DEMANDE_PATIENT",
        "The closing code is FERMETURE_DEMANDE_PATIENT",
    ),
    mend=Text("FERMETURE_DEMANDE_PATIENT", "FERMETURE_DEMANDE_PATIENT"),
    confidence="C",
    default="info",
)
def closing_code(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("hl7:controlActProcess/hl7:reasonOf/hl7:detectedIssueEvent/hl7:code"):
        found = attribute(item, "code")
        yield verdict(found == "FERMETURE_DEMANDE_PATIENT", view.at(item), found, "FERMETURE_DEMANDE_PATIENT")


@check(
    "PDQ-NO-REASON",
    on=("TD0.5",),
    side="request",
    group="PDQ",
    clause="recherche sans INS : code de l'acte, sans reasonCode",
    title=Text("La recherche sans INS n'a pas de reasonCode", "The search without INS has no reasonCode"),
    mend=Text("retirer reasonCode", "remove reasonCode"),
    confidence="B",
    default="warning",
)
def no_reason(view: Judged) -> Iterator[Finding]:
    for act in view.in_payload("hl7:controlActProcess"):
        found = first(act, "hl7:reasonCode")
        said = "" if found is None else attribute(found, "code")
        yield verdict(found is None, view.at(act), said or "–", "0 reasonCode")
