"""What followed a fault of the platform: the exchange that it struck, and the requests inside a window after it.

Made of captured exchanges, and of what the journal says of the fault. No verdict: the rules are in `after_fault`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from harness.checks.judged import Declared, Judged
from protocol.exchange import Exchange
from protocol.transactions import Registry


@dataclass(frozen=True)
class Window:
    """How far to look: at most `calls` requests after the fault, within `seconds`."""

    calls: int = 5
    seconds: int = 300


@dataclass(frozen=True)
class Aftermath:
    """One fault and its consequences.

    `hits`: how often the platform says that it struck; `struck`: the exchanges that it hit, request side; `before` and
    `later`: requests before the first of these, and after it inside the window. Without an exchange (a fault of the
    handshake) every request since the fault was armed is in `later`.
    """

    fault: str
    hits: int
    struck: tuple[Judged, ...]
    before: tuple[Judged, ...]
    later: tuple[Judged, ...]

    @property
    def hit(self) -> Judged | None:
        """The exchange that was struck first."""
        return self.struck[0] if self.struck else None


def aftermath(
    exchanges: Sequence[Exchange], told: dict[str, Any], registry: Registry, declared: Declared
) -> Aftermath:
    """Read what the evidence keeps of a fault.

    `told`: `fault`, `hits`, `transactions` (id by exchange), `struck` (ranks of the exchanges it hit), `since` (rank of
    the first exchange after it was armed), `calls` and `seconds` of the window.
    """
    views = [
        Judged(exchange, "request", registry.by_id(name), declared)
        for exchange, name in zip(exchanges, told["transactions"], strict=True)
    ]
    struck = [views[rank] for rank in told["struck"]]
    first = told["struck"][0] if struck else told["since"] - 1
    later = [view for rank, view in enumerate(views) if rank > first]
    if struck:
        end = struck[0].exchange.ended + timedelta(seconds=told["seconds"])
        later = [view for view in later if view.exchange.started <= end]
    return Aftermath(
        fault=told["fault"],
        hits=told["hits"],
        struck=tuple(struck),
        before=tuple(views[: max(first, 0)]),
        later=tuple(later[: told["calls"]]),
    )
