"""Results go to JSON and back unchanged; a damaged file is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.results import CaseResult, RunResult, finding_from_plain, finding_to_plain
from harness.verdict import Verdict
from protocol.errors import EvidenceError, Text


def result(folder: Path) -> RunResult:
    case = CaseResult(
        code="CT-0.2-010",
        official="0.2-100",
        title=Text("Existence", "Existence"),
        purpose=Text("Vérifier", "Check"),
        type="N",
        side="L",
        requirements=("EX_GEN-1320",),
        transactions=("TD0.2",),
        verdict=Verdict.WARN,
        reason=Text("a", "b"),
        findings={"PASS": 3, "WARN": 1},
        started="2026-01-01T00:00:00.000Z",
        ended="2026-01-01T00:00:01.000Z",
        evidence="CT-0.2-010",
    )
    return RunResult((case,), folder / "preuves", 0, "ab" * 32, {"plan": {"id": "x"}, "seed": None})


def test_round_trip(tmp_path: Path) -> None:
    made = result(tmp_path)
    path = made.save(tmp_path)
    assert RunResult.load(path) == made
    assert RunResult.load(tmp_path) == made
    assert made.counts() == {"WARN": 1}
    assert made.case("CT-0.2-010").verdict is Verdict.WARN


def test_an_unknown_case(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        result(tmp_path).case("CT-1.1-010")


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": "other"}', '{"schema": "dmpcompat-run/1"}'])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    (tmp_path / "run.json").write_text(damage)
    with pytest.raises(EvidenceError):
        RunResult.load(tmp_path)


def test_an_unknown_verdict(tmp_path: Path) -> None:
    path = result(tmp_path).save(tmp_path)
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["verdicts"][0]["verdict"] = "MAYBE"
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(EvidenceError):
        RunResult.load(path)


def test_findings_round_trip() -> None:
    finding = Finding("R", "FAIL", "request:/x", "a", "b", "e")
    assert finding_from_plain(finding_to_plain(finding, 3)) == (3, finding)
    with pytest.raises(EvidenceError):
        finding_from_plain({"step": 1, "rule": "R", "colour": "red"})
