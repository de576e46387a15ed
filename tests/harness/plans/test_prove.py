"""Paired self-play: a sample is played; what is kept is pinned case by case. The whole: `dmpcompat plan prove`."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.plan import LoadedPlan, parse_plan
from harness.plans import prove as proving
from harness.plans.prove import CaseProof, Proof
from mock_dmp.server import MockServer
from protocol.errors import DmpcompatError, Text
from tests.selfplay import CASES, LOADED, PLAN, PLANS

#: One of each kind: an alteration, a watch, fields of a step, a fault, a setting of the mock.
SAMPLE = ("CT-HN-070", "CT-1.1-050", "CT-0.1-130", "CT-TR-091", "CT-INS-050")
KEPT = proving.load_proof(proving.place_of(PLANS / "dmp-socle.yaml"), LOADED)


def with_cases(*cases: Mapping[str, Any]) -> LoadedPlan:
    raw = json.dumps({**PLAN, "cases": list(cases)}).encode()
    return parse_plan(raw, Path("plan.yaml"))


def prove(plan: LoadedPlan, mock: MockServer, pki_folder: Path, scratch: Path) -> dict[str, CaseProof]:
    aim = PLANS / "campagne-demo.yaml"
    cases = proving.chosen(plan, ())
    return proving.prove(plan, cases, aim, target=mock.url, pki=pki_folder, scratch=scratch)


def test_a_sample_passes_played_right_and_fails_with_each_defect(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    plan = with_cases(*(CASES[code] for code in SAMPLE))
    done = prove(plan, mock, pki_folder, tmp_path)
    assert {code: one.seeds for code, one in done.items() if not one.holds} == {}
    assert sum(len(one.seeds) for one in done.values()) >= 8
    assert {code: KEPT.cases[code] for code in SAMPLE} == done


def test_what_does_not_fail_or_has_no_place_is_not_proved(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    harmless = copy.deepcopy(CASES["CT-1.1-050"])
    harmless["steps"][1]["watch"]["seeded"] = {"drive": "TD0.2", "as": "cps", "patient": "corse"}
    misplaced = CASES["CT-0.2-010"] | {"catches": ["seeded@1"]}
    idle = CASES["CT-0.1-020"] | {"catches": []}
    plan = with_cases(harmless, misplaced, idle)
    done = prove(plan, mock, pki_folder, tmp_path)
    told = Proof("p", done).missing(plan)
    assert set(told) == {"CT-1.1-050", "CT-0.2-010", "CT-0.1-020"}
    assert "seeded@2 → PASS" in told["CT-1.1-050"].en
    assert "PLAN-034" in told["CT-0.2-010"].en
    assert told["CT-0.1-020"].en == "no seeded defect"


def test_the_shipped_plan_is_proved_as_it_is() -> None:
    """Played by `dmpcompat plan prove`; a case that changes since is told here."""
    assert {code: why.en for code, why in KEPT.missing(LOADED).items()} == {}
    assert set(KEPT.cases) == {case.code for case in LOADED.plan.cases if case.side == "L"}


def test_a_case_that_changes_is_to_be_proved_again() -> None:
    changed = with_cases(CASES["CT-HN-070"] | {"title": {"fr": "Autre", "en": "Other"}})
    assert {code: why.en for code, why in KEPT.missing(changed).items()} == {
        "CT-HN-070": "the case has changed since it was proved"
    }
    assert Proof("p", {}).missing(changed)["CT-HN-070"].en == "never proved"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"played": "INCONCLUSIVE"}, "played right it gives INCONCLUSIVE"),
        ({"seeds": {"a": "FAIL", "b": "WARN"}}, "defect not caught: b → WARN"),
        ({"seeds": {}}, "no seeded defect"),
        ({"problem": Text("x", "why")}, "why"),
    ],
)
def test_why_a_case_is_not_proved(change: dict[str, Any], said: str) -> None:
    one = replace(KEPT.cases["CT-HN-070"], **change)
    assert not one.holds
    missing = replace(KEPT, cases={**KEPT.cases, "CT-HN-070": one}).missing(LOADED)
    assert {code: why.en for code, why in missing.items()} == {"CT-HN-070": said}


def test_it_is_kept_and_read_again(tmp_path: Path) -> None:
    plan = with_cases(CASES["CT-HN-070"])
    place = proving.place_of(tmp_path / "plan.yaml")
    assert place.name == "plan.proof.json"
    assert proving.load_proof(place, plan).cases == {}
    narrowed = KEPT.with_cases({}, plan)
    proving.save_proof(narrowed, place)
    assert proving.load_proof(place, plan) == narrowed
    place.write_text('{"cases": {"CT-HN-070": {}}}', encoding="utf-8")
    with pytest.raises(DmpcompatError) as caught:
        proving.load_proof(place, plan)
    assert caught.value.code == "PROVE-001"


def test_choosing_nothing_is_told() -> None:
    assert [case.code for case in proving.chosen(LOADED, ["CT-HN-07*"])] == ["CT-HN-070"]
    with pytest.raises(DmpcompatError) as caught:
        proving.chosen(LOADED, ["CT-HN-020"])  # a case of the platform
    assert caught.value.code == "PROVE-002"
