"""View of the HL7 v3 patient search PRPA_IN201305UV02 (TD0.5, IHE PDQv3 ITI-47).

Lenient: what is missing is "" or None. Whether the criteria are enough, well written or allowed is decided
elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text
from protocol.hl7v3 import Instance

QUESTION: Final = "PRPA_IN201305UV02"
_ROOT: Final = f"{{{facts.HL7}}}{QUESTION}"
_QUERY: Final = "hl7:controlActProcess/hl7:queryByParameter"
_LIST: Final = f"{_QUERY}/hl7:parameterList"
_APPROXIMATE: Final = "SRCH"
#: Where each criterion has its value.
_VALUES: Final = {
    "livingSubjectAdministrativeGender": "hl7:livingSubjectAdministrativeGender/hl7:value",
    "livingSubjectBirthTime": "hl7:livingSubjectBirthTime/hl7:value",
    "livingSubjectName": "hl7:livingSubjectName/hl7:value",
    "patientAddress": "hl7:patientAddress/hl7:value",
}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the patient looked for is like; "" where nothing is asked.

    `birth` is YYYYMMDD and `sex` M or F when well written, kept as they came. `approximate_name` and
    `approximate_address` are use="SRCH": near values are wanted too.
    """

    family: str = ""
    given: str = ""
    approximate_name: bool = False
    birth: str = ""
    sex: str = ""
    postal_code: str = ""
    city: str = ""
    approximate_address: bool = False


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """The question and what its answer repeats. `trigger` is the code of controlActProcess."""

    message_id: Instance
    interaction: str
    trigger: str
    query_id: Instance
    sender_oid: str
    sender_name: str
    receiver_oid: str
    criteria: Criteria

    @property
    def reason(self) -> str:
        """A search has no reason code."""
        return ""


def read_search(payload: etree._Element, *, lenient: bool = False) -> PatientSearch:
    """Read the payload of a SOAP body; `lenient` takes the first of a criterion that is given twice.

    Raises MetadataError: another root, not exactly one query by parameter, a criterion given twice.
    """
    if payload.tag != _ROOT:
        raise MetadataError(
            "HL7-001",
            Text("le message HL7 v3 n'est pas celui attendu", "the HL7 v3 message isn't the expected one"),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=_ROOT,
        )
    _exactly_one(payload, _QUERY, "controlActProcess/queryByParameter")
    return PatientSearch(
        message_id=_instance(payload, "hl7:id"),
        interaction=safexml.value(payload, "hl7:interactionId/@extension"),
        trigger=safexml.value(payload, "hl7:controlActProcess/hl7:code/@code"),
        query_id=_instance(payload, f"{_QUERY}/hl7:queryId"),
        sender_oid=safexml.value(payload, "hl7:sender/hl7:device/hl7:id/@root"),
        sender_name=safexml.value(payload, "hl7:sender/hl7:device/hl7:softwareName"),
        receiver_oid=safexml.value(payload, "hl7:receiver/hl7:device/hl7:id/@root"),
        criteria=_criteria(payload, lenient),
    )


def _criteria(payload: etree._Element, lenient: bool) -> Criteria:
    name = _criterion(payload, "livingSubjectName", lenient)
    address = _criterion(payload, "patientAddress", lenient)
    birth = _criterion(payload, "livingSubjectBirthTime", lenient)
    sex = _criterion(payload, "livingSubjectAdministrativeGender", lenient)
    return Criteria(
        family=_part(name, "family"),
        given=_part(name, "given"),
        approximate_name=name is not None and name.get("use", "") == _APPROXIMATE,
        birth="" if birth is None else birth.get("value", "").strip(),
        sex="" if sex is None else sex.get("code", "").strip(),
        postal_code=_part(address, "postalCode"),
        city=_part(address, "city"),
        approximate_address=address is not None and address.get("use", "") == _APPROXIMATE,
    )


def _criterion(payload: etree._Element, name: str, lenient: bool) -> etree._Element | None:
    found = safexml.xpath(payload, f"{_LIST}/{_VALUES[name]}")
    if len(found) > 1 and not lenient:
        raise MetadataError(
            "HL7-004",
            Text("un critère de recherche est donné deux fois", "a search criterion is given twice"),
            field=f"parameterList/{name}/value",
            found=str(len(found)),
            expected="1",
        )
    return found[0] if found else None


def _part(value: etree._Element | None, name: str) -> str:
    return "" if value is None else " ".join(safexml.value(value, f"hl7:{name}").split())


def _exactly_one(payload: etree._Element, path: str, field: str) -> None:
    count = len(safexml.xpath(payload, path))
    if count != 1:
        raise MetadataError(
            "HL7-002",
            Text("il faut exactement une requête par paramètres", "exactly one query by parameter is needed"),
            field=field,
            found=str(count),
            expected="1",
        )


def _instance(payload: etree._Element, path: str) -> Instance:
    return safexml.value(payload, f"{path}/@root"), safexml.value(payload, f"{path}/@extension")
