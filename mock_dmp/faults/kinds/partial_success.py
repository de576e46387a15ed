"""Fault partial-success: some of what was asked is refused, the rest is there."""

from __future__ import annotations

from lxml import etree

from mock_dmp.faults.answering import Answering, remove
from mock_dmp.faults.api import Parameter, fault
from protocol import catalogue, facts
from protocol.errors import Text

_RESPONSE = (
    "soap:Body/rs:RegistryResponse | soap:Body/*/rs:RegistryResponse | soap:Body/query:AdhocQueryResponse"
)


@fault(
    "partial-success",
    family="service",
    text=Text(
        "PartialSuccess : une erreur, et une partie des objets seulement",
        "PartialSuccess: one error, and some of the objects only",
    ),
    reaction=Text(
        "Montrer ce qui est venu et dire ce qui manque ; redemander le seul manquant",
        "Show what came and tell what is missing; ask again for the missing only",
    ),
    stage="envelope",
    forbids=("AFTER-STORM",),
    parameters=(
        Parameter(
            "code",
            "XDSRegistryBusy",
            Text("code de l'erreur", "code of the error"),
            values=tuple(catalogue.entries()),
        ),
    ),
    confidence="B",
)
def partial(answering: Answering, *, code: str) -> None:
    """The last object or document goes; one stays when there are several."""
    for response in answering.nodes(_RESPONSE):
        response.set("status", facts.PARTIAL_SUCCESS)
        listing = etree.Element(f"{{{facts.RS}}}RegistryErrorList", highestSeverity=facts.SEVERITY_ERROR)
        etree.SubElement(
            listing,
            f"{{{facts.RS}}}RegistryError",
            errorCode=code,
            codeContext=catalogue.error(code).text.fr,
            severity=facts.SEVERITY_ERROR,
        )
        response.insert(0, listing)
    for items in ("soap:Body/*/rim:RegistryObjectList/*", "soap:Body/*/xds:DocumentResponse"):
        found = answering.nodes(items)
        if found:
            remove(found[-1])
            answering.attachments = answering.attachments[: len(found) - 1]
