"""Cases side by side, in processes of their own; what they tell and leave is that of a run one by one.

Each case has a session of its own at the mock, so that none sees another. Events reach the journal in the order of
the plan: those of the first unfinished case as they happen, those of later ones when their turn comes. A process that
dies costs its case an ERROR. Which cases run, and what a case does, is decided elsewhere.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from harness.ended import end_of
from harness.events import Event, Journal, Relay
from harness.plan import Case
from harness.results import CaseResult, text_to_plain
from harness.runner import Runner, describe
from harness.verdict import Verdict
from protocol.errors import DmpcompatError, Text, ToolError

#: Makes the runner of a process, told where its events go; must be picklable.
Make = Callable[[Journal], Runner]
#: Fewer cases than this for each process are played sooner than the process starts.
_WORTH: Final = 4
#: Processes that die before they are ready: after so many in a row, it is not the cases.
_PATIENCE: Final = 3
#: Seconds for a process to close its session when it is stopped.
_GRACE: Final = 5.0


@dataclass
class _Hand:
    """One process, and the case that it has in hand."""

    process: Any
    pipe: Connection
    ready: bool = False
    case: Case | None = None


@dataclass
class _InOrder:
    """Hands events to the journal in the order of the cases, whatever the order in which they come."""

    journal: Journal
    codes: Sequence[str]
    first: int = 0
    held: dict[str, list[Event]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)

    def told(self, code: str, event: Event) -> None:
        if self.first < len(self.codes) and self.codes[self.first] == code:
            self.journal.record(event)
        else:
            self.held.setdefault(code, []).append(event)

    def finished(self, code: str) -> None:
        self.over.add(code)
        while self.first < len(self.codes) and self.codes[self.first] in self.over:
            self.first += 1
            self._let_go(self.first)

    def interrupted(self) -> None:
        """Whatever is still held, so that nothing that happened is lost."""
        for place in range(self.first, len(self.codes)):
            self._let_go(place)

    def _let_go(self, place: int) -> None:
        if place < len(self.codes):
            for event in self.held.pop(self.codes[place], ()):
                self.journal.record(event)


def worth(jobs: int, cases: int) -> int:
    """How many processes so many cases are worth, at most `jobs`; 1: none but this one."""
    return max(1, min(jobs, cases // _WORTH))


def run_cases(make: Make, cases: Sequence[Case], jobs: int, journal: Journal) -> dict[str, CaseResult]:
    """Run the cases, here or in as many processes as they are worth; the results by code.

    A platform that isolates no case is driven from here, one case after the other. Raises as `side_by_side`.
    """
    runner = make(journal)
    try:
        number = worth(jobs, len(cases)) if runner.control is not None else 1
        if number > 1:
            return side_by_side(make, cases, number, journal)
        return {case.code: runner.run(case) for case in cases}
    finally:
        if runner.control is not None:
            runner.control.close()


def side_by_side(make: Make, cases: Sequence[Case], jobs: int, journal: Journal) -> dict[str, CaseResult]:
    """Run the cases in `jobs` processes; the results by code.

    Raises what a case would have raised here (EvidenceError), and ToolError (RUN-030) when processes can't start.
    """
    waiting, results = deque(cases), dict[str, CaseResult]()
    order = _InOrder(journal, [case.code for case in cases])
    hands = [_hire(make) for _ in range(jobs)]
    failures = 0
    try:
        while len(results) < len(cases):
            for hand in hands:
                _feed(hand, waiting, hands)
            for hand in _speaking(hands):
                try:
                    said = hand.pipe.recv()
                except (EOFError, OSError):
                    failures = 0 if hand.ready else failures + 1
                    _bury(hand, order, results, failures)
                    hands[hands.index(hand)] = _hire(make)
                    continue
                failures = 0
                _heard(hand, said, order, results)
    except BaseException:
        for hand in hands:
            _stop(hand, order)
        order.interrupted()
        raise
    finally:
        for hand in hands:
            _dismiss(hand)
    return results


def told_again(journal: Journal, kept: Iterable[CaseResult]) -> None:
    """Tell the journal of cases that a killed run had finished and not told: their events were held back for the order
    of the plan. `kept`: the results that are taken over from it.
    """
    finished = journal.finished()
    for result in kept:
        if result.code not in finished:
            reason = text_to_plain(result.reason)
            journal.tell("case-finished", result.code, verdict=str(result.verdict), reason=reason, kept=True)


def _speaking(hands: Sequence[_Hand]) -> list[_Hand]:
    heard = set(wait([hand.pipe for hand in hands]))
    return [hand for hand in hands if hand.pipe in heard]


def alone(case: Case) -> bool:
    """Whether it makes connections fail, of any session: no other case may be played beside it."""
    return any(getattr(step, "strikes_connections", False) for step in case.steps)


def _feed(hand: _Hand, waiting: deque[Case], hands: Sequence[_Hand]) -> None:
    if hand.ready and hand.case is None and waiting:
        played = [one.case for one in hands if one.case is not None]
        if played and (alone(waiting[0]) or alone(played[0])):
            return
        hand.case = waiting.popleft()
        with suppress(OSError):  # it died: reading from it will tell
            hand.pipe.send(hand.case)


def _heard(hand: _Hand, said: Any, order: _InOrder, results: dict[str, CaseResult]) -> None:
    if said is None:
        hand.ready = True
    elif isinstance(said, BaseException):
        raise said
    elif hand.case is not None and isinstance(said, Event):
        order.told(hand.case.code, said)
    elif hand.case is not None:
        results[hand.case.code] = said
        order.finished(hand.case.code)
        hand.case = None


def _bury(hand: _Hand, order: _InOrder, results: dict[str, CaseResult], failures: int) -> None:
    """The case of a process that died is an ERROR: ours, and no verdict on the software."""
    _dismiss(hand)
    end = end_of(hand.process)
    if failures >= _PATIENCE:
        raise ToolError(
            "RUN-030",
            Text(
                "les processus qui jouent les cas ne démarrent pas",
                "the processes that play cases do not start",
            ),
            found=end,
            mend=Text("essayer avec --jobs 1", "try with --jobs 1"),
        )
    if hand.case is None:
        return
    code, reason = (
        hand.case.code,
        Text(
            f"RUN-031 : le processus qui jouait ce cas est mort ({end})",
            f"RUN-031: the process that played this case died ({end})",
        ),
    )
    result = describe(hand.case, Verdict.ERROR, reason)
    told = Event.now("case-finished", code, verdict=str(result.verdict), reason=text_to_plain(reason))
    order.told(code, told)
    results[code] = result
    order.finished(code)


def _hire(make: Make) -> _Hand:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_play, args=(make, theirs), daemon=True)
    with _deaf():
        process.start()
    theirs.close()
    return _Hand(process, ours)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C goes to the whole group of processes; one that is started meanwhile does not hear it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(hand: _Hand, order: _InOrder) -> None:
    """Let a process close its session, and hear what it still tells."""
    if hand.process.is_alive():
        hand.process.terminate()
    with suppress(EOFError, OSError):
        while hand.pipe.poll(_GRACE):
            said = hand.pipe.recv()
            if hand.case is not None and isinstance(said, Event):
                order.told(hand.case.code, said)


def _dismiss(hand: _Hand) -> None:
    hand.pipe.close()  # it reads the end, and leaves
    hand.process.join(_GRACE)
    if hand.process.is_alive():
        hand.process.kill()
        hand.process.join()


def _play(make: Make, pipe: Connection) -> None:
    """What a process does: play what it is sent until nobody sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_watch_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        runner = make(Relay(pipe.send))
        pipe.send(None)
        while True:
            pipe.send(_played(runner, pipe.recv()))


def _played(runner: Runner, case: Case) -> CaseResult | DmpcompatError:
    try:
        return runner.run(case)
    except DmpcompatError as problem:  # evidence that can't be written stops the run
        return problem


def _leave(*_: object) -> None:
    sys.exit(143)


def _watch_parent() -> None:
    """When the parent was killed, nobody waits for the case in hand: its session is closed, and that is all."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
