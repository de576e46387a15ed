"""Every deliberate defect of the mock is caught: a case that passes fails with it, by the rule that must see it.

The table is the whole list of defects: one that nothing catches, or that is not tried, fails here.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import evidence
from harness.checks import api
from harness.choices import Choices
from harness.expectation_words import names
from harness.results import RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp import defects
from mock_dmp.server import MockServer
from protocol.datafolders import folder
from protocol.errors import UsageError

PLANS = folder("test_plans")

#: Defect -> case of the plan that fails with it.
CAUGHT_IN = {
    "ack-without-code": "CT-0.2-090",
    "ack-without-target": "CT-0.2-010",
    "action-twice": "CT-0.2-010",
    "action-wrong": "CT-0.2-010",
    "authentication-certificate-accepted": "CT-0.1-060",
    "authorisation-stale": "CT-0.3-010",
    "authorisation-unknown": "CT-0.2-010",
    "blocked-professional-served": "CT-0.3-030",
    "bytes-altered": "CT-3.2-010",
    "closed-as-active": "CT-0.2-030",
    "closed-dmp-served": "CT-2.1-140",
    "content-id-mismatch": "CT-3.2-010",
    "deprecated-as-approved": "CT-2.1-110",
    "duplicate-unique-id-accepted": "CT-2.1-170",
    "entry-local-time": "CT-3.1-010",
    "entry-twice": "CT-3.1-010",
    "error-without-context": "CT-2.1-070",
    "expired-vihf-accepted": "CT-0.1-080",
    "failure-without-error": "CT-2.1-070",
    "fault-code-unknown": "CT-HN-030",
    "fault-in-200": "CT-HN-030",
    "fault-without-reason": "CT-0.1-070",
    "final-boundary-missing": "CT-3.2-010",
    "foreign-code-accepted": "CT-2.1-070",
    "hash-missing": "CT-3.1-010",
    "hash-wrong": "CT-3.1-010",
    "hl7-local-time": "CT-0.2-010",
    "id-symbolic": "CT-3.1-010",
    "inline-base64": "CT-3.2-010",
    "ins-oid-wrong": "CT-0.2-010",
    "lid-changed": "CT-3.1-010",
    "masked-leaked": "CT-3.1-100",
    "matrix-ignored": "CT-3.1-110",
    "media-text-xml": "CT-0.2-010",
    "message-id-no-uuid": "CT-0.2-010",
    "message-id-reused": "CT-0.2-030",
    "mime-type-altered": "CT-3.2-010",
    "nf-with-patient": "CT-0.2-020",
    "no-authorisation-served": "CT-3.1-090",
    "object-list-missing": "CT-3.1-010",
    "obsolete-replaced": "CT-2.1-115",
    "ok-with-error": "CT-0.3-070",
    "ok-with-two-records": "CT-0.2-010",
    "other-document": "CT-3.2-010",
    "partial-kept": "CT-2.1-160",
    "partial-success-for-all": "CT-3.2-010",
    "references-instead-of-objects": "CT-3.1-010",
    "relates-to-missing": "CT-0.2-010",
    "relates-to-wrong": "CT-0.2-010",
    "replayed-vihf-accepted": "CT-0.1-085",
    "repository-wrong": "CT-3.1-010",
    "revoked-certificate-accepted": "CT-0.1-065",
    "same-content-id": "CT-3.2-010",
    "size-wrong": "CT-3.1-010",
    "slot-missing": "CT-3.1-010",
    "soap11-answer": "CT-3.1-080",
    "start-info-missing": "CT-2.1-010",
    "status-empty": "CT-0.3-020",
    "status-no-urn": "CT-3.1-080",
    "status-not-asked": "CT-3.1-010",
    "success-without-document": "CT-3.2-010",
    "title-altered": "CT-3.1-010",
    "total-count-wrong": "CT-3.1-010",
    "two-bodies": "CT-0.2-010",
    "type-altered": "CT-3.1-010",
    "unknown-must-understand": "CT-0.2-010",
    "unknown-number-accepted": "CT-HN-030",
    "unsigned-set-accepted": "CT-2.1-080",
    "unsigned-vihf-accepted": "CT-0.1-070",
    "version-not-bumped": "CT-3.3-010",
    "wrong-ca-accepted": "CT-0.1-065",
    "wrong-hash-accepted": "CT-2.1-160",
}


def plan_cases() -> dict[str, dict[str, Any]]:
    """Cases of the files of the shipped plan that the table needs, as data."""
    files = [
        PLANS / "dmp-socle.yaml",
        *(PLANS / "cas" / f"{name}.yaml" for name in ("plateforme", "attributs")),
    ]
    return {
        case["code"]: case
        for path in files
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    }


CASES = plan_cases()


@pytest.fixture(scope="module")
def results(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """One campaign: every case that is needed as it is, then once for each defect, armed."""
    folder_of_run = tmp_path_factory.mktemp("defects")
    used = [copy.deepcopy(CASES[code]) for code in sorted(set(CAUGHT_IN.values()))]
    armed = []
    for rank, (name, code) in enumerate(CAUGHT_IN.items()):
        case = copy.deepcopy(CASES[code]) | {"code": f"DEF-{rank:02d}-001"}
        case["steps"].insert(0, {"prepare": {"settings": {"defects": name}}})
        armed.append(case)
    demo = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
    plan = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
    plan |= {"id": "defauts", "cases": [*used, *armed]}
    plan.pop("include", None)
    (folder_of_run / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    (folder_of_run / "campagne.yaml").write_text(
        json.dumps({**demo, "plan": {"file": "plan.yaml"}}), encoding="utf-8"
    )
    return run_campaign(
        folder_of_run / "campagne.yaml",
        Choices(out=folder_of_run / "out", target=mock.url, pki=pki_folder, seed=1),
    )


def test_the_table_is_the_whole_list() -> None:
    assert set(CAUGHT_IN) == set(defects.defects())
    assert len(CAUGHT_IN) >= 50


@pytest.mark.parametrize("name", defects.defects())
def test_who_must_catch_it_exists(name: str) -> None:
    for rule in defects.defects()[name].caught_by:
        assert rule in names() or api.rule(rule).id == rule


@pytest.mark.parametrize("code", sorted(set(CAUGHT_IN.values())))
def test_without_a_defect_the_case_passes(results: RunResult, code: str) -> None:
    case = results.case(code)
    assert case.verdict is Verdict.PASS, case.reason.en


@pytest.mark.parametrize("name", CAUGHT_IN)
def test_with_its_defect_it_fails_by_the_rule(results: RunResult, name: str) -> None:
    code = f"DEF-{list(CAUGHT_IN).index(name):02d}-001"
    lines = evidence.read_json(results.evidence / code / "assertions.json")
    failed = {line["rule"] for line in lines if line["status"] == "FAIL"}
    assert results.case(code).verdict is Verdict.FAIL, results.case(code).reason.en
    assert failed & set(defects.defects()[name].caught_by), sorted(failed)


def test_an_unknown_defect_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError) as told:
        defects.check("relates-to-missin")
    assert told.value.expected == "relates-to-missing"
