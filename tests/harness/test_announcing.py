"""Cases tell the mock what they are about to send; whatever comes of it, verdicts stay as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.choices import Choices
from harness.control import Control
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from mock_dmp.state import expectations
from mock_dmp.state.expectations import Awaited
from protocol import directory
from protocol.errors import Text, ToolError


@pytest.fixture
def run(
    write_campaign: Callable[..., Path],
    small_campaign: dict[str, Any],
    small_plan: dict[str, Any],
    mock: MockServer,
    pki_folder: Path,
    tmp_path: Path,
) -> Callable[..., Verdict]:
    """Run the small plan against the mock; its verdict."""

    def go(*steps: dict[str, Any]) -> Verdict:
        if steps:
            small_plan["cases"][0]["steps"] = list(steps)
        path = write_campaign(small_campaign, small_plan)
        done = run_campaign(path, Choices(out=tmp_path / "out", target=mock.url, pki=pki_folder))
        return done.verdicts[0].verdict

    return go


@pytest.fixture
def seen(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> list[Awaited]:
    """What each session had waited for, just before it went away."""
    found: list[Awaited] = []
    delete = Control.delete

    def look(control: Control, name: str) -> None:
        expectations.settle(mock.store, name)
        with mock.store.read() as db:
            found.extend(expectations.listing(db, name))
        delete(control, name)

    monkeypatch.setattr(Control, "delete", look)
    return found


def events(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    lines = [
        json.loads(line)
        for path in (tmp_path / "out").rglob("*.ndjson")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [line for line in lines if line.get("event") == kind]


def test_each_drive_step_is_announced_and_met(
    run: Callable[..., Verdict], seen: list[Awaited], tmp_path: Path
) -> None:
    first = {"drive": "TD0.2", "as": "cps", "patient": "actif-autorise", "expect": {"success": True}}
    second = {"drive": "TD0.2", "as": "hopital", "patient": "actif-autorise", "expect": {"success": True}}
    assert run(first, second) is Verdict.PASS
    assert [(one.expectation.case, one.expectation.step) for one in seen] == [
        ("CT-0.2-010", "1"),
        ("CT-0.2-010", "2"),
    ]
    assert all(one.exchange for one in seen)
    facts = seen[0].expectation.facts
    assert facts.patient == directory.patients()["actif-autorise"].ins.number
    assert facts.caller == directory.professionals()["medecin"].ps_id
    assert seen[0].expectation.sentence == Text("envoyer TD0.2 en tant que cps", "send TD0.2 as cps")
    assert events(tmp_path, "announcing-failed") == []


@pytest.mark.parametrize("failure", [ToolError("CTRL-001", Text("non", "no")), RuntimeError("no")])
def test_a_failure_weighs_on_no_verdict(
    run: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Control, "expect", refuse)
    assert run() is Verdict.PASS
    assert len(events(tmp_path, "announcing-failed")) == 1
