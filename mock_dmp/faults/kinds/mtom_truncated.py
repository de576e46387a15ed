"""Fault truncated-mtom: the last part is cut, and Content-Length agrees: only MIME can tell."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "truncated-mtom",
    family="mtom",
    text=Text(
        "La dernière partie est coupée et le délimiteur final manque, avec une longueur HTTP juste",
        "The last part is cut and the final delimiter is missing, with a right HTTP length",
    ),
    reaction=Text(
        "Refuser le document incomplet ; vérifier la fin du multipart et l'empreinte de la fiche",
        "Refuse the incomplete document; check the end of the multipart and the hash of the entry",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-STORM"),
    parameters=(
        Parameter("percent", 80, Text("part du corps gardée, en %", "part of the body kept, in %"), most=99),
    ),
    confidence="B",
)
def truncated(answering: Answering, *, percent: int) -> None:
    """Without effect on an answer that is not multipart."""
    if answering.content_type().startswith("multipart/"):
        answering.body = answering.body[: len(answering.body) * percent // 100]
