"""Faults in the plan: a right software passes every case, one that sends a forbidden frame fails by its rule."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import evidence
from harness.checks import api
from harness.choices import Choices
from harness.drive import client
from harness.drive.client import TlsClient
from harness.rejudge import rejudge
from harness.results import RunResult
from harness.run import run_campaign
from harness.steps.fault import kinds as known_to_the_plan
from harness.verdict import Verdict
from mock_dmp.faults import api as faults
from mock_dmp.server import MockServer
from protocol.datafolders import folder
from protocol.errors import PlanError

PLANS = folder("test_plans")
CASES: dict[str, dict[str, Any]] = {
    case["code"]: case
    for case in yaml.safe_load((PLANS / "cas" / "pannes.yaml").read_text(encoding="utf-8"))["cases"]
}
Run = Callable[[list[dict[str, Any]]], RunResult]


def campaign(place: Path, cases: list[dict[str, Any]], mock: MockServer, pki: Path) -> RunResult:
    plan = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
    plan |= {"id": "pannes", "cases": cases, "include": []}
    demo = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
    (place / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    (place / "campagne.yaml").write_text(
        json.dumps({**demo, "plan": {"file": "plan.yaml"}}), encoding="utf-8"
    )
    return run_campaign(place / "campagne.yaml", Choices(out=place / "out", target=mock.url, pki=pki, seed=1))


@pytest.fixture(scope="module")
def right(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return campaign(tmp_path_factory.mktemp("right"), list(CASES.values()), mock, pki_folder)


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    return lambda cases: campaign(tmp_path, cases, mock, pki_folder)


def findings(result: RunResult, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = evidence.read_json(result.evidence / code / "assertions.json")
    return found


@pytest.mark.parametrize("code", CASES)
def test_a_right_software_passes(right: RunResult, code: str) -> None:
    assert right.case(code).verdict is Verdict.PASS, right.case(code).reason.en


@pytest.mark.parametrize("code", CASES)
def test_what_is_forbidden_was_looked_at(right: RunResult, code: str) -> None:
    """Every rule on what must not follow saw the exchange that the fault struck, and passed on it."""
    after = [line for line in findings(right, code) if line["rule"].startswith("AFTER-")]
    assert {line["status"] for line in after} <= {"PASS"}, after
    armed = [step for step in CASES[code]["steps"] if "fault" in step]
    forbidding = [step for step in armed if faults.kind(step["fault"]).forbids]
    assert bool(after) == bool(forbidding)


def test_judged_again_it_says_the_same(right: RunResult) -> None:
    assert rejudge(right.evidence).holds


def test_the_families_are_all_tried() -> None:
    tried = {step["fault"] for case in CASES.values() for step in case["steps"] if "fault" in step}
    assert {faults.kind(name).family for name in tried} == {kind.family for kind in faults.kinds().values()}
    assert len(tried) >= len(faults.kinds()) - 1


def test_the_plan_knows_the_kinds_of_the_mock() -> None:
    assert known_to_the_plan() == {
        name: frozenset(item.name for item in kind.parameters) for name, kind in faults.kinds().items()
    }


@pytest.mark.parametrize("name", faults.kinds())
def test_what_a_kind_forbids_is_a_rule(name: str) -> None:
    assert all(api.rule(rule).side == "aftermath" for rule in faults.kind(name).forbids)


# ---- a wrong software


def case(rule: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({step["drive"] for step in steps if "drive" in step})
    return {
        "code": "MAL-1-001",
        "title": {"fr": rule, "en": rule},
        "purpose": {"fr": rule, "en": rule},
        "origin": "test",
        "type": "E",
        "side": "L",
        "filters": {"transactions": names},
        "steps": steps,
    }


def drive(transaction: str, patient: str = "recherche", **more: Any) -> dict[str, Any]:
    return {"drive": transaction, "as": "cps", "patient": patient, "judge": [], "expect": {}, **more}


FED = {"document": {"fact": "document_unique_ids"}}
ENTRY = {"entry": "//rim:ExtrinsicObject/@id"}

#: Rule -> what a wrong software does.
WRONG: dict[str, list[dict[str, Any]]] = {
    "AFTER-OTHER-BYTES": [
        {"fault": "reset", "when": {"transaction": "TD2.1"}},
        drive("TD2.1", documents=[{"title": "Un"}], expect={"seen": "reset"}, save=FED),
        drive("TD2.1", documents=[{"title": "Autre", "text": "Autre.", "unique_id": "${document}"}]),
    ],
    "AFTER-DOUBLE": [
        {"fault": "close-without-answer", "when": {"transaction": "TD2.1"}},
        drive("TD2.1", documents=[{"title": "Un"}], expect={"seen": "closed"}),
        drive("TD2.1", documents=[{"title": "Un"}]),
    ],
    "AFTER-VIHF-AGAIN": [
        {"fault": "soap-fault", "when": {"transaction": "TD0.2"}},
        drive("TD0.2", alter=["repeated-vihf-id"]),
        drive("TD0.2", "corse", alter=["repeated-vihf-id"]),
    ],
    "AFTER-RETRY": [
        {"fault": "soap-fault", "when": {"transaction": "TD0.2"}},
        drive("TD0.2"),
        drive("TD0.2"),
    ],
    "AFTER-STORM": [
        {"fault": "http-status", "when": {"transaction": "TD0.2"}},
        *(drive("TD0.2", expect={"seen": "http-error|answered"}) for _ in range(5)),
    ],
    "AFTER-NO-READ": [
        {"fault": "ws-status", "when": {"transaction": "TD0.3"}},
        drive("TD0.3", "actif-sans-autorisation", **{"with": {"action": "AJOUT"}}),
        drive("TD3.1", "actif-sans-autorisation"),
    ],
    "AFTER-NO-CREATION": [
        {"fault": "hl7-ack", "when": {"transaction": "TD0.2"}},
        drive("TD0.2", "absent"),
        drive("TD1.1", "absent"),
    ],
    "AFTER-NO-CHANGE": [
        drive("TD2.1", documents=[{"title": "Un"}], save=FED),
        drive("TD3.1", save=ENTRY),
        {"fault": "empty-results", "when": {"transaction": "TD3.1"}, "forbid": ["AFTER-NO-CHANGE"]},
        drive("TD3.1"),
        drive(
            "TD2.1", documents=[{"title": "Deux", "replaces": "${document}", "replaces_entry": "${entry}"}]
        ),
    ],
    "AFTER-NO-CALL": [
        {"fault": "soap-fault", "when": {"transaction": "TD0.2"}, "forbid": ["AFTER-NO-CALL"]},
        drive("TD0.2"),
        drive("TD3.1"),
    ],
    "AFTER-ANSWER-USED": [
        drive("TD2.1", documents=[{"title": "Un"}]),
        {"fault": "wrong-patient", "when": {"transaction": "TD3.1"}},
        drive("TD3.1", expect={"seen": "other-patient"}, save=ENTRY),
        drive(
            "TD3.1",
            **{"with": {"query": "GetDocuments", "parameters": {"XDSDocumentEntryEntryUUID": ["${entry}"]}}},
        ),
    ],
    "AFTER-BULK-READ": [
        drive("TD2.1", documents=[{"title": "Un"}]),
        {"fault": "huge-results", "with": {"count": 60}, "when": {"transaction": "TD3.1"}},
        drive("TD3.1"),
        drive("TD3.2", **{"with": {"unique_ids": [f"1.2.250.1.999.7.{rank}" for rank in range(1, 60)]}}),
    ],
    "AFTER-READ-TWICE": [
        drive("TD2.1", documents=[{"title": "Un"}], save=FED),
        {"fault": "duplicated-entries", "when": {"transaction": "TD3.1"}},
        drive("TD3.1"),
        drive("TD3.2", **{"with": {"unique_ids": ["${document}"]}}),
        drive("TD3.2", **{"with": {"unique_ids": ["${document}"]}}),
    ],
}


#: For tests.harness.checks.test_every_rule.
BROKEN = {*WRONG, "AFTER-STALE-SERVER"}


@pytest.mark.parametrize("rule", WRONG)
def test_a_forbidden_frame_fails_the_case(run: Run, rule: str) -> None:
    result = run([case(rule, WRONG[rule])])
    failed = {line["rule"] for line in findings(result, "MAL-1-001") if line["status"] == "FAIL"}
    assert result.case("MAL-1-001").verdict is Verdict.FAIL, result.case("MAL-1-001").reason.en
    assert rule in failed
    assert rejudge(result.evidence).holds


def test_a_message_to_a_stale_server_fails_the_case(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = client._context

    def blind(tls: TlsClient | None) -> ssl.SSLContext:
        assert tls is not None
        return trusting(replace(tls, verify=False))

    monkeypatch.setattr(client, "_context", blind)
    result = run([case("AFTER-STALE-SERVER", [{"fault": "stale-certificate"}, drive("TD0.2")])])
    assert result.case("MAL-1-001").verdict is Verdict.FAIL
    assert "AFTER-STALE-SERVER" in result.case("MAL-1-001").reason.en


def test_every_rule_is_tried() -> None:
    after = {rule.id for rule in api.rules() if rule.side == "aftermath"}
    assert after == BROKEN


def test_a_frame_outside_the_window_is_not_forbidden(run: Run) -> None:
    steps = [
        {
            "fault": "soap-fault",
            "when": {"transaction": "TD0.2"},
            "within": {"calls": 1},
            "forbid": ["AFTER-RETRY"],
        },
        drive("TD0.2"),
        drive("TD0.2", "corse"),
        drive("TD0.2"),
    ]
    assert run([case("AFTER-RETRY", steps)]).case("MAL-1-001").verdict is Verdict.PASS


def test_a_software_that_stops_breaks_not_even_the_strictest_rule(run: Run) -> None:
    steps = [
        {"fault": "soap-fault", "when": {"transaction": "TD0.2"}, "forbid": ["AFTER-NO-CALL"]},
        drive("TD0.2"),
    ]
    result = run([case("AFTER-NO-CALL", steps)])
    assert result.case("MAL-1-001").verdict is Verdict.PASS
    judged = [line["status"] for line in findings(result, "MAL-1-001") if line["rule"] == "AFTER-NO-CALL"]
    assert judged == ["PASS"]


def test_a_fault_that_struck_nothing_proves_nothing(run: Run) -> None:
    steps = [{"fault": "soap-fault", "when": {"transaction": "TD3.1"}}, drive("TD0.2")]
    assert run([case("AFTER-RETRY", steps)]).case("MAL-1-001").verdict is Verdict.INCONCLUSIVE


def test_faults_are_disarmed_by_off(run: Run) -> None:
    good = {"drive": "TD0.2", "as": "cps", "patient": "actif-autorise", "expect": {"success": True}}
    steps = [{"fault": "soap-fault", "forbid": []}, {"fault": "off"}, good]
    assert run([case("AFTER-RETRY", steps)]).case("MAL-1-001").verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"fault": "rest"}, "PLAN-030"),
        ({"fault": "reset", "with": {"octets": 1}}, "PLAN-026"),
        ({"fault": "reset", "forbid": ["WSA-TO"]}, "PLAN-011"),
        ({"fault": "tls-refusal", "as": "personne"}, "PLAN-014"),
        (drive("TD0.2", expect={"seen": "resset"}), "PLAN-031"),
    ],
)
def test_mistakes_are_told_before_anything_runs(run: Run, step: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanError) as told:
        run([case("AFTER-RETRY", [step, drive("TD0.2")])])
    assert code in str(told.value)
