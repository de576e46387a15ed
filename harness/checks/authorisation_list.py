"""Rules of TD1.6 `listAuthorizationByPatient`, question and answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.habilitations import HAB
from harness.checks.judged import Judged
from harness.checks.patient_list import is_moment
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import PURPOSE
from harness.checks.xpath import nodes, string, strings
from protocol import facts, safexml
from protocol.errors import Text

ON = ("TD1.6",)
CLAUSE = "TD1.6 listAuthorizationByPatient"
MODES: Final = ("ACTIVE", "INTERDITE", "TOUTE")
_ROWS: Final = "self::hab:listAuthorizationByPatientResponse/hab:output/hab:listOfAuthorizationByPatient"
_SPECIALITY: Final = re.compile(r"G15_[0-9]{2}(/[0-9A-Z]{1,6})?")


@check(
    "AUTH-LIST-CONTENT",
    on=ON,
    side="request",
    group=HAB,
    clause=CLAUSE,
    title=Text(
        "La demande ne tient que mode, une fois : ACTIVE, INTERDITE ou TOUTE",
        "The request holds mode only, once: ACTIVE, INTERDITE or TOUTE",
    ),
    mend=Text("ACTIVE, INTERDITE ou TOUTE", "ACTIVE, INTERDITE or TOUTE"),
    confidence="B",
)
def content(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::hab:listAuthorizationByPatient"):
        names = [etree.QName(child).localname for child in nodes(body, "*")]
        yield verdict(names in ([], ["mode"]), view.at(body), ", ".join(names) or "–", "[mode]")
        for item in nodes(body, "hab:mode"):
            yield verdict(safexml.text(item) in MODES, view.at(item), safexml.text(item), " | ".join(MODES))


@check(
    "AUTH-LIST-ACCESS-MODE",
    on=ON,
    side="request",
    group=HAB,
    clause="matrice des droits : TD1.6 en mode normal seulement",
    title=Text(
        "La liste des autorisations se demande en mode d'accès normal",
        "The list of authorisations is asked in normal access mode",
    ),
    mend=Text("mode d'accès « normal » pour TD1.6", "access mode “normal” for TD1.6"),
)
def access_mode(view: Judged) -> Iterator[Finding]:
    for value in view.attribute_values(PURPOSE):
        code = " ".join(strings(value, "*/@code"))
        yield verdict(code == "normal", view.at(value), code, "normal")


@check(
    "AUTH-LIST-STATUS",
    on=ON,
    side="response",
    group=HAB,
    clause="services propres : output/status",
    title=Text(
        "La réponse porte un statut, et un texte quand ce n'est pas DMPOk, sans personne alors",
        "The answer carries a status, and a text and nobody when it is not DMPOk",
    ),
    mend=Text(
        "output/status, et output/context en cas de refus", "output/status, output/context on a refusal"
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::hab:listAuthorizationByPatientResponse"):
        said = string(body, "hab:output/hab:status")
        where = view.at(body) + "/hab:output"
        yield verdict(bool(said), where + "/hab:status", said, "DMPOk | code")
        if said and said != "DMPOk":
            context, rows = string(body, "hab:output/hab:context"), view.in_payload(_ROWS)
            yield verdict(bool(context), where + "/hab:context", context, "texte / text")
            yield verdict(not rows, where, str(len(rows)), "0 listOfAuthorizationByPatient")


@check(
    "AUTH-LIST-HOLDER",
    on=ON,
    side="response",
    group=HAB,
    clause=f"{CLAUSE} : nationalId, nationalIdType, noms",
    title=Text(
        "Chaque ligne nomme un professionnel ou une structure par son identifiant national",
        "Each line names a professional or a structure by the national id",
    ),
    mend=Text("nationalId, nationalIdType et les noms", "nationalId, nationalIdType and the names"),
    confidence="B",
)
def holder(view: Judged) -> Iterator[Finding]:
    for row in view.in_payload(_ROWS):
        number, kind = string(row, "hab:nationalId"), string(row, "hab:nationalIdType")
        good = bool(number) and kind in (facts.OID_PS, facts.OID_STRUCTURE)
        yield verdict(good, view.at(row), f"{number} ({kind})", f"{facts.OID_PS} | {facts.OID_STRUCTURE}")
        names = ("lastName", "firstName") if kind == facts.OID_PS else ("lastName",)
        said = [string(row, f"hab:{name}") for name in names]
        yield verdict(all(said), view.at(row), " ".join(said), ", ".join(names))


@check(
    "AUTH-LIST-SPECIALITY",
    on=ON,
    side="response",
    group=HAB,
    clause=f"{CLAUSE} : codeSpeciality",
    title=Text(
        "Une spécialité s'écrit G15_{profession}/{savoir-faire}, avec son libellé",
        "A speciality is G15_{profession}/{qualification}, with its label",
    ),
    mend=Text("G15_10/SM26 et son libellé", "G15_10/SM26 and its label"),
    confidence="B",
)
def speciality(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_ROWS}/hab:codeSpeciality"):
        said = safexml.text(item)
        label = string(item, "../hab:libSpeciality")
        good = bool(_SPECIALITY.fullmatch(said)) and bool(label)
        yield verdict(good, view.at(item), f"{said} {label}".strip(), "G15_10/SM26 + libSpeciality")


@check(
    "AUTH-LIST-DATES",
    on=ON,
    side="response",
    group=HAB,
    clause=f"{CLAUSE} : dates UTC",
    title=Text(
        "Les dates s'écrivent AAAAMMJJhhmmss, la dernière action après le début",
        "Dates are YYYYMMDDhhmmss, the last action not before the start",
    ),
    mend=Text("AAAAMMJJhhmmss, en UTC", "YYYYMMDDhhmmss, in UTC"),
    confidence="B",
)
def dates(view: Judged) -> Iterator[Finding]:
    for row in view.in_payload(_ROWS):
        start, last = string(row, "hab:startOfAuthorization"), string(row, "hab:lastActionDate")
        good = is_moment(start) and is_moment(last) and start <= last
        yield verdict(good, view.at(row), f"{start} | {last}", "YYYYMMDDhhmmss <= YYYYMMDDhhmmss")


@check(
    "AUTH-LIST-MODE",
    on=ON,
    side="response",
    group=HAB,
    clause=f"{CLAUSE} : mode",
    title=Text(
        "Chaque ligne est du mode demandé, et un seul titulaire une fois",
        "Each line is of the mode that was asked, and each holder comes once",
    ),
    mend=Text("ACTIVE ou INTERDITE, selon la demande", "ACTIVE or INTERDITE, as asked"),
    confidence="B",
)
def mode(view: Judged) -> Iterator[Finding]:
    asked = next((safexml.text(item) for item in view.request.in_payload("hab:mode")), "TOUTE")
    wanted = {"ACTIVE": MODES[:1], "INTERDITE": MODES[1:2]}.get(asked, MODES[:2])
    seen: set[str] = set()
    for row in view.in_payload(_ROWS):
        said, number = string(row, "hab:mode"), string(row, "hab:nationalId")
        good = said in wanted and number not in seen
        yield verdict(good, view.at(row), f"{number} {said}", " | ".join(wanted) + " 1 ×")
        seen.add(number)


@check(
    "AUTH-LIST-RIGHT",
    on=ON,
    side="response",
    group=HAB,
    clause=f"{CLAUSE} : specificRight",
    title=Text(
        "Le seul droit particulier est celui d'un médecin traitant, autorisé",
        "The only specific right is that of a médecin traitant, who is authorised",
    ),
    mend=Text("MEDECIN_TRAITANT, pour un médecin autorisé", "MEDECIN_TRAITANT, for an authorised physician"),
    confidence="B",
)
def right(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_ROWS}/hab:specificRight"):
        said = safexml.text(item)
        physician = any(code.startswith("G15_10") for code in strings(item, "../hab:codeSpeciality"))
        good = said == "MEDECIN_TRAITANT" and physician
        yield verdict(good, view.at(item), said, "MEDECIN_TRAITANT (G15_10)")
