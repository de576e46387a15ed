"""View of the HL7 v3 query by identifier, PRPA_IN201307UV02: existence of a DMP (TD0.2), its data (TD1.3a).

Lenient: what is missing is "". Whether receiver, reason or identity are the right ones is decided elsewhere.
The nil elements that some stacks emit are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text

_HL7 = f"{{{facts.HL7}}}"
_ROOT = f"{_HL7}PRPA_IN201307UV02"
_QUERY = "hl7:controlActProcess/hl7:queryByParameter"

#: An II: (root, extension).
Instance = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Opening:
    """What any message of the service says before its subject; the fields are those of `GdpQuery`."""

    message_id: Instance
    reason: str
    sender_oid: str
    sender_name: str


@dataclass(frozen=True, slots=True)
class GdpQuery:
    """What the query asks, of whom and by whom.

    `interaction` is interactionId/@extension, `reason` the code of controlActProcess/reasonCode (TEST_EXST…),
    `created` is creationTime/@value (DTM, UTC) and `processing` processingCode/@code, both as written.
    """

    message_id: Instance
    interaction: str
    reason: str
    patient: Instance
    query_id: Instance
    sender_oid: str
    sender_name: str
    receiver_oid: str
    created: str = ""
    processing: str = ""


def read_opening(payload: etree._Element) -> Opening:
    """Read what an answer repeats, of a message that can't be read further."""
    return Opening(
        message_id=_instance(payload, "hl7:id"),
        reason=safexml.value(payload, "hl7:controlActProcess/hl7:reasonCode/@code"),
        sender_oid=safexml.value(payload, "hl7:sender/hl7:device/hl7:id/@root"),
        sender_name=safexml.value(payload, "hl7:sender/hl7:device/hl7:softwareName"),
    )


def read_query_by_identifier(payload: etree._Element) -> GdpQuery:
    """Read the payload of a SOAP body.

    Raises MetadataError: another root, no query by parameter, or two different patients asked at once.
    """
    if payload.tag != _ROOT:
        raise MetadataError(
            "HL7-001",
            Text("le message HL7 v3 n'est pas celui attendu", "the HL7 v3 message isn't the expected one"),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=_ROOT,
        )
    if len(safexml.xpath(payload, _QUERY)) != 1:
        raise MetadataError(
            "HL7-002",
            Text("il faut exactement une requête par paramètres", "exactly one query by parameter is needed"),
            field="controlActProcess/queryByParameter",
            found=str(len(safexml.xpath(payload, _QUERY))),
            expected="1",
        )
    return GdpQuery(
        message_id=_instance(payload, "hl7:id"),
        interaction=safexml.value(payload, "hl7:interactionId/@extension"),
        reason=safexml.value(payload, "hl7:controlActProcess/hl7:reasonCode/@code"),
        patient=_patient(payload),
        query_id=_instance(payload, f"{_QUERY}/hl7:queryId"),
        sender_oid=safexml.value(payload, "hl7:sender/hl7:device/hl7:id/@root"),
        sender_name=safexml.value(payload, "hl7:sender/hl7:device/hl7:softwareName"),
        receiver_oid=safexml.value(payload, "hl7:receiver/hl7:device/hl7:id/@root"),
        created=safexml.value(payload, "hl7:creationTime/@value"),
        processing=safexml.value(payload, "hl7:processingCode/@code"),
    )


def _patient(payload: etree._Element) -> Instance:
    asked = safexml.xpath(payload, f"{_QUERY}/hl7:parameterList/hl7:patientIdentifier/hl7:value")
    patients = {(value.get("root", ""), value.get("extension", "")) for value in asked}
    if len(patients) > 1:
        raise MetadataError(
            "HL7-003",
            Text("la requête porte sur plusieurs patients", "the query is about several patients"),
            field="parameterList/patientIdentifier/value",
            found=", ".join("^".join(patient) for patient in sorted(patients)),
            expected="1",
        )
    return patients.pop() if patients else ("", "")


def _instance(payload: etree._Element, path: str) -> Instance:
    return safexml.value(payload, f"{path}/@root"), safexml.value(payload, f"{path}/@extension")
