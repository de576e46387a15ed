"""What the runner says to whoever uses the software under test, and what that person answers.

One task at a time, in plain words. How it is shown (terminal, web page, command of the editor) is `harness.desk`; what
is asked is `harness.observe.instructions`; what an answer does to the case is `harness.observe.player`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from harness.checks.rule import Finding
from protocol.errors import NO_TEXT, Text

#: frame: the software must send something; screen: a copy of what it shows; declaration: a sentence of the operator,
#: be it that an act was done; nothing-sent: the time of `deadline` must go by without the software sending something.
Wanted = Literal["frame", "screen", "declaration", "nothing-sent"]
AnswerKind = Literal["skip", "impossible", "retry", "screen", "declaration", "stop"]
#: Answers that say nothing without a reason.
NEED_REASON: Final = frozenset({"skip", "impossible", "declaration"})


@dataclass(frozen=True)
class Task:
    """One thing to do. `step` counts from 1 up to `total`; `data`: what to type or choose, label and value.

    `deadline` (UTC): when the runner stops waiting; None for ever. The same task again after a restart is equal.
    `facts`: the same for a program, plain JSON (`harness.observe.facts`).
    """

    case: str
    step: int
    total: int
    title: Text
    instruction: Text
    data: tuple[tuple[Text, str], ...]
    wants: Wanted
    deadline: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Difference:
    """One trait of a frame that is not the one of the step."""

    what: Text
    expected: str
    found: str


@dataclass(frozen=True)
class NearMiss:
    """A frame that came and does not answer the step. `frame`: its key in the source; `hint`: what it looks like."""

    frame: str
    transaction: str
    differences: tuple[Difference, ...]
    hint: Text = NO_TEXT


@dataclass(frozen=True)
class Answer:
    """What the operator says. `reason`: why, or the declaration itself; `name` and `data`: the file of a screen.

    skip: the case ends INCONCLUSIVE; impossible: NOT_APPLICABLE, for the reviewer to accept; retry: forget what came,
    wait again; screen, declaration: what the task wants; stop: end the run, to be resumed.
    """

    kind: AnswerKind
    reason: str = ""
    name: str = ""
    data: bytes = b""

    @property
    def complete(self) -> bool:
        """Whether it says what its kind must say: the runner takes no other."""
        if self.kind == "screen":
            return bool(self.name and self.data)
        return self.kind not in NEED_REASON or bool(self.reason.strip())


class Operator(Protocol):
    """Whoever uses the software. Methods are called from the thread of the runner, and must not block.

    What was answered is kept on disk by the runner before `answer` is called again.
    """

    @property
    def who(self) -> str:
        """Who operates, for the evidence: a login, the command of a hook, "" when nobody does."""

    def begin(self, task: Task) -> None:
        """Show a task; called again for the same task after `retry` and after a restart."""

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        """The runner waits for the operator since then (UTC). Called at every look at the source.

        `near`: every frame of this task that came and was not taken, oldest first. `platform_down`: the source of
        frames does not answer, and is asked again.
        """

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        """The task is over; `findings` are those of its frame."""

    def answer(self) -> Answer | None:
        """The next thing that the operator said, None when nothing is new."""


class Nobody:
    """No operator: frames that were captured before, or a software that acts by itself."""

    who = ""

    def begin(self, task: Task) -> None:
        """Nobody to tell."""

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        """Nobody to tell."""

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        """Nobody to tell."""

    def answer(self) -> Answer | None:
        """Never."""
        return None
