"""What becomes of a patient's record when its DMP is opened, reopened, changed or closed. Decides no right.

An identity that the record holds already is qualified: a message never changes birth name, first names, sex nor
birth date. Of what is taken off a session that lets bad requests through, only what can be kept is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from mock_dmp.acceptance.gdp import BREAK_GLASS, CONSENT, REGULATION, is_minor
from mock_dmp.context import Refusal
from protocol.directory import Birthplace, Closure, DmpState, InsNumber, Patient
from protocol.errors import IdentifierError
from protocol.gdp import Contact, GdpRequest, Place, Relationship, birth_of
from protocol.identifiers.dtm import parse_dtm
from protocol.patientmodel import QUALITIES, Address, Quality, Representative, Sex, Telecom

#: What the server writes for a usual name nobody filled, and that software may send back.
_UNFILLED: Final = "NON RENSEIGNE"
_SEXES: Final[tuple[Sex, ...]] = ("M", "F", "U")
_MOBILE: Final = ("06", "07", "+336", "+337", "00336", "00337")


def newcomer(asked: GdpRequest, today: datetime, majority: int) -> Patient:
    """The record of someone the session has never seen, with the traits of the message. Raises Refusal without any."""
    oid, number = asked.patient
    born, name = birth_of(asked.birth), asked.name
    if born is None or not name.given or not (name.birth or name.usual):
        raise Refusal(
            "MockInvalidRequest",
            context="patientPerson : noms, prénom et naissance",
            carrier="ack",
            rule="GDP-TRAITS",
        )
    place = asked.birth_place
    return Patient(
        key=f"cree-{number}",
        ins=InsNumber(number, oid),
        ins_c="",
        family_birth=name.birth or name.usual,
        family_usual="",
        given=name.given,
        prefix="",
        sex=next((one for one in _SEXES if one == asked.sex), "U"),
        birth_date=born[0],
        birth_lunar=born[1],
        # The NIR holds the place of birth in its 6th to 10th characters.
        birth_place=Birthplace(
            (place.postal_code if place else "") or number[5:10], place.city if place else ""
        ),
        telecom=(),
        address=None,
        deceased=False,
        minor=is_minor(born[0], today.date(), majority),
        dmp=DmpState("absent", None, None, False, False, False, False),
        authorisations=(),
        documents=(),
    )


def opened(asked: GdpRequest, patient: Patient, now: datetime) -> Patient:
    """TD1.1."""
    dmp = DmpState(
        status="active",
        opened=now,
        closed=None,
        internet_account=False,
        attached_to_mes=False,
        opposition_bris_de_glace=_said(asked, BREAK_GLASS, default=False),
        opposition_acces_urgence=_said(asked, REGULATION, default=False),
        consent_at=_consent(asked, "TD1.1", now),
        wishes=patient.dmp.wishes,
    )
    return replace(_administrative(asked, patient, keep=False), dmp=dmp)


def reopened(asked: GdpRequest, patient: Patient, now: datetime, *, keep: bool) -> Patient:
    """TD1.2: what the record held before it was closed is still there. `keep`: see `changed`."""
    written = changed(asked, patient, keep=keep)
    dmp = replace(written.dmp, status="active", closed=None, consent_at=_consent(asked, "TD1.2", now))
    return replace(written, dmp=dmp)


def changed(asked: GdpRequest, patient: Patient, *, keep: bool) -> Patient:
    """TD1.3b. `keep`: contacts, address and representative that the message lacks stay, else they go."""
    dmp = replace(
        patient.dmp,
        opposition_bris_de_glace=_said(asked, BREAK_GLASS, default=patient.dmp.opposition_bris_de_glace),
        opposition_acces_urgence=_said(asked, REGULATION, default=patient.dmp.opposition_acces_urgence),
    )
    return replace(_administrative(asked, patient, keep=keep), dmp=dmp)


def closed(asked: GdpRequest, patient: Patient, now: datetime) -> Patient:
    """TD1.4: when, the code, and what the closer wrote."""
    code, text = (asked.issue.code, asked.issue.text) if asked.issue else ("", "")
    closure = Closure(now, code or "NON_PRECISE", text)
    return replace(patient, dmp=replace(patient.dmp, status="closed", closed=closure))


def _administrative(asked: GdpRequest, patient: Patient, *, keep: bool) -> Patient:
    told = asked.name
    usual = "" if told.usual == _UNFILLED else told.usual
    telecom = tuple(one for one in map(_telecom, asked.telecom) if one is not None)
    where = _address(asked.address)
    who = _representative(asked.representative)
    return replace(
        patient,
        family_usual=usual or (patient.family_usual if keep else ""),
        prefix=told.prefix or patient.prefix,
        telecom=telecom or (patient.telecom if keep else ()),
        address=where or (patient.address if keep else None),
        legal_representative=who or (patient.legal_representative if keep else None),
    )


def _said(asked: GdpRequest, code: str, *, default: bool) -> bool:
    found = asked.observed(code)
    return default if found is None else found.value in ("true", "1")


def _consent(asked: GdpRequest, transaction: str, now: datetime) -> datetime:
    """When the consent was given: to the day or to the second; now when it can't be read."""
    found = asked.observed(CONSENT[transaction])
    try:
        return parse_dtm(found.at).start.astimezone(UTC) if found else now
    except IdentifierError:
        return now


def _telecom(one: Contact) -> Telecom | None:
    scheme, _, value = one.value.partition(":")
    value = value.strip()
    if not value:
        return None
    if scheme.lower() == "mailto":
        return Telecom("MAIL", value)
    if scheme.lower() != "tel":
        return None
    mobile = one.use == "MC" or (one.use != "HP" and value.startswith(_MOBILE))
    return Telecom("MC" if mobile else "HP", value)


def _address(place: Place | None) -> Address | None:
    if place is None or place == Place():
        return None
    return Address(place.lines, place.postal_code, place.city, place.country, place.locator)


def _representative(told: Relationship | None) -> Representative | None:
    if told is None:
        return None
    family = told.name.usual or told.name.birth or next(iter(told.name.other), "")
    if not family:
        return None
    other: Quality = "RESPRSN"
    return Representative(
        quality=next((one for one in QUALITIES if one == told.quality), other),
        family=family,
        given=told.name.given,
        prefix=told.name.prefix,
        address=_address(told.address),
        telecom=tuple(one for one in map(_telecom, told.telecom) if one is not None),
    )
