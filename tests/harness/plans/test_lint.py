"""The lint of plans: the shipped one is sound, and each rule sees what it is about."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.plan import parse_plan
from harness.plans.lint import LEVELS, Remark, Subject, lint, lint_rules
from harness.plans.places import Place, places
from harness.plans.prove import Proof, load_proof, place_of
from harness.plans.sarif import sarif
from tests.selfplay import CASES, LOADED, PLAN, PLANS

SHIPPED = PLANS / "dmp-socle.yaml"
WORDS = {"fr": "Ne rien faire.", "en": "Do nothing."}
Case = dict[str, Any]


def linted(*cases: Case, proof: Proof | None = None, **head: Any) -> list[Remark]:
    raw = json.dumps({**PLAN, **head, "cases": list(cases)}).encode()
    plan = parse_plan(raw, Path("plan.yaml"))
    return list(lint(Subject(plan, {"": Place("plan.yaml", 1)}, proof)))


def case(code: str, **changes: Any) -> Case:
    return copy.deepcopy(CASES[code]) | changes


def stepped(code: str, change: Callable[[list[Any]], Any]) -> Case:
    told = case(code)
    change(told["steps"])
    return told


def test_the_shipped_plan_is_sound() -> None:
    subject = Subject(LOADED, places(SHIPPED), load_proof(place_of(SHIPPED), LOADED))
    assert [one.line("en") for one in lint(subject)] == []


def test_places_are_those_of_the_files() -> None:
    found = places(SHIPPED)
    place = found["CT-INS-010"]
    assert place.file.endswith("cas/insi.yaml")
    line = Path(place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert line.strip() == "- code: CT-INS-010"
    assert set(found) == {"", *CASES}


BROKEN: dict[str, Callable[[], list[Remark]]] = {
    "PLAN-101": lambda: linted(
        stepped("CT-1.4-020", lambda steps: steps.pop(1)) | {"catches": ["no-author-name"]}
    ),
    "PLAN-102": lambda: linted(case("CT-0.2-010", steps=[{"drive": "TD0.2", "as": "cps"}])),
    "PLAN-103": lambda: linted(case("CT-0.2-010", requirements=["REC_GEN-1070"])),
    "PLAN-104": lambda: linted(case("CT-0.2-010", catches=[])),
    "PLAN-105": lambda: linted(case("CT-0.2-010", catches=["no-patient-identifier@7"])),
    "PLAN-106": lambda: linted(case("CT-0.2-010"), case("CT-0.2-010") | {"code": "CT-0.2-011"}),
    "PLAN-107": lambda: linted(case("CT-0.2-010", title={"fr": "Même texte", "en": "Même texte"})),
    "PLAN-108": lambda: linted(case("CT-0.2-020", evidence=["frames", "screen"])),
    "PLAN-109": lambda: linted(stepped("CT-0.2-020", lambda steps: steps.append({"screen": WORDS}))),
    "PLAN-110": lambda: linted(case("CT-0.2-010", linked=["CT-9.9-999"])),
    "PLAN-111": lambda: linted(stepped("CT-1.1-050", lambda steps: steps[1]["watch"].update(provoke=True))),
    "PLAN-112": lambda: linted(stepped("CT-1.1-050", lambda steps: steps.pop(0)) | {"catches": ["seeded@1"]}),
    "PLAN-113": lambda: linted(stepped("CT-1.1-050", lambda steps: steps[1]["watch"].pop("seeded"))),
    "PLAN-114": lambda: linted(stepped("CT-0.2-010", lambda steps: steps.append({"fault": "reset"}))),
    "PLAN-115": lambda: linted(case("CT-0.2-010")),
    "PLAN-116": lambda: linted(case("CT-0.2-010"), proof=Proof("p", {})),
    "PLAN-117": lambda: linted(
        stepped("CT-0.2-020", lambda steps: steps.append({"screen": WORDS}))
        | {"evidence": ["frames", "screen"]}
    ),
    "PLAN-118": lambda: linted(case("CT-0.2-010", requirements=["EX_GEN-1190"])),
    "PLAN-119": lambda: linted(case("CT-0.2-010")),
}


def test_fields_that_are_seeded_are_those_of_the_step() -> None:
    wrong = stepped("CT-0.1-130", lambda steps: steps[1].update(seeded={"wiht": {"secret": True}}))
    assert [(one.rule.code, one.found) for one in linted(wrong) if one.rule.code == "PLAN-105"] == [
        ("PLAN-105", "seeded@2")
    ]


def test_each_rule_has_a_case_that_breaks_it() -> None:
    assert set(BROKEN) == {rule.code for rule in lint_rules()}


@pytest.mark.parametrize("code", BROKEN)
def test_a_rule_sees_what_it_is_about(code: str) -> None:
    assert code in {one.rule.code for one in BROKEN[code]()}


@pytest.mark.parametrize("rule", lint_rules(), ids=lambda rule: rule.code)
def test_a_rule_tells_itself_in_both_languages(rule: Any) -> None:
    for told in (rule.title, rule.why, rule.mend):
        assert told.fr and told.en
    assert rule.level in LEVELS


def test_codes_may_be_chosen() -> None:
    subject = Subject(LOADED, {"": Place("plan.yaml", 1)}, Proof("p", {}))
    assert {one.rule.code for one in lint(subject, ["PLAN-116"])} == {"PLAN-116"}
    assert list(lint(subject, ["PLAN-104"])) == []


def test_remarks_as_lines_json_and_sarif() -> None:
    remarks = BROKEN["PLAN-104"]()
    [remark] = [one for one in remarks if one.rule.code == "PLAN-104"]
    assert remark.line("en").startswith("plan.yaml:1: PLAN-104 error CT-0.2-010: ")
    assert remark.to_plain()["case"] == "CT-0.2-010"
    told = sarif([remark], "fr", "1.0")
    [run] = told["runs"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(BROKEN)
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("PLAN-104", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
