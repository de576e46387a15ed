"""Self-play of pages, traces, patient and clock: each case passes, and each can fail; evidence is judged again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.choices import Choices
from harness.drive import urls
from harness.rejudge import rejudge
from harness.results import RunResult
from harness.run import run_campaign
from mock_dmp.server import MockServer
from protocol.datafolders import folder

PLANS = folder("test_plans")
CASES: dict[str, dict[str, Any]] = {
    case["code"]: case
    for case in yaml.safe_load((PLANS / "cas" / "web-ps.yaml").read_text(encoding="utf-8"))["cases"]
}
Run = Callable[..., RunResult]
ADDRESSES = [
    ("DossierPatient", "actif-autorise", name)
    for name in urls.defects()
    if name != "url-prefix-case"  # which leads out of the site: a page no longer answers
]


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    """Run some cases, changed or not, in a campaign of their own."""

    def start(cases: list[dict[str, Any]]) -> RunResult:
        plan = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
        demo = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
        plan |= {"id": "mutant", "cases": cases, "include": []}
        (tmp_path / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        (tmp_path / "campagne.yaml").write_text(
            json.dumps({**demo, "plan": {"file": "plan.yaml"}}), encoding="utf-8"
        )
        return run_campaign(
            tmp_path / "campagne.yaml", Choices(out=tmp_path / "out", target=mock.url, pki=pki_folder, seed=1)
        )

    return start


def verdicts(result: RunResult) -> dict[str, str]:
    return {case.code: f"{case.verdict} {case.reason.en}".strip() for case in result.verdicts}


def mutant(code: str, change: Callable[[dict[str, Any]], None], name: str = "") -> dict[str, Any]:
    case = copy.deepcopy(CASES[code])
    change(case)
    return case | ({"code": name} if name else {})


def test_every_case_passes_and_its_evidence_is_judged_the_same(run: Run) -> None:
    result = run(list(CASES.values()))
    assert {code: said for code, said in verdicts(result).items() if said != "PASS"} == {}
    assert rejudge(result.evidence).holds


def test_an_address_that_is_no_longer_wrong_turns_its_case_to_fail(run: Run) -> None:
    def right(case: dict[str, Any]) -> None:
        for step in case["steps"]:
            step.pop("alter", None)

    wrong = [code for code, case in CASES.items() if any("alter" in step for step in case["steps"])]
    result = run([mutant(code, right) for code in wrong])
    assert wrong
    assert {said.split()[0] for said in verdicts(result).values()} == {"FAIL"}


@pytest.mark.parametrize(("page", "patient", "defect"), ADDRESSES)
def test_a_wrong_address_of_a_software_is_a_fail(run: Run, page: str, patient: str, defect: str) -> None:
    step = {
        "browse": page,
        "as": "cps",
        "patient": patient,
        "alter": [defect],
        "judge": ["request", "response"],
        "expect": {},
    }
    result = run([CASES["CT-0.9-010"] | {"steps": [step]}])
    assert verdicts(result)["CT-0.9-010"].startswith("FAIL")


def _deeper(steps: list[Any], kind: str, field: str, value: Any) -> None:
    """Change one field of the last step of that kind."""
    step = next(one for one in reversed(steps) if kind in one)
    if isinstance(step[kind], dict):
        step[kind][field] = value
    else:
        step["expect"][field] = value


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("CT-TRC-020", lambda steps: _deeper(steps, "traces", "lacks", [{"ps_id": "899990000111"}])),
        ("CT-TRC-030", lambda steps: _deeper(steps, "traces", "has", [{"assertion": "_other"}])),
        ("CT-TRC-040", lambda steps: _deeper(steps, "traces", "count", 3)),
        ("CT-TRC-010", lambda steps: _deeper(steps, "browse", "text", ["mot absent de la page"])),
        ("CT-0.9-080", lambda steps: steps.pop(3)),  # the patient does not mask
        ("CT-PAT-010", lambda steps: steps.pop(0)),  # the patient does not block
        ("CT-PAT-020", lambda steps: steps.pop(1)),  # the patient does not oppose
        ("CT-CLK-010", lambda steps: steps.pop(1)),  # the clock does not move
        ("CT-CLK-020", lambda steps: steps.pop(2)),
        ("CT-CLK-030", lambda steps: steps[0]["prepare"]["clock"].pop("lps")),  # the software's follows
        ("CT-0.10-020", lambda steps: steps.insert(0, {"prepare": {"settings": {"web_ps_air": True}}})),
    ],
)
def test_a_stage_that_is_not_set_or_another_expectation_is_a_fail(
    run: Run, code: str, change: Callable[[list[Any]], Any]
) -> None:
    case = copy.deepcopy(CASES[code])
    change(case["steps"])
    assert verdicts(run([case]))[code].startswith("FAIL")


def test_a_lenient_platform_is_caught(run: Run) -> None:
    lenient = {"prepare": {"settings": {"WEBPS-CPE-PAGES": "off", "DMP-STATE": "off"}}}
    cases = [
        CASES[code] | {"steps": [lenient, *CASES[code]["steps"]]} for code in ("CT-0.9-040", "CT-0.9-070")
    ]
    assert {said.split()[0] for said in verdicts(run(cases)).values()} == {"FAIL"}


@pytest.mark.parametrize("change", ["page", "trace"])
def test_altered_evidence_is_seen(run: Run, change: str) -> None:
    result = run([CASES["CT-TRC-020"]])
    place = result.evidence / "CT-TRC-020"
    if change == "page":
        (page,) = place.glob("03_reponse.html")
        page.write_bytes(page.read_bytes().replace(b"</main>", b"<p>899990000129</p></main>"))
    else:
        test = json.loads((place / "test.json").read_text(encoding="utf-8"))
        (read,) = [step["resolved"]["traces"] for step in test["steps"] if step["kind"] == "traces"]
        read["read"] = []
        (place / "test.json").write_text(json.dumps(test), encoding="utf-8")
    again = rejudge(result.evidence)
    assert not again.holds
    (case,) = again.cases
    assert any(one.change == "different" for one in case.findings)
