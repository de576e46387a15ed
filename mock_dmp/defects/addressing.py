"""Defects of the envelope and of WS-Addressing."""

from __future__ import annotations

import copy
import uuid

from lxml import etree

from mock_dmp.defects.api import defect
from mock_dmp.faults.answering import Answering, remove
from protocol import facts
from protocol.errors import Text


@defect(
    "relates-to-missing",
    text=Text("La réponse n'a pas de wsa:RelatesTo", "The answer has no wsa:RelatesTo"),
    caught_by=("WSA-RELATES-TO",),
)
def relates_to_missing(answering: Answering) -> None:
    remove(answering.header("RelatesTo"))


@defect(
    "relates-to-wrong",
    text=Text("wsa:RelatesTo nomme un autre message", "wsa:RelatesTo names another message"),
    caught_by=("WSA-RELATES-TO",),
)
def relates_to_wrong(answering: Answering) -> None:
    found = answering.header("RelatesTo")
    if found is not None:
        found.text = uuid.uuid5(uuid.NAMESPACE_OID, found.text or "").urn


@defect(
    "message-id-reused",
    text=Text("Toutes les réponses ont le même wsa:MessageID", "All answers have the same wsa:MessageID"),
    caught_by=("SEQ-ANSWER-ID",),
)
def message_id_reused(answering: Answering) -> None:
    found = answering.header("MessageID")
    if found is not None:
        found.text = uuid.uuid5(uuid.NAMESPACE_OID, "dmpcompat message-id-reused").urn


@defect(
    "message-id-no-uuid",
    text=Text("wsa:MessageID n'est pas un UUID en URN", "wsa:MessageID is no UUID as a URN"),
    caught_by=("WSA-MESSAGE-ID",),
)
def message_id_no_uuid(answering: Answering) -> None:
    found = answering.header("MessageID")
    if found is not None:
        found.text = "reponse-42"


@defect(
    "action-wrong",
    text=Text("wsa:Action est celle de la requête", "wsa:Action is that of the request"),
    caught_by=("WSA-ACTION",),
)
def action_wrong(answering: Answering) -> None:
    found = answering.header("Action")
    if found is not None and answering.call is not None:
        found.text = answering.call.transaction.action


@defect(
    "action-twice",
    text=Text("wsa:Action figure deux fois", "wsa:Action is there twice"),
    caught_by=("WSA-ONCE",),
)
def action_twice(answering: Answering) -> None:
    found = answering.header("Action")
    if found is not None and (parent := found.getparent()) is not None:
        parent.append(copy.deepcopy(found))


@defect(
    "unknown-must-understand",
    text=Text(
        "Un en-tête inconnu exige d'être compris", "A header that nobody knows demands to be understood"
    ),
    caught_by=("SOAP-MUST-UNDERSTAND",),
)
def unknown_must_understand(answering: Answering) -> None:
    for header in answering.nodes("soap:Header"):
        stranger = etree.SubElement(header, "{urn:dmpcompat:inconnu}Exigence")
        stranger.set(f"{{{facts.SOAP12}}}mustUnderstand", "true")


@defect(
    "two-bodies",
    text=Text("Le corps a deux éléments", "The body has two elements"),
    caught_by=("SOAP-STRUCTURE",),
)
def two_bodies(answering: Answering) -> None:
    for body in answering.nodes("soap:Body"):
        etree.SubElement(body, "{urn:dmpcompat:inconnu}Suite")


@defect(
    "soap11-answer",
    text=Text("La réponse est en SOAP 1.1", "The answer is SOAP 1.1"),
    caught_by=("SOAP-VERSION",),
    stage="bytes",
)
def soap11_answer(answering: Answering) -> None:
    answering.body = answering.body.replace(facts.SOAP12.encode(), facts.SOAP11.encode())


@defect(
    "fault-in-200",
    text=Text("Une faute SOAP part en HTTP 200", "A SOAP fault leaves with HTTP 200"),
    caught_by=("HTTP-STATUS",),
    stage="bytes",
)
def fault_in_200(answering: Answering) -> None:
    answering.status = 200


@defect(
    "fault-without-reason",
    text=Text("Une faute SOAP ne dit pas sa raison", "A SOAP fault tells no reason"),
    caught_by=("FAULT-REASON",),
)
def fault_without_reason(answering: Answering) -> None:
    for text in answering.nodes("soap:Body/soap:Fault/soap:Reason/soap:Text"):
        text.text = None


@defect(
    "fault-code-unknown",
    text=Text("Le code d'une faute n'est pas de SOAP 1.2", "The code of a fault is none of SOAP 1.2"),
    caught_by=("FAULT-CODE",),
)
def fault_code_unknown(answering: Answering) -> None:
    for value in answering.nodes("soap:Body/soap:Fault/soap:Code/soap:Value"):
        value.text = "soap:Client"
