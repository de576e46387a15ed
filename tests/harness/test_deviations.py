"""Known deviations: the mistakes of their file are coded and placed; date and rule decide what they make of a run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.deviations import Deviation, load_deviations, weigh
from harness.evidence import to_json
from harness.plan import Plan, load_plan
from harness.problems import InvalidFile
from harness.results import CaseResult
from harness.runner import describe
from harness.verdict import Verdict
from harness.wording import Words
from protocol.datafolders import folder
from protocol.errors import NO_TEXT

GOOD: dict[str, Any] = {
    "case": "CT-0.2-*",
    "rule": "VIHF-URN",
    "reason": {"fr": "Connu", "en": "Known"},
    "expires": "2027-01-31",
    "ticket": "T-1",
}
DAY = date(2027, 1, 31)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(folder("test_plans") / "dmp-socle.yaml").plan


def write(place: Path, *items: dict[str, Any]) -> Path:
    path = place / "derogations.yaml"
    path.write_text(json.dumps({"schema": "dmpcompat-deviations/1", "deviations": items}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "code", "guess"),
    [
        ({"case": "CT-0.2-01"}, "DEV-010", "CT-0.2-010"),
        ({"rule": "VIHF-URM"}, "DEV-011", "VIHF-URN"),
        ({"expires": "2027-02-30"}, "DEV-004", ""),
        ({"expires": "bientôt"}, "DEV-004", ""),
        ({"ticket": ""}, "DEV-004", ""),
        ({"raison": "x"}, "DEV-002", "reason"),
        ({"reason": {"fr": "seulement"}}, "DEV-003", ""),
    ],
)
def test_mistakes(tmp_path: Path, plan: Plan, change: dict[str, Any], code: str, guess: str) -> None:
    path = write(tmp_path, GOOD, GOOD | change | ({"case": "CT-0.1-*"} if "case" not in change else {}))
    with pytest.raises(InvalidFile) as caught:
        load_deviations(path, plan)
    found = {problem.code: problem for problem in caught.value.problems}
    assert found.keys() == {code}
    assert found[code].field.startswith(f"{path}:")
    assert guess in found[code].mend.fr


def test_the_same_deviation_twice(tmp_path: Path, plan: Plan) -> None:
    with pytest.raises(InvalidFile, match="DEV-012"):
        load_deviations(write(tmp_path, GOOD, GOOD), plan)


def test_expectations_are_rules_too(tmp_path: Path, plan: Plan) -> None:
    (read,) = load_deviations(write(tmp_path, GOOD | {"rule": "EXPECT-SUCCESS"}), plan)
    assert read.expires == DAY


def known(case: str, rule: str, expires: date = DAY) -> Deviation:
    return Deviation(case=case, rule=rule, reason=Words(fr="a", en="a"), expires=expires, ticket="T")


def result(plan: Plan, code: str, verdict: Verdict) -> CaseResult:
    case = next(one for one in plan.cases if one.code == code)
    return describe(case, verdict, NO_TEXT, started="2027-01-01T00:00:00Z", evidence=code)


@pytest.mark.parametrize(
    ("deviations", "today", "state", "code"),
    [
        ([known("CT-0.2-010", "A"), known("CT-0.2-*", "B")], DAY, ["holds", "holds"], 0),
        ([known("CT-0.2-010", "A")], DAY, ["holds"], 1),  # the other breach is not known
        ([known("CT-0.2-*", "A"), known("CT-0.2-*", "B")], date(2027, 2, 1), ["expired", "expired"], 1),
        ([known("CT-0.1-*", "A"), known("CT-0.2-*", "B")], DAY, ["unused", "holds"], 1),
        ([known("CT-2.1-*", "A")], DAY, ["not-run"], 1),
    ],
)
def test_what_they_make_of_a_run(
    tmp_path: Path, plan: Plan, deviations: list[Deviation], today: date, state: list[str], code: int
) -> None:
    lines = [
        {"step": 1, "rule": rule, "status": status, "where": "", "found": "", "expected": "", "exchange": ""}
        for rule, status in (("A", "FAIL"), ("B", "FAIL"), ("C", "PASS"), ("D", "WARN"))
    ]
    (tmp_path / "CT-0.2-010").mkdir()
    (tmp_path / "CT-0.2-010" / "assertions.json").write_bytes(to_json(lines))
    results = [result(plan, "CT-0.2-010", Verdict.FAIL), result(plan, "CT-0.1-010", Verdict.PASS)]
    told = weigh(deviations, results, tmp_path, today)
    assert [item["state"] for item in told["known"]] == state
    assert told["exit_code"] == code
    assert told["covered"] == (["CT-0.2-010"] if code == 0 else [])


@pytest.mark.parametrize(("other", "code"), [(Verdict.ERROR, 3), (Verdict.INCONCLUSIVE, 2)])
def test_what_is_not_a_breach_is_never_covered(tmp_path: Path, plan: Plan, other: Verdict, code: int) -> None:
    results = [result(plan, "CT-0.2-010", other), result(plan, "CT-0.1-010", Verdict.PASS)]
    assert weigh([known("CT-*", "A")], results, tmp_path, DAY)["exit_code"] == code
