"""What an answer says of success or failure, whatever carries it: SOAP fault, ebXML, acknowledgement, status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from protocol import catalogue, facts, safexml
from protocol.errors import NO_TEXT, Text

_MOST = 50
_FOUND, _EXPECTED = "trouvé : ", "attendu : "


@dataclass(frozen=True)
class Said:
    """One error or warning of the answer. `meaning` is the catalogue's; `where`, `found`, `expected` are what the
    mock wrote of this very request, `text` the sentence itself when it has no such parts.
    """

    code: str
    meaning: Text
    text: str
    where: str
    found: str
    expected: str
    warning: bool = False


def said(payload: etree._Element) -> list[Said]:
    """Every error and warning of the payload of an answer, in its order."""
    return [_read(*one) for one in list(_raw(payload))[:_MOST]]


def _raw(payload: etree._Element) -> Iterator[tuple[str, str, bool]]:
    value = safexml.value
    if payload.tag == f"{{{facts.SOAP12}}}Fault":
        code = value(payload, "soap:Code/soap:Subcode/soap:Value") or value(payload, "soap:Code/soap:Value")
        yield code, value(payload, "soap:Reason/soap:Text"), False
    for error in safexml.xpath(payload, ".//rs:RegistryError"):
        warning = error.get("severity", "").endswith("Warning")
        yield error.get("errorCode", ""), error.get("codeContext", "") or safexml.text(error), warning
    for detail in safexml.xpath(payload, ".//hl7:acknowledgementDetail"):
        warning = detail.get("typeCode") in ("I", "W")
        yield value(detail, "hl7:code/@code"), value(detail, "hl7:text"), warning
    for output in safexml.xpath(payload, "hab:output | pat:output"):
        status = value(output, "hab:status | pat:status")
        if status != "DMPOk":
            yield status, value(output, "hab:context | pat:context"), False


def _read(code: str, text: str, warning: bool) -> Said:
    """Take apart the line that `mock_dmp.acceptance.engine.Breach.context` writes, where there is one."""
    entry = catalogue.entries().get(code) or catalogue.entries().get(code.rpartition(":")[2])
    meaning = entry.text if entry else NO_TEXT
    rest = text.removeprefix(meaning.fr.rstrip(".")).removeprefix(" : ") if meaning.fr else text
    parts = rest.split(" — ")
    found = next((one.removeprefix(_FOUND) for one in parts if one.startswith(_FOUND)), "")
    expected = next((one.removeprefix(_EXPECTED) for one in parts if one.startswith(_EXPECTED)), "")
    others = [one for one in parts if not one.startswith((_FOUND, _EXPECTED)) and one]
    where = others.pop() if others and (found or expected) else ""
    return Said(code, meaning, " — ".join(others), where, found, expected, warning)
