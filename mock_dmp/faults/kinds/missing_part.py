"""Fault missing-part: a part that an xop:Include names is not there."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "missing-part",
    family="mtom",
    text=Text(
        "La partie que nomme un xop:Include n'est pas dans le message",
        "The part that an xop:Include names is not in the message",
    ),
    reaction=Text(
        "Dire que le document manque ; ne pas en montrer un autre ni un vide",
        "Tell that the document is missing; show neither another one nor an empty one",
    ),
    stage="envelope",
    forbids=("AFTER-STORM",),
    confidence="B",
)
def missing(answering: Answering) -> None:
    """The last one. Without effect on an answer without parts; the references stay."""
    answering.attachments = answering.attachments[:-1]
