"""Waiting for a frame or for the operator: looks at the source, listens to the operator, keeps what both said.

Every answer is in the book before the next one is asked for. What is waited for, and what it means, is the player's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from harness.events import Journal
from harness.observe.book import Book
from harness.observe.operator import Answer, NearMiss, Operator, Task
from harness.observe.recognition import sentence
from harness.observe.source import Seen, Source, SourceAway
from harness.results import text_to_plain
from harness.steps.api import Impossible, Unmet
from protocol.errors import NO_TEXT, Text, ToolError

T = TypeVar("T")
#: Seconds between two looks at the source.
POLL: Final = 0.4


class Stopped(KeyboardInterrupt):
    """The operator ends the run; it can be resumed."""


@dataclass(frozen=True)
class Pace:
    """`wait`: seconds for each step, None without end. `now` and `sleep` are those of the machine, save in tests."""

    wait: float | None = None
    poll: float = POLL
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Watch:
    """The frames of one case as they come. `cursor`: order of the last that was looked at; `ours`: MessageIDs of our
    own driver's calls; `history`: every frame since the case began.
    """

    case: str
    source: Source
    operator: Operator
    book: Book
    journal: Journal
    pace: Pace
    cursor: int = 0
    read: int = 0
    ours: set[str] = field(default_factory=set)
    history: list[Seen] = field(default_factory=list)
    task: Task | None = None
    near: list[NearMiss] = field(default_factory=list)
    begun: datetime | None = None
    down_since: datetime | None = None

    @property
    def down(self) -> bool:
        """Whether the platform was away at the last look."""
        return self.down_since is not None

    def look(self) -> Sequence[Seen]:
        """Frames after the cursor, oldest first. Raises SourceAway."""
        for seen in self.source.frames(self.read):
            self.history.append(seen)
            self.read = seen.order
        if self.down:
            self.journal.tell("platform-back", self.case)
            self.down_since = None
        return [seen for seen in self.history if seen.order > self.cursor]

    def surely(self) -> Sequence[Seen]:
        """The same, as soon as the source answers. Raises what the operator's answer means."""
        while True:
            try:
                return self.look()
            except SourceAway:
                self.patience()

    def until(self, task: Task, found: Callable[[], T | None], late: Callable[[], T]) -> T:
        """Ask `found` until it gives something; `late` when the deadline of the task passes.

        Raises what the operator's answer means (Unmet, Impossible, Stopped), and what `found` raises but SourceAway.
        """
        self.task, self.near, self.begun = task, [], self.pace.now()
        self._begin(task)
        while True:
            try:
                value = found()
            except SourceAway:
                value = None
                self._away()
            if value is not None:
                return value
            self.listen()
            if self.task.deadline is not None and self.pace.now() >= self.task.deadline:
                if self.down:
                    raise _gone()
                return late()
            self.operator.waiting(self.begun, tuple(self.near), self.down)
            self.pace.sleep(self.pace.poll)

    def patience(self) -> None:
        """The platform is away while we ask it something ourselves. Raises what the operator's answer means, and
        ToolError (OBS-006) when it stays away for as long as a step may last.
        """
        self._away()
        wait, since = self.pace.wait, self.down_since
        if wait is not None and since is not None and (self.pace.now() - since).total_seconds() > wait:
            raise _gone()
        self.listen()
        self.operator.waiting(self.begun or self.pace.now(), tuple(self.near), True)
        self.pace.sleep(self.pace.poll)

    def given(self, kind: str) -> dict[str, Any] | None:
        """The answer of that kind that the step has, as it is in the book."""
        return self.book.last("answer", step=self._number, kind=kind)

    def listen(self) -> None:
        """Everything that the operator says now, each answer kept before the next is asked for."""
        while (answer := self.operator.answer()) is not None:
            if answer.complete:
                self._heard(answer)

    def replay(self) -> None:
        """What the operator had said of this step before a restart."""
        for line in self.book.every("answer", step=self._number):
            self._meant(str(line["kind"]), str(line["reason"]))

    @property
    def _number(self) -> int:
        return self.task.step if self.task is not None else 0

    def _begin(self, task: Task) -> None:
        self.journal.tell(
            "task", self.case, step=task.step, wants=task.wants, instruction=text_to_plain(task.instruction)
        )
        self.operator.begin(task)
        self.replay()

    def _heard(self, answer: Answer) -> None:
        if answer.kind == "stop":
            self.journal.tell("answer", self.case, step=self._number, answer="stop")
            raise Stopped
        more = self.attach(answer) if answer.kind in ("screen", "declaration") else {}
        if more is None:
            return
        told = {"step": self._number, "kind": answer.kind, "reason": answer.reason, **more}
        self.book.write("answer", **told)
        self.journal.tell(
            "answer", self.case, step=self._number, answer=answer.kind, reason=answer.reason, **more
        )
        self._meant(answer.kind, answer.reason)
        if answer.kind == "retry" and self.task is not None:
            self.near.clear()
            self.begun = self.pace.now()
            self.operator.begin(self.task)

    def attach(self, answer: Answer) -> dict[str, Any] | None:  # noqa: ARG002 - where files go is the player's
        """Keep what comes with an answer; facts for the book, None to take no notice of the answer."""
        return {}

    def _meant(self, kind: str, reason: str) -> None:
        if kind == "skip" and (self.task is None or self.task.wants in ("frame", "nothing-sent")):
            raise Unmet(
                "OBS-002",
                Text("l'opérateur passe ce cas", "the operator skips this case"),
                found=reason,
            )
        if kind == "impossible":
            raise Impossible(
                "OBS-003",
                Text("impossible avec ce logiciel", "impossible with this software"),
                found=reason,
            )

    def _away(self) -> None:
        if not self.down:
            self.journal.tell("platform-down", self.case)
            self.down_since = self.pace.now()


def _gone() -> ToolError:
    return ToolError(
        "OBS-006",
        Text("la plateforme n'est pas revenue", "the platform has not come back"),
        mend=Text(
            "la relancer avec la même base, puis reprendre par --resume",
            "start it again with the same database, then go on with --resume",
        ),
    )


def nobody_answers(number: int, nearest: NearMiss | None, *, late: bool) -> Unmet:
    """A step that no frame answers, with what the nearest one lacks."""
    when = Text(" dans le temps donné", " in the given time") if late else NO_TEXT
    fr = f"aucune trame ne répond à l'étape {number}{when.fr}"
    en = f"no frame answers step {number}{when.en}"
    if nearest is not None:
        told = sentence(nearest)
        fr += f" ; la plus proche ({nearest.transaction}) : {told.fr}"
        en += f"; the nearest ({nearest.transaction}): {told.en}"
    return Unmet("OBS-004", Text(fr, en))
