"""The processes that judge a tree: as many as asked, each with one document in hand, none trusted to come back.

A process that dies, or stays too long on a document, is replaced; that document gets an ERROR that names it, the
others lose nothing. What is done with an entry is the `work` that the crew is given.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from harness.checks.rule import Finding
from harness.ended import end_of
from harness.files.archives import CHECK_FILE, Entry
from harness.files.record import Record, recorded
from protocol.errors import Text, ToolError

Work = Callable[[Entry], Record]
Ranked = tuple[int, Entry]
#: Entries given ahead to each process, so that it never waits for the next.
_AHEAD: Final = 8
#: Processes that die before they are ready: after so many in a row, it is not the documents.
_PATIENCE: Final = 3
_MB: Final = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one document may cost: seconds, and megabytes for the process that judges it (0: no limit)."""

    timeout: float = 120.0
    memory: int = 4096


@dataclass
class _Hand:
    """One process, and what it was given: the first of `queue` is the one in hand, since `since`."""

    process: Any
    pipe: Connection
    ready: bool = False
    since: float = 0.0
    queue: deque[Ranked] = field(default_factory=deque)


def crew(
    work: Work, entries: Iterator[Ranked], jobs: int, limits: Limits | None = None
) -> Iterator[tuple[int, Record]]:
    """Judge entries in `jobs` processes; results come as they are ready, each with the rank of its entry.

    Raises ToolError (CHECK-030) when processes can't even start.
    """
    bounds = limits or Limits()
    hands = [_hire(work, bounds) for _ in range(jobs)]
    again: deque[Ranked] = deque()
    failures = 0
    try:
        while True:
            for hand in hands:
                _feed(hand, again, entries)
            busy = [hand for hand in hands if hand.queue]
            if not busy:
                return
            for hand in _speaking(busy, bounds):
                try:
                    said = hand.pipe.recv()
                except (EOFError, OSError):
                    failures = 0 if hand.ready else failures + 1
                    yield from _replace(hands, hand, again, work, bounds, failures)
                    continue
                if said is None:
                    hand.ready, hand.since, failures = True, time.monotonic(), 0
                else:
                    rank, _ = hand.queue.popleft()
                    hand.since = time.monotonic()
                    yield rank, said
            for hand in [one for one in hands if _late(one, bounds)]:
                yield from _overdue(hands, hand, again, work, bounds)
    finally:
        for hand in hands:
            _dismiss(hand)


def alone(work: Work, entries: Iterator[Ranked]) -> Iterator[tuple[int, Record]]:
    """The same in this process: for a few small files, starting others costs more."""
    for rank, entry in entries:
        yield rank, work(entry)


def lost(entry: Entry, why: str) -> Record:
    """The record of a document that took its process with it: our failure, told as ours."""
    return recorded(entry.path, "", "auto", [Finding(CHECK_FILE, "ERROR", f"{entry.name}:", why)], lost=True)


def too_long(timeout: float) -> str:
    return f"CHECK-031: document abandonné après {timeout:g} s / document given up after {timeout:g} s"


def died(end: str) -> str:
    return (
        f"CHECK-032: le processus qui jugeait ce document est mort ({end}) / "
        f"the process that judged this document died ({end})"
    )


def _feed(hand: _Hand, again: deque[Ranked], entries: Iterator[Ranked]) -> None:
    while len(hand.queue) < _AHEAD:
        given = again.popleft() if again else next(entries, None)
        if given is None:
            return
        if not hand.queue:
            hand.since = time.monotonic()
        hand.queue.append(given)
        with suppress(OSError):  # it died: reading from it will tell
            hand.pipe.send(given[1])


def _speaking(busy: list[_Hand], bounds: Limits) -> list[_Hand]:
    """Those that have something to say, or the first that is late."""
    until = min((hand.since + bounds.timeout for hand in busy if hand.ready), default=0.0)
    pause = max(0.0, until - time.monotonic()) if until else None
    heard = set(wait([hand.pipe for hand in busy], pause if bounds.timeout else None))
    return [hand for hand in busy if hand.pipe in heard]


def _late(hand: _Hand, bounds: Limits) -> bool:
    """Too long on what it has in hand; what is already said and not yet heard is no delay of its own."""
    if not bounds.timeout or not hand.ready or not hand.queue or hand.pipe.poll():
        return False
    return time.monotonic() - hand.since >= bounds.timeout


def _replace(
    hands: list[_Hand], dead: _Hand, again: deque[Ranked], work: Work, bounds: Limits, failures: int
) -> Iterator[tuple[int, Record]]:
    """Another process in the place of a dead one, whose document in hand is lost."""
    _dismiss(dead)
    if failures >= _PATIENCE:
        raise ToolError(
            "CHECK-030",
            Text("les processus de contrôle ne démarrent pas", "the processes that judge do not start"),
            found=end_of(dead.process),
        )
    hands[hands.index(dead)] = _hire(work, bounds)
    if dead.ready:
        rank, entry = dead.queue.popleft()
        yield rank, lost(entry, died(end_of(dead.process)))
    again.extend(dead.queue)


def _overdue(
    hands: list[_Hand], slow: _Hand, again: deque[Ranked], work: Work, bounds: Limits
) -> Iterator[tuple[int, Record]]:
    slow.process.kill()
    _dismiss(slow)
    hands[hands.index(slow)] = _hire(work, bounds)
    rank, entry = slow.queue.popleft()
    again.extend(slow.queue)
    yield rank, lost(entry, too_long(bounds.timeout))


def _hire(work: Work, bounds: Limits) -> _Hand:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=partial(_labour, work, bounds.memory), args=(theirs,))
    process.start()
    theirs.close()
    return _Hand(process, ours)


def _dismiss(hand: _Hand) -> None:
    hand.pipe.close()  # it reads the end, and leaves
    if hand.process.is_alive() and hand.queue:
        hand.process.kill()
    hand.process.join(5)
    if hand.process.is_alive():
        hand.process.kill()
        hand.process.join()


def _labour(work: Work, memory: int, pipe: Connection) -> None:
    """What a process of the crew does: judge what it is sent until nobody sends."""
    # Ctrl-C goes to the whole group of processes: the parent decides, and closes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _bound(memory)
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            entry = pipe.recv()
            pipe.send(_done(work, entry))


def _done(work: Work, entry: Entry) -> Record:
    try:
        return work(entry)
    # A fault of ours on one document must not cost the others theirs.
    except Exception as problem:  # noqa: BLE001 - told as lost, for that document alone
        return lost(entry, f"CHECK-033: {type(problem).__name__}: {problem}")


def _bound(memory: int) -> None:
    """The kernel refuses memory past this; the document that asked for it is an ERROR. Not everywhere possible."""
    if memory and os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = memory * _MB if hard == resource.RLIM_INFINITY else min(memory * _MB, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
