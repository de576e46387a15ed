"""What a message says that tells apart the transactions of one wsa:Action.

Four kinds (`protocol.transactions.Discriminator`): the reason code of HL7 v3, the card of the caller, the
`action` element of the DMP's own services, the operation of a metadata update. Candidates only: which of them
counts is for `Registry.by_action`, and a new metadata version says all it means only beside the current one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree

from protocol import facts
from protocol.safexml import value, xpath

#: Producers that are no health professionals (TRE_A00), and the one among them that bears a card.
OID_PRODUCERS: Final = "1.2.250.1.213.1.1.4.6"
SECRETARY: Final = "SECRETARIAT_MEDICAL"

_REASON: Final = "hl7:controlActProcess/hl7:reasonCode/@code"
_ACTION: Final = "*[local-name() = 'action']"
_ATTRIBUTE: Final = "saml:AttributeStatement/saml:Attribute[@Name = '{}']/saml:AttributeValue"
_ROLE: Final = _ATTRIBUTE.format("urn:oasis:names:tc:xacml:2.0:subject:role") + "//hl7:Role"
_MODES: Final = tuple(_ATTRIBUTE.format(name) for name in ("Authentification_mode", "Authentification_Mode"))
_NEW_STATUS: Final = (
    f"rim:RegistryObjectList/rim:Association[@associationType = '{facts.UPDATE_STATUS}']"
    "/rim:Slot[@name = 'NewStatus']/rim:ValueList/rim:Value[1]"
)
_VERSIONS: Final = "rim:RegistryObjectList/rim:ExtrinsicObject"
_CONFIDENTIALITY: Final = f"rim:Classification[@classificationScheme = '{facts.DE_CONFIDENTIALITY}']"

_BY_STATUS: Final = {facts.DELETED: "delete", facts.ARCHIVED: "archive", facts.APPROVED: "unarchive"}


def of_message(body: etree._Element, assertions: Iterable[etree._Element]) -> frozenset[str]:
    """Every candidate value of a message: its payload, and the assertions of its WS-Security header.

    The assertion is not verified yet: nothing but the choice of a transaction may rest on this.
    """
    said = {value(body, _REASON), value(body, _ACTION), *(card(one) for one in assertions)}
    return frozenset(said | operations(body)) - {""}


def card(assertion: etree._Element) -> str:
    """`CPE` for a secretary of a direct or AIR call, `none` in indirect mode, else `CPS` (TD2.1, TD2.2)."""
    mode = next((found for path in _MODES if (found := value(assertion, path))), "DIRECTE")
    if mode.upper() == "INDIRECTE":
        return "none"
    first = next(iter(xpath(assertion, _ROLE)), None)
    told = ("", "") if first is None else (first.get("code", ""), first.get("codeSystem", ""))
    return "CPE" if told == (SECRETARY, OID_PRODUCERS) else "CPS"


def operations(body: etree._Element) -> set[str]:
    """The operations that a metadata update names (ITI-57): by NewStatus, by the codes of a new version."""
    found = {_BY_STATUS.get(value(one, "."), "") for one in xpath(body, _NEW_STATUS)}
    for version in xpath(body, _VERSIONS):
        if version.get("lid"):
            codes = {one.get("nodeRepresentation", "") for one in xpath(version, _CONFIDENTIALITY)}
            found.add("mask" if facts.MASKED in codes else "unmask")
    return found - {""}


def status_operation(new_status: str) -> str:
    """delete, archive or unarchive; "" for a status that no operation leads to."""
    return _BY_STATUS.get(new_status, "")


def visibility_operations(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """What a new version does to the visibility codes: any of mask, unmask, show, hide; none when equal."""
    then, now = set(before), set(after)
    found = []
    if (facts.MASKED in now) != (facts.MASKED in then):
        found.append("mask" if facts.MASKED in now else "unmask")
    hidden = {facts.HIDDEN_FROM_PATIENT, facts.HIDDEN_FROM_REPRESENTATIVES}
    if hidden & (then - now):
        found.append("show")
    if hidden & (now - then):
        found.append("hide")
    return tuple(found)
