"""Plays a case with a software that is observed: waits for the frame that answers each step, asks the operator.

Preconditions (`need`) are played by our own driver, with the keys of the campaign. Which frame answers is decided by
`recognition`, how one waits by `waiting`; the steps judge what is found here as they judge our driver's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.drive.ids import SeededIds
from harness.evidence import CaseFolder
from harness.evidence.sniff import SUFFIXES, sniff
from harness.naming import message_id_of
from harness.observe import reading, recognition
from harness.observe.instructions import after_steps, task_of
from harness.observe.operator import Answer, Difference, NearMiss, Task, Wanted
from harness.observe.reading import Frame
from harness.observe.recognition import Compared, Step
from harness.observe.source import Seen, Source, SourceAway
from harness.observe.waiting import Watch, nobody_answers
from harness.players.api import Made
from harness.players.attended import Answered, Span
from harness.players.driver import Driver
from harness.results import text_to_plain
from harness.steps.api import StepSpec
from harness.steps.browse import BrowseStep
from harness.steps.drive import DriveStep
from protocol.errors import DmpcompatError, Text
from protocol.exchange import Exchange

if TYPE_CHECKING:
    from harness.steps.call import CallStep
    from harness.steps.human import HumanStep
    from harness.steps.watch import WatchStep

_WANTS: Final[dict[str, Wanted]] = {"instruct": "declaration", "screen": "screen", "declare": "declaration"}
#: What is asked after the steps: time for what must not be sent, then the evidence that the case wants of a human.
_GIVEN_UP: Final = Text(
    "Laisser le logiciel réagir à la panne. Le dire quand il a renoncé ou montré l'erreur.",
    "Let the software react to the failure. Say so when it has given up or shown the error.",
)
_EVIDENCE: Final[dict[str, tuple[Wanted, Text]]] = {
    "screen": (
        "screen",
        Text(
            "Joindre une copie de ce que le logiciel montre à la fin de ce test.",
            "Attach a copy of what the software shows at the end of this test.",
        ),
    ),
    "declaration": (
        "declaration",
        Text("Déclarer ce que vous avez constaté.", "Declare what you have observed."),
    ),
}
#: Tries of our own driver while the platform comes back.
_TRIES: Final = 5


@dataclass
class Attending(Watch):
    """A watch whose operator may give files, kept in the folder of the case."""

    folder: CaseFolder | None = None

    def attach(self, answer: Answer) -> dict[str, Any] | None:
        """Keep a screen or a declaration as evidence. A file that is none is not taken; the task stays."""
        wanted = self.task.wants if self.task is not None else "frame"
        if answer.kind != wanted or self.folder is None:
            return {} if answer.kind == "declaration" else None
        data = answer.data if answer.kind == "screen" else f"{answer.reason.strip()}\n".encode()
        try:
            suffix = SUFFIXES[sniff(data, answer.name or "declaration.md").type]
        except DmpcompatError as problem:
            self.journal.tell("answer", self.case, step=self._number, refused=problem.message("en"))
            return None
        name = _free(self.folder.attached(), answer.kind, suffix)
        self.folder.attach(name, data)
        return {"file": name, "name": answer.name}


@dataclass
class Observed:
    """The player of one case. `whole`: the frames of every case, to see what must not be sent; `taken`: keys of those
    that answered a step of any case.
    """

    watching: Attending
    whole: Source
    taken: set[str] = field(default_factory=set)
    driver: Driver = field(default_factory=Driver)
    told: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: Seen | None = None
    _misses: list[tuple[NearMiss, Compared]] = field(default_factory=list)

    def drive(self, step: DriveStep, context: CaseContext) -> Made:
        """The frame that answers, or our driver's for a precondition. Raises Unmet, Impossible, Stopped."""
        if step.need and not self.watching.source.finished:
            return self._own(step, context, lambda: self.driver.drive(step, context))
        return self._await(step, context)

    def browse(self, step: BrowseStep, context: CaseContext) -> Made:
        """The page that was opened."""
        if step.need and not self.watching.source.finished:
            return self._own(step, context, lambda: self.driver.browse(step, context))
        return self._await(step, context)

    def call(self, step: CallStep, context: CaseContext) -> Made:
        """The call of a neighbour of the DMP."""
        return self._await(step, context)

    def watch(self, step: WatchStep, context: CaseContext) -> Span:
        """Everything that is sent from the last step on, for as long as the step says."""
        if self.watching.source.finished:
            return self._captured(step)
        end = self._now() + timedelta(seconds=step.watch.seconds)
        task = task_of(number_of(step, context), step, context, wants="nothing-sent", deadline=end)
        self.watching.until(task, self._looked, lambda: True)
        found = [seen for seen in self.watching.look() if not self._ours(seen)]
        self._past(found)
        return self._span(found)

    def ask(self, step: HumanStep, context: CaseContext) -> Answered:
        """An act without a frame, a screen or a declaration. What is not given is `missing`."""
        return self._asked(step, context, number_of(step, context), _WANTS[step.kind])

    def linger(self, context: CaseContext) -> None:
        """Let pass the time in which something must not follow the faults that struck. An operator who declares that
        the software has given up ends it. Raises Stopped.
        """
        watches = [watch for watch in context.watches if watch.forbid]
        if not watches or self.watching.source.finished or not context.case.steps:
            return
        limit = min(max(watch.seconds for watch in watches), self.watching.pace.wait or float("inf"))
        task = after_steps(
            1, context, _GIVEN_UP, wants="nothing-sent", deadline=self._now() + timedelta(seconds=limit)
        )
        self.watching.until(task, partial(self._over, context), lambda: True)
        self.watching.operator.done(task, ())

    def missing(self, context: CaseContext, given: list[str]) -> list[str]:
        """Evidence that the case wants of a human beside its steps, asked for now; the kinds that lack."""
        lacking: list[str] = []
        for rank, (kind, (wants, instruction)) in enumerate(_EVIDENCE.items(), 2):
            if kind not in context.case.evidence or kind in given or _has(self.watching.folder, kind):
                continue
            task = after_steps(rank, context, instruction, wants=wants, deadline=self._deadline())
            if self.watching.source.finished or self._answer(task)["kind"] in ("skip", "late"):
                lacking.append(kind)
            self.watching.operator.done(task, ())
        return lacking

    def left_over(self) -> list[str]:
        """Calls of the software that answered no step: told, so that none is forgotten."""
        watching = self.watching
        try:
            found = [seen for seen in watching.look() if seen.business and not self._ours(seen)]
        except SourceAway:
            found = []
        for seen in found:
            if seen.key not in self.taken:
                self._fate(seen, "left", 0)
        return [seen.key for seen in found if seen.key not in self.taken]

    def settled(self, number: int, step: StepSpec, findings: tuple[Finding, ...]) -> None:
        """The step is in the book: the operator may know."""
        task = self.watching.task
        if task is not None and task.step == number:
            self.watching.operator.done(task, findings)
        self._misses.clear()
        if getattr(step, "need", False):
            return
        self.watching.task = None

    def _asked(self, step: StepSpec, context: CaseContext, number: int, wants: Wanted) -> Answered:
        if self.watching.source.finished:
            return Answered({"missing": wants} if step.kind != "instruct" else {"unattended": True})
        found = self._answer(task_of(number, step, context, wants=wants, deadline=self._deadline()))
        if found["kind"] in ("skip", "late"):
            told = {"missing": wants} if step.kind != "instruct" else {"unattended": True}
            return Answered({**told, "reason": found.get("reason", "")})
        kept = {name: found[name] for name in ("reason", "file", "name") if found.get(name)}
        return Answered({"answer": kept})

    def _answer(self, task: Task) -> dict[str, Any]:
        """What the operator gives, `skip`, or `late`."""

        def answered() -> dict[str, Any] | None:
            given = self.watching.given("screen" if task.wants == "screen" else "declaration")
            return given or self.watching.given("skip")

        return self.watching.until(task, answered, lambda: {"kind": "late"})

    def _await(self, step: Step, context: CaseContext) -> Made:
        number = number_of(step, context)
        task = task_of(number, step, context, deadline=self._deadline())
        self._misses = []

        def found() -> Seen | None:
            return self._found(number, step, context)

        def late() -> Seen:
            raise nobody_answers(number, recognition.nearest(self._misses), late=True)

        seen = self.watching.until(task, found, late)
        frame = Frame(seen, context.judging.registry)
        return Made(seen.exchange, partial(reading.fact, frame))

    def _found(self, number: int, step: Step, context: CaseContext) -> Seen | None:
        """The first new frame that answers. Raises Unmet when no frame can come any more."""
        for seen in self.watching.look():
            self.watching.cursor = seen.order
            if not recognition.counts(step, seen) or self._ours(seen) or seen.key in self.taken:
                continue
            compared = recognition.compare(step, context, seen)
            if compared.answers:
                self._take(number, seen, compared)
                return seen
            self._miss(number, seen, compared, context)
        if self.watching.source.finished:
            raise nobody_answers(number, recognition.nearest(self._misses), late=False)
        return None

    def _take(self, number: int, seen: Seen, compared: Compared) -> None:
        self.last = seen
        self.taken.add(seen.key)
        self.told[number] = {
            "key": seen.key,
            "order": seen.order,
            "remarks": [_plain(one) for one in compared.remarks],
            "near": [
                {"key": miss.frame, "differences": [_plain(one) for one in miss.differences]}
                for miss, _ in self._misses
            ],
        }
        self._fate(seen, "answers", number)

    def _miss(self, number: int, seen: Seen, compared: Compared, context: CaseContext) -> None:
        hint = recognition.ahead(number, context.case.steps, context, seen)
        miss = recognition.near(seen, compared, hint)
        self._misses.append((miss, compared))
        self.watching.near.append(miss)
        self._fate(seen, "near", number)

    def _fate(self, seen: Seen, fate: str, number: int) -> None:
        self.watching.journal.tell(
            "frame", self.watching.case, key=seen.key, order=seen.order, step=number, fate=fate
        )

    def _ours(self, seen: Seen) -> bool:
        return seen.message_id in self.watching.ours if seen.message_id else seen.key in self.watching.ours

    def _own(self, step: DriveStep | BrowseStep, context: CaseContext, play: Callable[[], Made]) -> Made:
        """Our driver's exchange. Identifiers are drawn from the book: a message that a killed run had sent is sent as
        the same one, which the platform refuses as a replay, and its first answer is taken from the journal.
        """
        number, book = number_of(step, context), self.watching.book
        intent = book.last("intent", step=number)
        if intent is None:
            book.write("intent", step=number, nonce=secrets.token_hex(8))
        nonce = (intent or book.lines[-1])["nonce"]
        drawn, made = context.ids, None
        try:
            for rank in range(_TRIES):
                if context.platform.control is not None:
                    context.platform.control.faults(
                        context.platform.session
                    )  # waits for a platform that is away
                context.ids = SeededIds(f"{nonce}/{rank}")
                made = play()
                if made.exchange.response is not None or made.exchange.failure.startswith("tls"):
                    break
        finally:
            context.ids = drawn
        if made is None:
            raise nobody_answers(number, None, late=True)
        return self._first_of(made, again=intent is not None, context=context)

    def _first_of(self, made: Made, *, again: bool, context: CaseContext) -> Made:
        """Know the frames of our driver in the source; when it plays again, the first of them counts."""
        same = [seen for seen in self.watching.look() if _same_call(seen, made.exchange)]
        sent = message_id_of(made.exchange)
        self.watching.ours |= {sent} if sent else {seen.key for seen in same}
        first = same[0] if again and len(same) > 1 and sent else None
        if first is None:
            return made
        return Made(first.exchange, partial(reading.fact, Frame(first, context.judging.registry)))

    def _looked(self) -> None:
        """Frames are read while a window is watched, so that a source that is away is told."""
        self.watching.look()

    def _over(self, context: CaseContext) -> bool | None:
        """Whether nothing that would still count can come."""
        if self.watching.given("declaration") is not None:
            return True
        self.watching.look()
        history = [seen for seen in self.watching.history if seen.business and not self._ours(seen)]
        for watch in context.watches:
            struck = next((rank for rank, seen in enumerate(history) if watch.id in seen.struck), None)
            if struck is None or not watch.forbid:
                continue
            end = history[struck].exchange.ended + timedelta(seconds=watch.seconds)
            if len(history) - struck - 1 < watch.calls and self._now() < end:
                return None
        return True

    def _captured(self, step: WatchStep) -> Span:
        """The window in frames that were captured before: from the last frame of the case, by their times."""
        anchor = self.last
        if anchor is None:
            return Span()
        end = anchor.exchange.ended + timedelta(seconds=step.watch.seconds)
        later = [
            seen
            for seen in self.whole.frames(anchor.order)
            if anchor.exchange.started <= seen.exchange.started <= end
        ]
        return self._span(later)

    def _span(self, found: list[Seen]) -> Span:
        sent = sum(1 for seen in self.watching.history if not self._ours(seen))
        return Span(
            tuple((seen.exchange, seen.transaction) for seen in found if seen.transaction),
            tuple(
                f"{seen.exchange.request.method} {seen.exchange.request.target}" for seen in _others(found)
            ),
            sent,
        )

    def _past(self, found: list[Seen]) -> None:
        if found:
            self.watching.cursor = found[-1].order

    def _now(self) -> datetime:
        return self.watching.pace.now()

    def _deadline(self) -> datetime | None:
        wait = self.watching.pace.wait
        return None if wait is None else self._now() + timedelta(seconds=wait)


def number_of(step: StepSpec, context: CaseContext) -> int:
    """The rank of a step in its case, from 1."""
    return next(rank for rank, one in enumerate(context.case.steps, 1) if one is step)


def _others(found: list[Seen]) -> list[Seen]:
    return [seen for seen in found if not seen.transaction and seen.exchange.request.method]


def _same_call(seen: Seen, exchange: Exchange) -> bool:
    sent = message_id_of(exchange)
    if sent:
        return seen.message_id == sent
    one, other = seen.exchange.request, exchange.request
    return (one.method, one.target, one.body) == (other.method, other.target, other.body)


def _free(there: tuple[str, ...], kind: str, suffix: str) -> str:
    """`ecran_01.png`, `declaration.md`, `declaration_02.md`: names that the evidence knows."""
    stems = {name.partition(".")[0] for name in there}
    if kind == "declaration" and "declaration" not in stems:
        return f"declaration{suffix}"
    stem, number = ("declaration", 2) if kind == "declaration" else ("ecran", 1)
    while f"{stem}_{number:02d}" in stems:
        number += 1
    return f"{stem}_{number:02d}{suffix}"


def _has(folder: CaseFolder | None, kind: str) -> bool:
    stem = {"screen": "ecran_", "declaration": "declaration"}[kind]
    return folder is not None and any(name.startswith(stem) for name in folder.attached())


def _plain(one: Difference) -> dict[str, Any]:
    return {"what": text_to_plain(one.what), "expected": one.expected, "found": one.found}
