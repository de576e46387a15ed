"""Fault unknown-codes: codes that no software can know yet."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text

#: What can be unknown -> where it is.
_PLACES = {
    "error": (
        "soap:Body//rs:RegistryError/@errorCode",
        "soap:Body/*/hl7:acknowledgement/hl7:acknowledgementDetail/hl7:code/@code",
        "soap:Body/*/*[local-name()='output']/*[local-name()='status']",
        "soap:Body/soap:Fault/soap:Code/soap:Subcode/soap:Value",
    ),
    "authorisation": ("soap:Body/*/hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value/@code",),
    "status": (
        "soap:Body/*/rim:RegistryObjectList/rim:ExtrinsicObject/@status",
        "soap:Body/*/hl7:controlActProcess/hl7:subject//hl7:patient/hl7:statusCode/@code",
    ),
    "type": (
        "soap:Body//rim:Classification"
        "[@classificationScheme='urn:uuid:f0306f51-975f-434e-a61c-c59651d33983']/@nodeRepresentation",
    ),
}


@fault(
    "unknown-codes",
    family="content",
    text=Text(
        "Un code d'erreur, d'autorisation, de statut ou de type que le logiciel ne peut pas connaître",
        "A code of error, authorisation, status or type that the software can't know",
    ),
    reaction=Text(
        "Montrer le code tel quel, prendre le parti prudent, ne pas s'arrêter (REC_GEN-1370)",
        "Show the code as it is, take the careful side, do not crash (REC_GEN-1370)",
    ),
    stage="envelope",
    forbids=("AFTER-NO-READ", "AFTER-STORM"),
    parameters=(
        Parameter(
            "what", "authorisation", Text("ce qui est inconnu", "what is unknown"), values=tuple(_PLACES)
        ),
        Parameter("code", "CodeFutur42", Text("le code", "the code")),
    ),
    confidence="B",
)
def unknown(answering: Answering, *, what: str, code: str) -> None:
    for path in _PLACES[what]:
        owner, _, attribute = path.rpartition("/@")
        for element in answering.nodes(owner or path):
            if attribute:
                element.set(attribute, code)
            else:
                element.text = code
