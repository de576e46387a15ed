"""The cases on opening, reading, changing and closing a DMP: each passes, and each can fail.

A request that is no longer wrong, a platform that is too lenient, a software with a defect turn the verdict.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.results import RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.datafolders import folder

PLANS = folder("test_plans")
CASES: dict[str, dict[str, Any]] = {
    case["code"]: case
    for case in yaml.safe_load((PLANS / "cas" / "gestion.yaml").read_text(encoding="utf-8"))["cases"]
}
Run = Callable[[list[dict[str, Any]]], RunResult]

#: Case -> the rule of the platform that refuses what it sends.
REFUSED_BY = {
    "CT-1.1-020": "GDP-CONSENT",
    "CT-1.1-045": "GDP-CARD",
    "CT-1.1-080": "GDP-TRAITS",
    "CT-1.1-085": "GDP-AUTHOR",
    "CT-1.1-095": "GDP-SECRET",
    "CT-1.2-020": "GDP-CONSENT",
    "CT-1.2-030": "DMP-STATE",
    "CT-1.3-030": "RIGHTS-MES",
    "CT-1.4-030": "GDP-STATUS",
}
#: Case, its step, a defect of the software in it.
DEFECTS = [
    ("CT-1.1-030", 0, "no-oppositions"),
    ("CT-1.1-010", 1, "no-card-traits"),
    ("CT-1.1-090", 1, "unknown-quality"),
    ("CT-1.2-010", 1, "no-author-name"),
    ("CT-1.3-010", 1, "two-patients"),
    ("CT-1.3-010", 0, "no-patient-identifier"),
    ("CT-1.4-010", 0, "closing-left-active"),
]


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    def start(cases: list[dict[str, Any]]) -> RunResult:
        plan: dict[str, Any] = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
        demo: dict[str, Any] = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
        plan |= {"id": "gestion", "include": [], "cases": cases}
        (tmp_path / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        demo |= {"plan": {"file": "plan.yaml"}}
        (tmp_path / "campagne.yaml").write_text(json.dumps(demo), encoding="utf-8")
        return run_campaign(tmp_path / "campagne.yaml", out=tmp_path / "out", target=mock.url, pki=pki_folder)

    return start


def others(result: RunResult, but: Verdict) -> dict[str, str]:
    return {
        case.code: f"{case.verdict}: {case.reason.en}" for case in result.verdicts if case.verdict is not but
    }


def unaltered(case: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(case)
    for step in changed["steps"]:
        step.pop("alter", None)
    return changed


def test_every_case_passes(run: Run) -> None:
    assert others(run(list(CASES.values())), Verdict.PASS) == {}


def test_a_request_that_is_no_longer_wrong_fails_its_case(run: Run) -> None:
    wrong = [unaltered(case) for case in CASES.values() if unaltered(case) != case]
    assert len(wrong) >= 8
    assert others(run(wrong), Verdict.FAIL) == {}


def test_a_platform_that_is_too_lenient_fails(run: Run) -> None:
    lenient = copy.deepcopy([CASES[code] for code in REFUSED_BY])
    for case in lenient:
        case["steps"].insert(0, {"prepare": {"settings": {REFUSED_BY[case["code"]]: "off"}}})
    assert others(run(lenient), Verdict.FAIL) == {}


def test_a_defect_of_the_software_fails_its_case(run: Run) -> None:
    """Judged on the request alone: the answer of the platform is not asked."""
    wrong = []
    for number, (code, step, defect) in enumerate(DEFECTS):
        case = copy.deepcopy(CASES[code])
        case["code"] = f"{code[:-3]}9{number:02}"
        case["steps"][step] |= {"alter": [defect], "judge": ["request"], "expect": {}}
        case["steps"] = case["steps"][: step + 1]
        case["steps"][step].pop("save", None)
        wrong.append(case)
    assert others(run(wrong), Verdict.FAIL) == {}
