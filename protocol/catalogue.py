"""The error catalogue: every code that the DMP, IHE or the mock may answer, with its carrier and its words.

Reads datasets/errors/catalogue.yaml. `official` tells the codes seen in the interface or in a standard from
those of the mock; whether a code is raised, and where, is for the mock.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Carrier = Literal["fault", "ebxml", "ack", "ws", "page"]
SoapCode = Literal["Sender", "Receiver", "MustUnderstand", "VersionMismatch"]

_CARRIERS: Final[tuple[Carrier, ...]] = ("fault", "ebxml", "ack", "ws", "page")
_SOAP_CODES: Final[tuple[SoapCode, ...]] = ("Sender", "Receiver", "MustUnderstand", "VersionMismatch")


@dataclass(frozen=True)
class ErrorEntry:
    """One code. `carrier`: SOAP fault, ebXML RegistryError, HL7 v3 acknowledgement, status of a custom service, page
    of Web-PS.

    `soap_code` is the Code of the fault when it travels as one; `http_status` that of the answer then, and
    of a page (another carrier answers 200). `severity` is warning for what does not fail the request. `common`: any
    call may meet it.
    """

    code: str
    carrier: Carrier
    soap_code: SoapCode
    http_status: int
    severity: Literal["error", "warning"]
    text: Text
    official: bool
    common: bool
    source: str
    confidence: Literal["A", "B", "C"]

    @property
    def subcode(self) -> str:
        """Subcode of the fault, prefix included; "" for a code that is a Code of SOAP itself."""
        return "" if self.code == f"soap:{self.soap_code}" else self.code


@cache
def entries() -> Mapping[str, ErrorEntry]:
    """Every code. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "errors" / "catalogue.yaml")
    found: dict[str, ErrorEntry] = {}
    fields = Fields(document.data, document)
    for entry in fields.each("errors", _entry, empty=False):
        if entry.code in found:
            raise fields.refuse(
                "ERR-002", Text("code écrit deux fois", "code written twice"), "errors", entry.code
            )
        found[entry.code] = entry
    fields.done()
    return MappingProxyType(found)


def error(code: str) -> ErrorEntry:
    """The entry of that code. Raises ToolError for a code that the catalogue lacks."""
    known = entries()
    if code not in known:
        near = difflib.get_close_matches(code, known, 1)
        raise ToolError(
            "ERR-001",
            Text("code d'erreur absent du catalogue", "error code missing from the catalogue"),
            found=code,
            expected=near[0] if near else "datasets/errors/catalogue.yaml",
        )
    return known[code]


def _entry(fields: Fields) -> ErrorEntry:
    carrier = fields.one_of("carrier", _CARRIERS)
    read = ErrorEntry(
        code=fields.text("code"),
        carrier=carrier,
        soap_code=fields.one_of("soap_code", _SOAP_CODES, "Sender"),
        http_status=fields.number("http_status", 500),
        severity=fields.one_of("severity", ("error", "warning"), "error"),
        text=fields.words("text"),
        official=fields.flag("official"),
        common=fields.flag("common", False),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    return read
