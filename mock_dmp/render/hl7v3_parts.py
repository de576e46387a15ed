"""The parts that HL7 v3 answers share: opening, acknowledgement, act, and what they say of a patient.

Element order follows the normative edition (MCCI, MFMI, PRPA). Which answer holds which part is decided in
`mock_dmp.render.hl7v3` and its like.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import uuid4

from lxml import etree

from mock_dmp.context import Refusal
from mock_dmp.render.soap import sentence
from protocol import facts
from protocol.directory import Patient
from protocol.hl7v3 import Instance
from protocol.patientmodel import Address, Representative, Telecom
from protocol.safexml import holdable

TYPE: Final = f"{{{facts.XSI}}}type"

# Code systems of the DMP and of HL7
OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"
CLOSING: Final = "1.2.250.1.213.4.1.2.4"
ACCOUNT: Final = "1.2.250.1.213.4.1.2.9"
_ANSWER_IDS: Final = "1.2.250.1.213.4.1.1.1.1"
_QUALITIES: Final = "2.16.840.1.113883.1.11.19579"
_GENDER: Final = "2.16.840.1.113883.5.1"

#: What the server writes for a usual name nobody filled; the LPS hides it (REC_0.2-1020).
_UNFILLED: Final = "NON RENSEIGNE"
STATUS: Final = {"active": "active", "closed": "terminated", "absent": "active"}


class Asked(Protocol):
    """What an answer repeats of the request, whichever it was."""

    @property
    def message_id(self) -> Instance: ...
    @property
    def reason(self) -> str: ...
    @property
    def sender_oid(self) -> str: ...
    @property
    def sender_name(self) -> str: ...


def opening(root: etree._Element, asked: Asked, now: datetime, *, numbered: bool = False) -> None:
    """id to sender. `numbered`: the id is an extension under the DMP's own root, else a bare UUID."""
    name = etree.QName(root).localname
    root.set("ITSVersion", "XML_1.0")
    own = (_ANSWER_IDS, str(uuid4())) if numbered else (str(uuid4()), "")
    instance(root, "id", own)
    sub(root, "creationTime", value=stamp(now))
    sub(root, "interactionId", root=facts.OID_INTERACTIONS, extension=name)
    sub(root, "processingCode", code="P")
    sub(root, "processingModeCode", code="T")
    sub(root, "acceptAckCode", code="NE")
    _device(sub(root, "receiver", typeCode="RCV"), asked.sender_oid or facts.OID_DMP, asked.sender_name)
    _device(sub(root, "sender", typeCode="SND"), facts.OID_DMP, "DMP")


def acknowledgement(root: etree._Element, asked: Asked, refusal: Refusal | None = None) -> None:
    """AA, or AE with one acknowledgementDetail a problem."""
    element = sub(root, "acknowledgement", typeCode="AA" if refusal is None else "AE")
    instance(sub(element, "targetMessage"), "id", asked.message_id)
    for problem in refusal.problems if refusal is not None else ():
        detail = sub(element, "acknowledgementDetail", typeCode="E")
        sub(detail, "code", code=problem.code)
        words(detail, "text", sentence(problem))


def act(root: etree._Element, asked: Asked) -> etree._Element:
    """controlActProcess with the reason of the request."""
    element = sub(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    if asked.reason:
        sub(element, "reasonCode", code=asked.reason, codeSystem=facts.OID_REASONS)
    return element


def event(parent: etree._Element) -> etree._Element:
    """subject/registrationEvent, completed."""
    element = sub(
        sub(parent, "subject", typeCode="SUBJ", contextConductionInd="false"),
        "registrationEvent",
        classCode="REG",
        moodCode="EVN",
    )
    sub(element, "statusCode", code="completed")
    return element


def custodian(parent: etree._Element) -> None:
    element = sub(parent, "custodian", typeCode="CST")
    sub(sub(element, "assignedEntity", classCode="ASSIGNED"), "id", root=facts.OID_DMP)


def patient_of(parent: etree._Element, patient: Patient) -> etree._Element:
    """subject1/patient with its numbers (INS-C, INS, older INS) and the state of the DMP."""
    element = sub(sub(parent, "subject1", typeCode="SBJ"), "patient", classCode="PAT")
    if patient.ins_c:
        sub(element, "id", root=facts.OID_INS_C, extension=patient.ins_c)
    for ins in (patient.ins, *patient.other_ins):
        sub(element, "id", root=ins.oid, extension=ins.number)
    sub(element, "statusCode", code=STATUS[patient.dmp.status])
    return element


def person_of(parent: etree._Element, patient: Patient) -> etree._Element:
    """patientPerson with its name."""
    person = sub(parent, "patientPerson", classCode="PSN", determinerCode="INSTANCE")
    name = sub(person, "name")
    if patient.prefix:
        words(name, "prefix", patient.prefix)
    for given in patient.given:
        words(name, "given", given)
    words(name, "family", patient.family_usual or _UNFILLED, qualifier="SP")
    words(name, "family", patient.family_birth, qualifier="BR")
    return person


def traits(person: etree._Element, patient: Patient) -> None:
    """Sex and birth date."""
    sub(person, "administrativeGenderCode", code=patient.sex, codeSystem=_GENDER)
    sub(person, "birthTime", value=patient.birth_stamp)


def contacts(person: etree._Element, several: Iterable[Telecom]) -> None:
    for one in several:
        if one.use == "MAIL":
            sub(person, "telecom", value=f"mailto:{one.value}")
        else:
            sub(person, "telecom", use=one.use, value=f"tel:{one.value}")


def address(person: etree._Element, where: Address) -> None:
    element = sub(person, "addr")
    for line in where.lines:
        words(element, "streetAddressLine", line)
    for name, text in (
        ("additionalLocator", where.locator),
        ("postalCode", where.postal_code),
        ("city", where.city),
        ("country", where.country),
    ):
        if text:
            words(element, name, text)


def representative(person: etree._Element, who: Representative) -> None:
    """personalRelationship."""
    element = sub(person, "personalRelationship", classCode="PRS")
    sub(element, "code", code=who.quality, codeSystem=_QUALITIES)
    if who.address is not None:
        address(element, who.address)
    contacts(element, who.telecom)
    holder = sub(element, "relationshipHolder1", classCode="PSN", determinerCode="INSTANCE")
    name = sub(holder, "name")
    if who.prefix:
        words(name, "prefix", who.prefix)
    for given in who.given:
        words(name, "given", given)
    words(name, "family", who.family)


def birth_place(person: etree._Element, patient: Patient) -> None:
    """birthPlace; where the INSEE code goes is inferred, its addr has no better place than postalCode."""
    where = sub(sub(person, "birthPlace", classCode="BIRTHPL", determinerCode="INSTANCE"), "addr")
    words(where, "postalCode", patient.birth_place.insee)
    if patient.birth_place.label:
        words(where, "city", patient.birth_place.label)


def observation(patient: etree._Element, code: str, system: str, value: bool) -> None:
    """subjectOf/administrativeObservation of a yes or no."""
    element = sub(
        sub(patient, "subjectOf", typeCode="SBJ"),
        "administrativeObservation",
        classCode="OBS",
        moodCode="EVN",
    )
    sub(element, "code", code=code, codeSystem=system)
    sub(element, "value", value=yes_no(value)).set(TYPE, "BL")


def closing(parent: etree._Element, patient: Patient) -> None:
    """reasonOf/detectedIssueEvent of a closed DMP; nothing for another."""
    closed = patient.dmp.closed
    if closed is None:
        return
    element = sub(
        sub(parent, "reasonOf", typeCode="RSON"), "detectedIssueEvent", classCode="ALRT", moodCode="EVN"
    )
    sub(element, "code", code=closed.code, codeSystem=CLOSING)
    words(element, "text", closed.text)


def _device(parent: etree._Element, oid: str, name: str) -> None:
    device = sub(parent, "device", classCode="DEV", determinerCode="INSTANCE")
    sub(device, "id", root=oid)
    if name:
        words(device, "softwareName", name)


def instance(parent: etree._Element, name: str, value: Instance) -> None:
    """An II; parts that are "" are left out."""
    element = sub(parent, name)
    for attribute, part in zip(("root", "extension"), value, strict=True):
        if part:
            element.set(attribute, holdable(part))


def stamp(moment: datetime) -> str:
    """YYYYMMDDhhmmss, UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def yes_no(value: bool) -> str:
    return "true" if value else "false"


def hl7(name: str) -> str:
    return f"{{{facts.HL7}}}{name}"


def sub(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    """A child in the HL7 namespace."""
    element = etree.SubElement(parent, hl7(name))
    for attribute, value in attributes.items():
        element.set(attribute, holdable(value))
    return element


def words(parent: etree._Element, name: str, text: str, **attributes: str) -> etree._Element:
    """A child with a text."""
    element = sub(parent, name, **attributes)
    element.text = holdable(text)
    return element
