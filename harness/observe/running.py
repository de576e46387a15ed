"""Observe mode, put together: what the command asks, the session or the captured frames, the stage of the run.

Which cases are left out is `scope`; what is done with each of the others is `stage` and `player`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import preflight
from harness.campaign import Campaign
from harness.context import CaseContext
from harness.control import Control, Platform
from harness.drive.clock import Clock, SystemClock
from harness.drive.ids import RandomIds
from harness.events import Journal
from harness.evidence import read_json
from harness.masking import Masker
from harness.observe.assigning import capture
from harness.observe.operator import Nobody, Operator
from harness.observe.source import MockJournal, RecordingSource, Source
from harness.observe.stage import Live, Observing
from harness.observe.steady import SteadyControl
from harness.observe.waiting import Pace
from harness.plan import Case
from harness.runner import judging
from protocol import transactions
from protocol.errors import Text, UsageError


@dataclass(frozen=True)
class Observation:
    """What was asked. `live`: frames are still to come, from the session of the mock or into the folder `frames`.

    `frames` alone: they were captured before, and nothing is waited for. `wait`: seconds for each step. `session`: of
    the mock; by default one named after the campaign. `pace`: the clock of the waiting, that of the machine.
    """

    operator: Operator = field(default_factory=Nobody)
    live: bool = True
    frames: Path | None = None
    wait: float | None = None
    session: str = ""
    pace: Pace = field(default_factory=Pace)

    @property
    def offline(self) -> bool:
        """Nothing is asked of a platform."""
        return not self.live

    def staged(self, campaign: Campaign) -> bool:
        """Whether the platform can be prepared, made to fail, and asked what it received."""
        return self.live and campaign.file.target.kind == "mock"


def observing(
    asked: Observation,
    campaign: Campaign,
    cases: Sequence[Case],
    root: Path,
    journal: Journal,
    *,
    resumed: bool,
) -> Observing:
    """The stage of the run. Raises UsageError (OBS-020: no source of frames), EvidenceError for unreadable frames."""
    pace, clock = replace(asked.pace, wait=asked.wait), SystemClock()
    live = _live(campaign, asked, clock) if asked.staged(campaign) else None
    made = Observing(
        campaign=campaign,
        root=root,
        masker=Masker(campaign.number),
        journal=journal,
        operator=asked.operator,
        pace=pace,
        source=_source(asked, live),
        live=live,
        resumed=resumed,
        taken=_taken(root),
    )
    if asked.offline and asked.frames is not None:
        found = capture(asked.frames, cases, lambda case: _context(case, campaign, clock))
        made.source, made.sources = found.whole, found.of
    return made


def _live(campaign: Campaign, asked: Observation, clock: Clock) -> Live:
    files = preflight.tls_files(campaign)
    return Live(
        campaign,
        Control(campaign.url, files),
        SteadyControl(campaign.url, files),
        asked.session or campaign.file.id,
        clock,
    )


def _source(asked: Observation, live: Live | None) -> Source:
    if asked.frames is not None:
        return RecordingSource(asked.frames, live=asked.live) if asked.live else _Nothing()
    if live is not None:
        return MockJournal(live.control, live.session)
    raise UsageError(
        "OBS-020",
        Text(
            "d'où viennent les trames ? la plateforme n'est pas le simulateur",
            "where do the frames come from? the platform is not the mock",
        ),
        field="--frames",
        expected="DOSSIER",
        mend=Text(
            "dmpcompat proxy enregistre devant la plateforme ; donner son dossier par --frames",
            "dmpcompat proxy records before the platform; give its folder with --frames",
        ),
    )


class _Nothing:
    """Before captured frames are read."""

    name = ""
    finished = True

    def frames(self, since: int) -> tuple[()]:  # noqa: ARG002 - of a Source
        return ()

    def last(self) -> int:
        return 0


def _context(case: Case, campaign: Campaign, clock: Clock) -> CaseContext:
    """Enough to compare frames with the steps of a case that is not played yet."""
    how = judging(campaign, transactions.load(), case)
    return CaseContext(case, campaign, Platform(campaign.url), how, None, clock, RandomIds())


def _taken(root: Path) -> set[str]:
    """Frames that the cases of an interrupted run have answered with."""
    steps = (step for path in root.glob("*/test.json") for step in read_json(path).get("steps", ()))
    return {str(step["observed"]["key"]) for step in steps if "observed" in step}
