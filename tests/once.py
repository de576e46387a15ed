"""What is dear to make and only read afterwards: made once for all the processes of a run of the tests.

Whoever asks first makes it, in a folder that the processes share; the others wait for it, which costs them no
processor. A failure is told to whoever asked, and the next one tries again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_DONE = ".done"


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled, in this process or in another. Nobody may change it."""
    shared = factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / f"once-{name}"
    with _alone(shared / f"once-{name}.lock"):
        if not (folder / _DONE).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / _DONE).touch()
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process that holds it."""
    with path.open("w") as held:
        try:
            import fcntl
        except ImportError:  # not a Unix: tests run in one process there
            yield
            return
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
