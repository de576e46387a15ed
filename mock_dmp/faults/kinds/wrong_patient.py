"""Fault wrong-patient: the answer is about somebody else."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol import facts
from protocol.errors import Text

_IDENTIFIERS = (facts.DE_PATIENT_ID, facts.SS_PATIENT_ID)


@fault(
    "wrong-patient",
    family="content",
    text=Text(
        "La réponse porte l'INS d'un autre patient que celui de la demande",
        "The answer carries the INS of another patient than the one asked for",
    ),
    reaction=Text(
        "Comparer l'INS et refuser ; ne rien montrer ni ouvrir",
        "Compare the INS and refuse; show and open nothing",
    ),
    stage="envelope",
    forbids=("AFTER-ANSWER-USED", "AFTER-STORM"),
    parameters=(
        Parameter(
            "ins", "199999999999934", Text("INS fictif de l'autre patient", "made-up INS of the other one")
        ),
    ),
    confidence="B",
)
def wrong(answering: Answering, *, ins: str) -> None:
    for person in answering.nodes("soap:Body//hl7:patient/hl7:id"):
        person.set("extension", ins)
    for item in answering.nodes("soap:Body//rim:ExternalIdentifier"):
        if item.get("identificationScheme") in _IDENTIFIERS:
            item.set("value", f"{ins}^^^&{facts.OID_INS_TEST}&ISO^NH")
