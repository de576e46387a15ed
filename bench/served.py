"""A `serve` process over mutual TLS for the benchmarks: what it costs is its own, not its client's."""

from __future__ import annotations

import json
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
    """Where it answers, and the id of the process."""

    url: str
    pid: int


@contextmanager
def served(pki_folder: Path, data: Path, *, synced: bool = True) -> Iterator[Served]:
    """Serve until the end of the block."""
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
            yield Served(json.loads(ready.read_text())["url"], process.pid)
        finally:
            process.terminate()
            process.wait()
