"""Fault truncated-body: Content-Length says more than what comes; the connection ends there."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "truncated-body",
    family="http",
    text=Text(
        "Le corps s'arrête avant la longueur annoncée, et la connexion se ferme",
        "The body stops before the announced length, and the connection closes",
    ),
    reaction=Text(
        "Ne rien lire d'un corps incomplet ; tenir l'issue pour inconnue",
        "Read nothing of an incomplete body; hold the outcome for unknown",
    ),
    stage="conduct",
    forbids=("AFTER-ANSWER-USED", "AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-STORM"),
    parameters=(
        Parameter("percent", 60, Text("part du corps envoyée, en %", "part of the body sent, in %"), most=99),
    ),
    confidence="A",
)
def truncated(answering: Answering, *, percent: int) -> None:
    answering.announced = len(answering.body)
    answering.body = answering.body[: len(answering.body) * percent // 100]
    answering.behave(end="close")
