"""Writers of the HL7 v3 answers: PRPA_IN201308UV02 (TD0.2, TD1.3a), 312 and 313 (TD1.1), 315 and 316 (TD1.2 to 1.4).

It decides nothing: authorisation, record and refusal are given. Their common parts are in `hl7v3_parts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from mock_dmp.context import Call, Refusal
from mock_dmp.render import hl7v3_parts as parts
from mock_dmp.render import pdq
from mock_dmp.render.hl7v3_parts import Asked, hl7, sub
from protocol import facts
from protocol.directory import Patient
from protocol.errors import MetadataError
from protocol.gdp import read_request
from protocol.hl7v3 import GdpQuery, read_opening, read_query_by_identifier
from protocol.patientmodel import Telecom
from protocol.pdq import QUESTION

_DEMOGRAPHICS: Final = "PRPA_IN201308UV02"

# Code systems of the attention lines
_AUTORISATION_KEY: Final = "1.2.250.1.213.4.1.2.6.1"
_AUTORISATION_VALUE: Final = "1.2.250.1.213.4.1.2.6.2"
_MT_KEY: Final = "1.2.250.1.213.4.1.2.6.3"

#: Root of the request -> the message that accepts and the one that refuses, inside the wrapper.
_ANSWERS: Final = {
    hl7("PRPA_IN201311UV02"): ("PRPA_IN201312UV02", "PRPA_IN201313UV02"),
    hl7("PRPA_IN201314UV02"): ("PRPA_IN201315UV02", "PRPA_IN201316UV02"),
}


@dataclass(frozen=True)
class Existence:
    """A DMP that exists. `authorisation`: VALIDE, NON_EXISTE, EXPIRE, INTERDIT."""

    patient: Patient
    authorisation: str
    medecin_traitant: bool


def existence_response(query: GdpQuery, found: Existence | None, *, now: datetime) -> etree._Element:
    """The answer AA; `found` None answers NF, without subject nor attention line. `now`: session clock, UTC."""
    root = _demographics(query, now)
    if found is not None:
        line = _attention(root, "AUTORISATION", _AUTORISATION_KEY)
        line.set(parts.TYPE, "CV")
        line.set("code", found.authorisation)
        line.set("codeSystem", _AUTORISATION_VALUE)
        line = _attention(root, "STATUT_MT", _MT_KEY)
        line.set(parts.TYPE, "BL")
        line.set("value", parts.yes_no(found.medecin_traitant))
    parts.acknowledgement(root, query)
    act = parts.act(root, query)
    if found is not None:
        who = found.patient
        patient, person = _subject(act, who)
        parts.contacts(person, (one for one in who.telecom if one.use != "HP"))
        parts.traits(person, who)
        _account(patient, who)
        parts.closing(act, who)
    _query_ack(act, query, "OK" if found is not None else "NF")
    return root


def record_response(
    query: GdpQuery, who: Patient, channels: Iterable[Telecom], *, now: datetime
) -> etree._Element:
    """The administrative data (TD1.3a). `channels` of one-time codes come after the patient's own numbers."""
    root = _demographics(query, now)
    parts.acknowledgement(root, query)
    act = parts.act(root, query)
    patient, person = _subject(act, who)
    parts.contacts(person, (*who.telecom, *channels))
    parts.traits(person, who)
    sub(person, "deceasedInd", value=parts.yes_no(who.deceased))
    if who.address is not None:
        parts.address(person, who.address)
    if who.legal_representative is not None:
        parts.representative(person, who.legal_representative)
    parts.birth_place(person, who)
    _account(patient, who)
    dmp = who.dmp
    parts.observation(patient, "OPPOSITION_BRIS_DE_GLACE", parts.OBSERVATIONS, dmp.opposition_bris_de_glace)
    parts.observation(patient, "OPPOSITION_ACCES_URGENCE", parts.OBSERVATIONS, dmp.opposition_acces_urgence)
    parts.closing(act, who)
    _query_ack(act, query, "OK")
    return root


def registration_response(call: Call, asked: Asked, who: Patient, *, now: datetime) -> etree._Element:
    """312 or 315 in its wrapper: the record as it is now."""
    wrapper, root = _wrapped(call, asked, now, refused=False)
    parts.acknowledgement(root, asked)
    event = parts.event(parts.act(root, asked))
    parts.person_of(parts.patient_of(event, who), who)
    parts.custodian(event)
    return wrapper


def render_refusal(call: Call, refusal: Refusal) -> etree._Element:
    """The acknowledgement AE, one acknowledgementDetail a problem. The request may be hardly readable.

    In the message that the transaction refuses with: 306 (see `mock_dmp.render.pdq`), 313 or 316 in their wrapper, else
    308.
    """
    if call.message.envelope.body.tag == hl7(QUESTION):
        return pdq.render_refusal(call, refusal)
    asked, now = _readable(call), call.session.now()
    if call.message.envelope.body.tag in _ANSWERS:
        wrapper, root = _wrapped(call, asked, now, refused=True)
        parts.acknowledgement(root, asked, refusal)
        parts.act(root, asked)
        return wrapper
    root = _demographics(asked, now)
    parts.acknowledgement(root, asked, refusal)
    _query_ack(parts.act(root, asked), asked, "AE")
    return root


def _readable(call: Call) -> Asked:
    body = call.message.envelope.body
    try:
        return read_request(body) if body.tag in _ANSWERS else read_query_by_identifier(body)
    except MetadataError:
        return read_opening(body)


def _demographics(asked: Asked, now: datetime) -> etree._Element:
    root = etree.Element(hl7(_DEMOGRAPHICS), nsmap={None: facts.HL7, "xsi": facts.XSI})
    parts.opening(root, asked, now)
    return root


def _wrapped(
    call: Call, asked: Asked, now: datetime, *, refused: bool
) -> tuple[etree._Element, etree._Element]:
    """The element of the gdp namespace that holds the answer, and the answer, opened."""
    wrapper = etree.Element(call.transaction.response_root, nsmap={"gdp": facts.GDP})
    name = _ANSWERS[str(call.message.envelope.body.tag)][refused]
    root = etree.SubElement(wrapper, hl7(name), nsmap={None: facts.HL7, "xsi": facts.XSI})
    parts.opening(root, asked, now, numbered=True)
    return wrapper, root


def _attention(root: etree._Element, code: str, system: str) -> etree._Element:
    line = sub(root, "attentionLine")
    sub(line, "keyWordText", code=code, codeSystem=system)
    return sub(line, "value")


def _subject(act: etree._Element, who: Patient) -> tuple[etree._Element, etree._Element]:
    """registrationEvent with its patient; gives patient and patientPerson, to be filled."""
    event = parts.event(act)
    if who.dmp.closed is not None:
        sub(event, "effectiveTime", value=parts.stamp(who.dmp.closed.at))
    patient = parts.patient_of(event, who)
    parts.custodian(event)
    return patient, parts.person_of(patient, who)


def _account(patient: etree._Element, who: Patient) -> None:
    parts.observation(patient, "COMPTE_INTERNET_OUVERT", parts.ACCOUNT, who.dmp.internet_account)
    parts.observation(patient, "RATTACHEMENT_ENS", parts.OBSERVATIONS, who.dmp.attached_to_mes)


def _query_ack(act: etree._Element, asked: Asked, code: str) -> None:
    ack = sub(act, "queryAck")
    parts.instance(ack, "queryId", asked.query_id if isinstance(asked, GdpQuery) else ("", ""))
    sub(ack, "queryResponseCode", code=code)
