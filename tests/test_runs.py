"""What a run does beside judging: scope, seed, secrets, resuming, failures of the tool, cases kept apart."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import evidence
from harness.drive.build import build
from harness.drive.ids import SeededIds
from harness.drive.message import OutgoingMessage
from harness.events import Event
from harness.rejudge import MASKED, rejudge
from harness.results import RunResult
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.errors import PlanError, UsageError
from tests.selfplay import CASES, campaign, explained, verdicts

Run = Callable[..., RunResult]


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    """Run some cases, changed or not, in a campaign of their own."""

    def start(
        cases: list[dict[str, Any]], changes: dict[str, Any] | None = None, **options: Any
    ) -> RunResult:
        return campaign(tmp_path, cases, mock, pki_folder, changes, **options)

    return start


def test_cases_of_a_mode_that_is_not_declared_are_left_out_and_it_is_said(run: Run) -> None:
    air = [case for case in CASES.values() if case["filters"].get("authentication") == ["air"]]
    assert len(air) >= 3
    result = run([*air, CASES["CT-0.1-020"]], {"authentication": ["direct", "indirect"]})
    assert verdicts(result) == dict.fromkeys((case["code"] for case in air), "NOT_APPLICABLE") | {
        "CT-0.1-020": "PASS"
    }
    assert all("air" in result.case(case["code"]).reason.fr for case in air)


def test_identifiers_follow_the_seed(run: Run, tmp_path: Path) -> None:
    case = [CASES["CT-0.1-020"]]
    first, second, third = (
        run(case, out=tmp_path / name, seed=seed) for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )

    def identifier(result: RunResult) -> str:
        view = json.loads((result.evidence / "CT-0.1-020" / "01_vihf.json").read_text(encoding="utf-8"))
        return str(view["id"])

    assert identifier(first) == identifier(second) != identifier(third)


def test_a_message_sent_twice_is_seen_across_the_requests_of_a_case(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A software that draws the same identifiers for each message: each request alone is right."""
    case = CASES["CT-0.2-030"]
    assert explained(run([case]), but=Verdict.PASS) == {}

    def stuck(*told: Any, **options: Any) -> OutgoingMessage:
        return build(*told, **options | {"ids": SeededIds(0)})

    monkeypatch.setattr("harness.players.driver.build", stuck)
    result = run([case], out=tmp_path / "again")
    assert "SEQ-MESSAGE-ID" in result.case("CT-0.2-030").reason.fr
    assert rejudge(result.evidence).holds


def test_a_secret_number_is_masked_everywhere_and_the_rest_is_judged_again(run: Run) -> None:
    """The mock stands for a DMP that homologated the declared software, whatever its number."""
    secret = "ZZZ-900417-tmp1"
    case = CASES["CT-0.1-020"]
    software = {"name": "MON-LPS", "version": "2.0", "number": "env:LPS_NUMBER"}
    result = run([case], {"software": software}, environ={"LPS_NUMBER": secret})
    assert explained(result, but=Verdict.PASS) == {}
    out = result.evidence.parent
    assert not [path for path in out.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    again = rejudge(result.evidence)
    assert again.holds
    changes = {item.before.rule: item.change for item in again.cases[0].findings if item.before}
    assert set(changes.values()) == {"same", MASKED}
    assert {rule for rule, change in changes.items() if change == MASKED} == {
        "SIG-DIGEST",
        "NUM-DECLARED",
        "NUM-PLACE",
    }


def test_an_interrupted_run_resumes_where_it_was(run: Run, tmp_path: Path) -> None:
    cases = [CASES["CT-0.1-020"], CASES["CT-0.2-020"]]
    out = tmp_path / "out"
    first = run(cases)
    shutil.rmtree(out / "preuves" / "CT-0.2-020")
    told: list[Event] = []
    second = run(cases, resume=out, listener=told.append)
    assert [event.case for event in told if event.kind == "case-started"] == ["CT-0.2-020"]
    assert verdicts(second) == verdicts(first)
    assert evidence.verify(second.evidence) == ()


def test_a_run_does_not_resume_under_another_plan(run: Run, tmp_path: Path) -> None:
    run([CASES["CT-0.1-020"]])
    with pytest.raises(UsageError) as caught:
        run([CASES["CT-0.1-020"], CASES["CT-0.2-020"]], resume=tmp_path / "out")
    assert caught.value.code == "RUN-005"


def test_evidence_is_never_overwritten(run: Run) -> None:
    run([CASES["CT-0.1-020"]])
    with pytest.raises(UsageError) as caught:
        run([CASES["CT-0.1-020"]])
    assert caught.value.code == "RUN-004"


def test_only_what_is_asked_runs(run: Run) -> None:
    result = run([CASES["CT-0.1-020"], CASES["CT-0.2-020"]], only=["CT-0.2-*"])
    assert set(verdicts(result)) == {"CT-0.2-020"}
    states = {item["code"]: item["state"] for item in result.facts["scope"]}
    assert states == {"CT-0.1-020": "not-selected", "CT-0.2-020": "included"}


def test_a_precondition_that_is_not_met_is_inconclusive(run: Run) -> None:
    case = copy.deepcopy(CASES["CT-0.3-010"])
    case["steps"][0]["patient"] = "actif-autorise"
    result = run([case])
    assert verdicts(result) == {"CT-0.3-010": "INCONCLUSIVE"}
    assert result.exit_code == 2
    assert (result.evidence / "CT-0.3-010" / "01_reponse.xml").is_file()


def test_a_platform_without_control_cannot_be_prepared(run: Run) -> None:
    cases = [CASES["CT-HN-060"], CASES["CT-0.1-020"]]
    result = run(cases, {"target": {"kind": "platform"}})
    assert verdicts(result) == {"CT-HN-060": "INCONCLUSIVE", "CT-0.1-020": "PASS"}


def test_a_failure_of_the_tool_is_an_error_never_a_fail(run: Run) -> None:
    case = copy.deepcopy(CASES["CT-0.1-020"])
    case["steps"][0]["as"] = {"name": "cps", "sign": "no-such-certificate"}
    result = run([case])
    assert verdicts(result) == {"CT-0.1-020": "ERROR"}
    assert result.exit_code == 3
    assert "no-such-certificate" in result.verdicts[0].reason.en


def test_a_case_that_looks_at_nothing_is_inconclusive(run: Run) -> None:
    case = copy.deepcopy(CASES["CT-0.1-020"])
    case["steps"][0] |= {"expect": {}, "judge": []}
    assert verdicts(run([case])) == {"CT-0.1-020": "INCONCLUSIVE"}


def test_red_preflight_runs_nothing(run: Run, tmp_path: Path) -> None:
    result = run([CASES["CT-0.1-020"]], target="https://lps2.dmp.gouv.fr")
    assert verdicts(result) == {"CT-0.1-020": "CONFIG"}
    assert result.exit_code == 65
    assert "PRE-PRODUCTION" in result.verdicts[0].reason.fr
    assert not (result.evidence / "CT-0.1-020").exists()
    assert evidence.verify(result.evidence) == ()


def test_a_campaign_that_is_wrong_writes_nothing(run: Run, tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        run([CASES["CT-0.1-020"]], {"profiles": ["consultatoin"]})
    assert not (tmp_path / "out").exists()


def test_cases_are_isolated_from_each_other(run: Run) -> None:
    feeding = copy.deepcopy(CASES["CT-2.1-130"])
    twin = {**feeding, "code": "CT-2.1-131"}
    assert explained(run([feeding, twin]), but=Verdict.PASS) == {}


def test_a_run_resumes_with_its_own_campaign_only(run: Run, tmp_path: Path) -> None:
    run([copy.deepcopy(CASES["CT-0.1-020"])])
    before = sorted(path for path in (tmp_path / "out").rglob("*"))
    with pytest.raises(UsageError) as caught:
        run([copy.deepcopy(CASES["CT-0.2-020"])], resume=tmp_path / "out")
    assert caught.value.code == "RUN-005"
    assert sorted(path for path in (tmp_path / "out").rglob("*")) == before


def test_a_secret_number_quoted_by_a_finding_stays_out_of_the_result(run: Run, tmp_path: Path) -> None:
    number = "4242-SECRET-NUMBER"
    case = copy.deepcopy(CASES["CT-0.1-020"])
    path = "//saml:Attribute[@Name='LPS_ID_HOMOLOGATION_DMP']/saml:AttributeValue"
    case["steps"][0]["expect"] = {"request": [{"path": path, "equals": "another"}]}
    result = run(
        [case],
        {"software": {"name": "LPS-TEST", "version": "1.0.0", "number": "env:DMP"}},
        environ={"DMP": number},
    )
    assert result.exit_code == 1
    assert "EXPECT-REQUEST" in result.verdicts[0].reason.en
    assert number not in result.verdicts[0].reason.en
    assert number.encode() not in (tmp_path / "out" / "run.json").read_bytes()
