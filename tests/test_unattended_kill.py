"""The hook under kill -9: of the runner while the software acts, then of the mock while it acts again.

Set DMPCOMPAT_KILLS to try it; tests/test_observe_kill.py is the sample of every run, with a software in the process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ports import free_port

LPS = ROOT / "docs" / "examples" / "lps"
#: Tells when it begins, then gives time to be killed in.
ACT = """
told=$(cat)
echo "$DMPCOMPAT_WANTS $DMPCOMPAT_CASE" >> acts
sleep 1
printf %s "$told" | "$PYTHON" lps.py
code=$?
echo >> ended
exit $code
"""


@pytest.fixture
def place(tmp_path: Path, pki_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not os.environ.get("DMPCOMPAT_KILLS"):
        pytest.skip("set DMPCOMPAT_KILLS: it takes half a minute")
    monkeypatch.setenv("LPS_NUMBER", "TEST-OK-1")
    monkeypatch.setenv("PYTHON", sys.executable)
    shutil.copytree(LPS, tmp_path / "lps")
    (tmp_path / "lps" / "pki").symlink_to(pki_folder)
    (tmp_path / "lps" / "act.sh").write_text(ACT, encoding="utf-8")
    return tmp_path / "lps"


@contextmanager
def started(place: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command of ours, in a group of its own; killed at the end when it was not before."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)
        process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL, at once; the acts of its hook are in groups of their own and go on."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def until(look: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def acts(place: Path) -> list[str]:
    path = place / "acts"
    told = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [case for wants, case in told if wants == "frame"]


def test_no_act_is_lost_nor_done_twice(place: Path) -> None:
    port = free_port()
    base = f"https://127.0.0.1:{port}"

    def serve(stack: ExitStack) -> subprocess.Popen[str]:
        ready = place / "ready.json"
        ready.unlink(missing_ok=True)
        words = ("serve", "--pki", "pki", "--port", str(port), "--data", "data", "--ready-file", "ready.json")
        mock = stack.enter_context(started(place, *words))
        until(ready.exists, "the mock")
        return mock

    run = (
        "run",
        "campagne.yaml",
        "--target",
        base,
        "--pki",
        "pki",
        "--only",
        "CT-0.2-*",
        "--hook",
        "sh act.sh",
        "--lodge",
        "ecrans",
    )
    with ExitStack() as stack:
        mock = serve(stack)
        with started(place, *run, "--out", "out") as runner:
            until(lambda: acts(place), "the first act")
            kill(runner)
        until((place / "ended").exists, "its end")
        runner = stack.enter_context(started(place, *run, "--resume", "out", "--lang", "en"))
        until(lambda: len(acts(place)) > 1, "the second act")
        kill(mock)
        serve(stack)
        said, _ = runner.communicate(timeout=120)
    assert runner.returncode == 0, said
    # The frame of the first act came while nobody looked; the second act failed with the mock, and was started again.
    assert acts(place) == ["CT-0.2-010", "CT-0.2-020", "CT-0.2-020"]
    verdicts = json.loads((place / "out" / "run.json").read_bytes())["counts"]
    assert verdicts["PASS"] == 2
    assert "INCONCLUSIVE" not in verdicts
