"""How a case is concluded, whatever stopped it."""

from __future__ import annotations

import pytest

from harness.checks.rule import Finding, Status
from harness.runner import conclusion
from harness.steps.api import Unmet
from harness.verdict import Verdict
from protocol.errors import DmpcompatError, Text, ToolError

TOOL = ToolError("X-001", Text("panne", "breakdown"))
UNMET = Unmet("X-002", Text("absent", "missing"))


@pytest.mark.parametrize(
    ("statuses", "trouble", "verdict", "words"),
    [
        (("PASS",), None, Verdict.PASS, ""),
        (("PASS",), TOOL, Verdict.ERROR, "breakdown"),
        ((), TOOL, Verdict.ERROR, "breakdown"),
        (("PASS",), UNMET, Verdict.INCONCLUSIVE, "missing"),
        (("FAIL",), TOOL, Verdict.FAIL, "RULE"),
        (("FAIL", "FAIL"), None, Verdict.FAIL, "and 1 more"),
        (("PASS", "WARN"), None, Verdict.WARN, "RULE"),
        (("PASS", "ERROR"), None, Verdict.ERROR, "RULE"),
        (("VACUOUS",), None, Verdict.INCONCLUSIVE, "no check found anything"),
    ],
)
def test_conclusions(
    statuses: tuple[Status, ...], trouble: DmpcompatError | None, verdict: Verdict, words: str
) -> None:
    findings = [Finding("RULE", status, "request:", "a", "b") for status in statuses]
    found, reason = conclusion(findings, trouble)
    assert found is verdict
    assert words in reason.en
    assert bool(reason.fr) is (verdict is not Verdict.PASS)


def test_a_reason_stays_readable() -> None:
    _, reason = conclusion([Finding("RULE", "FAIL", "request:", "x" * 5000, "b")], None)
    assert len(reason.fr) < 600
