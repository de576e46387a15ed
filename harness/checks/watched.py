"""What a software sent while it was watched: the requests of a window, and what must not be among them.

Made of captured exchanges and of what the evidence keeps of the window. No verdict: the rules are in `watching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks.judged import Declared, Judged
from protocol.exchange import Exchange
from protocol.transactions import Registry

#: Forbids every call.
ANY_CALL = "any"
#: Characters of a matricule before its key.
_NUMBER = 13


@dataclass(frozen=True)
class Watched:
    """One window.

    `forbid`: transactions, or `any`; `patient`: matricule, only requests that hold it count, "" for all of them;
    `frames`: requests of the window, each with its transaction; `others`: those that are of none (`POST /unknown`);
    `sent`: how many requests the software sent in the whole session, window included.
    """

    forbid: tuple[str, ...]
    patient: str
    frames: tuple[Judged, ...]
    others: tuple[str, ...]
    sent: int

    @property
    def any_call(self) -> bool:
        """Whether nothing at all may be sent."""
        return self.forbid == (ANY_CALL,)

    def about(self, frame: Judged) -> bool:
        """Whether a request is about the patient who is watched: it holds the number, with or without its key."""
        number = self.patient[:_NUMBER].encode()
        return number in frame.exchange.request.body + _target(frame)


def _target(frame: Judged) -> bytes:
    return frame.exchange.request.target.encode("utf-8", "replace")


def watched(
    exchanges: Sequence[Exchange], told: dict[str, Any], registry: Registry, declared: Declared
) -> Watched:
    """Read what the evidence keeps of a window.

    `told`: `forbid`, `patient`, `transactions` (id by exchange), `others`, `sent`.
    """
    return Watched(
        forbid=tuple(told["forbid"]),
        patient=told["patient"],
        frames=tuple(
            Judged(exchange, "request", registry.by_id(name), declared)
            for exchange, name in zip(exchanges, told["transactions"], strict=True)
        ),
        others=tuple(told["others"]),
        sent=int(told["sent"]),
    )
