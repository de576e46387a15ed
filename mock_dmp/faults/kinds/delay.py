"""Fault delay: the answer comes late. The clock of the session does not move."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "delay",
    family="connection",
    text=Text(
        "La réponse se fait attendre ; avant : le travail aussi attend ; après : il est fait et enregistré d'abord",
        "The answer is late; before: the work waits too; after: it is done and registered first",
    ),
    reaction=Text(
        "Rester utilisable ; au bout de son délai, tenir l'issue pour inconnue et renvoyer à l'identique",
        "Stay usable; after its timeout, hold the outcome for unknown and send the same again",
    ),
    stage="conduct",
    moments=("after", "before"),
    forbids=("AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    parameters=(Parameter("seconds", 5.0, Text("attente, en secondes", "wait, in seconds"), most=600),),
    confidence="A",
)
def delay(answering: Answering, *, seconds: float) -> None:
    """A delay `before` was waited for by the caller already (mock_dmp.faults.striking)."""
    answering.behave(delay=seconds)
