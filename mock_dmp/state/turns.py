"""Who writes now: one thread at a time, and those who wait write into the same transaction.

Group commit. A call's writes lie behind a savepoint, so that undoing one leaves the others alone; the last of a
group commits for all, with one sync, and nobody is told of success before. Between processes that share an SQLite
file, `Door` makes the queue.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from sqlalchemy import Connection, NestedTransaction

from protocol.errors import Text, ToolError

if sys.platform != "win32":  # there the database's own polling is the queue between processes
    import fcntl

TURN_SECONDS: Final = 30
#: Bounds of a group: those who came first wait for those who came last.
_MOST: Final = 24
_LONGEST: Final = 0.1
_POLL: Final = 0.0005


class Group:
    """One transaction that several threads write into, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.begun = time.monotonic()
        self.riders = 0
        self.over = threading.Event()
        self.failure: BaseException | None = None

    @property
    def full(self) -> bool:
        return self.riders >= _MOST or time.monotonic() - self.begun > _LONGEST


class Turns:
    """The queue of writers of one process.

    `begin` opens the transaction of a group; `end` commits it, or rolls it back when told False, and gives the
    connection back in any case.
    """

    def __init__(self, begin: Callable[[], Connection], end: Callable[[Connection, bool], None]) -> None:
        self._begin, self._end = begin, end
        self._turn = threading.Condition()
        self._taken = False
        self._waiting = 0
        self._group: Group | None = None

    def enter(self) -> Group:
        """Wait for the turn; the group to write into. Raises ToolError (DB-002) after TURN_SECONDS."""
        with self._turn:
            self._waiting += 1
            try:
                if not self._turn.wait_for(lambda: not self._taken, TURN_SECONDS):
                    raise busy(f"{TURN_SECONDS} s")
            finally:
                self._waiting -= 1
            self._taken = True
        try:
            if self._group is None:
                self._group = Group(self._begin())
            return self._group
        except BaseException:
            self._release()
            raise

    def leave(self, group: Group, *, wrote: bool) -> None:
        """Give the turn on; having written, return once that is committed. Raises what the commit raised."""
        with self._turn:
            group.riders += wrote
            goes_on = self._waiting > 0 and not group.full and group.failure is None
            if goes_on:  # who waits gets this group, and with it the duty to end it
                self._taken = False
                self._turn.notify()
        if not goes_on:
            self._close(group)
        if wrote:
            while not group.over.wait(1.0):
                self._rescue(group)
            if group.failure is not None:
                raise _lost(group.failure) from group.failure

    def _rescue(self, group: Group) -> None:
        """End a group whose next writer was interrupted before its turn."""
        with self._turn:
            if self._taken or self._waiting or self._group is not group:
                return
            self._taken = True
        self._close(group)

    def _close(self, group: Group) -> None:
        try:
            self._end(group.connection, group.riders > 0 and group.failure is None)
        except BaseException as problem:
            group.failure = group.failure or problem
            if not isinstance(problem, Exception):
                raise
        finally:
            self._group = None
            self._release()
            group.over.set()

    def _release(self) -> None:
        with self._turn:
            self._taken = False
            self._turn.notify()


class Writing:
    """One call's writes. `commit` and `rollback` end them; what comes after is without effect."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._group = turns.enter()
        self._open = True
        self.connection = self._group.connection
        self._point: NestedTransaction | None = None
        if self._group.riders:  # the first of a group needs none: undoing it undoes all there is
            try:
                self._point = self.connection.begin_nested()
            except BaseException as problem:
                self._give_up(problem)
                raise

    def commit(self) -> None:
        """Returns once the writes are safe on disk. Raises ToolError, SQLAlchemyError when they are not."""
        if not self._open:
            return
        if self._point is not None:
            try:
                self._point.commit()
            except BaseException as problem:
                self._give_up(problem)
                raise
        self._open = False
        self._turns.leave(self._group, wrote=True)

    def rollback(self) -> None:
        """Undo what this call wrote, and nothing else."""
        if not self._open:
            return
        if self._point is not None:
            try:
                self._point.rollback()
            except BaseException as problem:
                self._give_up(problem)
                raise
        self._open = False
        if self._point is None:
            self._group.failure = _UNDONE  # nobody else wrote: the whole transaction goes
        self._turns.leave(self._group, wrote=False)

    def _give_up(self, problem: BaseException) -> None:
        """The savepoint is gone, and the transaction with it: nobody of the group has written anything."""
        self._open = False
        self._group.failure = problem
        self._turns.leave(self._group, wrote=False)


class Door:
    """The queue between processes: two locks, so that whoever just wrote comes after the one who waits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: list[IO[bytes]] = []

    def enter(self) -> None:
        """Wait for the other processes. Raises ToolError (DB-002) after TURN_SECONDS."""
        if sys.platform == "win32":
            return
        if not self._files:
            names = (f"{self._path.name}.{name}" for name in ("next", "turn"))
            self._files = [self._path.with_name(name).open("ab") for name in names]
        coming, turn = self._files
        end = time.monotonic() + TURN_SECONDS
        _lock(coming, end)
        try:
            _lock(turn, end)
        finally:
            fcntl.flock(coming, fcntl.LOCK_UN)

    def leave(self) -> None:
        if sys.platform != "win32" and self._files:
            fcntl.flock(self._files[1], fcntl.LOCK_UN)

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []


def _lock(file: IO[bytes], end: float) -> None:
    """Polled, so that a process that stands still does not hold the others for ever."""
    while sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise busy(f"{TURN_SECONDS} s") from None
            time.sleep(_POLL)


def busy(found: str) -> ToolError:
    """The error of a writer that got no turn."""
    return ToolError(
        "DB-002",
        Text(
            "la base ne répond pas ou reste occupée trop longtemps",
            "the database does not answer, or stays busy too long",
        ),
        found=found,
    )


def _lost(problem: BaseException) -> ToolError:
    return ToolError(
        "DB-004",
        Text("la base n'a pas pu valider les écritures", "the database could not commit what was written"),
        found=f"{type(problem).__name__}: {problem}"[:300],
    )


_UNDONE: Final = RuntimeError("rolled back before anybody else wrote")
