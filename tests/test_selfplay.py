"""Self-play: the driver against the mock, judged by the oracle, over the whole demonstration campaign.

Every case has the verdict it should have; and every case can fail: requests that are no longer wrong, answers that
are altered, defects that nobody asked for and platforms that are too lenient all turn it to FAIL.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import evidence
from harness.drive.build import build
from harness.drive.ids import SeededIds
from harness.drive.message import OutgoingMessage
from harness.events import Event
from harness.rejudge import MASKED, rejudge
from harness.results import CaseResult, RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.datafolders import folder
from protocol.errors import PlanError, UsageError

PLANS = folder("test_plans")
PLAN: dict[str, Any] = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["code"]: case for case in PLAN["cases"]}
#: Needs AIR, which the demonstration campaign does not declare.
OUTSIDE = {code for code, case in CASES.items() if case["filters"].get("authentication") == ["air"]}
Run = Callable[..., RunResult]


@pytest.fixture(scope="module")
def demo(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    out = tmp_path_factory.mktemp("demo")
    return run_campaign(PLANS / "campagne-demo.yaml", out=out, target=mock.url, pki=pki_folder, seed=1)


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    """Run some cases, changed or not, in a campaign of their own."""

    def start(
        cases: list[dict[str, Any]], campaign: dict[str, Any] | None = None, **options: Any
    ) -> RunResult:
        demo: dict[str, Any] = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
        (tmp_path / "plan.yaml").write_text(
            json.dumps({**PLAN, "id": "mutant", "cases": cases, "include": []}), encoding="utf-8"
        )
        (tmp_path / "campagne.yaml").write_text(
            json.dumps({**demo, "plan": {"file": "plan.yaml"}, **(campaign or {})}), encoding="utf-8"
        )
        told: dict[str, Any] = {"out": tmp_path / "out", "target": mock.url, "pki": pki_folder} | options
        return run_campaign(tmp_path / "campagne.yaml", **told)

    return start


def verdicts(result: RunResult) -> dict[str, str]:
    return {case.code: str(case.verdict) for case in result.verdicts}


def explained(result: RunResult, *, but: Verdict) -> dict[str, str]:
    return {
        case.code: f"{case.verdict}: {case.reason.en}" for case in result.verdicts if case.verdict is not but
    }


# ---- the campaign as it is


@pytest.mark.parametrize("code", [code for code in CASES if code not in OUTSIDE])
def test_each_case_passes(demo: RunResult, code: str) -> None:
    case = demo.case(code)
    assert case.verdict is Verdict.PASS, case.reason.en
    assert case.findings["PASS"] > 0


def test_the_campaign_is_conform_and_says_what_it_left_out(demo: RunResult) -> None:
    assert demo.exit_code == 0
    assert {case.code for case in demo.verdicts if case.verdict is Verdict.NOT_APPLICABLE} == OUTSIDE
    assert all("air" in demo.case(code).reason.fr for code in OUTSIDE)


def test_the_tree_is_whole_and_the_result_comes_back(demo: RunResult) -> None:
    assert evidence.verify(demo.evidence) == ()
    assert hashlib.sha256((demo.evidence / evidence.MANIFEST).read_bytes()).hexdigest() == demo.manifest
    assert RunResult.load(demo.evidence.parent) == demo
    events = [
        json.loads(line) for line in (demo.evidence / "evenements.ndjson").read_text("utf-8").splitlines()
    ]
    assert (events[0]["event"], events[-1]["event"]) == ("run-started", "run-finished")
    assert len([item for item in events if item["event"] == "case-finished"]) == len(CASES) - len(OUTSIDE)


def test_judged_again_it_says_the_same_finding_by_finding(demo: RunResult) -> None:
    again = rejudge(demo.evidence)
    assert again.holds
    assert not again.rules_changed
    assert sum(len(case.findings) for case in again.cases) > 5000


# ---- every case can fail


def unaltered(case: dict[str, Any]) -> dict[str, Any]:
    """The case without its deliberate defects: what it expects to be refused is no longer wrong."""
    changed = copy.deepcopy(case)
    for step in changed["steps"]:
        step.pop("alter", None)
        step.pop("lps", None)
        if isinstance(step.get("as"), dict):
            step["as"] = step["as"]["name"]
    return changed


def test_a_request_that_is_no_longer_wrong_turns_the_verdict_to_fail(run: Run) -> None:
    # CT-3.2-030 asks for a document that isn't there: it stays refused without its defect.
    wrong = [
        case
        for case in CASES.values()
        if unaltered(case) != case and case["code"] not in {"CT-3.2-030"} | OUTSIDE
    ]
    assert len(wrong) >= 25
    result = run([unaltered(case) for case in wrong])
    assert explained(result, but=Verdict.FAIL) == {}
    assert result.exit_code == 1


#: Case -> the rule of the platform that refuses what it sends.
REFUSED_BY = {
    "CT-0.1-040": "VIHF-SPECIALTY",
    "CT-0.1-060": "VIHF-CERT-KIND",
    "CT-0.1-080": "VIHF-FRESHNESS",
    "CT-HN-030": "HN-UNKNOWN",
    "CT-HN-045": "HN-SUSPENDED",
    "CT-0.2-040": "INS-KEY",
    "CT-2.1-095": "XDS-VISIBILITY-CUMUL",
    "CT-2.1-080": "XDS-SIGNATURE-REQUIRED",
    "CT-3.1-090": "RIGHTS-AUTHORISATION",
}


def test_a_platform_that_is_too_lenient_fails(run: Run) -> None:
    lenient = copy.deepcopy([CASES[code] for code in REFUSED_BY])
    for case in lenient:
        case["steps"].insert(0, {"prepare": {"settings": {REFUSED_BY[case["code"]]: "off"}}})
    assert explained(run(lenient), but=Verdict.FAIL) == {}


@pytest.mark.parametrize(
    ("code", "step", "defect"),
    [
        ("CT-0.1-020", 0, "other-lps-version"),
        ("CT-0.1-020", 0, "no-lps-name"),
        ("CT-0.1-010", 0, "no-signature-document"),
        ("CT-2.1-020", 0, "code-out-of-value-set"),
        ("CT-2.1-020", 0, "class-of-another-type"),
        ("CT-2.1-050", 0, "inline-base64"),
        ("CT-2.1-020", 0, "bad-signature-value"),
        ("CT-3.1-010", 1, "patient-in-parentheses"),
    ],
)
def test_a_defect_of_the_software_fails_its_case(run: Run, code: str, step: int, defect: str) -> None:
    case = copy.deepcopy(CASES[code])
    case["steps"][step] |= {"alter": [defect], "judge": ["request", "response"]}
    case["steps"][step]["expect"] = {"request": case["steps"][step]["expect"].get("request", [])}
    result = run([case])
    assert verdicts(result) == {code: "FAIL"}, result.verdicts[0]


@pytest.mark.parametrize(
    ("code", "stem", "before", "after"),
    [
        ("CT-0.1-060", "01", b"DMPInvalidCertificate", b"DMPOtherCertificate00"),
        ("CT-0.2-010", "01", b"VALIDE", b"EXPIRE"),
        ("CT-0.2-020", "01", b'"NF"', b'"OK"'),
        ("CT-0.3-010", "02", b"DMPOk", b"DMPKo"),
        ("CT-2.1-010", "01", b"ResponseStatusType:Success", b"ResponseStatusType:Failure"),
        ("CT-3.1-080", "01", b"RelatesTo>urn:uuid:", b"RelatesTo>urn:uuix:"),
        ("CT-3.2-010", "03", b"</ClinicalDocument>", b"</ClinicalDocument >"),
    ],
)
def test_an_altered_answer_turns_the_verdict(
    demo: RunResult, tmp_path: Path, code: str, stem: str, before: bytes, after: bytes
) -> None:
    root = tmp_path / "preuves"
    shutil.copytree(demo.evidence, root)
    [answer] = (root / code).glob(f"{stem}_reponse.*")
    data = answer.read_bytes()
    assert before in data
    answer.write_bytes(data.replace(before, after))
    again = rejudge(root, only=[code])
    [case] = again.cases
    assert not again.holds
    assert (case.code, case.before, case.after) == (code, Verdict.PASS, Verdict.FAIL)
    assert case.digests
    assert again.tree == (f"altered: {code}/{answer.name}",)


# ---- what a run does beside judging


def test_air_cases_run_when_they_are_declared(run: Run) -> None:
    result = run([CASES[code] for code in sorted(OUTSIDE)], {"authentication": ["direct", "indirect", "air"]})
    assert explained(result, but=Verdict.PASS) == {}


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

    monkeypatch.setattr("harness.steps.drive.build", stuck)
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
    assert {rule for rule, change in changes.items() if change == MASKED} == {"SIG-DIGEST", "NUM-DECLARED"}


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


def test_results_name_what_a_report_needs(demo: RunResult) -> None:
    case: CaseResult = demo.case("CT-0.2-010")
    assert case.official == "0.2-100"
    assert case.title.fr
    assert case.evidence == "CT-0.2-010"
    assert demo.facts["campaign"]["software"]["number"] == "•••"
    assert demo.facts["plan"]["id"] == "dmp-socle"
    assert demo.facts["seed"] == 1


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
