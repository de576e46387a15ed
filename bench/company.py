"""Whether a benchmark had the machine to itself: figures taken beside other work say little.

What others took is the processor time of the whole machine, without that of this process and of those that it started.
Linux only (/proc).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/stat")


class Watch:
    """Looks at the clocks when it is made, and again when it is asked."""

    def __init__(self) -> None:
        self._start = _read()

    def told(self) -> Iterator[str]:
        """One line, where the machine tells."""
        before, now = self._start, _read()
        if before is not None and now is not None:
            taken, whole, own = (later - earlier for earlier, later in zip(before, now, strict=True))
            share = max(0.0, whole - own) / (taken * (os.cpu_count() or 1))
            yield f"(others took {share:.0%} of the machine meanwhile)"


def _read() -> tuple[float, float, float] | None:
    """Seconds: of the clock; of processor, of the whole machine and of ours. Children count once they ended."""
    if not _STAT.exists():
        return None
    fields = _STAT.read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _waiting, *interrupts = map(int, fields)
    ours = os.times()
    return (
        time.monotonic(),
        (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK"),
        ours.user + ours.system + ours.children_user + ours.children_system,
    )
