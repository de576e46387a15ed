"""Fault replayed-answer: an earlier answer of the same transaction comes again, byte for byte."""

from __future__ import annotations

from mock_dmp import journal
from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "replayed-answer",
    family="addressing",
    text=Text(
        "La réponse est celle, octet pour octet, d'un appel antérieur de la même transaction",
        "The answer is that of an earlier call of the same transaction, byte for byte",
    ),
    reaction=Text(
        "Voir à RelatesTo que la réponse n'est pas la sienne, et la refuser",
        "See by RelatesTo that the answer is not its own, and refuse it",
    ),
    stage="bytes",
    forbids=("AFTER-STORM",),
    confidence="B",
)
def replayed(answering: Answering) -> None:
    """The last answered exchange of the session. Without effect on the first call."""
    call = answering.call
    if call is None:
        return
    with call.session.store.read() as db:
        before = journal.listing(db, call.session.name, transaction=call.transaction.id)
    answered = [
        item["id"] for item in before if item["outcome"] == "answered" and item["response"] is not None
    ]
    old = journal.exchange(call.session.store, call.session.name, answered[-1]) if answered else None
    if old is not None and old.response is not None:
        answering.status, answering.headers, answering.body = (
            old.response.status,
            old.response.headers,
            old.response.body,
        )
