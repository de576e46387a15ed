"""Ports for servers that are told theirs before they start, or that nobody is to answer on.

One that the system gave and took back may be given to somebody else before it is used. These are below those that it
gives (Linux: 32768 and up), and are held against the other processes of the tests until this one ends.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO, Final

_FIRST, _LAST = 20_000, 32_000
_HELD: Final[list[IO[bytes]]] = []


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on and no other test is given."""
    count = _LAST - _FIRST
    start = os.getpid() * 97 % count
    for step in range(count):
        port = _FIRST + (start + step) % count
        if _held(port):
            return port
    raise AssertionError("no free port")


def _held(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"dmpcompat-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(port)).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    _HELD.append(lock)
    return True
