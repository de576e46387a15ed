"""A software under test for observe mode, played by our driver apart from the runner, and an operator by script."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.campaign import Campaign
from harness.checks.judged import Declared
from harness.checks.rule import Finding
from harness.choices import Choices
from harness.context import CaseContext
from harness.control import Platform
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.feeding import Fed
from harness.judging import Judging
from harness.observe.operator import Answer, NearMiss, Task
from harness.observe.running import Observation
from harness.observe.waiting import Pace
from harness.players.driver import Driver
from harness.run import run_campaign
from harness.steps.api import StepSpec
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import DriveStep
from protocol import transactions
from protocol.exchange import Exchange


@dataclass
class Software:
    """Plays what a task asks, on the wire alone: it knows the plan and what the operator reads, not the runner."""

    campaign: Campaign
    keyring: Keyring
    url: str
    session: str
    contexts: dict[str, CaseContext] = field(default_factory=dict)
    sent: list[Exchange] = field(default_factory=list)

    def act(self, task: Task, change: Callable[[Any], Any] = lambda step: step) -> Exchange | None:
        """Do what the task says, with what `change` makes of it."""
        context = self.context(task.case)
        if task.step > len(context.case.steps):
            return None
        step = change(self.told(context.case.steps[task.step - 1], task))
        if isinstance(step, DriveStep):
            made = Driver().drive(step, context).exchange
        elif isinstance(step, BrowseStep):
            made = Driver().browse(step, context).exchange
            context.values.update(step._captured(made, context))  # what is on the page that it shows
        elif isinstance(step, CallStep):
            result = step._made(context)
            made = result.exchange
            context.values.update(step._captured(result))
        else:
            return None
        self.sent.append(made)
        return made

    def told(self, step: StepSpec, task: Task) -> StepSpec:
        """The step with the values that the operator reads."""
        if not isinstance(step, DriveStep):
            return step
        more: dict[str, Any] = {"with_": task.facts.get("parameters", {})}
        if "documents" in task.facts:
            more["documents"] = [Fed.model_validate(one) for one in task.facts["documents"]]
        return step.model_copy(update=more)

    def context(self, code: str) -> CaseContext:
        if code not in self.contexts:
            case = self.campaign.plan.case(code)
            self.contexts[code] = CaseContext(
                case=case,
                campaign=self.campaign,
                platform=Platform(self.url, self.session),
                judging=Judging(transactions.load(), Declared(), {}, case.side),
                keyring=self.keyring,
                clock=SystemClock(),
                ids=RandomIds(),
            )
        return self.contexts[code]


def png() -> bytes:
    """A picture of one point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


@dataclass
class Script:
    """An operator: `acts` is called when a task begins, `answers` are given one at a look."""

    acts: Callable[[Task], object] = lambda _task: None
    answers: list[Answer] = field(default_factory=list)
    answering: Callable[[Task], Answer | None] = lambda _task: None
    who: str = "script"
    begun: list[Task] = field(default_factory=list)
    ended: list[tuple[Task, Sequence[Finding]]] = field(default_factory=list)
    near: list[NearMiss] = field(default_factory=list)
    downs: int = 0

    def begin(self, task: Task) -> None:
        self.begun.append(task)
        said = self.answering(task)
        if said is not None:
            self.answers.append(said)
        self.acts(task)

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        self.near = list(near)
        self.downs += platform_down

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        self.ended.append((task, findings))

    def answer(self) -> Answer | None:
        return self.answers.pop(0) if self.answers else None


class Letters:
    """An operator in another process: tasks go to a file, answers come from one, each line once."""

    who = "letters"

    def __init__(self, folder: Path) -> None:
        self._tasks, self._answers = folder / "tasks.ndjson", folder / "answers.ndjson"
        self._read = self._answers.stat().st_size if self._answers.exists() else 0

    def begin(self, task: Task) -> None:
        self._write({"case": task.case, "step": task.step, "wants": task.wants, "facts": dict(task.facts)})

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        if platform_down:
            self._write({"down": True})

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        self._write({"done": [task.case, task.step], "findings": len(findings)})

    def answer(self) -> Answer | None:
        if not self._answers.exists():
            return None
        with self._answers.open("rb") as stream:
            stream.seek(self._read)
            line = stream.readline()
        if not line.endswith(b"\n"):
            return None
        self._read += len(line)
        return Answer(**json.loads(line))

    def _write(self, plain: dict[str, Any]) -> None:
        with self._tasks.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(plain) + "\n")


def main() -> None:
    """A runner to be killed: campaign, folder of results, address, PKI, whether it resumes."""
    campaign, out, url, keys, resumed = sys.argv[1:]
    result = run_campaign(
        Path(campaign),
        Choices(
            out=Path(out),
            target=url,
            pki=Path(keys),
            resume=Path(out) if resumed == "resume" else None,
            observation=Observation(Letters(Path(campaign).parent), pace=Pace(poll=0.05)),
        ),
    )
    sys.exit(result.exit_code)


if __name__ == "__main__":
    main()
