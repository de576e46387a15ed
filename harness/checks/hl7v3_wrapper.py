"""Rules of what wraps every HL7 v3 message: structural attributes, software names, clocks, envelope of the answers.

The codes of a request's envelope are in `hl7v3` and `pdq`; what the record says is in `hl7v3_record`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from harness.checks.forms import is_oid, is_uuid
from harness.checks.hl7v3 import ANSWER, HL7, ON, QUERIES, REQUEST, message
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, local_name, nodes, string
from protocol import facts
from protocol.errors import Text

EVERY: Final = (*ON, "TD0.5")
#: Element -> attributes that HL7 v3 fixes for it, with their values in these messages.
CLASSES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "receiver": {"typeCode": ("RCV",)},
    "sender": {"typeCode": ("SND",)},
    "device": {"classCode": ("DEV",), "determinerCode": ("INSTANCE",)},
    "controlActProcess": {"classCode": ("CACT",), "moodCode": ("EVN",)},
    "subject": {"typeCode": ("SUBJ",), "contextConductionInd": ("false",)},
    "registrationRequest": {"classCode": ("REG",), "moodCode": ("RQO",)},
    "registrationEvent": {"classCode": ("REG",), "moodCode": ("EVN",)},
    "subject1": {"typeCode": ("SBJ",)},
    "patient": {"classCode": ("PAT",)},
    "personalRelationship": {"classCode": ("PRS",)},
    "relationshipHolder1": {"classCode": ("PSN",)},
    "contactParty": {"classCode": ("CON",)},
    "birthPlace": {"classCode": ("BIRTHPL",)},
    "providerOrganization": {"classCode": ("ORG",)},
    "administrativeObservation": {"classCode": ("OBS",), "moodCode": ("EVN",)},
    "author": {"typeCode": ("AUT",)},
    "custodian": {"typeCode": ("CST",)},
    "reasonOf": {"typeCode": ("RSON",)},
    "detectedIssueEvent": {"classCode": ("ALRT",), "moodCode": ("EVN",)},
}
_NAMED: Final = " or ".join(f"self::hl7:{name}" for name in CLASSES)
_TOLERANCE: Final = timedelta(minutes=10)
_HOURS: Final = 14


@check(
    "HL7-CLASSES",
    on=EVERY,
    side="both",
    group=HL7,
    clause="messages GDP : attributs de structure (typeCode, classCode, moodCode, determinerCode)",
    title=Text(
        "Chaque élément porte les attributs de structure de son rôle",
        "Each element carries the structural attributes of its role",
    ),
    mend=Text("reprendre les valeurs fixées par HL7 v3", "use the values that HL7 v3 fixes"),
    confidence="B",
    default="warning",
)
def classes(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    for item in nodes(told, f"descendant::*[{_NAMED}]"):
        asked = CLASSES[local_name(item)]
        found = {name: attribute(item, name) for name in asked}
        good = all(found[name] in values for name, values in asked.items())
        said = " ".join(f'{name}="{value}"' for name, value in found.items())
        expected = " ".join(f'{name}="{"|".join(values)}"' for name, values in asked.items())
        yield verdict(good, view.at(item), said, expected)


@check(
    "HL7-ID-EXTENSION",
    on=EVERY,
    side="both",
    group=HL7,
    clause="messages GDP, 5.1 et 5.2 : id du message",
    title=Text(
        "L'identifiant du message est un UUID : en extension sous un OID, ou seul dans root",
        "The identifier of the message is a UUID: as extension under an OID, or alone in root",
    ),
    mend=Text("root = OID, extension = UUID neuf", "root = OID, extension = a new UUID"),
    confidence="B",
    default="warning",
)
def extension(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    for item in nodes(told, "hl7:id"):
        root, held = attribute(item, "root"), attribute(item, "extension")
        good = (is_oid(root) and is_uuid(held)) or (is_uuid(root) and not held)
        yield verdict(good, view.at(item), f"{held}^{root}", "UUID^OID | ^UUID")


@check(
    "HL7-SOFTWARE",
    on=EVERY,
    side="both",
    group=HL7,
    clause="messages GDP, 5.1 : softwareName de l'émetteur et du destinataire",
    title=Text(
        "Émetteur et destinataire disent leur logiciel : DMP, et celui du VIHF",
        "Sender and receiver tell their software: DMP, and the one of the VIHF",
    ),
    mend=Text("softwareName = DMP d'un côté, LPS_Nom de l'autre", "softwareName: DMP on one side, LPS_Nom"),
    confidence="B",
    default="warning",
)
def software(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    own = view.request.vihf("LPS_Nom")
    ends = ("receiver", "sender") if view.side == "request" else ("sender", "receiver")
    for end, expected in zip(ends, ("DMP", own), strict=True):
        path = f"hl7:{end}/hl7:device/hl7:softwareName"
        for item in nodes(told, path) if expected else ():
            found = string(item, "string()").strip()
            yield verdict(found == expected, view.at(item), found, expected)


@check(
    "HL7-REQUEST-UTC",
    on=EVERY,
    side="request",
    group=HL7,
    clause=f"{REQUEST} : creationTime en UTC",
    title=Text("creationTime est en UTC, pas en heure locale", "creationTime is UTC, not local time"),
    mend=Text("convertir en UTC", "convert to UTC"),
    confidence="B",
    default="warning",
)
def request_utc(view: Judged) -> Iterator[Finding]:
    """Local time shows as a whole number of hours from the clock of the campaign; another clock is not judged here."""
    told = message(view)
    if told is None:
        return
    value = string(told, "hl7:creationTime/@value")
    try:
        moment = datetime.strptime(value[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return  # said by HL7-CREATION-TIME
    apart = moment - view.now
    hours = round(apart / timedelta(hours=1))
    local = 0 < abs(hours) <= _HOURS and abs(apart - timedelta(hours=hours)) < _TOLERANCE
    where = view.at(told) + "/hl7:creationTime/@value"
    yield verdict(not local, where, value, f"{view.now:%Y%m%d%H%M%S} UTC")


@check(
    "HL7-ANSWER-ENVELOPE",
    on=EVERY,
    side="response",
    group=HL7,
    clause=ANSWER,
    title=Text(
        "L'enveloppe de la réponse porte les codes documentés, le motif et l'émetteur de la demande",
        "The envelope of the answer carries the documented codes, the reason and the sender of the request",
    ),
    mend=Text("reprendre la valeur documentée", "use the documented value"),
)
def answer_envelope(view: Judged) -> Iterator[Finding]:
    """What GDP-ANSWER-ENVELOPE says of the registrations is not said again."""
    told, asked = message(view), view.request.payload
    if told is None:
        return
    expected: dict[str, tuple[str, ...]] = {
        "hl7:processingCode/@code": ("P", "D"),
        "hl7:processingModeCode/@code": ("T",),
    }
    if view.transaction.id in (*QUERIES, "TD0.5"):
        sender = string(asked, "hl7:sender/hl7:device/hl7:id/@root") if asked is not None else ""
        expected |= {
            "@ITSVersion": ("XML_1.0",),
            "hl7:interactionId/@root": (facts.OID_INTERACTIONS,),
            "hl7:interactionId/@extension": (local_name(told),),
            "hl7:acceptAckCode/@code": ("NE",),
            "hl7:sender/hl7:device/hl7:id/@root": (facts.OID_DMP,),
            "hl7:receiver/hl7:device/hl7:id/@root": (sender,),
        }
    if view.transaction.id in QUERIES:
        reason = string(asked, "hl7:controlActProcess/hl7:reasonCode/@code") if asked is not None else ""
        expected["hl7:controlActProcess/hl7:reasonCode/@code"] = (reason,)
    if view.transaction.id == "TD0.5":
        expected["hl7:controlActProcess/hl7:code/@code"] = ("PRPA_TE201306UV02",)
    for path, values in expected.items():
        found = string(told, path)
        yield verdict(found in values, f"{view.at(told)}/{path}", found, " | ".join(values))


@check(
    "HL7-CUSTODIAN",
    on=EVERY,
    side="response",
    group=HL7,
    clause=f"{ANSWER} : registrationEvent/custodian",
    title=Text("Le dossier rendu est tenu par le DMP", "The record returned is kept by the DMP"),
    mend=Text("custodian/assignedEntity/id du DMP", "custodian/assignedEntity/id of the DMP"),
    confidence="B",
    default="warning",
)
def custodian(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    for event in nodes(told, "hl7:controlActProcess/hl7:subject/hl7:registrationEvent"):
        path = "hl7:custodian/hl7:assignedEntity/hl7:id/@root"
        found = string(event, path)
        yield verdict(found == facts.OID_DMP, f"{view.at(event)}/{path}", found, facts.OID_DMP)
