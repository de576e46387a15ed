"""The shipped plan in the hands of tests: its cases as data, and campaigns made of some of them, changed or not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from harness.choices import Choices
from harness.plan import LoadedPlan, load_plan
from harness.results import RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.datafolders import folder

PLANS: Final = folder("test_plans")
LOADED: Final[LoadedPlan] = load_plan(PLANS / "dmp-socle.yaml")
#: The whole plan, with the cases of the files that it includes.
PLAN: Final[dict[str, Any]] = yaml.load(LOADED.raw, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, either of them
CASES: Final[dict[str, dict[str, Any]]] = {case["code"]: case for case in PLAN["cases"]}
DEMO: Final[dict[str, Any]] = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))


def campaign(
    place: Path,
    cases: Iterable[dict[str, Any]],
    mock: MockServer,
    pki: Path,
    changes: dict[str, Any] | None = None,
    **options: Any,
) -> RunResult:
    """Run these cases in the demonstration campaign, with what `changes` in it."""
    plan = {**PLAN, "id": "mutant", "cases": list(cases)}
    (place / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    told = {**DEMO, "plan": {"file": "plan.yaml"}, **(changes or {})}
    (place / "campagne.yaml").write_text(json.dumps(told), encoding="utf-8")
    asked: dict[str, Any] = {"out": place / "out", "target": mock.url, "pki": pki} | options
    return run_campaign(place / "campagne.yaml", Choices(**asked))


def verdicts(result: RunResult) -> dict[str, str]:
    return {case.code: str(case.verdict) for case in result.verdicts}


def explained(result: RunResult, *, but: Verdict) -> dict[str, str]:
    """The cases with another verdict than `but`, and why."""
    return {
        case.code: f"{case.verdict}: {case.reason.en}" for case in result.verdicts if case.verdict is not but
    }


def unaltered(case: dict[str, Any]) -> dict[str, Any]:
    """The case without its deliberate defects: what it expects to be refused is no longer wrong."""
    changed = copy.deepcopy(case)
    for step in changed["steps"]:
        step.pop("alter", None)
        step.pop("lps", None)
        if isinstance(step.get("as"), dict):
            step["as"] = step["as"]["name"]
    return changed


def wrong_on_purpose() -> list[dict[str, Any]]:
    """The cases with deliberate defects."""
    return [case for case in CASES.values() if unaltered(case) != case]


def judged_request(case: dict[str, Any]) -> int | None:
    """Rank of the first step of the case whose request is judged and is not wrong on purpose."""
    for rank, (step, told) in enumerate(zip(LOADED.case(case["code"]).steps, case["steps"], strict=True)):
        sides = getattr(step, "sides", None)
        inside = told.get("alter") or told.get("follow") or told.get("form")
        if sides is not None and not inside and "request" in sides(case["side"]):
            return rank
    return None
