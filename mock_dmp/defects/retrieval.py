"""Defects of TD3.2: the wrong document, or the right one altered."""

from __future__ import annotations

import io
from dataclasses import replace

from mock_dmp.context import Attachment
from mock_dmp.defects.api import defect
from mock_dmp.faults.answering import Answering, remove
from protocol import facts
from protocol.errors import Text

_DOCUMENTS = "soap:Body/xds:RetrieveDocumentSetResponse/xds:DocumentResponse"


@defect(
    "bytes-altered",
    text=Text("Le document rendu n'est plus celui déposé", "The document returned is no longer the one fed"),
    caught_by=("SEQ-RETRIEVED", "EXPECT-RETRIEVED"),
)
def bytes_altered(answering: Answering) -> None:
    answering.attachments = tuple(_altered(part) for part in answering.attachments)


def _altered(part: Attachment) -> Attachment:
    with part.open() as stream:
        data = stream.read()
    changed = data.replace(b"\n", b"\r\n") if b"\n" in data else data + b"\n"
    return replace(part, open=lambda: io.BytesIO(changed))


@defect(
    "mime-type-altered",
    text=Text("Le type du document rendu n'est pas celui de sa fiche", "The type is not that of the entry"),
    caught_by=("SEQ-RETRIEVED",),
)
def mime_type_altered(answering: Answering) -> None:
    for item in answering.nodes(f"{_DOCUMENTS}/xds:mimeType"):
        item.text = "application/octet-stream"


@defect(
    "other-document",
    text=Text("Le document rendu n'est pas celui demandé", "The document returned is not the one asked for"),
    caught_by=("RETRIEVE-DOCUMENTS",),
)
def other_document(answering: Answering) -> None:
    for item in answering.nodes(f"{_DOCUMENTS}/xds:DocumentUniqueId"):
        item.text = f"{item.text}.9"


@defect(
    "success-without-document",
    text=Text("Success alors que le document manque", "Success while the document is missing"),
    caught_by=("RETRIEVE-STATUS",),
)
def success_without_document(answering: Answering) -> None:
    for document in answering.nodes(_DOCUMENTS):
        remove(document)
    answering.attachments = ()


@defect(
    "partial-success-for-all",
    text=Text("PartialSuccess alors que tout est rendu", "PartialSuccess while everything is returned"),
    caught_by=("RETRIEVE-STATUS",),
)
def partial_for_all(answering: Answering) -> None:
    for response in answering.nodes("soap:Body/xds:RetrieveDocumentSetResponse/rs:RegistryResponse"):
        response.set("status", facts.PARTIAL_SUCCESS)
