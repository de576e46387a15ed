"""Fault dribble: the body comes a few bytes at a time."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "dribble",
    family="connection",
    text=Text(
        "Le corps de la réponse arrive goutte à goutte, entier à la fin",
        "The body of the answer dribbles in, whole in the end",
    ),
    reaction=Text(
        "Attendre la fin ou abandonner à son délai, sans bloquer l'utilisateur ni agir sur un morceau",
        "Wait for the end or give up at its timeout, without blocking the user or acting on a piece",
    ),
    stage="conduct",
    forbids=("AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-STORM"),
    parameters=(Parameter("rate", 200, Text("octets par seconde", "bytes a second"), least=1),),
    confidence="B",
)
def dribble(answering: Answering, *, rate: int) -> None:
    answering.behave(rate=rate)
