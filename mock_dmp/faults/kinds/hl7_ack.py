"""Fault hl7-ack: an acknowledgement AE or AR with a code."""

from __future__ import annotations

from lxml import etree

from mock_dmp.context import Problem
from mock_dmp.faults.answering import Answering, remove
from mock_dmp.faults.api import Parameter, fault
from mock_dmp.render.soap import sentence
from protocol import catalogue, facts
from protocol.errors import Text


@fault(
    "hl7-ack",
    family="service",
    text=Text(
        "Un accusé HL7 v3 en erreur (AE) ou refusé (AR) avec un code, à la place de la réponse",
        "An HL7 v3 acknowledgement in error (AE) or rejected (AR) with a code, in place of the answer",
    ),
    reaction=Text(
        "Dire la cause ; ne pas tenir le dossier pour absent, ni en créer un",
        "Tell the cause; do not take the record for absent, nor create one",
    ),
    stage="envelope",
    forbids=("AFTER-RETRY", "AFTER-NO-CREATION", "AFTER-STORM"),
    parameters=(
        Parameter("type", "AE", Text("type de l'accusé", "type of the acknowledgement"), values=("AE", "AR")),
        Parameter(
            "code",
            "MockInternalError",
            Text("code du catalogue des erreurs", "code of the error catalogue"),
            values=tuple(catalogue.entries()),
        ),
    ),
    confidence="A",
)
def acknowledge(answering: Answering, *, type: str, code: str) -> None:
    """Without effect on an answer that is no HL7 v3 one. The work was done."""
    for found in answering.nodes("soap:Body/*/hl7:acknowledgement"):
        found.set("typeCode", type)
        for old in answering.nodes("soap:Body/*/hl7:acknowledgement/hl7:acknowledgementDetail"):
            remove(old)
        detail = etree.SubElement(found, f"{{{facts.HL7}}}acknowledgementDetail", typeCode="E")
        etree.SubElement(detail, f"{{{facts.HL7}}}code", code=code)
        etree.SubElement(detail, f"{{{facts.HL7}}}text").text = sentence(Problem(code))
    for shown in answering.nodes(
        "soap:Body/*/hl7:controlActProcess/hl7:subject | soap:Body/*/hl7:attentionLine"
    ):
        remove(shown)
    for answer in answering.nodes("soap:Body/*/hl7:controlActProcess/hl7:queryAck/hl7:queryResponseCode"):
        answer.set("code", type)
