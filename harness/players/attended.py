"""What a player of somebody's software adds: it watches what is sent, and asks a human what no frame shows.

The driver is no such player: nobody stands beside it. `harness.observe` is; steps ask `attended` which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.checks.rule import Finding
from harness.steps.api import Unmet
from protocol.exchange import Exchange

if TYPE_CHECKING:
    from harness.context import CaseContext
    from harness.players.api import Made
    from harness.steps.call import CallStep
    from harness.steps.human import HumanStep
    from harness.steps.watch import WatchStep


@dataclass(frozen=True)
class Span:
    """What was seen of a window: exchanges with their transaction, other requests (`POST /path`), and how many the
    software under test sent in the whole session. Frames of our own driver (preconditions) are none of the software's.
    """

    frames: tuple[tuple[Exchange, str], ...] = ()
    others: tuple[str, ...] = ()
    sent: int = 0


@dataclass(frozen=True)
class Answered:
    """What came of asking a human. `told`: plain JSON for the evidence (answer, file, when); `unmet` stops the case."""

    told: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unmet: Unmet | None = None


@runtime_checkable
class Attended(Protocol):
    """A player that has a human beside it. Raises Unmet when it can't look, or was told that it can't be done."""

    def watch(self, step: WatchStep, context: CaseContext) -> Span:
        """Have the act done, and look at what is sent for `step.watch.seconds`."""

    def ask(self, step: HumanStep, context: CaseContext) -> Answered:
        """Have an act done that leaves no frame (instruct), or ask for a screen or a declaration."""


@runtime_checkable
class Calling(Protocol):
    """A player whose software calls the neighbours of the DMP itself. Raises Unmet when it does not."""

    def call(self, step: CallStep, context: CaseContext) -> Made:
        """Have a neighbour called."""
