"""Every kind of mistake of a plan gets its code, its file:line and the nearest valid name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.plan import load_plan, parse_plan
from harness.problems import InvalidFile, nearest
from protocol.datafolders import folder
from protocol.errors import PlanError

Mutate = Callable[[dict[str, Any]], None]


def case(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plan["cases"][0]
    return found


def step(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = case(plan)["steps"][0]
    return found


def put(target: Callable[[dict[str, Any]], dict[str, Any]], **values: Any) -> Mutate:
    return lambda plan: target(plan).update(values)


def filters(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = case(plan)["filters"]
    return found


MISTAKES: dict[str, tuple[Mutate, str, str]] = {
    "unknown field": (put(case, titel={"fr": "a", "en": "b"}), "PLAN-002", "title"),
    "missing field": (lambda plan: case(plan).pop("purpose"), "PLAN-003", ""),
    "value refused": (put(case, type="Z"), "PLAN-004", ""),
    "number for a text": (put(case, official=210), "PLAN-004", ""),
    "yes for a boolean": (put(step, need="yes"), "PLAN-004", ""),
    "transaction": (put(filters, transactions=["TD0.2", "TD31"]), "PLAN-010", "TD3.1"),
    "sent transaction": (put(step, drive="TD9.9"), "PLAN-010", "TD"),
    "severity rule": (lambda plan: plan.update(severity={"VIHF-SIGNER-": "off"}), "PLAN-011", "VIHF"),
    "rule of a step": (put(step, rules=["A-VIHFF"]), "PLAN-011", "A-VIHF"),
    "profile": (put(filters, profiles=["consultatoin"]), "PLAN-012", "consultation"),
    "option": (put(filters, options=["vacination"]), "PLAN-035", "vaccination"),
    "profile of a list": (
        lambda plan: case(plan)["steps"].insert(0, {"prepare": {"status_list": {"profiles": ["aliment"]}}}),
        "PLAN-012",
        "alimentation",
    ),
    "state of a list": (
        lambda plan: case(plan)["steps"].insert(0, {"prepare": {"status_list": {"state": "revoked"}}}),
        "PLAN-004",
        "",
    ),
    "patient": (put(step, patient="actif-autorisé"), "PLAN-013", "actif-autorise"),
    "identity": (put(step, **{"as": "hopitale"}), "PLAN-014", "hopital"),
    "professional": (put(step, **{"as": {"name": "cps", "user": "medecins"}}), "PLAN-014", "medecin"),
    "step kind": (lambda plan: case(plan).update(steps=[{"drvie": "TD0.2"}]), "PLAN-015", "drive"),
    "code twice": (lambda plan: plan["cases"].append(case(plan)), "PLAN-016", ""),
    "no requirement": (put(case, requirements=[]), "PLAN-017", ""),
    "requirement": (put(case, requirements=["EX_GEN-1321"]), "PLAN-018", "EX_GEN-1320"),
    "captured value": (put(step, **{"with": {"x": "${entry}"}}), "PLAN-019", ""),
    "transaction not filtered": (put(step, drive="TD0.3"), "PLAN-020", ""),
    "alteration": (put(step, alter=["unsignd"]), "PLAN-021", "unsigned"),
    "error code": (put(step, expect={"fault": "MockVihfExpird"}), "PLAN-023", "MockVihfExpired"),
    "XPath": (put(step, expect={"xpath": [{"path": "//["}]}), "PLAN-024", ""),
    "prefix of an XPath": (put(step, expect={"xpath": [{"path": "//zz:a"}]}), "PLAN-024", ""),
    "XPath of a capture": (put(step, save={"a": "//zz:a"}), "PLAN-024", ""),
    "two comparisons": (
        put(step, expect={"xpath": [{"path": "//hl7:a", "equals": "a", "count": 2}]}),
        "PLAN-004",
        "",
    ),
    "regular expression": (put(step, expect={"cause": "("}), "PLAN-025", ""),
    "pattern of an XPath": (
        put(step, expect={"request": [{"path": "//hl7:a", "matches": "("}]}),
        "PLAN-025",
        "",
    ),
    "parameter of a message": (put(step, **{"with": {"acess": "normal"}}), "PLAN-026", "access"),
    "sample": (put(step, documents=[{"sample": "../../setup.cfg"}]), "PLAN-027", ""),
    "misplaced field": (put(case, sha256="a"), "PLAN-002", ""),
    "choice": (put(case, evidence=["frame"]), "PLAN-004", "frames"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_code_its_line_and_the_nearest_name(
    name: str, small_plan: dict[str, Any], write_plan: Callable[[dict[str, Any]], Path]
) -> None:
    mutate, code, guess = MISTAKES[name]
    mutate(small_plan)
    path = write_plan(small_plan)
    with pytest.raises(InvalidFile) as caught:
        load_plan(path)
    found = {problem.code: problem for problem in caught.value.problems}
    assert code in found, caught.value.message("en")
    problem = found[code]
    assert problem.field.startswith(f"{path}:")
    assert int(problem.field.split(":")[1].split(" ")[0]) > 1
    assert guess in problem.mend.en
    assert problem.exit_code == 66


def test_setting_of_the_mock(
    small_plan: dict[str, Any], write_plan: Callable[[dict[str, Any]], Path]
) -> None:
    case(small_plan)["steps"].insert(0, {"prepare": {"settings": {"VIHF-FRESHNES": "off"}}})
    with pytest.raises(InvalidFile) as caught:
        load_plan(write_plan(small_plan))
    assert caught.value.code == "PLAN-022"
    assert "VIHF-FRESHNESS" in caught.value.mend.fr


@pytest.mark.parametrize(
    ("preparation", "code", "found"),
    [
        ({"settings": {"XDS-VALUE-SETS": "refus"}}, "PLAN-028", "refus"),
        ({"settings": {"freshness_seconds": "30"}}, "PLAN-028", "30"),
        ({"patients": [{"key": "actif-autorise", "changes": {"dpm": {}}}]}, "PLAN-029", "dpm"),
        ({"settings": {"XDS-VALUE-SETS": "off", "freshness_seconds": 30}}, "", ""),
        ({"patients": [{"key": "actif-autorise", "changes": {"family_usual": "AUTRE"}}]}, "", ""),
    ],
)
def test_what_prepare_would_be_refused_by_the_mock_is_told_before(
    preparation: dict[str, Any],
    code: str,
    found: str,
    small_plan: dict[str, Any],
    write_plan: Callable[[dict[str, Any]], Path],
) -> None:
    case(small_plan)["steps"].insert(0, {"prepare": preparation})
    path = write_plan(small_plan)
    if not code:
        assert load_plan(path).plan.cases
        return
    with pytest.raises(InvalidFile) as caught:
        load_plan(path)
    assert [(problem.code, problem.found) for problem in caught.value.problems] == [(code, found)]


def test_refusals_speak_the_language_of_the_reader(
    small_plan: dict[str, Any], write_plan: Callable[[dict[str, Any]], Path]
) -> None:
    small_plan["cases"][0]["requirements"] = "EX_GEN-1320"
    small_plan["version"] = 1.0
    with pytest.raises(InvalidFile) as caught:
        load_plan(write_plan(small_plan))
    assert "une liste est attendue" in caught.value.message("fr")
    assert "entre guillemets" in caught.value.message("fr")
    assert "valid list" not in caught.value.message("fr")
    assert "a list is expected" in caught.value.message("en")


def test_every_mistake_is_told_at_once(
    small_plan: dict[str, Any], write_plan: Callable[[dict[str, Any]], Path]
) -> None:
    step(small_plan).update({"as": "nobody", "patient": "nobody", "alter": ["nothing"]})
    with pytest.raises(InvalidFile) as caught:
        load_plan(write_plan(small_plan))
    assert {"PLAN-013", "PLAN-014", "PLAN-021"} <= {problem.code for problem in caught.value.problems}
    assert len(caught.value.message("fr").splitlines()) == len(caught.value.problems)


def test_the_line_is_that_of_the_mistake() -> None:
    raw = b"""schema: dmpcompat-plan/1
id: x
version: 1.0.0
title: {fr: a, en: b}
cases:
  - code: CT-0.2-010
    title: {fr: a, en: b}
    purpose: {fr: a, en: b}
    type: N
    side: L
    origin: test
    filters: {transactions: [TD0.2]}
    steps:
      - drive: TD0.2
        as: hopitl
"""
    with pytest.raises(InvalidFile) as caught:
        parse_plan(raw, Path("plan.yaml"))
    assert caught.value.field == "plan.yaml:15 (cases[0].steps[0].as)"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"schema: [", b"a: 1\na: 2\n", b"\xff\xfe", b"a: &x 1\nb: *x\n", b"- " * 200]
)
def test_files_that_are_no_plan(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(raw)
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert caught.value.exit_code == 66
    assert str(path) in caught.value.message("fr")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "absent.yaml")
    assert caught.value.code == "YAML-001"


def test_the_shipped_plan_is_right_and_wide_enough() -> None:
    plan = load_plan(folder("test_plans") / "dmp-socle.yaml").plan
    assert len(plan.cases) >= 30
    assert {case.type for case in plan.cases} == {"N", "E", "L", "S"}
    for transaction in ("TD0.1", "TD0.2", "TD0.3", "TD2.1", "TD3.1", "TD3.2"):
        assert {one.side for one in plan.cases if transaction in one.filters.transactions} == {"L", "D"}


def test_a_case_is_found_by_its_code() -> None:
    loaded = load_plan(folder("test_plans") / "dmp-socle.yaml")
    assert loaded.case("CT-0.2-010").official == "0.2-100"
    with pytest.raises(PlanError):
        loaded.case("CT-9.9-999")


def test_nearest_ignores_case_and_gives_up_on_what_resembles_nothing() -> None:
    assert nearest("td0.2", ["TD0.2", "TD3.1"]) == "TD0.2"
    assert nearest("zzzzzz", ["TD0.2", "TD3.1"]) == ""
