"""The databases that the mock is tested on: SQLite, and a PostgreSQL server made for the run when it can be.

A test module that imports `every_database as database` runs its tests of the store on both.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

#: Gives the URL of a new, empty database; None stands for the default SQLite file.
NewDatabase = Callable[[], str | None]


class Postgres:
    """One PostgreSQL server on a free port, whose files are in a folder of their own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data = programs, folder / "data"
        account = _account()
        self._as: dict[str, Any] = {"user": account, "group": account, "extra_groups": []} if account else {}
        self._numbers = itertools.count(1)
        if account:
            shutil.chown(folder, account)
        self._run(
            "initdb", "-D", self._data, "-U", "dmp", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        self._port = free_port()
        # Nothing here has to survive a power cut; sockets stay inside the folder. A child, not a daemon: it ends
        # with the group of processes of a run that is interrupted.
        options = ["-D", self._data, "-p", str(self._port), "-h", "127.0.0.1", "-k", self._data, "-F"]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as,
            )
        try:
            self._wait(folder / "log")
        except BaseException:
            self.stop()
            raise

    def _wait(self, log: Path) -> None:
        pause = threading.Event()
        ready = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        for _ in range(600):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert self._process.poll() is None, log.read_text(errors="replace")
            pause.wait(0.05)
        raise AssertionError("PostgreSQL does not start")

    def new(self) -> str:
        name = f"mock{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "dmp", name)
        return f"postgresql+psycopg://dmp@127.0.0.1:{self._port}/{name}"

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
        self._process.wait(30)

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._data.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self._as,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; skips, with the reason, where there can be none."""
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is absent (extra `postgres`)")
    programs = _programs()
    if programs is None:
        pytest.skip("initdb is neither in PATH nor in /usr/lib/postgresql/*/bin")
    if os.name == "posix" and os.geteuid() == 0 and _account() is None:
        pytest.skip("PostgreSQL does not run as root, and there is no other account")
    # Not below pytest's own folders, which no other account can reach.
    with tempfile.TemporaryDirectory(prefix="dmpcompat-pg-") as folder:
        server = Postgres(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def database() -> NewDatabase:
    """SQLite."""
    return lambda: None


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def every_database(request: pytest.FixtureRequest) -> NewDatabase:
    """SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        return lambda: None
    server: Postgres = request.getfixturevalue("postgres")
    return server.new


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(float(one.parts[4]))
    )
    return versions[-1].parent if versions else None


def _account() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd

    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)
