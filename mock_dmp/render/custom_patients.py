"""Writers of the answers of the `patientsSpecific` service: TD0.4, TD1.5a to d."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from mock_dmp.render.custom import branch, leaf, response
from protocol import facts
from protocol.identifiers.dtm import dtm_of


@dataclass(frozen=True)
class PatientLine:
    """One DMP of TD0.4. `identifiers`: (number, OID of its domain); `birth`: YYYYMMDD; a moment may be None.

    `message`: what the interface means by it is not public, so the platform always says false.
    """

    identifiers: tuple[tuple[str, str], ...]
    last_name: str
    birth_name: str
    first_name: str
    civility: str
    birth: str
    medecin_traitant: bool
    last_access: datetime | None
    last_update: datetime | None
    last_add: datetime | None
    message: bool = False


def patient_list_response(lines: Iterable[PatientLine]) -> etree._Element:
    """pat:patientListResponse: one patientlistData a DMP, then the status."""
    return response(_name("patientListResponse"), before=[_line(one) for one in lines])


def credentials_response(operation: str, login: str, password: str) -> etree._Element:
    """The answer of createPatientAccess or updatePatientAccess: login, password, status."""
    secrets = [leaf(facts.PATIENTS, "login", login), leaf(facts.PATIENTS, "password", password)]
    return response(_name(f"{operation}Response"), before=secrets)


def channel_response(context: str = "") -> etree._Element:
    """pat:patientOTPUpdateResponse; `context` is free text for the user, left out when empty."""
    return response(_name("patientOTPUpdateResponse"), context=context)


def _line(one: PatientLine) -> etree._Element:
    line = etree.Element(_name("patientlistData"), nsmap={"pat": facts.PATIENTS})
    for number, domain in one.identifiers:
        pair = (("nationalId", number), ("nationalIdType", domain))
        line.append(branch(facts.PATIENTS, "patientIdentifier", *pair))
    for name, text in (
        ("lastName", one.last_name),
        ("patronymicalName", one.birth_name),
        ("firstName", one.first_name),
        ("civility", one.civility),
        ("dateOfBirth", one.birth),
        ("MT", _flag(one.medecin_traitant)),
        ("message", _flag(one.message)),
        ("lastAccessDate", _moment(one.last_access)),
        ("lastUpdateDate", _moment(one.last_update)),
        ("lastAddDate", _moment(one.last_add)),
    ):
        if text:
            line.append(leaf(facts.PATIENTS, name, text))
    return line


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: datetime | None) -> str:
    return "" if value is None else str(dtm_of(value))


def _name(local: str) -> str:
    return f"{{{facts.PATIENTS}}}{local}"
