"""Descriptions that a run reads back, with other values than ours in them: refused by an error of ours, or read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import views
from harness.campaign import load_campaign
from harness.capture.recording import Recorder, Recording
from harness.deviations import load_deviations
from harness.plan import load_plan
from harness.results import RunResult
from protocol import exchange
from protocol.datafolders import folder
from protocol.exchange import Exchange, Request, Response, Tls
from tests.mutations import some, spoilt_bytes, spoilt_values, survives
from tests.reports.made import build_run

START = datetime(2026, 3, 1, tzinfo=UTC)
ONE = Exchange(
    id="1",
    origin="proxy",
    session="",
    started=START,
    ended=START,
    request=Request("POST", "/x", (("Content-Type", "text/xml"),), b"<a/>"),
    response=Response(200, (("Content-Type", "text/xml"),), b"<b/>"),
    tls=Tls("TLSv1.3", "x", b"\x30\x00"),
)


def spoil(path: Path, read: Callable[[], Any], values: Any, count: int) -> None:
    """Values in `count` ways, bytes in a twelfth as many."""
    good = path.read_bytes()
    read()
    cases = [
        *some(spoilt_values(values), count),
        *((f"#{n}", d) for n, d in enumerate(spoilt_bytes(good, count // 12))),
    ]
    for name, data in cases:
        path.write_bytes(data)
        survives(lambda _: read(), None, f"{path.name}: {name}")
    path.write_bytes(good)


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder("test_plans"), tmp_path / "plans"))


def test_a_campaign(plans: Path) -> None:
    """A plan that is not there is asked for, so that the campaign itself is what is read."""
    path = plans / "campagne-demo.yaml"
    told = yaml.safe_load(path.read_bytes())
    told["plan"]["file"] = "small.yaml"
    plan = yaml.safe_load((plans / "cas" / "pannes.yaml").read_bytes())
    whole = yaml.safe_load((plans / "dmp-socle.yaml").read_bytes())
    small = {**whole, "cases": plan["cases"][:1]}
    small.pop("include", None)
    (plans / "small.yaml").write_text(json.dumps(small), encoding="utf-8")
    path.write_text(json.dumps(told), encoding="utf-8")

    def read() -> None:
        survives(lambda _: load_campaign(path), None)

    spoil(path, read, told, 24)
    spoil(plans / "small.yaml", lambda: survives(lambda _: load_plan(plans / "small.yaml"), None), small, 24)


def test_deviations(plans: Path) -> None:
    plan = load_plan(plans / "dmp-socle.yaml").plan
    path = plans / "ecarts.yaml"
    told = {"deviations": [{"case": "CT-0.2-010", "rule": "A", "reason": "x", "expires": "2027-01-31"}]}
    path.write_text(json.dumps(told), encoding="utf-8")
    spoil(path, lambda: survives(lambda _: load_deviations(path, plan), None), told, 72)


def test_an_exchange(tmp_path: Path) -> None:
    ONE.save(tmp_path, "1")
    path = tmp_path / "1_echange.json"

    def read() -> None:
        found = exchange.load(tmp_path, "1")
        views.tls(found)
        found.save(tmp_path / "again", "1")

    spoil(path, read, json.loads(path.read_bytes()), 240)


def test_a_recording(tmp_path: Path) -> None:
    place = tmp_path / "frames"
    with Recorder(place, origin="proxy", source="x", sure=False) as recorder:
        recorder.append(ONE)
    for path in sorted(place.glob("*.json")):
        spoil(path, lambda: Recording(place).frames(), json.loads(path.read_bytes()), 96)


def test_the_result_of_a_run(tmp_path: Path) -> None:
    run = build_run(tmp_path / "run")
    path = run / "run.json"
    spoil(path, lambda: RunResult.load(path).to_plain(), json.loads(path.read_bytes()), 120)
