"""Fault relates-to-missing: an answer that does not say what it answers."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering, remove
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "relates-to-missing",
    family="addressing",
    text=Text("wsa:RelatesTo manque", "wsa:RelatesTo is missing"),
    reaction=Text(
        "Refuser une réponse qu'on ne peut rattacher, ou s'en tenir à la connexion HTTP",
        "Refuse an answer that can't be related, or keep to the HTTP connection",
    ),
    stage="envelope",
    forbids=("AFTER-STORM",),
    confidence="B",
)
def missing(answering: Answering) -> None:
    remove(answering.header("RelatesTo"))
