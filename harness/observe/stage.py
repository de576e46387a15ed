"""The stage of a software that is observed: one session of the mock for the whole campaign, or captured frames.

A session is put back to its seed between cases and keeps its journal, so that an interrupted run can go on. Who plays
is `player`, what was acknowledged is in `book`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.campaign import Campaign
from harness.context import CaseContext
from harness.context import Watch as Armed
from harness.control import Control, Platform
from harness.drive.clock import Clock
from harness.events import Journal
from harness.evidence import CaseFolder
from harness.masking import Masker
from harness.observe.attending import Attending
from harness.observe.book import Book, book_of
from harness.observe.operator import Operator
from harness.observe.player import Observed
from harness.observe.source import Source, SourceAway
from harness.observe.steady import SteadyControl
from harness.observe.waiting import Pace
from harness.plan import Case
from harness.players.api import Player
from harness.progress import Progress
from harness.sessions import furnish
from harness.staging import Stage
from harness.steps.api import Outcome, StepSpec
from protocol.errors import ToolError


@dataclass
class Observing:
    """What every case of an observed run shares. `live` is the session of a mock, None for captured frames alone.

    `sources`: the frames of each case, when they were captured before; `taken`: keys of those that answered a step;
    `resumed`: an interrupted run is taken up.
    """

    campaign: Campaign
    root: Path
    masker: Masker
    journal: Journal
    operator: Operator
    pace: Pace
    source: Source
    live: Live | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    resumed: bool = False

    def stage(self, case: Case) -> Stage:
        return _ObservedCase(self, case)

    def facts(self) -> dict[str, Any]:
        told: dict[str, Any] = {"source": self.source.name, "operator": self.operator.who}
        if self.live is not None:
            told["session"] = self.live.session
        return {"frames": "observed", "observation": told}

    def leave(self) -> None:
        """The run is over: nothing that it armed or changed stays at the platform."""
        if self.live is None:
            return
        self.live.steady.patience = None
        try:
            self.live.restart()
        except ToolError as problem:
            self.journal.tell("cleaning-failed", problem=problem.message("en"))
        self.live.close()


@dataclass
class Live:
    """The session of the mock that the software is configured for. `steady` waits for a mock that is away."""

    campaign: Campaign
    control: Control
    steady: SteadyControl
    session: str
    clock: Clock

    def last(self) -> int:
        """Number of the last exchange of the session."""
        return self.steady.last(self.session)

    def restart(self) -> None:
        """The session as a case finds it: the seed, the campaign's patients and number, no fault, its journal kept."""
        if self.steady.exists(self.session):
            self.steady.restart(self.session)
        else:
            self.steady.create(self.session, {})
        furnish(self.steady, self.session, self.campaign, self.clock)

    def close(self) -> None:
        self.control.close()
        self.steady.close()

    @property
    def url(self) -> str:
        """The address for which the software is configured."""
        prefix = "" if self.session == "default" else f"/s/{self.session}"
        return f"{self.campaign.url}{prefix}"


@dataclass
class _ObservedCase:
    """One case: where its frames come from, what was acknowledged of it."""

    run: Observing
    case: Case
    book: Book = field(init=False)
    player: Observed = field(init=False)
    _kept: CaseFolder = field(init=False)

    def __post_init__(self) -> None:
        run, code = self.run, self.case.code
        going_on = run.resumed and not (run.root / code / "test.json").exists()
        self.book = Book(book_of(run.root, code), run.masker.text, resumed=going_on)
        step = self.book.last("step")
        frames = None if self.book.opened is None else (step or {}).get("frames", [])
        self._kept = CaseFolder(run.root, code, run.masker, frames)
        source = run.sources.get(code, run.source)
        watching = Attending(code, source, run.operator, self.book, run.journal, run.pace, folder=self._kept)
        self.player = Observed(watching, run.taken)

    def folder(self) -> CaseFolder:
        return self._kept

    def open(self) -> tuple[Platform, Player]:
        live, watching = self.run.live, self.player.watching
        if live is not None:
            live.steady.patience = watching.patience
            live.steady.since = 0
        opened = self.book.opened
        if opened is None:
            if live is not None:
                live.restart()
            self.book.write("opened", since=self._since(), exchanges=live.last() if live else 0)
            opened = self.book.lines[-1]
        else:
            self.run.journal.tell("case-resumed", self.case.code)
            self._disarm_unknown()
        watching.cursor = watching.read = int(opened["since"])
        if live is None:
            return Platform(self.run.campaign.url), self.player
        live.steady.since = int(opened["exchanges"])
        return Platform(live.url, live.session, live.steady), self.player

    def _disarm_unknown(self) -> None:
        """A fault that was armed by a step of which nothing was acknowledged: the step arms it again."""
        live, step = self.run.live, self.book.last("step")
        if live is None:
            return
        known = {int(one["id"]) for one in step["context"]["watches"]} if step else set[int]()
        for one in live.steady.faults(live.session):
            if one["armed"] and int(one["id"]) not in known:
                live.steady.disarm_one(live.session, int(one["id"]))

    def _since(self) -> int:
        """Frames before this one are not of the case. A capture is played from its beginning."""
        source = self.player.watching.source
        while not source.finished:
            try:
                return source.last()
            except SourceAway:
                self.player.watching.patience()
        return 0

    def recall(self, context: CaseContext) -> Progress:
        last = self.book.last("step")
        if last is None:
            return Progress()
        watching = self.player.watching
        watching.cursor = int(last["cursor"])
        watching.ours = set(last["ours"])
        self.player.recall(last["told"])
        _recall(context, last["context"])
        return Progress.from_plain(last["progress"], self._kept)

    def settle(
        self, number: int, step: StepSpec, context: CaseContext, progress: Progress, outcome: Outcome
    ) -> None:
        seen = self.player.told.get(number)
        if seen is not None and outcome.exchange is not None:
            progress.steps[-1]["observed"] = seen
        self._kept.settle()
        self.book.write(
            "step",
            step=number,
            cursor=self.player.watching.cursor,
            ours=sorted(self.player.watching.ours),
            told={str(rank): told for rank, told in self.player.told.items()},
            frames=[dict(one) for one in self._kept.frames],
            context=_remembered(context),
            progress=progress.to_plain(),
        )
        self.player.settled(number, step, outcome.findings)

    def ready(self, context: CaseContext, progress: Progress) -> list[str]:
        self.player.linger(context)
        if progress.trouble is not None:
            return []
        asked = [str((step.get("resolved") or {}).get("missing", "")) for step in progress.steps]
        lacking = [kind for kind in asked if kind]
        return list(dict.fromkeys([*lacking, *self.player.missing(context, lacking)]))

    def close(self, *, over: bool) -> dict[str, Any]:
        """Faults stay armed until the next case opens: what they struck is still to be asked."""
        if not over:
            return {}
        watching = self.player.watching
        return {"observation": {"source": watching.source.name, "left": self.player.left_over()}}

    def finished(self) -> None:
        self.book.done()


def _remembered(context: CaseContext) -> dict[str, Any]:
    return {
        "values": context.values,
        "told": context.told,
        "cookies": context.cookies,
        "watches": [asdict(one) for one in context.watches],
        "sent": {name: base64.b64encode(data).decode("ascii") for name, data in context.sent.items()},
    }


def _recall(context: CaseContext, plain: Mapping[str, Any]) -> None:
    context.values.update(plain["values"])
    context.told.update(plain["told"])
    context.cookies.update(plain["cookies"])
    context.watches.extend(Armed(**{**one, "forbid": tuple(one["forbid"])}) for one in plain["watches"])
    context.sent.update({name: base64.b64decode(data) for name, data in plain["sent"].items()})
