"""Writers of the HL7 v3 answers: PRPA_IN201308UV02 for the existence test (TD0.2).

Element order follows the normative edition (MCCI, MFMI, PRPA). It decides nothing: authorisation and patient
are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from lxml import etree

from mock_dmp.context import Call, Refusal
from mock_dmp.render.soap import sentence
from protocol import facts
from protocol.directory import Patient
from protocol.errors import MetadataError
from protocol.hl7v3 import GdpQuery, read_query_by_identifier

_RESPONSE = "PRPA_IN201308UV02"
_TYPE = f"{{{facts.XSI}}}type"

# Code systems of the DMP (attention lines, observations, closing reasons)
_AUTORISATION_KEY = "1.2.250.1.213.4.1.2.6.1"
_AUTORISATION_VALUE = "1.2.250.1.213.4.1.2.6.2"
_MT_KEY = "1.2.250.1.213.4.1.2.6.3"
_OBSERVATIONS = "1.2.250.1.213.4.1.2.3"
_CLOSING = "1.2.250.1.213.4.1.2.4"
_ACCOUNT = "1.2.250.1.213.4.1.2.9"
_GENDER = "2.16.840.1.113883.5.1"

#: What the server writes for a usual name nobody filled; the LPS hides it (REC_0.2-1020).
_UNFILLED = "NON RENSEIGNE"
_STATUS = {"active": "active", "closed": "terminated"}


@dataclass(frozen=True)
class Existence:
    """A DMP that exists. `authorisation`: VALIDE, NON_EXISTE, EXPIRE, INTERDIT."""

    patient: Patient
    authorisation: str
    medecin_traitant: bool


def existence_response(query: GdpQuery, found: Existence | None, *, now: datetime) -> etree._Element:
    """The answer AA; `found` None answers NF, without subject nor attention line. `now`: session clock, UTC."""
    root = _opening(query, now)
    if found is not None:
        line = _attention(root, "AUTORISATION", _AUTORISATION_KEY)
        line.set(_TYPE, "CV")
        line.set("code", found.authorisation)
        line.set("codeSystem", _AUTORISATION_VALUE)
        line = _attention(root, "STATUT_MT", _MT_KEY)
        line.set(_TYPE, "BL")
        line.set("value", _bool(found.medecin_traitant))
    _acknowledgement(root, query, "AA")
    act = _act(root, query)
    if found is not None:
        _subject(act, found.patient)
        _closing(act, found.patient)
    _query_ack(act, query, "OK" if found is not None else "NF")
    return root


def render_refusal(call: Call, refusal: Refusal) -> etree._Element:
    """The acknowledgement AE, one acknowledgementDetail a problem. The request may be hardly readable."""
    query = _readable(call)
    root = _opening(query, call.session.now())
    acknowledgement = _acknowledgement(root, query, "AE")
    for problem in refusal.problems:
        detail = _sub(acknowledgement, "acknowledgementDetail", typeCode="E")
        _sub(detail, "code", code=problem.code)
        _sub(detail, "text").text = sentence(problem)
    _query_ack(_act(root, query), query, "AE")
    return root


def _readable(call: Call) -> GdpQuery:
    try:
        return read_query_by_identifier(call.message.envelope.body)
    except MetadataError:
        return GdpQuery(("", ""), "", "", ("", ""), ("", ""), "", "", "")


def _opening(query: GdpQuery, now: datetime) -> etree._Element:
    root = etree.Element(_hl7(_RESPONSE), nsmap={None: facts.HL7, "xsi": facts.XSI}, ITSVersion="XML_1.0")
    _sub(root, "id", root=str(uuid4()))
    _sub(root, "creationTime", value=_stamp(now))
    _sub(root, "interactionId", root=facts.OID_INTERACTIONS, extension=_RESPONSE)
    _sub(root, "processingCode", code="P")
    _sub(root, "processingModeCode", code="T")
    _sub(root, "acceptAckCode", code="NE")
    receiver = _sub(root, "receiver", typeCode="RCV")
    _device(receiver, query.sender_oid or facts.OID_DMP, query.sender_name)
    _device(_sub(root, "sender", typeCode="SND"), facts.OID_DMP, "DMP")
    return root


def _device(parent: etree._Element, oid: str, name: str) -> None:
    device = _sub(parent, "device", classCode="DEV", determinerCode="INSTANCE")
    _sub(device, "id", root=oid)
    if name:
        _sub(device, "softwareName").text = name


def _attention(root: etree._Element, code: str, system: str) -> etree._Element:
    line = _sub(root, "attentionLine")
    _sub(line, "keyWordText", code=code, codeSystem=system)
    return _sub(line, "value")


def _acknowledgement(root: etree._Element, query: GdpQuery, code: str) -> etree._Element:
    acknowledgement = _sub(root, "acknowledgement", typeCode=code)
    _instance(_sub(acknowledgement, "targetMessage"), "id", query.message_id)
    return acknowledgement


def _act(root: etree._Element, query: GdpQuery) -> etree._Element:
    act = _sub(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    if query.reason:
        _sub(act, "reasonCode", code=query.reason, codeSystem=facts.OID_REASONS)
    return act


def _query_ack(act: etree._Element, query: GdpQuery, code: str) -> None:
    ack = _sub(act, "queryAck")
    _instance(ack, "queryId", query.query_id)
    _sub(ack, "queryResponseCode", code=code)


def _subject(act: etree._Element, patient: Patient) -> None:
    event = _sub(
        _sub(act, "subject", typeCode="SUBJ", contextConductionInd="false"),
        "registrationEvent",
        classCode="REG",
        moodCode="EVN",
    )
    _sub(event, "statusCode", code="completed")
    if patient.dmp.closed is not None:
        _sub(event, "effectiveTime", value=_stamp(patient.dmp.closed.at))
    _patient(_sub(event, "subject1", typeCode="SBJ"), patient)
    custodian = _sub(event, "custodian", typeCode="CST")
    _sub(_sub(custodian, "assignedEntity", classCode="ASSIGNED"), "id", root=facts.OID_DMP)


def _patient(parent: etree._Element, patient: Patient) -> None:
    element = _sub(parent, "patient", classCode="PAT")
    if patient.ins_c:
        _sub(element, "id", root=facts.OID_INS_C, extension=patient.ins_c)
    _sub(element, "id", root=patient.ins.oid, extension=patient.ins.number)
    _sub(element, "statusCode", code=_STATUS[patient.dmp.status])
    person = _sub(element, "patientPerson", classCode="PSN", determinerCode="INSTANCE")
    _name(person, patient)
    for telecom in patient.telecom:
        if telecom.use == "MAIL":
            _sub(person, "telecom", value=f"mailto:{telecom.value}")
        elif telecom.use == "MC":
            _sub(person, "telecom", use="MC", value=f"tel:{telecom.value}")
    _sub(person, "administrativeGenderCode", code=patient.sex, codeSystem=_GENDER)
    _sub(person, "birthTime", value=patient.birth_date.strftime("%Y%m%d"))
    _observation(element, "COMPTE_INTERNET_OUVERT", _ACCOUNT, patient.dmp.internet_account)
    _observation(element, "RATTACHEMENT_ENS", _OBSERVATIONS, patient.dmp.attached_to_mes)


def _name(person: etree._Element, patient: Patient) -> None:
    name = _sub(person, "name")
    if patient.prefix:
        _sub(name, "prefix").text = patient.prefix
    for given in patient.given:
        _sub(name, "given").text = given
    _sub(name, "family", qualifier="SP").text = patient.family_usual or _UNFILLED
    _sub(name, "family", qualifier="BR").text = patient.family_birth


def _observation(patient: etree._Element, code: str, system: str, value: bool) -> None:
    observation = _sub(
        _sub(patient, "subjectOf", typeCode="SBJ"),
        "administrativeObservation",
        classCode="OBS",
        moodCode="EVN",
    )
    _sub(observation, "code", code=code, codeSystem=system)
    held = _sub(observation, "value", value=_bool(value))
    held.set(_TYPE, "BL")


def _closing(act: etree._Element, patient: Patient) -> None:
    closed = patient.dmp.closed
    if closed is None:
        return
    event = _sub(
        _sub(act, "reasonOf", typeCode="RSON"), "detectedIssueEvent", classCode="ALRT", moodCode="EVN"
    )
    _sub(event, "code", code=closed.code, codeSystem=_CLOSING)
    _sub(event, "text").text = closed.text


def _instance(parent: etree._Element, name: str, value: Sequence[str]) -> None:
    element = _sub(parent, name)
    for attribute, part in zip(("root", "extension"), value, strict=True):
        if part:
            element.set(attribute, part)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _hl7(name: str) -> str:
    return f"{{{facts.HL7}}}{name}"


def _sub(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _hl7(name))
    for attribute, value in attributes.items():
        element.set(attribute, value)
    return element
