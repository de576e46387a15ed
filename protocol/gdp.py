"""View of the HL7 v3 requests that open, reopen, change or close a DMP: PRPA_IN201311UV02, PRPA_IN201314UV02.

TD1.1 is a PRPA_IN201311UV02, TD1.2, TD1.3b and TD1.4 are PRPA_IN201314UV02 that the reason code tells apart.
Lenient: what is missing is "" or None, nil elements are passed over, values are as written. What must be there
and which values are good is decided elsewhere.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text
from protocol.hl7v3 import Instance

ADD: Final = "PRPA_IN201311UV02"
REVISE: Final = "PRPA_IN201314UV02"

_NIL: Final = f"{{{facts.XSI}}}nil"
_TYPE: Final = f"{{{facts.XSI}}}type"
_REQUEST: Final = "hl7:controlActProcess/hl7:subject/hl7:registrationRequest"
_PATIENT: Final = f"{_REQUEST}/hl7:subject1/hl7:patient"
_PERSON: Final = f"{_PATIENT}/hl7:patientPerson"
_AUTHOR: Final = f"{_REQUEST}/hl7:author/hl7:assignedEntity"
_ISSUE: Final = "hl7:controlActProcess/hl7:reasonOf/hl7:detectedIssueEvent"


@dataclass(frozen=True, slots=True)
class Name:
    """`usual` is family[@qualifier='SP'], `birth` family[@qualifier='BR']; `other`: families without either."""

    usual: str = ""
    birth: str = ""
    given: tuple[str, ...] = ()
    prefix: str = ""
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An addr. `locator` is additionalLocator."""

    lines: tuple[str, ...] = ()
    locator: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A telecom: `value` with its scheme (tel:, mailto:), `use` HP, MC or ""."""

    value: str
    use: str = ""


@dataclass(frozen=True, slots=True)
class Relationship:
    """personalRelationship: the legal representative. `quality` and `system` are its code and codeSystem."""

    quality: str
    system: str
    name: Name
    address: Place | None = None
    telecom: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class CardTraits:
    """contactParty: the traits as the Vitale card has them. `birth` is YYMMDD as written."""

    code: str
    system: str
    name: Name
    birth: str


@dataclass(frozen=True, slots=True)
class Observation:
    """administrativeObservation. `kind` is the xsi:type of its value (BL), `at` its effectiveTime as written."""

    code: str
    system: str
    value: str
    kind: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """Who asks: identifiers of the professional and of the structure, names."""

    identifier: Instance = ("", "")
    specialty: str = ""
    family: str = ""
    given: str = ""
    structure: Instance = ("", "")
    structure_name: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """reasonOf/detectedIssueEvent: why the DMP is closed."""

    code: str
    system: str
    text: str


@dataclass(frozen=True, slots=True)
class GdpRequest:
    """One request, as written.

    `request_status` is registrationRequest/statusCode, `patient_status` patient/statusCode; the first fields mean
    what they mean in `protocol.hl7v3.GdpQuery`.
    """

    message_id: Instance
    interaction: str
    reason: str
    sender_oid: str
    sender_name: str
    receiver_oid: str
    patient: Instance
    request_status: str
    patient_status: str
    name: Name
    sex: str
    birth: str
    telecom: tuple[Contact, ...]
    address: Place | None
    representative: Relationship | None
    card: CardTraits | None
    birth_place: Place | None
    observations: tuple[Observation, ...]
    author: Author
    issue: Issue | None
    created: str = ""
    processing: str = ""

    def observed(self, code: str) -> Observation | None:
        """The observation of that code; the last one when it is there twice."""
        return next((one for one in reversed(self.observations) if one.code == code), None)


def is_request(payload: etree._Element) -> bool:
    """Is it one of the messages that this module reads?"""
    return payload.tag in (f"{{{facts.HL7}}}{ADD}", f"{{{facts.HL7}}}{REVISE}")


def read_request(payload: etree._Element) -> GdpRequest:
    """Read the payload of a SOAP body.

    Raises MetadataError: another root, no registration request or several, two different INS.
    """
    _check(payload)
    return GdpRequest(
        message_id=_instance(payload, "hl7:id"),
        interaction=safexml.value(payload, "hl7:interactionId/@extension"),
        reason=safexml.value(payload, "hl7:controlActProcess/hl7:reasonCode/@code"),
        sender_oid=safexml.value(payload, "hl7:sender/hl7:device/hl7:id/@root"),
        sender_name=safexml.value(payload, "hl7:sender/hl7:device/hl7:softwareName"),
        receiver_oid=safexml.value(payload, "hl7:receiver/hl7:device/hl7:id/@root"),
        patient=_patient(payload),
        request_status=safexml.value(payload, f"{_REQUEST}/hl7:statusCode/@code"),
        patient_status=safexml.value(payload, f"{_PATIENT}/hl7:statusCode/@code"),
        name=_name(payload, f"{_PERSON}/hl7:name"),
        sex=safexml.value(payload, f"{_PERSON}/hl7:administrativeGenderCode/@code"),
        birth=safexml.value(payload, f"{_PERSON}/hl7:birthTime/@value"),
        telecom=_contacts(payload, f"{_PERSON}/hl7:telecom"),
        address=_place(payload, f"{_PERSON}/hl7:addr"),
        representative=next(map(_relationship, _there(payload, f"{_PERSON}/hl7:personalRelationship")), None),
        card=next(map(_card, _there(payload, f"{_PERSON}/hl7:contactParty")), None),
        birth_place=_place(payload, f"{_PERSON}/hl7:birthPlace/hl7:addr"),
        observations=tuple(
            map(_observation, _there(payload, f"{_PATIENT}/hl7:subjectOf/hl7:administrativeObservation"))
        ),
        author=_author(payload),
        issue=next(map(_issue, _there(payload, _ISSUE)), None),
        created=safexml.value(payload, "hl7:creationTime/@value"),
        processing=safexml.value(payload, "hl7:processingCode/@code"),
    )


def birth_of(stamp: str) -> tuple[date, str] | None:
    """(the nearest day of the calendar, the stamp when it is lunar else "") of a birth date YYYYMMDD.

    A lunar date has a month or a day that does not exist (19520000, 19451301). None when it isn't 8 digits, or
    its year is none.
    """
    if not re.fullmatch("[0-9]{8}", stamp) or stamp < "0001":
        return None
    year, month, day = int(stamp[:4]), int(stamp[4:6]), int(stamp[6:])
    if not 1 <= month <= 12:
        return date(year, 1, 1), stamp
    last = monthrange(year, month)[1]
    return date(year, month, min(max(day, 1), last)), "" if 1 <= day <= last else stamp


def _check(payload: etree._Element) -> None:
    if not is_request(payload):
        raise MetadataError(
            "HL7-001",
            Text("le message HL7 v3 n'est pas celui attendu", "the HL7 v3 message isn't the expected one"),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=f"{ADD} | {REVISE}",
        )
    found = len(safexml.xpath(payload, _PATIENT))
    if found != 1:
        raise MetadataError(
            "HL7-004",
            Text(
                "il faut exactement une demande d'enregistrement d'un patient",
                "exactly one registration request about one patient is needed",
            ),
            field="controlActProcess/subject/registrationRequest/subject1/patient",
            found=str(found),
            expected="1",
        )


def _patient(payload: etree._Element) -> Instance:
    """The INS; an INS-C may stand beside it, or alone (interface v1)."""
    ids = dict.fromkeys(
        (one.get("root", ""), one.get("extension", "")) for one in _there(payload, f"{_PATIENT}/hl7:id")
    )
    kept = [one for one in ids if one[0] != facts.OID_INS_C] or list(ids)
    if len(kept) > 1:
        raise MetadataError(
            "HL7-003",
            Text("la demande porte sur plusieurs patients", "the request is about several patients"),
            field="patient/id",
            found=", ".join("^".join(one) for one in kept),
            expected="1",
        )
    return kept[0] if kept else ("", "")


def _author(payload: etree._Element) -> Author:
    return Author(
        identifier=_instance(payload, f"{_AUTHOR}/hl7:id"),
        specialty=safexml.value(payload, f"{_AUTHOR}/hl7:code/@code"),
        family=safexml.value(payload, f"{_AUTHOR}/hl7:assignedPerson/hl7:name/hl7:family"),
        given=safexml.value(payload, f"{_AUTHOR}/hl7:assignedPerson/hl7:name/hl7:given"),
        structure=_instance(payload, f"{_AUTHOR}/hl7:representedOrganization/hl7:id"),
        structure_name=safexml.value(payload, f"{_AUTHOR}/hl7:representedOrganization/hl7:name"),
    )


def _name(parent: etree._Element, path: str) -> Name:
    here = next(_there(parent, path), None)
    if here is None:
        return Name()
    families = {"SP": "", "BR": ""}
    other = []
    for family in _there(here, "hl7:family"):
        qualifier = family.get("qualifier", "")
        if qualifier in families:
            families[qualifier] = safexml.text(family)
        else:
            other.append(safexml.text(family))
    return Name(
        usual=families["SP"],
        birth=families["BR"],
        given=_texts(here, "hl7:given"),
        prefix=safexml.value(here, "hl7:prefix"),
        other=tuple(filter(None, other)),
    )


def _place(parent: etree._Element, path: str) -> Place | None:
    here = next(_there(parent, path), None)
    if here is None:
        return None
    return Place(
        lines=_texts(here, "hl7:streetAddressLine"),
        locator=safexml.value(here, "hl7:additionalLocator"),
        postal_code=safexml.value(here, "hl7:postalCode"),
        city=safexml.value(here, "hl7:city"),
        country=safexml.value(here, "hl7:country"),
    )


def _contacts(parent: etree._Element, path: str) -> tuple[Contact, ...]:
    return tuple(
        Contact(one.get("value", ""), one.get("use", "")) for one in _there(parent, path) if one.get("value")
    )


def _relationship(here: etree._Element) -> Relationship:
    return Relationship(
        quality=safexml.value(here, "hl7:code/@code"),
        system=safexml.value(here, "hl7:code/@codeSystem"),
        name=_name(here, "hl7:relationshipHolder1/hl7:name"),
        address=_place(here, "hl7:addr"),
        telecom=_contacts(here, "hl7:telecom"),
    )


def _card(here: etree._Element) -> CardTraits:
    return CardTraits(
        code=safexml.value(here, "hl7:code/@code"),
        system=safexml.value(here, "hl7:code/@codeSystem"),
        name=_name(here, "hl7:contactPerson/hl7:name"),
        birth=safexml.value(here, "hl7:contactPerson/hl7:birthTime/@value"),
    )


def _observation(here: etree._Element) -> Observation:
    value = next(_there(here, "hl7:value"), None)
    return Observation(
        code=safexml.value(here, "hl7:code/@code"),
        system=safexml.value(here, "hl7:code/@codeSystem"),
        value="" if value is None else value.get("value", ""),
        kind="" if value is None else value.get(_TYPE, "").rpartition(":")[2],
        at=safexml.value(here, "hl7:effectiveTime/@value"),
    )


def _issue(here: etree._Element) -> Issue:
    return Issue(
        safexml.value(here, "hl7:code/@code"),
        safexml.value(here, "hl7:code/@codeSystem"),
        safexml.value(here, "hl7:text"),
    )


def _there(parent: etree._Element, path: str) -> Iterator[etree._Element]:
    """The elements that are not nil."""
    return (one for one in safexml.xpath(parent, path) if one.get(_NIL, "") not in ("true", "1"))


def _texts(parent: etree._Element, path: str) -> tuple[str, ...]:
    return tuple(filter(None, map(safexml.text, _there(parent, path))))


def _instance(payload: etree._Element, path: str) -> Instance:
    return safexml.value(payload, f"{path}/@root"), safexml.value(payload, f"{path}/@extension")
