"""Writers of the answers of the `habilitations` service: TD0.3, TD1.6."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lxml import etree

from mock_dmp.render.custom import OK, branch, response
from protocol import facts
from protocol.identifiers.dtm import dtm_of

__all__ = ["OK", "AuthorisationLine", "authorisation_list_response", "authorisation_response"]


@dataclass(frozen=True)
class AuthorisationLine:
    """One holder of TD1.6: a professional or a structure, and what the patient decided about it.

    `national_id_type`: OID of the numbering. `speciality`: `G15_10/SM26` and its label, () when unknown.
    """

    national_id: str
    national_id_type: str
    first_name: str
    last_name: str
    speciality: tuple[str, str] | None
    since: datetime
    last_action: datetime
    mode: Literal["ACTIVE", "INTERDITE"]
    medecin_traitant: bool


def authorisation_response(status: str = OK, context: str = "") -> etree._Element:
    """hab:setAuthorizationResponse; `context` is free text for the user, left out when empty."""
    return response(_name("setAuthorizationResponse"), status=status, context=context)


def authorisation_list_response(lines: Iterable[AuthorisationLine], context: str = "") -> etree._Element:
    """hab:listAuthorizationByPatientResponse: one listOfAuthorizationByPatient a line, then the status."""
    return response(
        _name("listAuthorizationByPatientResponse"), before=[_line(one) for one in lines], context=context
    )


def _line(one: AuthorisationLine) -> etree._Element:
    code, label = one.speciality or ("", "")
    return branch(
        facts.HABILITATIONS,
        "listOfAuthorizationByPatient",
        ("nationalId", one.national_id),
        ("nationalIdType", one.national_id_type),
        ("firstName", one.first_name),
        ("lastName", one.last_name),
        ("codeSpeciality", code),
        ("libSpeciality", label),
        ("startOfAuthorization", str(dtm_of(one.since))),
        ("lastActionDate", str(dtm_of(one.last_action))),
        ("mode", one.mode),
        ("specificRight", "MEDECIN_TRAITANT" if one.medecin_traitant else ""),
    )


def _name(local: str) -> str:
    return f"{{{facts.HABILITATIONS}}}{local}"
