"""How a process of ours ended, in a word for whoever reads of it. What is done about it is its owner's business."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any


def end_of(process: Any) -> str:
    """`SIGKILL`, `exit 1`… of a `multiprocessing` process, of any start method, that has been joined."""
    code = process.exitcode
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit {code}"
