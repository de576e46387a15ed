"""Fault malformed-xml: an answer that no XML parser takes."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "malformed-xml",
    family="xml",
    text=Text("Le XML de la réponse est mal formé", "The XML of the answer is not well-formed"),
    reaction=Text(
        "Refuser la réponse entière ; ne rien en tirer par recherche de texte",
        "Refuse the whole answer; take nothing out of it by looking for text",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-OTHER-BYTES", "AFTER-STORM"),
    confidence="B",
)
def malformed(answering: Answering) -> None:
    """The end tag of the Body is spoiled: everything that matters came before."""
    answering.body = answering.body.replace(b"</soap:Body>", b"</soap:Bod>", 1)
