"""Fault corrupt-boundary: the delimiters of the parts are not those of the Content-Type."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "corrupt-boundary",
    family="mtom",
    text=Text(
        "Le boundary du Content-Type n'est pas celui du corps",
        "The boundary of the Content-Type is not the body's",
    ),
    reaction=Text(
        "Refuser la réponse ; ne pas deviner où commencent les parties",
        "Refuse the answer; do not guess where the parts begin",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-STORM"),
    confidence="B",
)
def boundary(answering: Answering) -> None:
    """Without effect on an answer that is not multipart."""
    answering.set_header("Content-Type", answering.content_type().replace('boundary="', 'boundary="x-'))
