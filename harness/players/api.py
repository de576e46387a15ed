"""What a step asks of whoever plays the LPS: the exchange that answers it, and the facts of its message.

A step says what is to be sent and judges what was; how the exchange came about is a player's business: built and
sent by `harness.players.driver`, or found among the frames of a real LPS by `harness.observe`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from protocol.exchange import Exchange

if TYPE_CHECKING:
    from harness.context import CaseContext
    from harness.steps.browse import BrowseStep
    from harness.steps.drive import DriveStep


@dataclass(frozen=True)
class Made:
    """One exchange that answers a step. `fact(name)`: a value that its author knows (`document_unique_ids`), "" when
    it can't be told.
    """

    exchange: Exchange
    fact: Callable[[str], str]


class Player(Protocol):
    """Plays the steps of an LPS. Raises Unmet when the act can't be had, else a DmpcompatError of ours."""

    def drive(self, step: DriveStep, context: CaseContext) -> Made:
        """Have one message sent."""

    def browse(self, step: BrowseStep, context: CaseContext) -> Made:
        """Have one page of the Web-PS opened."""
