"""Writers of PRPA_IN201306UV02, the answer of the search without INS (TD0.5): candidates with their score.

Order, limits and scores are given; the question is repeated as it was understood. Its acknowledgement says its type
in a child element, unlike the other HL7 v3 answers. Source: IHE ITI-47, dmp interface TD0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from mock_dmp.context import Call, Refusal
from mock_dmp.render import hl7v3_parts as parts
from mock_dmp.render.hl7v3_parts import hl7, instance, sub, words
from mock_dmp.render.soap import sentence
from protocol import facts
from protocol.directory import Patient
from protocol.errors import MetadataError
from protocol.pdq import Criteria, PatientSearch, read_search

_ANSWER: Final = "PRPA_IN201306UV02"
_TRIGGER: Final = "PRPA_TE201306UV02"
_UNREADABLE: Final = PatientSearch(("", ""), "", "", ("", ""), "", "", "", Criteria())


@dataclass(frozen=True)
class Candidate:
    """A patient who may be the one. `score`: 0 to 100, per cent."""

    patient: Patient
    score: int


def search_response(
    query: PatientSearch, found: Sequence[Candidate], *, total: int, now: datetime
) -> etree._Element:
    """The answer AA: `found` in order, out of `total`. NF when there is nobody. `now`: session clock, UTC."""
    root = _opening(query, now)
    _acknowledgement(root, query, "AA")
    act = _act(root)
    for candidate in found:
        _subject(act, candidate)
    ack = _query_ack(act, query, "OK" if total else "NF")
    for name, count in (("Total", total), ("Current", len(found)), ("Remaining", total - len(found))):
        sub(ack, f"result{name}Quantity", value=str(count))
    _question(act, query)
    return root


def render_refusal(call: Call, refusal: Refusal) -> etree._Element:
    """The acknowledgement AE, one acknowledgementDetail a problem. The request may be hardly readable."""
    try:
        query = read_search(call.message.envelope.body, lenient=True)
    except MetadataError:
        query = _UNREADABLE
    root = _opening(query, call.session.now())
    acknowledgement = _acknowledgement(root, query, "AE")
    for problem in refusal.problems:
        detail = sub(acknowledgement, "acknowledgementDetail", typeCode="E")
        sub(detail, "code", code=problem.code)
        words(detail, "text", sentence(problem))
    _query_ack(_act(root), query, "AE")
    return root


def _opening(query: PatientSearch, now: datetime) -> etree._Element:
    root = etree.Element(hl7(_ANSWER), nsmap={None: facts.HL7, "xsi": facts.XSI})
    parts.opening(root, query, now)
    return root


def _acknowledgement(root: etree._Element, query: PatientSearch, code: str) -> etree._Element:
    acknowledgement = sub(root, "acknowledgement")
    sub(acknowledgement, "typeCode", code=code)
    instance(sub(acknowledgement, "targetMessage"), "id", query.message_id)
    return acknowledgement


def _act(root: etree._Element) -> etree._Element:
    act = sub(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    sub(act, "code", code=_TRIGGER, codeSystem=facts.OID_INTERACTIONS)
    return act


def _subject(act: etree._Element, candidate: Candidate) -> None:
    """One registrationEvent: the traits that tell people apart, no telecom, no state of the account."""
    event = sub(
        sub(act, "subject", typeCode="SUBJ", contextConductionInd="false"),
        "registrationEvent",
        classCode="REG",
        moodCode="EVN",
    )
    sub(event, "statusCode", code="active")
    who = candidate.patient
    patient = parts.patient_of(event, who)
    person = parts.person_of(patient, who)
    parts.traits(person, who)
    if who.address is not None:
        where = sub(person, "addr")
        words(where, "postalCode", who.address.postal_code)
        words(where, "city", who.address.city)
    _score(patient, candidate.score)
    _opposition(patient, who.dmp.opposition_acces_urgence)
    parts.custodian(event)


def _score(patient: etree._Element, score: int) -> None:
    match = sub(
        sub(patient, "subjectOf1", typeCode="SBJ"), "queryMatchObservation", classCode="OBS", moodCode="EVN"
    )
    sub(match, "code", code="POURCENTAGE")
    sub(match, "value", value=str(score)).set(parts.TYPE, "INT")


def _opposition(patient: etree._Element, opposed: bool) -> None:
    observation = sub(
        sub(patient, "subjectOf2", typeCode="SBJ"),
        "administrativeObservation",
        classCode="OBS",
        moodCode="EVN",
    )
    sub(observation, "code", code="OPPOSITION_ACCES_URGENCE", codeSystem=parts.OBSERVATIONS)
    sub(observation, "value", value=parts.yes_no(opposed)).set(parts.TYPE, "BL")


def _query_ack(act: etree._Element, query: PatientSearch, code: str) -> etree._Element:
    ack = sub(act, "queryAck")
    instance(ack, "queryId", query.query_id)
    sub(ack, "queryResponseCode", code=code)
    return ack


def _question(act: etree._Element, query: PatientSearch) -> None:
    """queryByParameter as it was understood: what the mock did not read is not repeated."""
    asked = query.criteria
    repeated = sub(act, "queryByParameter")
    instance(repeated, "queryId", query.query_id)
    sub(repeated, "statusCode", code="deliveredResponse")
    listed = sub(repeated, "parameterList")
    if asked.sex:
        _value(listed, "livingSubjectAdministrativeGender", "LivingSubject.administrativeGender").set(
            "code", asked.sex
        )
    if asked.birth:
        _value(listed, "livingSubjectBirthTime", "LivingSubject.birthTime").set("value", asked.birth)
    if asked.family or asked.given:
        name = _value(listed, "livingSubjectName", "LivingSubject.name", near=asked.approximate_name)
        _texts(name, ("family", asked.family), ("given", asked.given))
    if asked.postal_code or asked.city:
        where = _value(listed, "patientAddress", "LivingSubject.addr", near=asked.approximate_address)
        _texts(where, ("postalCode", asked.postal_code), ("city", asked.city))


def _value(listed: etree._Element, name: str, meaning: str, *, near: bool = False) -> etree._Element:
    parameter = sub(listed, name)
    value = sub(parameter, "value")
    if near:
        value.set("use", "SRCH")
    words(parameter, "semanticsText", meaning)
    return value


def _texts(parent: etree._Element, *several: tuple[str, str]) -> None:
    for name, text in several:
        if text:
            words(parent, name, text)
