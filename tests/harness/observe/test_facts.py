"""What a program is told of a step: who, whom, what, where, as plain JSON and nothing secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.campaign import Campaign, load_campaign
from harness.context import CaseContext
from harness.control import Platform
from harness.drive.clock import SystemClock
from harness.drive.ids import RandomIds
from harness.observe.facts import facts_of
from harness.plan import Case
from harness.runner import judging
from protocol import transactions
from tests.conftest import ROOT

BASE = "https://127.0.0.1:1/s/demo"


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return load_campaign(ROOT / "test_plans" / "campagne-demo.yaml")


def facts(campaign: Campaign, *steps: dict[str, Any], rank: int = 0) -> dict[str, Any]:
    """Of one step of a case made for it; through JSON, as a program reads it."""
    words = {"fr": "x", "en": "x"}
    sent = sorted({str(step["drive"]) for step in steps if "drive" in step})
    case = Case.model_validate(
        {
            "code": "CT-0.2-010", "origin": "test", "title": words, "purpose": words, "type": "N", "side": "L",
            "filters": {"transactions": sent or ["TD0.2"]}, "steps": list(steps),
        }
    )  # fmt: skip
    context = CaseContext(
        case=case,
        campaign=campaign,
        platform=Platform(BASE, "demo"),
        judging=judging(campaign, transactions.load(), case),
        keyring=None,
        clock=SystemClock(),
        ids=RandomIds(),
        values={"document": "2.25.1"},
    )
    told: dict[str, Any] = json.loads(json.dumps(facts_of(case.steps[rank], context)))
    return told


def test_a_message_of_the_software(campaign: Campaign) -> None:
    told = facts(
        campaign,
        {"drive": "TD3.2", "as": "cps", "patient": "alimentation", "with": {"unique_ids": ["${document}"]}},
    )
    assert told["transaction"] == "TD3.2"
    assert told["url"] == f"{BASE}/si-dmp-server/v2/services/repository"
    assert told["session"] == "demo"
    assert (told["patient"]["key"], told["patient"]["ins"]) == ("alimentation", "185106399920556")
    assert told["parameters"] == {"unique_ids": ["2.25.1"]}
    assert told["actor"]["name"] == "cps"
    assert campaign.number not in json.dumps(told)


def test_an_act_without_a_message_has_its_rank(campaign: Campaign) -> None:
    words = {"fr": "x", "en": "x"}
    exists = {"drive": "TD0.2", "as": "cps", "patient": "alimentation"}
    told = facts(campaign, {"screen": words}, exists, {"screen": words}, rank=2)
    assert (told["kind"], told["rank"], told["transaction"], told["url"]) == ("screen", 2, "", BASE)
    assert "patient" not in told
