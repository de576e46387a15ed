"""Fault changed-bytes: the document is not the one whose hash was told."""

from __future__ import annotations

import io
from dataclasses import replace

from mock_dmp.context import Attachment
from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "changed-bytes",
    family="content",
    text=Text(
        "Les octets du document ne sont plus ceux de son empreinte, et restent lisibles",
        "The bytes of the document are no longer those of its hash, and stay readable",
    ),
    reaction=Text(
        "Comparer l'empreinte et la taille à celles de la fiche ; signaler, ne pas montrer comme sûr",
        "Compare hash and size with those of the entry; tell, do not show as safe",
    ),
    stage="envelope",
    forbids=("AFTER-STORM",),
    confidence="B",
)
def changed(answering: Answering) -> None:
    answering.attachments = tuple(_longer(part) for part in answering.attachments)


def _longer(part: Attachment) -> Attachment:
    """A comment after the end: still well-formed, when it was XML."""
    with part.open() as stream:
        data = stream.read() + b"<!-- ajout -->"
    return replace(part, open=lambda: io.BytesIO(data))
