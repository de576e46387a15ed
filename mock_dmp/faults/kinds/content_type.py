"""Fault wrong-content-type: the right bytes under another media type."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "wrong-content-type",
    family="http",
    text=Text(
        "La réponse est la bonne, sous un autre Content-Type", "The right answer, under another Content-Type"
    ),
    reaction=Text(
        "Refuser la réponse et dire pourquoi ; ne rien faire de son contenu",
        "Refuse the answer and say why; do nothing with what it holds",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-OTHER-BYTES", "AFTER-STORM"),
    parameters=(
        Parameter("value", "text/html; charset=UTF-8", Text("valeur de l'en-tête", "value of the header")),
    ),
    confidence="B",
)
def content_type(answering: Answering, *, value: str) -> None:
    answering.set_header("Content-Type", "".join(sign for sign in value if sign.isprintable()))
