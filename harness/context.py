"""What a step is given: the campaign, the platform, who plays the LPS, the values captured so far.

One context lives as long as one case. It holds no rule and takes no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.campaign import Campaign
from harness.control import Platform
from harness.drive.clock import Clock
from harness.drive.identity import Keyring
from harness.drive.ids import Ids
from harness.judging import Judging
from harness.plan import Case
from harness.players.api import Player
from harness.players.driver import Driver


@dataclass(frozen=True)
class Watch:
    """A fault that a step armed: its id in the session, and the rules of what must not follow it inside a window.

    `since`: exchanges that the session had before.
    """

    id: int
    fault: str
    forbid: tuple[str, ...]
    calls: int
    seconds: int
    since: int


@dataclass
class CaseContext:
    """Everything a step may use. `values` are the captured ones, by name; `sent` the documents fed, by
    uniqueId; `watches` the faults that were armed; `told` what searches told of documents; `cookies`
    those of the site that the case browses.
    """

    case: Case
    campaign: Campaign
    platform: Platform
    judging: Judging
    keyring: Keyring | None
    clock: Clock
    ids: Ids
    player: Player = field(default_factory=Driver)
    values: dict[str, str] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
