"""OutgoingMessage: what the driver is about to send, and the facts it expects to find again in the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.exchange import Headers


@dataclass(frozen=True)
class OutgoingMessage:
    """One HTTP request, ready to be sent.

    `path` starts with `/`; `headers` hold Content-Type (and what an alteration added), never Host nor
    Content-Length, which belong to the client. `facts` hold strings or tuples of strings: `message_id`,
    `assertion_id`, `patient`, and per message `submission_unique_id`, `document_unique_ids`, `query_id`...
    `alterations` name the deliberate defects in it.
    """

    transaction: str
    path: str
    headers: Headers
    body: bytes
    facts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    alterations: tuple[str, ...] = ()
    method: str = "POST"

    def fact(self, name: str) -> str:
        """A fact as one string; "" when absent, the first one when there are many."""
        found = self.facts.get(name, "")
        if isinstance(found, tuple):
            return found[0] if found else ""
        return found
