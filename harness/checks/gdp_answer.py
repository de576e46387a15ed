"""Rules of the answers to the registrations (312, 313, 315, 316) and of the administrative data (TD1.3a)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.forms import is_ts
from harness.checks.hl7v3 import REGISTRATIONS, message
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, failed, verdict
from harness.checks.xpath import first, nodes, shown, string, strings
from protocol import facts
from protocol.errors import Text

GROUP: Final = "GDP-ANSWER"
ANSWER: Final = "messages GDP, enveloppe des réponses, 5.2 ; 5.5, 5.6"
RECORD: Final = "messages GDP, 5.4 ; PRPA_IN201308UV02, CNSLT_DATA"
_EVENT: Final = "hl7:controlActProcess/hl7:subject/hl7:registrationEvent"
_PERSON: Final = f"{_EVENT}/hl7:subject1/hl7:patient/hl7:patientPerson"
_IDS: Final = "1.2.250.1.213.4.1.1.1.1"
_OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"
#: Root of the question -> (message that accepts, message that refuses).
_KINDS: Final = {
    "PRPA_IN201311UV02": ("PRPA_IN201312UV02", "PRPA_IN201313UV02"),
    "PRPA_IN201314UV02": ("PRPA_IN201315UV02", "PRPA_IN201316UV02"),
}


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


@check(
    "GDP-ANSWER-MESSAGE",
    on=REGISTRATIONS,
    side="response",
    group=GROUP,
    clause=ANSWER,
    title=Text(
        "L'enveloppe asip:ci-sis:gdp:2010 porte le message qui accepte avec AA, celui qui refuse sinon",
        "The wrapper asip:ci-sis:gdp:2010 holds the message that accepts with AA, the one that refuses otherwise",
    ),
    mend=Text(
        "312 ou 315 avec AA ; 313 ou 316 avec AE ou AR", "312 or 315 with AA; 313 or 316 with AE or AR"
    ),
)
def kind(view: Judged) -> Iterator[Finding]:
    if view.payload is None or view.fault is not None:
        return
    root = view.transaction.request_root.rpartition("}")[2]
    wrapper = f"{{{facts.GDP}}}{root}_Response"
    yield verdict(view.payload.tag == wrapper, view.at(view.payload), str(view.payload.tag), wrapper)
    held = nodes(view.payload, "self::gdp:*/hl7:*")
    if len(held) != 1:
        yield failed(view.at(view.payload), str(len(held)), "1")
        return
    accepted, refused = _KINDS[root]
    ack = string(held[0], "hl7:acknowledgement/@typeCode")
    expected = accepted if ack == "AA" else refused
    found = f"{_name(held[0])}, {ack}"
    yield verdict(_name(held[0]) == expected, view.at(held[0]), found, f"{accepted}, AA | {refused}, AE")


@check(
    "GDP-ANSWER-ENVELOPE",
    on=REGISTRATIONS,
    side="response",
    group=GROUP,
    clause=ANSWER,
    title=Text(
        "L'enveloppe de la réponse porte les codes documentés et le motif de la demande",
        "The envelope of the answer carries the documented codes and the reason of the request",
    ),
    mend=Text("reprendre la valeur documentée", "use the documented value"),
)
def envelope(view: Judged) -> Iterator[Finding]:
    told = message(view)
    if told is None:
        return
    asked = view.request.payload
    reason = string(asked, "hl7:controlActProcess/hl7:reasonCode/@code") if asked is not None else ""
    sender = string(asked, "hl7:sender/hl7:device/hl7:id/@root") if asked is not None else ""
    expected = {
        "@ITSVersion": "XML_1.0",
        "hl7:id/@root": _IDS,
        "hl7:interactionId/@root": facts.OID_INTERACTIONS,
        "hl7:interactionId/@extension": _name(told),
        "hl7:acceptAckCode/@code": "NE",
        "hl7:sender/hl7:device/hl7:id/@root": facts.OID_DMP,
        "hl7:receiver/hl7:device/hl7:id/@root": sender,
        "hl7:controlActProcess/hl7:reasonCode/@code": reason,
    }
    for path, value in expected.items():
        found = string(told, path)
        yield verdict(found == value, f"{view.at(told)}/{path}", found, value)


@check(
    "GDP-ANSWER-PATIENT",
    on=REGISTRATIONS,
    side="response",
    group=GROUP,
    clause=ANSWER,
    title=Text(
        "L'acceptation rend le patient demandé, son nouvel état et son nom",
        "The acceptance returns the patient that was asked, the new state and the name",
    ),
    mend=Text(
        "INS de la demande ; statusCode active, ou terminated après une fermeture",
        "INS of the request; statusCode active, or terminated after a closing",
    ),
)
def patient(view: Judged) -> Iterator[Finding]:
    told = message(view)
    asked = view.request.payload
    if told is None or asked is None or string(told, "hl7:acknowledgement/@typeCode") != "AA":
        return
    where = f"{view.at(told)}/{_EVENT}"
    event = first(told, _EVENT)
    if event is None:
        yield failed(where, "", "1")
        return
    status = string(event, "hl7:statusCode/@code")
    yield verdict(status == "completed", where + "/hl7:statusCode/@code", status, "completed")
    own = first(event, "hl7:subject1/hl7:patient")
    if own is None:
        yield failed(where + "/hl7:subject1/hl7:patient", "", "1")
        return
    wanted = strings(asked, "descendant::hl7:registrationRequest/hl7:subject1/hl7:patient/hl7:id/@extension")
    found = strings(own, "hl7:id/@extension")
    yield verdict(set(wanted) <= set(found), view.at(own) + "/hl7:id", shown(found), shown(wanted))
    expected = "terminated" if view.transaction.id == "TD1.4" else "active"
    state = string(own, "hl7:statusCode/@code")
    yield verdict(state == expected, view.at(own) + "/hl7:statusCode/@code", state, expected)
    families = strings(own, "hl7:patientPerson/hl7:name/hl7:family")
    yield verdict(bool(families), view.at(own) + "/hl7:patientPerson/hl7:name", shown(families), "1..2")


@check(
    "GDP-RECORD",
    on=("TD1.3a",),
    side="response",
    group=GROUP,
    clause=RECORD,
    title=Text("Les données administratives sont complètes", "The administrative data are whole"),
    mend=Text(
        "noms qualifiés, sexe, naissance, deceasedInd ; ni AUTORISATION ni STATUT_MT",
        "qualified names, sex, birth, deceasedInd; neither AUTORISATION nor STATUT_MT",
    ),
)
def record(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(_PERSON):
        where = view.at(person)
        qualifiers = strings(person, "hl7:name/hl7:family/@qualifier")
        good = sorted(qualifiers) in (["SP"], ["BR", "SP"])
        yield verdict(good, where + "/hl7:name/hl7:family/@qualifier", shown(qualifiers), "SP [BR]")
        for path, allowed in (
            ("hl7:administrativeGenderCode/@code", ("M", "F", "U")),
            ("hl7:deceasedInd/@value", ("true", "false")),
        ):
            value = string(person, path)
            yield verdict(value in allowed, f"{where}/{path}", value, " | ".join(allowed))
        birth = string(person, "hl7:birthTime/@value")
        yield verdict(birth.isdigit() and len(birth) == 8, where + "/hl7:birthTime/@value", birth, "YYYYMMDD")
        lines = view.in_payload("hl7:attentionLine/hl7:keyWordText")
        yield verdict(not lines, "response:attentionLine", str(len(lines)), "0")


@check(
    "GDP-RECORD-OPPOSITIONS",
    on=("TD1.3a",),
    side="response",
    group=GROUP,
    clause=RECORD,
    title=Text("Les deux oppositions sont rendues", "Both oppositions are returned"),
    mend=Text(
        "OPPOSITION_BRIS_DE_GLACE et OPPOSITION_ACCES_URGENCE, true ou false",
        "OPPOSITION_BRIS_DE_GLACE and OPPOSITION_ACCES_URGENCE, true or false",
    ),
)
def record_oppositions(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(f"{_EVENT}/hl7:subject1/hl7:patient"):
        for code in ("OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"):
            path = f"hl7:subjectOf/hl7:administrativeObservation[hl7:code/@code='{code}']"
            found = [
                f"{string(one, 'hl7:value/@value')}^{string(one, 'hl7:code/@codeSystem')}"
                for one in nodes(patient, path)
            ]
            good = len(found) == 1 and found[0] in {f"{value}^{_OBSERVATIONS}" for value in ("true", "false")}
            yield verdict(
                good,
                f"{view.at(patient)}/hl7:subjectOf {code}",
                shown(found),
                f"true | false^{_OBSERVATIONS}",
            )


@check(
    "GDP-RECORD-CONTACT",
    on=("TD1.3a",),
    side="response",
    group=GROUP,
    clause=RECORD,
    title=Text("Les contacts rendus ont un schéma", "The contacts that are returned have a scheme"),
    mend=Text("tel: ou mailto:", "tel: or mailto:"),
    confidence="B",
)
def record_contacts(view: Judged) -> Iterator[Finding]:
    for value in view.values("//hl7:patientPerson/hl7:telecom/@value"):
        yield verdict(
            value.startswith(("tel:", "mailto:")), "response:telecom/@value", value, "tel: | mailto:"
        )
    for moment in view.values("//hl7:registrationEvent/hl7:effectiveTime/@value"):
        yield verdict(is_ts(moment), "response:effectiveTime/@value", moment, "YYYYMMDDhhmmss")
