"""Fault reset: the connection is reset (RST) before the answer, or inside its body."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "reset",
    family="connection",
    text=Text(
        "La connexion est coupée brutalement (RST), avant la réponse ou après quelques octets de son corps",
        "The connection is reset (RST), before the answer or after some bytes of its body",
    ),
    reaction=Text(
        "Tenir l'issue pour inconnue ; renvoyer le même lot avec les mêmes identifiants, ou chercher avant de renvoyer",
        "Hold the outcome for unknown; send the same set with the same ids again, or search before sending",
    ),
    stage="conduct",
    moments=("after", "before"),
    forbids=("AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    parameters=(
        Parameter(
            "bytes",
            0,
            Text(
                "octets du corps envoyés avant la coupure ; 0 : pas même l'en-tête",
                "bytes of the body sent before the reset; 0: not even the head",
            ),
        ),
    ),
    confidence="A",
)
def reset(answering: Answering, *, bytes: int) -> None:
    if bytes and bytes < len(answering.body):
        answering.announced = len(answering.body)
        answering.body = answering.body[:bytes]
        answering.behave(end="reset")
    else:
        answering.behave(silent=True, end="reset")
