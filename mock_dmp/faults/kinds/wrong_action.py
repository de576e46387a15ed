"""Fault wrong-action: an answer that says it is another one."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "wrong-action",
    family="addressing",
    text=Text("wsa:Action de la réponse n'est pas la bonne", "wsa:Action of the answer is not the right one"),
    reaction=Text("Refuser la réponse et dire pourquoi", "Refuse the answer and say why"),
    stage="envelope",
    forbids=("AFTER-STORM",),
    parameters=(
        Parameter(
            "value", "urn:dmpcompat:action-inattendue", Text("valeur de wsa:Action", "value of wsa:Action")
        ),
    ),
    confidence="C",
)
def wrong(answering: Answering, *, value: str) -> None:
    found = answering.header("Action")
    if found is not None:
        found.text = value
