"""Observe mode under kill -9: of the runner, of the mock, of both, in the middle of a campaign with a real software.

The software is this process. It does each act once: what was acknowledged is never asked of it again. Set
DMPCOMPAT_KILLS to a number for as many rounds at seeded moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import load_campaign
from harness.drive.identity import Keyring
from harness.observe.operator import Task
from harness.rejudge import rejudge
from harness.results import RunResult
from protocol.errors import NO_TEXT
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, case
from tests.observing import Software
from tests.ports import free_port
from tests.selfplay import DEMO, PLAN

ROOT = Path(__file__).resolve().parents[1]
DECLARE: dict[str, Any] = {"declare": {"fr": "Un message ?", "en": "A message?"}}
CASES = (
    case("CT-3.2-010", {**FEED, "need": True}, OPEN, DECLARE),
    case("CT-2.1-010", FEED, EXISTS, OPEN),
)
#: What is killed at each task in turn, and whether the software had acted before.
CI = [("", True), ("both", False)]
KINDS = [(who, acted) for who in ("runner", "mock", "both", "") for acted in (True, False)]


@dataclass
class Scene:
    """A mock with its database, a runner, a folder; each can be killed and started again."""

    place: Path
    pki: Path
    stack: ExitStack
    port: int = field(default_factory=free_port)
    mock: subprocess.Popen[bytes] | None = None
    runner: subprocess.Popen[bytes] | None = None
    read: int = 0
    acted: set[tuple[str, int]] = field(default_factory=set)

    def serve(self) -> str:
        ready = self.place / "ready.json"
        ready.unlink(missing_ok=True)
        options = {
            "--port": str(self.port),
            "--pki": str(self.pki),
            "--data": str(self.place / "data"),
            "--db": f"sqlite:///{self.place / 'mock.db'}",
            "--ready-file": str(ready),
        }
        self.mock = self._start(
            [str(ROOT / "cli.py"), "serve", *(part for pair in options.items() for part in pair)], "mock.log"
        )
        while not ready.exists():
            assert self.mock.poll() is None, (self.place / "mock.log").read_text()
            threading.Event().wait(0.02)
        return str(json.loads(ready.read_text())["url"])

    def run(self, url: str) -> None:
        place = self.place / "out"
        going_on = "resume" if (place / "preuves").is_dir() else "first"
        self.runner = self._start(
            ["-m", "tests.observing", self.place / "campagne.yaml", place, url, self.pki, going_on],
            "runner.log",
        )

    def kill(self, *which: subprocess.Popen[bytes] | None) -> None:
        for process in which:
            assert process is not None
            process.send_signal(signal.SIGKILL)
            process.wait(10)

    def tasks(self) -> list[dict[str, Any]]:
        """Lines that the operator got since the last time."""
        path = self.place / "tasks.ndjson"
        raw = path.read_bytes()[self.read :] if path.exists() else b""
        whole = raw[: raw.rfind(b"\n") + 1]
        self.read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def _start(self, command: list[Any], log: str) -> subprocess.Popen[bytes]:
        stream = self.stack.enter_context((self.place / log).open("ab"))
        process = subprocess.Popen([sys.executable, *command], stdout=stream, stderr=stream, cwd=ROOT)
        self.stack.callback(process.wait, 10)
        self.stack.callback(process.kill)
        return process


def play(scene: Scene, kills: list[tuple[str, bool]]) -> RunResult:
    """Do what the operator is told, killing as planned; the result of the run that ends."""
    url = scene.serve()
    campaign = load_campaign(scene.place / "campagne.yaml").at(url=url, pki=scene.pki)
    software = Software(campaign, Keyring(scene.pki), f"{url}/s/kill", "kill")
    scene.run(url)
    plan = iter(kills)
    pause = threading.Event()
    for _ in range(4000):
        assert scene.runner is not None and scene.mock is not None
        for line in scene.tasks():
            key = (line.get("case", ""), line.get("step", 0))
            if "wants" not in line:
                continue
            if key in scene.acted:
                _act(scene, software, line, again=True)
                continue
            scene.acted.add(key)
            who, first = next(plan, ("", True))
            if first:
                _act(scene, software, line)
            if who in ("runner", "both"):
                scene.kill(scene.runner)
            if who in ("mock", "both"):
                scene.kill(scene.mock)
                scene.serve()
            if who in ("runner", "both"):
                scene.run(url)
            if not first:
                _act(scene, software, line)
        if scene.runner.poll() is not None:
            break
        pause.wait(0.02)
    assert scene.runner is not None
    assert scene.runner.wait(20) == 0, (scene.place / "runner.log").read_text()[-3000:]
    assert len(software.sent) == 4
    return RunResult.load(scene.place / "out")


def _act(scene: Scene, software: Software, line: dict[str, Any], *, again: bool = False) -> None:
    """`again`: asked once more after a restart. What was sent is not sent again; what was said to a dead runner is."""
    if line["wants"] == "frame" and again:
        return
    if line["wants"] == "frame":
        task = Task(line["case"], line["step"], 3, NO_TEXT, NO_TEXT, (), "frame", facts=line["facts"])
        software.act(task)
        return
    with (scene.place / "answers.ndjson").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"kind": "declaration", "reason": "vu"}) + "\n")


def check(result: RunResult) -> None:
    """Verdicts as if nothing had been killed; each frame once; evidence that holds."""
    assert {found.code: str(found.verdict) for found in result.verdicts} == {
        "CT-3.2-010": "PASS",
        "CT-2.1-010": "PASS",
    }, [found.reason.en for found in result.verdicts]
    keys = []
    for found in result.verdicts:
        test = json.loads((result.evidence / found.code / "test.json").read_text())
        keys += [step["observed"]["key"] for step in test["steps"] if "observed" in step]
        assert test["observation"]["left"] == []
    lines = map(json.loads, (result.evidence / "evenements.ndjson").read_text().splitlines())
    answered = {line["key"] for line in lines if line["event"] == "frame" and line["fate"] == "answers"}
    assert len(keys) == 4 == len(set(keys)) and answered == set(keys)
    assert rejudge(result.evidence).holds


def scene_of(place: Path, pki: Path, stack: ExitStack) -> Scene:
    plan = {**PLAN, "id": "killed", "cases": list(CASES), "severity": {}}
    (place / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    told = {**DEMO, "id": "kill", "plan": {"file": "plan.yaml"}}
    (place / "campagne.yaml").write_text(json.dumps(told), encoding="utf-8")
    return Scene(place, pki, stack)


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, pki_folder: Path) -> None:
    with ExitStack() as stack:
        check(play(scene_of(tmp_path, pki_folder, stack), CI))


@pytest.mark.skipif(not os.environ.get("DMPCOMPAT_KILLS"), reason="set DMPCOMPAT_KILLS to a number of rounds")
def test_nothing_is_lost_whenever_it_happens(tmp_path: Path, pki_folder: Path) -> None:
    drawn = random.Random(20260115)  # noqa: S311 - moments, not secrets
    for number in range(int(os.environ.get("DMPCOMPAT_KILLS", "0"))):
        place = tmp_path / str(number)
        place.mkdir()
        kills = [drawn.choice(KINDS) for _ in range(5)]
        with ExitStack() as stack:
            check(play(scene_of(place, pki_folder, stack), kills))
