"""Views of the requests of the DMP's own services: TD0.4, TD1.5a to d, TD1.6.

Every element is optional in the interface, so a missing one is "". An element given twice is refused, for nobody
could tell which counts; whether values are the right ones is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text


@dataclass(frozen=True, slots=True)
class PatientListRequest:
    """TD0.4 `patientList`. `start_date`: YYYYMMDDhhmmss UTC; `owner`: psOwnerId, on whose behalf one asks.

    `strangers`: names of elements that the operation does not have.
    """

    start_date: str
    date_type: str
    owner: str
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """TD1.5a `createPatientAccess` and TD1.5b/c `patientOTPUpdate` (the only one with an `action`).

    `type`: SMS or EMAIL; `value`: the element `canal`.
    """

    type: str
    value: str
    action: str = ""
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReissueRequest:
    """TD1.5d `updatePatientAccess`, which says nothing."""

    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorisationListRequest:
    """TD1.6 `listAuthorizationByPatient`. `mode`: ACTIVE, INTERDITE, TOUTE."""

    mode: str
    strangers: tuple[str, ...] = ()


def read_patient_list(payload: etree._Element) -> PatientListRequest:
    """Raises MetadataError: another root, an element twice."""
    values, strangers = _read(
        payload, facts.PATIENTS, ("patientList",), ("startDate", "dateType", "psOwnerId")
    )
    return PatientListRequest(values["startDate"], values["dateType"], values["psOwnerId"], strangers)


def read_channel(payload: etree._Element) -> ChannelRequest:
    """Raises MetadataError: another root, an element twice."""
    update = payload.tag == f"{{{facts.PATIENTS}}}patientOTPUpdate"
    known = ("type", "canal", "action") if update else ("type", "canal")
    values, strangers = _read(payload, facts.PATIENTS, ("createPatientAccess", "patientOTPUpdate"), known)
    return ChannelRequest(values["type"], values["canal"], values.get("action", ""), strangers)


def read_reissue(payload: etree._Element) -> ReissueRequest:
    """Raises MetadataError: another root."""
    return ReissueRequest(_read(payload, facts.PATIENTS, ("updatePatientAccess",), ())[1])


def read_authorisation_list(payload: etree._Element) -> AuthorisationListRequest:
    """Raises MetadataError: another root, an element twice."""
    values, strangers = _read(payload, facts.HABILITATIONS, ("listAuthorizationByPatient",), ("mode",))
    return AuthorisationListRequest(values["mode"], strangers)


def _read(
    payload: etree._Element, namespace: str, roots: tuple[str, ...], known: tuple[str, ...]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Text of each known child, "" when absent; then the names of the others."""
    wanted = [f"{{{namespace}}}{root}" for root in roots]
    if payload.tag not in wanted:
        raise MetadataError(
            "WS-001",
            Text("ce n'est pas le message de l'opération", "this is not the message of the operation"),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=" | ".join(wanted),
        )
    children = [child for child in payload if isinstance(child.tag, str)]
    twice = [str(tag) for tag, count in Counter(child.tag for child in children).items() if count > 1]
    if twice:
        raise MetadataError(
            "WS-002",
            Text("un élément est donné deux fois", "an element is given twice"),
            field=safexml.path_of(payload),
            found=", ".join(etree.QName(tag).localname for tag in twice),
        )
    found = {str(child.tag): safexml.text(child) for child in children}
    values = {name: found.pop(f"{{{namespace}}}{name}", "") for name in known}
    return values, tuple(found)
