"""Severity policy, roll-up and exit codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.rule import Finding, Status
from harness.verdict import Verdict, apply_policy, exit_code, of_case

STATUSES: tuple[Status, ...] = ("PASS", "FAIL", "WARN", "INFO", "VACUOUS", "ERROR", "AMBIGUOUS")


def findings(*statuses: Status) -> list[Finding]:
    return [Finding("R", status, "request:") for status in statuses]


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (("PASS", "VACUOUS"), Verdict.PASS),
        (("PASS", "WARN"), Verdict.WARN),
        (("PASS", "INFO"), Verdict.PASS),
        (("PASS", "FAIL", "WARN"), Verdict.FAIL),
        (("PASS", "ERROR"), Verdict.ERROR),
        (("FAIL", "ERROR"), Verdict.FAIL),
        (("VACUOUS", "VACUOUS"), Verdict.INCONCLUSIVE),
        (("VACUOUS", "INFO"), Verdict.INCONCLUSIVE),
        ((), Verdict.INCONCLUSIVE),
    ],
)
def test_roll_up(statuses: tuple[Status, ...], verdict: Verdict) -> None:
    assert of_case(findings(*statuses)) is verdict


@given(st.lists(st.sampled_from(STATUSES)))
def test_a_pass_needs_something_that_passed_and_nothing_that_failed(statuses: list[Status]) -> None:
    passed = of_case(findings(*statuses)) is Verdict.PASS
    assert passed == ("PASS" in statuses and not {"FAIL", "ERROR", "WARN", "AMBIGUOUS"} & set(statuses))


@pytest.mark.parametrize(("severity", "status"), [("error", "FAIL"), ("warning", "WARN"), ("info", "INFO")])
def test_the_plan_decides_what_a_breach_becomes(severity: str, status: Status) -> None:
    [finding] = apply_policy(findings("FAIL"), {"R": severity}, {"R": "error"})  # type: ignore[dict-item]
    assert finding.status == status


def test_default_severity_off_and_what_is_no_breach() -> None:
    assert apply_policy(findings("FAIL"), {}, {"R": "warning"})[0].status == "WARN"
    assert apply_policy(findings("FAIL", "PASS"), {"R": "off"}, {}) == ()
    assert [item.status for item in apply_policy(findings("PASS", "ERROR"), {"R": "info"}, {})] == [
        "PASS",
        "ERROR",
    ]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((Verdict.PASS, Verdict.WARN), 0),
        ((Verdict.PASS, Verdict.FAIL, Verdict.ERROR), 1),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), 2),
        ((Verdict.PASS, Verdict.MANUAL), 2),
        ((Verdict.INCONCLUSIVE, Verdict.ERROR), 3),
        ((Verdict.CONFIG,), 65),
        ((), 2),
    ],
)
def test_exit_codes(verdicts: tuple[Verdict, ...], code: int) -> None:
    assert exit_code(verdicts) == code
