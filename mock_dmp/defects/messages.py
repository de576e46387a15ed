"""Defects of the HL7 v3 messages and of the custom services."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

from lxml import etree

from mock_dmp.defects.api import defect
from mock_dmp.faults.answering import Answering, remove
from protocol import facts
from protocol.errors import Text

#: Under the wrapper of a registration too (asip:ci-sis:gdp:2010).
_ACK = "soap:Body//hl7:acknowledgement"
_STAMP = "%Y%m%d%H%M%S"


@defect(
    "ack-without-target",
    text=Text(
        "L'accusé HL7 ne dit pas à quel message il répond", "The HL7 acknowledgement names no target message"
    ),
    caught_by=("HL7-ACKNOWLEDGEMENT",),
)
def ack_without_target(answering: Answering) -> None:
    for target in answering.nodes(f"{_ACK}/hl7:targetMessage"):
        remove(target)


@defect(
    "ack-without-code",
    text=Text(
        "Un accusé en erreur ne porte ni code ni texte", "An error acknowledgement has no code or text"
    ),
    caught_by=("HL7-ACKNOWLEDGEMENT",),
)
def ack_without_code(answering: Answering) -> None:
    for detail in answering.nodes(f"{_ACK}/hl7:acknowledgementDetail"):
        remove(detail)


@defect(
    "nf-with-patient",
    text=Text("NF est répondu avec un dossier", "NF is answered with a record"),
    caught_by=("HL7-ANSWER",),
)
def nf_with_patient(answering: Answering) -> None:
    for act in answering.nodes("soap:Body/*/hl7:controlActProcess[hl7:queryAck]"):
        for code in answering.nodes("soap:Body/*/hl7:controlActProcess/hl7:queryAck/hl7:queryResponseCode"):
            code.set("code", "NF")
        if not answering.nodes("soap:Body/*/hl7:controlActProcess/hl7:subject"):
            act.insert(0, etree.Element(f"{{{facts.HL7}}}subject", typeCode="SUBJ"))


@defect(
    "ok-with-two-records",
    text=Text("OK est répondu avec deux dossiers", "OK is answered with two records"),
    caught_by=("HL7-ANSWER",),
)
def ok_with_two(answering: Answering) -> None:
    for subject in answering.nodes("soap:Body/*/hl7:controlActProcess/hl7:subject")[:1]:
        subject.addnext(copy.deepcopy(subject))


@defect(
    "ins-oid-wrong",
    text=Text("L'INS rendu est sous un autre OID", "The INS returned is under another OID"),
    caught_by=("HL7-INS-OID",),
)
def ins_oid_wrong(answering: Answering) -> None:
    for identifier in answering.nodes("soap:Body//hl7:subject1/hl7:patient/hl7:id"):
        identifier.set("root", facts.OID_INS_C)


@defect(
    "authorisation-unknown",
    text=Text("L'état de l'autorisation n'est pas l'un des quatre", "The authorisation is none of the four"),
    caught_by=("HL7-AUTHORISATION",),
)
def authorisation_unknown(answering: Answering) -> None:
    for value in answering.nodes(
        "soap:Body/*/hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value"
    ):
        value.set("code", "OUI")


@defect(
    "authorisation-stale",
    text=Text(
        "TD0.2 ne voit pas l'autorisation donnée par TD0.3", "TD0.2 does not see what TD0.3 authorised"
    ),
    caught_by=("EXPECT-AUTHORISATION",),
)
def authorisation_stale(answering: Answering) -> None:
    for value in answering.nodes(
        "soap:Body/*/hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value"
    ):
        value.set("code", "NON_EXISTE")


@defect(
    "closed-as-active",
    text=Text("Un DMP fermé est dit actif", "A closed DMP is told as active"),
    caught_by=("EXPECT-PATIENT-STATUS",),
)
def closed_as_active(answering: Answering) -> None:
    for status in answering.nodes("soap:Body//hl7:subject1/hl7:patient/hl7:statusCode"):
        status.set("code", "active")


@defect(
    "hl7-local-time",
    text=Text("creationTime est en heure locale", "creationTime is local time"),
    caught_by=("HL7-UTC",),
)
def hl7_local_time(answering: Answering) -> None:
    for stamp in answering.nodes("soap:Body//hl7:creationTime"):
        moment = datetime.strptime(stamp.get("value") or "", _STAMP).replace(tzinfo=UTC)
        stamp.set("value", f"{moment + timedelta(hours=2):{_STAMP}}")


@defect(
    "ok-with-error",
    text=Text("Un refus est répondu avec le statut DMPOk", "A refusal is answered with the status DMPOk"),
    caught_by=("EXPECT-SUCCESS", "EXPECT-ERROR"),
)
def ok_with_error(answering: Answering) -> None:
    if answering.refusal is not None:
        for status in answering.nodes("soap:Body/*/*[local-name()='output']/*[local-name()='status']"):
            status.text = "DMPOk"


@defect(
    "status-empty",
    text=Text("output/status est vide", "output/status is empty"),
    caught_by=("HAB-STATUS",),
)
def status_empty(answering: Answering) -> None:
    for status in answering.nodes("soap:Body/*/*[local-name()='output']/*[local-name()='status']"):
        status.text = None
