"""A lock that one process holds on a file, and that its death gives back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from protocol.errors import Text, UsageError


def hold(path: Path) -> IO[bytes]:
    """Hold the file until it is closed. Raises UsageError (CAPT-001) when another process does."""
    stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        _lock(stream.fileno())
    except OSError as problem:
        stream.close()
        raise UsageError(
            "CAPT-001",
            Text("un autre programme enregistre dans ce dossier", "another program records in this folder"),
            field=str(path.parent),
            mend=Text("l'arrêter, ou donner un autre dossier", "stop it, or give another folder"),
        ) from problem
    return stream


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
