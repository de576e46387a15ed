"""Header rules that the kit doesn't have: what is said of the patient and of the encounter makes sense together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.cda_count import BEYOND, GROUP
from harness.checks.cda_header_details import ENCOUNTER, PATIENT
from harness.checks.cda_view import CdaView
from harness.checks.forms import dtm_start, is_ins, is_ins_oid
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import attribute
from protocol.errors import Text


@check_document(
    "CDA-ENCOUNTER-ORDER",
    group=GROUP,
    clause=f"{BEYOND} : intervalle dans le bon sens",
    title=Text("La prise en charge commence avant de finir", "The encounter starts before it ends"),
    mend=Text("remettre low et high dans l'ordre", "put low and high in order"),
    confidence="C",
    default="warning",
)
def encounter_order(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(f"{ENCOUNTER}/hl7:effectiveTime"):
        low, high = view.value(item, "hl7:low", "value"), view.value(item, "hl7:high", "value")
        start, end = dtm_start(low), dtm_start(high)
        if start and end:
            yield verdict(
                start <= end or low.startswith(high), view.at(item), f"{low} … {high}", "low ≤ high"
            )


@check_document(
    "CDA-BIRTH-ORDER",
    group=GROUP,
    clause=f"{BEYOND} : on naît avant d'être soigné",
    title=Text("Le patient est né avant le document", "The patient was born before the document"),
    mend=Text(
        "corriger la date de naissance ou celle du document", "correct the birth date or the document's"
    ),
    confidence="C",
    default="warning",
)
def birth_order(view: CdaView) -> Iterator[Finding]:
    if view.root is None:
        return
    written = dtm_start(view.value(view.root, "hl7:effectiveTime", "value"))
    expected = "" if view.brief or written is None else f"≤ {written:%Y%m%d}"
    for item in view.nodes(f"{PATIENT}/hl7:birthTime"):
        born = dtm_start(attribute(item, "value"))
        if born and written:
            yield verdict(born <= written, view.at(item), attribute(item, "value"), expected)


@check_document(
    "CDA-INS-AGREES",
    group=GROUP,
    clause=f"{BEYOND} : l'INS dit le sexe, l'année et le mois de naissance",
    title=Text("L'INS et les traits du patient vont ensemble", "The INS and the traits of the patient agree"),
    mend=Text("vérifier les traits auprès d'INSi", "verify the traits with INSi"),
    confidence="C",
    default="info",
)
def ins_agrees(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("hl7:recordTarget/hl7:patientRole/hl7:id"):
        number = attribute(item, "extension")
        if not (is_ins_oid(attribute(item, "root")) and is_ins(number)) or number[0] not in "12":
            continue  # a provisional number says less
        for person in view.nodes(PATIENT):
            gender = view.value(person, "hl7:administrativeGenderCode", "code")
            born = view.value(person, "hl7:birthTime", "value")
            told = {"1": "M", "2": "F"}[number[0]] + number[1:3]
            month = number[3:5] if "01" <= number[3:5] <= "12" else born[4:6]
            yield verdict(
                told + month == gender + born[2:4] + born[4:6],
                view.at(item),
                f"{gender} {born}",
                f"{number[:5]}…",
            )
