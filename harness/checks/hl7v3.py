"""Rules of the HL7 v3 messages of the service `patients`: what all share, and the query of TD0.2 and TD1.3a.

What is particular to the registrations (TD1.1, TD1.2, TD1.3b, TD1.4) is in the modules `gdp_…`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.forms import is_oid, is_ts, is_uuid
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, first, nodes, string, strings
from protocol import facts
from protocol.errors import Text

HL7 = "HL7V3"
REGISTRATIONS = ("TD1.1", "TD1.2", "TD1.3b", "TD1.4")
QUERIES = ("TD0.2", "TD1.3a")
ON = (*QUERIES, *REGISTRATIONS)
REQUEST = "messages GDP, enveloppe des requêtes, 5.1"
QUERY = "messages GDP, 5.3 ; PRPA_IN201307UV02"
ANSWER = "messages GDP, enveloppe des réponses, 5.2"
RECORD = "messages GDP, 5.3 ; PRPA_IN201308UV02"
AUTHORISATIONS = ("VALIDE", "EXPIRE", "INTERDIT", "NON_EXISTE")
KEY, VALUE = "1.2.250.1.213.4.1.2.6.1", "1.2.250.1.213.4.1.2.6.2"


def message(view: Judged) -> etree._Element | None:
    """The HL7 v3 message: the payload, or what the wrapper of the gdp namespace holds; None for a fault."""
    if view.payload is None or view.fault is not None:
        return None
    held = first(view.payload, "self::gdp:*/hl7:*")
    return view.payload if held is None else held


@check(
    "HL7-ID",
    on=ON,
    side="both",
    group=HL7,
    clause="messages GDP, enveloppe des requêtes : id du message",
    title=Text("Le message a un identifiant", "The message has an identifier"),
    mend=Text("root = OID de l'émetteur, extension = UUID", "root = OID of the sender, extension = a UUID"),
)
def identifier(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    found = nodes(told, "hl7:id")
    yield verdict(len(found) == 1, view.at(told) + "/hl7:id", str(len(found)), "1")
    for item in found:
        root = attribute(item, "root")
        yield verdict(is_oid(root) or is_uuid(root), view.at(item) + "/@root", root, "OID | UUID")


@check(
    "HL7-CREATION-TIME",
    on=ON,
    side="both",
    group=HL7,
    clause="messages GDP, enveloppe des requêtes : creationTime en UTC, AAAAMMJJhhmmss",
    title=Text("creationTime est une date valide à la seconde", "creationTime is a valid date to the second"),
    mend=Text("AAAAMMJJhhmmss en UTC", "YYYYMMDDhhmmss in UTC"),
)
def creation_time(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is not None:
        value = string(told, "hl7:creationTime/@value")
        where = view.at(told) + "/hl7:creationTime/@value"
        yield verdict(is_ts(value) and len(value) >= 14, where, value, "YYYYMMDDhhmmss")


@check(
    "HL7-ENVELOPE",
    on=ON,
    side="request",
    group=HL7,
    clause=REQUEST,
    title=Text(
        "L'enveloppe HL7 v3 porte les codes documentés", "The HL7 v3 envelope carries the documented codes"
    ),
    mend=Text("reprendre la valeur documentée", "use the documented value"),
)
def envelope(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    asked = {
        "@ITSVersion": ("XML_1.0",),
        "hl7:interactionId/@root": (facts.OID_INTERACTIONS,),
        "hl7:interactionId/@extension": (view.transaction.request_root.rpartition("}")[2],),
        "hl7:processingCode/@code": ("P", "D"),
        "hl7:processingModeCode/@code": ("T",),
        "hl7:acceptAckCode/@code": ("AL",),
        "hl7:receiver/hl7:device/hl7:id/@root": (facts.OID_DMP,),
        "hl7:controlActProcess/@classCode": ("CACT",),
        "hl7:controlActProcess/@moodCode": ("EVN",),
    }
    for path, allowed in asked.items():
        value = string(view.payload, path)
        yield verdict(value in allowed, f"{view.at(view.payload)}/{path}", value, " | ".join(allowed))


@check(
    "HL7-SENDER",
    on=ON,
    side="request",
    group=HL7,
    clause=REQUEST,
    title=Text("L'émetteur est nommé par un OID", "The sender is named by an OID"),
    mend=Text("sender/device/id/@root = OID du logiciel", "sender/device/id/@root = OID of the software"),
    requirements=("EX_GEN-1350",),
)
def sender(view: Judged) -> Iterator[Finding]:
    if view.payload is not None:
        path = "hl7:sender/hl7:device/hl7:id/@root"
        yield verdict(
            is_oid(string(view.payload, path)),
            f"{view.at(view.payload)}/{path}",
            string(view.payload, path),
            "OID",
        )


@check(
    "HL7-REASON",
    on=ON,
    side="request",
    group=HL7,
    clause="messages GDP, enveloppe des requêtes : motifs",
    title=Text("Le motif est celui de la transaction", "The reason is that of the transaction"),
    mend=Text(
        "TEST_EXST, CNSLT_DATA, CREA_RD, REAC, MODIF_DATA ou FERM, du système 1.2.250.1.213.1.1.4.11",
        "TEST_EXST, CNSLT_DATA, CREA_RD, REAC, MODIF_DATA or FERM, of system 1.2.250.1.213.1.1.4.11",
    ),
)
def reason(view: Judged) -> Iterator[Finding]:
    if view.payload is not None:
        path = "hl7:controlActProcess/hl7:reasonCode"
        found = f"{string(view.payload, path + '/@code')}^{string(view.payload, path + '/@codeSystem')}"
        kinds = view.transaction.discriminator
        good = [f"{value}^{facts.OID_REASONS}" for value in (kinds.values if kinds else ())]
        yield verdict(found in good, f"{view.at(view.payload)}/{path}", found, " | ".join(good))


@check(
    "HL7-QUERY",
    on=QUERIES,
    side="request",
    group=HL7,
    clause=QUERY,
    title=Text(
        "La question a un identifiant et un statut « new »", "The query has an id and the status “new”"
    ),
    mend=Text("queryId de l'émetteur et statusCode new", "a queryId of the sender and statusCode new"),
)
def query(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    path = "hl7:controlActProcess/hl7:queryByParameter"
    for part, good in (
        ("hl7:queryId/@root", lambda text: is_oid(text) or is_uuid(text)),
        ("hl7:statusCode/@code", lambda text: text == "new"),
    ):
        value = string(view.payload, f"{path}/{part}")
        yield verdict(
            good(value),
            f"{view.at(view.payload)}/{path}/{part}",
            value,
            "OID|UUID" if "Id" in part else "new",
        )


@check(
    "HL7-PARAMETER",
    on=QUERIES,
    side="request",
    group=HL7,
    clause=QUERY,
    title=Text("La question porte sur un patient et un seul", "The query is about one patient and one only"),
    mend=Text(
        "un patientIdentifier/value, semanticsText Patient.id",
        "one patientIdentifier/value, semanticsText Patient.id",
    ),
)
def parameter(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    path = "hl7:controlActProcess/hl7:queryByParameter/hl7:parameterList/hl7:patientIdentifier"
    values = nodes(view.payload, f"{path}/hl7:value")
    yield verdict(len(values) == 1, f"{view.at(view.payload)}/{path}", str(len(values)), "1")
    meaning = string(view.payload, f"{path}/hl7:semanticsText")
    yield verdict(
        meaning == "Patient.id", f"{view.at(view.payload)}/{path}/hl7:semanticsText", meaning, "Patient.id"
    )


@check(
    "HL7-ACKNOWLEDGEMENT",
    on=ON,
    side="response",
    group=HL7,
    clause=ANSWER,
    title=Text(
        "L'accusé de réception renvoie à la question ; un refus dit son code et sa raison",
        "The acknowledgement names the question; a refusal tells its code and reason",
    ),
    mend=Text(
        "recopier l'id de la question ; code et texte en cas de refus",
        "copy the id of the query; code and text on a refusal",
    ),
)
def acknowledgement(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    kind = string(told, "hl7:acknowledgement/@typeCode")
    where = view.at(told) + "/hl7:acknowledgement"
    yield verdict(kind in ("AA", "AE", "AR"), where, kind, "AA | AE | AR")
    asked = view.request.payload
    if asked is not None:
        sent = strings(asked, "hl7:id/@root") + strings(asked, "hl7:id/@extension")
        target = first(told, "hl7:acknowledgement/hl7:targetMessage/hl7:id")
        echo = strings(target, "@root") + strings(target, "@extension") if target is not None else []
        yield verdict(echo == sent, where + "/hl7:targetMessage/hl7:id", "^".join(echo), "^".join(sent))
    if kind not in ("AA", ""):
        detail = string(told, "hl7:acknowledgement/hl7:acknowledgementDetail/hl7:code/@code")
        text = string(told, "hl7:acknowledgement/hl7:acknowledgementDetail/hl7:text")
        yield verdict(bool(detail and text), where, f"{detail} {text}", "code + texte / text")


@check(
    "HL7-ANSWER",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=RECORD,
    title=Text("OK vient avec le dossier, NF sans dossier", "OK comes with the record, NF without one"),
    mend=Text("subject avec OK, aucun avec NF", "a subject with OK, none with NF"),
)
def answer(view: Judged) -> Iterator[Finding]:
    if view.payload is None or string(view.payload, "hl7:acknowledgement/@typeCode") != "AA":
        return
    code = string(view.payload, "hl7:controlActProcess/hl7:queryAck/hl7:queryResponseCode/@code")
    where = view.at(view.payload) + "/hl7:controlActProcess"
    yield verdict(code in ("OK", "NF"), where + "/hl7:queryAck/hl7:queryResponseCode", code, "OK | NF")
    records = nodes(view.payload, "hl7:controlActProcess/hl7:subject")
    yield verdict(
        len(records) == (1 if code == "OK" else 0), where, f"{code}, {len(records)} subject", "OK 1 | NF 0"
    )


@check(
    "HL7-STATE",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=RECORD,
    title=Text(
        "L'état du dossier est active, ou terminated avec sa date",
        "The state is active, or terminated and dated",
    ),
    mend=Text("active, ou terminated avec effectiveTime", "active, or terminated with effectiveTime"),
)
def state(view: Judged) -> Iterator[Finding]:
    path = "hl7:controlActProcess/hl7:subject/hl7:registrationEvent"
    for event in view.in_payload(path):
        status = string(event, "hl7:subject1/hl7:patient/hl7:statusCode/@code")
        yield verdict(status in ("active", "terminated"), view.at(event), status, "active | terminated")
        if status == "terminated":
            closed = string(event, "hl7:effectiveTime/@value")
            yield verdict(
                is_ts(closed), view.at(event) + "/hl7:effectiveTime/@value", closed, "YYYYMMDDhhmmss"
            )


@check(
    "HL7-AUTHORISATION",
    on=("TD0.2",),
    side="response",
    group=HL7,
    clause=RECORD,
    title=Text(
        "L'autorisation d'accès est l'un des quatre états", "The authorisation is one of the four states"
    ),
    mend=Text("VALIDE, EXPIRE, INTERDIT ou NON_EXISTE", "VALIDE, EXPIRE, INTERDIT or NON_EXISTE"),
)
def authorisation(view: Judged) -> Iterator[Finding]:
    for line in view.in_payload("hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']"):
        system = string(line, "hl7:keyWordText/@codeSystem")
        yield verdict(system == KEY, view.at(line) + "/hl7:keyWordText", system, KEY)
        found = f"{string(line, 'hl7:value/@code')}^{string(line, 'hl7:value/@codeSystem')}"
        good = found in {f"{code}^{VALUE}" for code in AUTHORISATIONS}
        yield verdict(good, view.at(line) + "/hl7:value", found, f"{'|'.join(AUTHORISATIONS)}^{VALUE}")


@check(
    "HL7-PATIENT",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=RECORD,
    title=Text("Le dossier rendu porte l'INS demandé", "The record returned carries the INS that was asked"),
    mend=Text("rendre aussi l'INS demandé", "return the INS that was asked too"),
    confidence="B",
    default="warning",
)
def patient(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    path = "hl7:controlActProcess/hl7:subject/hl7:registrationEvent/hl7:subject1/hl7:patient"
    for person in view.in_payload(path) if asked is not None else []:
        wanted = (
            string(asked, "descendant::hl7:patientIdentifier/hl7:value/@extension")
            if asked is not None
            else ""
        )
        found = strings(person, "hl7:id/@extension")
        yield verdict(wanted in found, view.at(person) + "/hl7:id", " | ".join(found), wanted)
