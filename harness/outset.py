"""What is settled before a run writes anything: its campaign, what is in its scope, what it inherits, what is known.

Everything here is read and judged; what may not be is refused now. The folder is `harness.room`'s business, playing
that of `harness.run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from harness import room
from harness.campaign import Campaign, load_campaign
from harness.choices import Choices
from harness.deviations import Deviation, load_deviations
from harness.inheritance import Heritage, Inheritance, inherited
from harness.masking import Masker
from harness.observe.scope import observable
from harness.plan import Case
from harness.plans import lock
from harness.scope import Scoped, scope
from protocol import transactions


@dataclass(frozen=True)
class Outset:
    """`frozen`: digest of the lock that was honoured, "" without one. `started`: moment in UTC, as text."""

    choices: Choices
    campaign: Campaign
    frozen: str
    scoped: tuple[Scoped, ...]
    heritage: Heritage
    known: tuple[Deviation, ...]
    started: str

    @cached_property
    def masker(self) -> Masker:
        return Masker(self.campaign.number)

    @property
    def included(self) -> list[Case]:
        """The cases to play."""
        return [item.case for item in self.scoped if item.state == "included"]

    @property
    def heirs(self) -> list[Inheritance]:
        """What stands for the cases that are inherited."""
        return [self.heritage.cases[item.case.code] for item in self.scoped if item.state == "inherited"]


def outset(path: Path, choices: Choices) -> Outset:
    """Read the campaign and all it names, and refuse what can't be run. Raises as `harness.run.run_campaign`."""
    started = now()
    campaign = load_campaign(path, environ=choices.environ)
    campaign = campaign.at(url=choices.target, pki=choices.pki).judged_by(choices.pack)
    frozen = lock.honour(campaign, required=choices.locked)
    watched = choices.observation
    registry = transactions.load()
    heritage = inherited(campaign, choices.prove, datetime.now(UTC), observed=watched is not None)
    scoped = scope(campaign, registry, choices.only, heritage)
    if watched is not None:
        scoped = observable(scoped, staged=watched.staged(campaign))
    named = choices.deviations
    if named is None and campaign.file.deviations:
        named = path.parent / campaign.file.deviations
    known = load_deviations(named, campaign.plan.plan) if named is not None else ()
    room.refuse_elsewhere(choices)
    return Outset(choices, campaign, frozen, scoped, heritage, known, started)


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
