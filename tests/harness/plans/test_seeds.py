"""Seeded defects: read, and put in their place in a case."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan import Case
from harness.plans.seeds import Seed, judged_step, parse_seed, with_seed
from protocol.errors import PlanError
from tests.selfplay import CASES, LOADED


def seeded(code: str, text: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = with_seed(LOADED.case(code), CASES[code], parse_seed(text))["steps"]
    return steps


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("no-lps-name", Seed("no-lps-name", "alter", "no-lps-name")),
        ("no-lps-name@2", Seed("no-lps-name@2", "alter", "no-lps-name", step=2)),
        ("seeded@3", Seed("seeded@3", "seeded", step=3)),
        ("mock:masked-leaked", Seed("mock:masked-leaked", "mock", "masked-leaked")),
        ("setting:age_majorite=16", Seed("setting:age_majorite=16", "setting", "age_majorite", "16")),
    ],
)
def test_the_five_forms(text: str, seed: Seed) -> None:
    assert parse_seed(text) == seed


@pytest.mark.parametrize("text", ["", "Seeded", "no lps", "x@", "mock:", "setting:x"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_seed(text)
    assert caught.value.code == "PLAN-034"


def test_every_claim_of_the_plan_has_its_place() -> None:
    for case in LOADED.plan.cases:
        for text in case.catches:
            changed = with_seed(case, CASES[case.code], parse_seed(text))
            assert changed != CASES[case.code]
            Case.model_validate(changed)


def test_an_alteration_goes_in_its_step_or_in_the_first_that_is_judged() -> None:
    step = seeded("CT-0.2-010", "no-patient-identifier")[0]
    assert (step["alter"], step["judge"]) == (["no-patient-identifier"], ["request", "response"])
    assert judged_step(LOADED.case("CT-3.2-010")) == 2
    assert seeded("CT-HN-010", "no-lps-name@3")[2]["alter"] == ["no-lps-name"]


def test_settings_come_first_and_after_each_preparation() -> None:
    steps = seeded("CT-INS-050", "setting:insi_idam=TEST-IDAM")
    forced = {"prepare": {"settings": {"insi_idam": "TEST-IDAM"}}}
    assert [step == forced for step in steps][:3] == [True, False, True]
    assert seeded("CT-3.2-060", "mock:masked-leaked")[0] == {
        "prepare": {"settings": {"defects": "masked-leaked"}}
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("setting:insi_strict_characters=false", False),
        ("setting:age_majorite=16", 16),
        ("setting:HL7-REASON=off", "off"),
    ],
)
def test_settings_have_the_type_of_their_switch(text: str, value: object) -> None:
    told = seeded("CT-0.2-010", text)[0]["prepare"]["settings"]
    assert list(told.values()) == [value]


def test_what_a_step_seeds_is_done() -> None:
    assert seeded("CT-1.1-050", "seeded@2")[1]["watch"]["provoke"] is True
    changed = seeded("CT-0.1-130", "seeded@2")[1]
    assert changed["with"] == {"secret": True}
    assert "seeded" not in changed


def test_what_a_fault_seeds_follows_the_call_that_it_strikes() -> None:
    steps = seeded("CT-TR-091", "seeded@1")
    assert [next(iter(step)) for step in steps] == ["fault", "drive", "drive", "drive"]
    assert (steps[2]["drive"], steps[2]["judge"], steps[2]["need"]) == ("TD3.1", [], True)


@pytest.mark.parametrize("text", ["seeded@1", "no-lps-name@9"])
def test_no_place_for_it(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        seeded("CT-0.2-010", text)
    assert caught.value.code == "PLAN-034"
