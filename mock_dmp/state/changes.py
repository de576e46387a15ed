"""Tells those who watch a store that something was committed, and how many of them may wait at a time.

Only what this process commits is told: who watches asks the database again after a while too, since another
server may share it. What changed is not said.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Who waits holds a worker thread: a quarter of the usual sixteen.
SEATS: Final = 4


class Changes:
    """A counter of commits to wait upon, with a limited number of seats for those who wait."""

    def __init__(self, seats: int = SEATS) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._free = seats
        self._closed = False

    @property
    def count(self) -> int:
        """Commits so far: give it to `wait` once you have looked at the database."""
        return self._count

    @property
    def closed(self) -> bool:
        """Whether the server is stopping: nobody should wait any longer."""
        return self._closed

    def limit(self, seats: int) -> None:
        """Set how many may wait at a time. Before anybody does."""
        with self._condition:
            self._free = seats

    def tell(self) -> None:
        """Something was committed."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Let everybody go, for good."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until there are more than `seen` commits, at most so long; returns the count then."""
        end = time.monotonic() + seconds
        with self._condition:
            while self._count <= seen and not self._closed:
                left = end - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    break
            return self._count

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """Take a seat, if one is free; says whether. Given back at the end."""
        with self._condition:
            taken = self._free > 0 and not self._closed
            self._free -= taken
        try:
            yield taken
        finally:
            with self._condition:
                self._free += taken
