"""A comparison in its four forms, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from harness.checks.rule import Finding
from harness.compare import CaseCompared, Comparison, Frame, Moved
from harness.normal import Difference
from harness.plan import load_plan
from harness.results import CaseResult
from harness.runner import describe
from harness.verdict import Verdict
from protocol.datafolders import folder
from protocol.errors import NO_TEXT
from reports.comparison import FORMATS


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    plan = load_plan(folder("test_plans") / "dmp-socle.yaml")

    def of(code: str, verdict: Verdict) -> CaseResult:
        return describe(plan.case(code), verdict, NO_TEXT)

    one, two, three, four, five = (case.code for case in plan.plan.cases[:5])
    finding = Finding("VIHF-SIGNATURE", "FAIL", "request:/a|b", "<x>\x1b", "y")
    lines = (Difference("Body", "<a>1</a>", "<a>2</a>"),)
    return Comparison(
        (
            CaseCompared(one, "same", of(one, Verdict.PASS), of(one, Verdict.PASS)),
            CaseCompared(
                two,
                "changed",
                of(two, Verdict.PASS),
                of(two, Verdict.FAIL),
                ("requests", "rules"),
                (Moved(finding, 1, False),),
                (),
                (Frame("01", "request", lines),),
            ),
            CaseCompared(three, "changed", of(three, Verdict.FAIL), of(three, Verdict.PASS), ("answers",)),
            CaseCompared(four, "new", None, of(four, Verdict.PASS)),
            CaseCompared(five, "gone", of(five, Verdict.PASS), None),
        ),
        {"rules": ("a" * 64, "b" * 64)},
    )


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_for_a_reader(comparison: Comparison, form: str) -> None:
    french, english = (FORMATS[form](comparison, lang, "changed") for lang in ("fr", "en"))  # type: ignore[arg-type]
    assert "1 verdicts inchangés, 2 changés, 1 cas nouveaux, 1 disparus ; 2 en pire" in french
    assert "1 verdicts unchanged, 2 changed, 1 new cases, 1 gone; 2 for the worse" in english
    for words in (
        "PASS -> FAIL",
        "VIHF-SIGNATURE",
        "rule new here",
        "no longer played",
        "what the software sends",
    ):
        assert words in english
    assert "\x1b" not in french
    assert form == "text" or "request:/a\\|b" in english


def test_for_programs(comparison: Comparison) -> None:
    told = json.loads(FORMATS["json"](comparison, "fr", "worse"))
    assert (told["same"], told["exit_code"], [case["state"] for case in told["cases"]]) == (
        1,
        1,
        ["changed", "changed", "new", "gone"],
    )
    assert [case["worse"] for case in told["cases"]] == [True, False, False, True]
    assert told["cases"][0]["frames"][0]["lines"][0]["after"] == "<a>2</a>"


@pytest.mark.parametrize(("fail_on", "failures"), [("changed", 4), ("worse", 2), ("never", 0)])
def test_for_continuous_integration(comparison: Comparison, fail_on: str, failures: int) -> None:
    suite = etree.fromstring(FORMATS["junit"](comparison, "en", fail_on).encode())  # type: ignore[arg-type]
    assert (suite.get("tests"), suite.get("failures")) == ("5", str(failures))
    assert len(suite.findall("testcase/failure")) == failures


def test_folders_that_hold_no_run(tmp_path: Path) -> None:
    from harness.compare import compare
    from protocol.errors import EvidenceError

    with pytest.raises(EvidenceError):
        compare(tmp_path, tmp_path)
