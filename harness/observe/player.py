"""Plays a case with a software that is observed: waits for the frame that answers each step, asks the operator.

Preconditions (`need`) are played by our own driver, with the keys of the campaign. Which frame answers is decided by
`recognition`, how one waits by `waiting`; the steps judge what is found here as they judge our driver's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.drive.ids import SeededIds
from harness.naming import message_id_of
from harness.observe import reading, recognition
from harness.observe.attending import Attending, has
from harness.observe.instructions import after_steps, task_of
from harness.observe.operator import Difference, NearMiss, Task, Wanted
from harness.observe.reading import Frame
from harness.observe.recognition import Compared, Step
from harness.observe.source import Seen
from harness.observe.waiting import nobody_answers
from harness.players.api import Made
from harness.players.attended import Answered, Span
from harness.players.driver import Driver
from harness.results import text_to_plain
from harness.steps.api import StepSpec, Unmet
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
class Observed:
    """The player of one case. `taken`: keys of the frames that answered a step of any case."""

    watching: Attending
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
            return self._captured(step, context)
        end = self._now() + timedelta(seconds=step.watch.seconds)
        task = task_of(number_of(step, context), step, context, wants="nothing-sent", deadline=end)
        self.watching.until(task, self._looked, lambda: True)
        found = [seen for seen in self.watching.surely() if not self._ours(seen)]
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
            if kind not in context.case.evidence or kind in given or has(self.watching.folder, kind):
                continue
            task = after_steps(rank, context, instruction, wants=wants, deadline=self._deadline())
            if self.watching.source.finished or self._answer(task)["kind"] in ("skip", "late"):
                lacking.append(kind)
            self.watching.operator.done(task, ())
        return lacking

    def recall(self, told: Mapping[str, Any]) -> None:
        """What had answered before a restart, by step."""
        self.told = {int(number): one for number, one in told.items()}
        keys = {one["key"]: one["order"] for one in self.told.values()}
        self.taken |= keys.keys()
        if keys and self.watching.source.finished:
            held = self.watching.source.frames(max(keys.values()) - 1)
            self.last = next((seen for seen in held if seen.key in keys), None)

    def left_over(self) -> list[str]:
        """Calls of the software that answered no step: told, so that none is forgotten."""
        watching = self.watching
        try:
            found = [seen for seen in watching.look() if seen.business and not self._ours(seen)]
        except DmpcompatError as problem:  # the case has its result: what can't be listed is told
            watching.journal.tell("cleaning-failed", watching.case, problem=problem.message("en"))
            return []
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
        drawn, made, tries = context.ids, None, 0
        try:
            while tries < _TRIES:
                tries += 1
                self._up(context)
                context.ids = SeededIds(nonce)  # the same each time: it may have arrived without an answer
                made = play()
                if made.exchange.response is not None or made.exchange.failure.startswith("tls"):
                    break
        finally:
            context.ids = drawn
        if made is None:
            raise nobody_answers(number, None, late=True)
        return self._first_of(made, again=intent is not None or tries > 1, context=context)

    def _up(self, context: CaseContext) -> None:
        """Wait for a platform that is away: our driver would not."""
        if context.platform.control is not None:
            context.platform.control.faults(context.platform.session)

    def _first_of(self, made: Made, *, again: bool, context: CaseContext) -> Made:
        """Know the frames of our driver in the source; when it plays again, the first that was answered counts."""
        same = [seen for seen in self.watching.surely() if _same_call(seen, made.exchange)]
        sent = message_id_of(made.exchange)
        self.watching.ours |= {sent} if sent else {seen.key for seen in same}
        first = next((seen for seen in same if seen.exchange.response is not None), None)
        if first is None or not (again and sent):
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

    def _captured(self, step: WatchStep, context: CaseContext) -> Span:
        """The window in frames that were captured before: from the last frame of the case, by their times, up to the
        one that answers the next step. Among frames that nobody sorted by test nothing tells whose act a frame is.
        """
        source, anchor = self.watching.source, self.last
        apart = bool(getattr(source, "apart", False))
        if anchor is None or not apart:
            raise _not_watched(sorted_by_test=apart)
        end = anchor.exchange.ended + timedelta(seconds=step.watch.seconds)
        later = (recognition.waited_for(one) for one in context.case.steps[number_of(step, context) :])
        following = next((one for one in later if one is not None), None)
        found: list[Seen] = []
        for seen in source.frames(anchor.order):
            if following is not None and _answers(following, context, seen):
                break
            if seen.exchange.started <= end:
                found.append(seen)
        return self._span(found)

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


def _answers(step: Step, context: CaseContext, seen: Seen) -> bool:
    return recognition.counts(step, seen) and recognition.compare(step, context, seen).answers


def _not_watched(*, sorted_by_test: bool) -> Unmet:
    return Unmet(
        "OBS-005",
        Text(
            "ces trames ne disent pas quand l'opérateur a agi : rien ne peut être surveillé",
            "these frames do not tell when the operator acted: nothing can be watched",
        ),
        mend=Text("observer ce cas (--observe)", "observe this case (--observe)")
        if sorted_by_test
        else Text(
            "ranger les trames de ce cas dans un dossier à son code, ou observer (--observe)",
            "put the frames of this case in a folder named after its code, or observe (--observe)",
        ),
    )


def _others(found: list[Seen]) -> list[Seen]:
    return [seen for seen in found if not seen.transaction and seen.exchange.request.method]


def _same_call(seen: Seen, exchange: Exchange) -> bool:
    sent = message_id_of(exchange)
    if sent:
        return seen.message_id == sent
    one, other = seen.exchange.request, exchange.request
    return (one.method, one.target, one.body) == (other.method, other.target, other.body)


def _plain(one: Difference) -> dict[str, Any]:
    return {"what": text_to_plain(one.what), "expected": one.expected, "found": one.found}
