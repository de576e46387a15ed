"""`dmpcompat plan`: scope, lock, lint, prove, and what they leave with; `matrix` with a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cli
from tests.selfplay import CASES, DEMO, PLAN


def write(place: Path, *cases: dict[str, Any]) -> Path:
    told = list(cases) or [CASES["CT-HN-070"], CASES["CT-HN-020"]]
    (place / "plan.yaml").write_text(json.dumps({**PLAN, "cases": told}), encoding="utf-8")
    path = place / "campagne.yaml"
    path.write_text(json.dumps({**DEMO, "plan": {"file": "plan.yaml"}}), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = cli.run_command([str(one) for one in arguments])
    return code, capsys.readouterr().out


def test_scope_tells_each_case_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    code, said = run(capsys, "plan", "scope", path, "--lang", "en")
    assert code == 0
    assert said.splitlines()[0].startswith("CT-HN-070: played, since the campaign declares ")
    assert said.splitlines()[-1] == "2 cases: included 2"
    code, said = run(capsys, "plan", "scope", path, "--json", "--state", "excluded")
    assert (code, json.loads(said)["cases"]) == (0, [])
    code, said = run(capsys, "plan", "scope", path, "--observe", "--state", "excluded", "--lang", "en")
    assert said.splitlines()[0] == (
        "CT-HN-020: outside the scope: this case tests the platform, not the software."
    )


def test_lock_is_written_checked_and_drifts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert run(capsys, "plan", "lock", path, "--check")[0] == 66
    code, said = run(capsys, "plan", "lock", path, "--lang", "en")
    assert (code, "2 cases played of 2" in said) == (0, True)
    assert run(capsys, "plan", "lock", path, "--check", "--lang", "en") == (0, "The lock holds.\n")
    write(tmp_path, CASES["CT-HN-070"])
    assert run(capsys, "plan", "lock", path, "--check")[0] == 66
    assert run(capsys, "plan", "lock", path, "--json")[0] == 0


def test_lint_leaves_with_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    plan = tmp_path / "plan.yaml"
    code, said = run(capsys, "plan", "lint", plan, "--lang", "en", "--rule", "PLAN-104")
    assert (code, said) == (0, "0 error(s), 0 warning(s), 0 remark(s)\n")
    write(tmp_path, CASES["CT-HN-070"] | {"catches": []})
    code, said = run(capsys, "plan", "lint", plan, "--json", "--rule", "PLAN-104")
    assert (code, [one["code"] for one in json.loads(said)["remarks"]]) == (1, ["PLAN-104"])
    code, said = run(capsys, "plan", "lint", plan, "--format", "sarif", "--rule", "PLAN-104")
    assert (code, json.loads(said)["version"]) == (1, "2.1.0")
    twice = CASES["CT-HN-070"] | {"code": "CT-HN-071"}
    write(tmp_path, CASES["CT-HN-070"], twice)
    assert run(capsys, "plan", "lint", plan, "--rule", "PLAN-106")[0] == 0
    assert run(capsys, "plan", "lint", plan, "--rule", "PLAN-106", "--strict")[0] == 1
    assert run(capsys, "plan", "lint", tmp_path / "absent.yaml")[0] == 66


def test_prove_plays_keeps_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    plan = tmp_path / "plan.yaml"
    assert run(capsys, "plan", "prove", plan, "--check")[0] == 1
    code, said = run(capsys, "plan", "prove", plan, "--lang", "en")
    assert code == 0
    assert said.splitlines()[-1] == "1 cases proved of 1"
    assert (tmp_path / "plan.proof.json").is_file()
    code, said = run(capsys, "plan", "prove", plan, "--check", "--json")
    assert (code, json.loads(said)["not_proved"]) == (0, {})
    write(tmp_path, CASES["CT-HN-070"] | {"linked": []})
    assert run(capsys, "plan", "prove", plan, "--check")[0] == 1
    assert run(capsys, "plan", "lint", plan, "--rule", "PLAN-116")[0] == 1


def test_matrix_of_the_shipped_plan(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "matrix", "--csv")
    assert (code, said.splitlines()[0]) == (0, "requirement,case,rule,status,verdict")
    code, said = run(
        capsys, "matrix", "--requirement", "EX_GEN-1250", "--guide", "SEL-MP-037 2.8", "--lang", "en"
    )
    assert code == 0
    assert "TD0.0" in said
    assert run(capsys, "matrix", "--guide", "2.8")[0] == 64
