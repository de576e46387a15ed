"""Fault relates-to-wrong: an answer to somebody else."""

from __future__ import annotations

import uuid

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text

_NOBODY = uuid.uuid5(uuid.NAMESPACE_OID, "dmpcompat relates-to-wrong").urn


@fault(
    "relates-to-wrong",
    family="addressing",
    text=Text(
        "wsa:RelatesTo nomme un message que personne n'a envoyé",
        "wsa:RelatesTo names a message that nobody sent",
    ),
    reaction=Text(
        "Refuser la réponse : elle peut être celle d'un autre patient",
        "Refuse the answer: it may be about another patient",
    ),
    stage="envelope",
    forbids=("AFTER-ANSWER-USED", "AFTER-OTHER-BYTES", "AFTER-STORM"),
    confidence="B",
)
def wrong(answering: Answering) -> None:
    found = answering.header("RelatesTo")
    if found is not None:
        found.text = _NOBODY
