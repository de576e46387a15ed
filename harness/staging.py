"""Where a case is played and by whom: by our driver, in a session of its own when the platform is the mock.

The runner asks a stage; what a case does there is not its business. The stage of a software that is observed is
`harness.observe.stage`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.campaign import Campaign
from harness.context import CaseContext
from harness.control import Control, Platform
from harness.drive.clock import Clock
from harness.events import Journal
from harness.evidence import CaseFolder
from harness.masking import Masker
from harness.plan import Case
from harness.players.api import Player
from harness.players.driver import Driver
from harness.progress import Progress
from harness.sessions import open_session, session_name
from harness.steps.api import Outcome, StepSpec
from protocol.errors import ToolError


class Stage(Protocol):
    """One case. Called in this order: folder, open, recall, then for each step settle, then ready, close,
    finished."""

    def folder(self) -> CaseFolder:
        """Where the evidence of the case is built."""

    def open(self) -> tuple[Platform, Player]:
        """Make the platform ready. Raises ToolError."""

    def recall(self, context: CaseContext) -> Progress:
        """What an interrupted run had come to: nothing as a rule."""

    def settle(
        self, number: int, step: StepSpec, context: CaseContext, progress: Progress, outcome: Outcome
    ) -> None:
        """A step is over: nothing of it may be lost any more."""

    def ready(self, context: CaseContext, progress: Progress) -> list[str]:
        """The steps are over. Let pass the time in which something is forbidden; kinds of human evidence that lack."""

    def finished(self) -> None:
        """The evidence of the case is in its place."""

    def close(self, *, over: bool) -> dict[str, Any]:
        """Leave the platform; `over` is False when the run was interrupted. Facts for the evidence of the case."""


class Staging(Protocol):
    """Makes the stage of each case of a run."""

    def stage(self, case: Case) -> Stage: ...

    def facts(self) -> dict[str, Any]:
        """What the record of the run says of it: `frames`, and more."""

    def leave(self) -> None:
        """The run is over, and was not interrupted."""


@dataclass(frozen=True)
class Driven:
    """Our driver plays."""

    campaign: Campaign
    control: Control | None
    clock: Clock
    seed: int | None
    root: Path
    masker: Masker
    journal: Journal

    def stage(self, case: Case) -> Stage:
        return _OwnSession(self, case)

    def facts(self) -> dict[str, Any]:
        return {"frames": "driver"}

    def leave(self) -> None:
        """Each session went away with its case."""


@dataclass
class _OwnSession:
    """A session for one case, gone with it."""

    run: Driven
    case: Case
    session: str = field(default="", init=False)

    def folder(self) -> CaseFolder:
        return CaseFolder(self.run.root, self.case.code, self.run.masker)

    def open(self) -> tuple[Platform, Player]:
        control = self.run.control
        if control is None:
            return Platform(self.run.campaign.url), Driver()
        self.session = session_name(self.case.code, self.run.seed)
        open_session(control, self.session, self.run.campaign, self.run.clock, self.run.seed)
        return Platform(f"{self.run.campaign.url}/s/{self.session}", self.session, control), Driver()

    def recall(self, context: CaseContext) -> Progress:  # noqa: ARG002 - for stages that remember
        return Progress()

    def settle(
        self, number: int, step: StepSpec, context: CaseContext, progress: Progress, outcome: Outcome
    ) -> None:
        """A case that is interrupted is played again from its start."""

    def ready(self, context: CaseContext, progress: Progress) -> list[str]:  # noqa: ARG002 - as above
        """The driver sends nothing by itself, and there is nobody to show anything."""
        return []

    def close(self, *, over: bool) -> dict[str, Any]:  # noqa: ARG002 - gone in either case
        if self.run.control is not None and self.session:
            try:
                self.run.control.delete(self.session)
            except ToolError as problem:
                # The case is over: what failed is only the cleaning, which changes no verdict but must be seen.
                self.run.journal.tell("cleaning-failed", self.case.code, problem=problem.message("en"))
        return {}

    def finished(self) -> None:
        """Nothing is kept elsewhere."""
