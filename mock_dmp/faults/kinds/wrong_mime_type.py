"""Fault wrong-mime-type: a document under the media type of another."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "wrong-mime-type",
    family="content",
    text=Text(
        "Le mimeType du document n'est pas celui de ses octets",
        "The document's mimeType is not that of its bytes",
    ),
    reaction=Text(
        "Ne pas ouvrir à l'aveugle avec le programme associé au type",
        "Do not open blindly with the program of that type",
    ),
    stage="envelope",
    parameters=(Parameter("value", "application/x-msdownload", Text("type annoncé", "type that is told")),),
    confidence="C",
)
def wrong(answering: Answering, *, value: str) -> None:
    for item in answering.nodes("soap:Body/*/xds:DocumentResponse/xds:mimeType"):
        item.text = value
    for entry in answering.nodes("soap:Body/*/rim:RegistryObjectList/rim:ExtrinsicObject"):
        entry.set("mimeType", value)
