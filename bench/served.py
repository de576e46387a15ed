"""A `serve` process over mutual TLS for the benchmarks: what it costs is its own, not its client's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_START_SECONDS: Final = 60
#: Nothing is synced any more: only to learn what syncing costs.
_UNSYNCED: Final = """
import os, sqlite3
os.fsync = lambda handle: None
from mock_dmp.state import engine
sure = engine._pragmas
def unsure(connection, record):
    sure(connection, record)
    connection.execute("PRAGMA synchronous=OFF").close()
engine._pragmas = unsure
"""
_START: Final = "import cli, sys; sys.argv[0] = 'dmpcompat'; cli.main()"


@dataclass(frozen=True)
class Served:
    """Where it answers, and the id of the process; `workers`: those of the processes that serve, if others do."""

    url: str
    pid: int
    workers: tuple[int, ...] = ()

    def cpu(self) -> float:
        """Seconds of processor that it consumed so far, with its workers. Linux only."""
        return sum(_cpu(pid) for pid in (self.pid, *self.workers))


@contextmanager
def served(
    pki_folder: Path, data: Path, *, synced: bool = True, workers: int = 0, plain: bool = False
) -> Iterator[Served]:
    """Serve until the end of the block; `plain`: in the clear, the PKI judging the VIHF all the same.

    `workers`: 0 for the one process of `serve` without `--workers`.
    """
    data.mkdir(parents=True, exist_ok=True)
    ready = data / "ready.json"
    program = _START if synced else _UNSYNCED + _START
    options: list[str | Path] = [
        "serve",
        "--port",
        "0",
        "--pki",
        pki_folder,
        "--data",
        data,
        "--ready-file",
        ready,
        *(["--workers", str(workers)] if workers else []),
        *(["--plain-http"] if plain else []),
    ]
    command = [sys.executable, "-c", program, *options]
    with (
        (data / "log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            end = time.monotonic() + _START_SECONDS
            while not ready.exists():
                assert process.poll() is None, (data / "log").read_text()
                assert time.monotonic() < end, "the mock does not start"
                time.sleep(0.05)
            told = json.loads(ready.read_text())
            yield Served(told["url"], process.pid, tuple(told.get("workers", ())))
        finally:
            process.terminate()
            process.wait()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
