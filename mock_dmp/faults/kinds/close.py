"""Fault close-without-answer: the connection ends in order, and nothing was said."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "close-without-answer",
    family="connection",
    text=Text(
        "La connexion est fermée proprement sans aucune réponse",
        "The connection is closed in order without any answer",
    ),
    reaction=Text(
        "Tenir l'issue pour inconnue ; renvoyer le même lot avec les mêmes identifiants, ou chercher avant de renvoyer",
        "Hold the outcome for unknown; send the same set with the same ids again, or search before sending",
    ),
    stage="conduct",
    moments=("after", "before"),
    forbids=("AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    confidence="A",
)
def close(answering: Answering) -> None:
    answering.behave(silent=True, end="close")
