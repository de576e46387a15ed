"""The hook of an editor: at each task a command, or an HTTP call-back, starts the act in the software.

An Operator that is a program: it is told the task as JSON, and its end is the answer. Ended badly, the task was not
done and the reason is told; the frames that the software sends are the runner's business. What the hook wrote is kept.
One act at a time, in a thread of its own; how one act is started is `harness.desk.acts`.
"""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from harness.checks.rule import Finding
from harness.desk.acts import Act, Done
from harness.observe.operator import Answer, NearMiss, Task
from protocol.errors import Lang, Text

SCHEMA: Final = "dmpcompat-hook/1"
RECORD: Final = "dmpcompat-hook-record/1"
#: Seconds that an act may last when neither the task nor the command line says.
USUAL: Final = 120.0
#: Seconds left to the acts that are still going on when the run ends.
_PARTING: Final = 5.0
LEFT: Final = Text("encore en cours à la fin", "still going on at the end")

#: Keeps the record of one act: case, step, attempt, plain JSON.
Keep = Callable[[str, int, int, Mapping[str, Any]], None]


@dataclass(frozen=True)
class _Job:
    task: Task
    attempt: int


class Hook:
    """An Operator over one `Act`. `seconds`: the longest that an act may last."""

    def __init__(self, act: Act, keep: Keep, *, seconds: float = USUAL, lang: Lang = "fr") -> None:
        self._act = act
        self._keep = keep
        self._seconds = seconds
        self._lang: Lang = lang
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._answers: queue.Queue[tuple[_Job, Answer]] = queue.Queue()
        self._ready: deque[tuple[_Job, Answer]] = deque()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._was_down = False
        self._pending: Task | None = None
        self._current: _Job | None = None
        self._parting = threading.Event()
        self._thread: threading.Thread | None = None
        self._keeping = threading.Lock()
        self._doing: tuple[_Job, datetime] | None = None
        self._over = False

    @property
    def who(self) -> str:
        return f"hook: {self._act.name}"

    def begin(self, task: Task) -> None:
        """Take note of the task; its act is started once the runner has looked and found that it isn't done yet.

        So an act that a killed runner had started is not started twice when its frame came. After `retry` it is
        started again, and told which attempt it is.
        """
        self._pending, self._current = task, None

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:  # noqa: ARG002 - protocol
        """Start the act of the task, unless the platform could not be asked.

        An act that has ended says so once the runner has looked again: a software that fails after it sent its message,
        as a fault of the platform may make it do, has sent it. One that failed while the platform was away is started
        again.
        """
        self._was_down |= platform_down
        if platform_down:
            return
        while not self._answers.empty():
            self._heard(*self._answers.get_nowait())
        task = self._pending
        if task is None:
            return
        self._was_down = False
        self._pending = None
        self._attempts[task.case, task.step] += 1
        self._current = _Job(task, self._attempts[task.case, task.step])
        self._jobs.put(self._current)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="desk-hook", daemon=True)
            self._thread.start()

    def done(self, task: Task, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - protocol
        """The end of an act whose task is over answers nothing any more."""
        self._pending = self._current = None

    def answer(self) -> Answer | None:
        """Only what is about the task of now; what came too late is in the record all the same."""
        while self._ready:
            job, found = self._ready.popleft()
            if job is self._current:
                return found
        return None

    def idle(self) -> bool:
        """Whether every act that was started has ended and been kept."""
        with self._keeping:
            return self._doing is None and self._jobs.empty()

    def close(self) -> None:
        """Let the act that goes on end, for a few seconds, then end it; its record is kept before this returns."""
        if self._thread is None:
            return
        self._jobs.put(None)
        self._thread.join(_PARTING)
        self._parting.set()
        self._thread.join(_PARTING)
        with self._keeping:
            self._over = True  # an act that nothing can end is told as such; its own end comes too late
            if self._doing is not None:
                job, started = self._doing
                self._record(job, started, Done("", failed=LEFT))
        self._thread = None

    def _heard(self, job: _Job, found: Answer) -> None:
        if self._was_down and found.kind == "skip" and job is self._current:
            self._pending = job.task
        else:
            self._ready.append((job, found))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            started = datetime.now(UTC)
            self._doing = (job, started)
            told = message(job.task, job.attempt)
            done = self._act.start(told, self._left(job.task, started), self._parting)
            with self._keeping:
                if self._over:
                    return
                self._doing = None
                self._record(job, started, done)
            if (found := self._said(job.task, done)) is not None:
                self._answers.put((job, found))

    def _record(self, job: _Job, started: datetime, done: Done) -> None:
        self._keep(job.task.case, job.task.step, job.attempt, record(self.who, job.task, started, done))

    def _left(self, task: Task, now: datetime) -> float:
        if task.deadline is None:
            return self._seconds
        return max(0.1, min(self._seconds, (task.deadline - now).total_seconds()))

    def _said(self, task: Task, done: Done) -> Answer | None:
        """Ended well, it waits for the frame; asked for a sentence, what it wrote is the sentence."""
        if done.failed is not None:
            return Answer("skip", self._reason(done.failed))
        if task.wants != "declaration":
            return None
        text = done.out.strip()
        if not text and task.facts.get("kind") == "instruct":
            text = Text(
                f"acte fait par le crochet ({self._act.name})", f"act done by the hook ({self._act.name})"
            ).to(self._lang)
        return Answer("declaration", text) if text else None

    def _reason(self, why: Text) -> str:
        return Text(
            f"le crochet n'a pas fait l'acte : {why.fr}", f"the hook did not do the act: {why.en}"
        ).to(self._lang)


def message(task: Task, attempt: int) -> dict[str, Any]:
    """What the hook is told: plain JSON, the facts of the step among it."""
    return {
        **task.facts,
        "schema": SCHEMA,
        "case": task.case,
        "step": task.step,
        "total": task.total,
        "attempt": attempt,
        "wants": task.wants,
        "title": _plain(task.title),
        "instruction": _plain(task.instruction),
        "data": [{"label": _plain(label), "value": value} for label, value in task.data],
        "deadline": "" if task.deadline is None else _stamp(task.deadline),
    }


def environment(told: Mapping[str, Any]) -> dict[str, str]:
    """The same for a command that reads no JSON: `DMPCOMPAT_CASE`, `DMPCOMPAT_PATIENT_INS`, …; lists stay JSON."""
    found: dict[str, str] = {}
    _flatten("DMPCOMPAT", told, found)
    for name in ("parameters", "documents"):
        if name in told:
            found[f"DMPCOMPAT_{name.upper()}"] = json.dumps(told[name], ensure_ascii=False)
    return found


def record(name: str, task: Task, started: datetime, done: Done) -> dict[str, Any]:
    """What is kept of one act."""
    return {
        "schema": RECORD,
        "hook": name,
        "case": task.case,
        "step": task.step,
        "wants": task.wants,
        "started": _stamp(started),
        "ended": _stamp(datetime.now(UTC)),
        "status": done.status,
        "failed": "" if done.failed is None else done.failed.en,
        "out": done.out,
        "err": done.err,
    }


def _flatten(prefix: str, value: Mapping[str, Any], found: dict[str, str]) -> None:
    for name, item in value.items():
        key = f"{prefix}_{name.upper()}"
        if isinstance(item, Mapping) and name not in ("parameters", "documents"):
            _flatten(key, item, found)
        elif isinstance(item, str | int):
            found[key] = str(item).replace("\0", "")


def _plain(text: Text) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
