"""Verdict of a case and of a run: severity policy of the plan, roll-up, exit code.

A verdict is a function of findings and of what stopped the case. Findings are made by `harness.checks` and
`harness.expectations`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from harness.checks.rule import Finding, Severity, Status


class Verdict(StrEnum):
    """Vocabulary of verdicts. `CONFIG`: red preflight; `ERROR`: the tool's own failure."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    WARN = "WARN"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    MANUAL = "MANUAL"
    CONFIG = "CONFIG"
    ERROR = "ERROR"


#: What a breach becomes under each severity; "off" keeps no finding.
_STATUS: Final[Mapping[Severity, Status]] = {"error": "FAIL", "warning": "WARN", "info": "INFO"}
#: Exit codes of a run, the gravest first: a proven non-conformity is never hidden by another failure.
_EXIT: Final = (
    (Verdict.CONFIG, 65),
    (Verdict.FAIL, 1),
    (Verdict.ERROR, 3),
    (Verdict.INCONCLUSIVE, 2),
    (Verdict.MANUAL, 2),
)


def apply_policy(
    findings: Iterable[Finding], policy: Mapping[str, Severity], defaults: Mapping[str, Severity]
) -> tuple[Finding, ...]:
    """Findings with the severity that the plan gives to their rule, else the default of the rule, else
    error.
    """
    kept: list[Finding] = []
    for finding in findings:
        severity = policy.get(finding.rule) or defaults.get(finding.rule, "error")
        if severity != "off":
            kept.append(replace(finding, status=_STATUS[severity]) if finding.status == "FAIL" else finding)
    return tuple(kept)


def of_case(findings: Sequence[Finding]) -> Verdict:
    """Roll-up of the findings of one case. Checks that looked at nothing, or bytes that two decoders read
    differently (AMBIGUOUS), make it INCONCLUSIVE.
    """
    statuses = {finding.status for finding in findings}
    if "FAIL" in statuses:
        return Verdict.FAIL
    if "ERROR" in statuses:
        return Verdict.ERROR
    if "AMBIGUOUS" in statuses:
        return Verdict.INCONCLUSIVE
    if "WARN" in statuses:
        return Verdict.WARN
    if "PASS" in statuses:
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0 conform, 1 non-conform, 2 inconclusive or human step left, 3 tool error, 65 red preflight.

    A run in which no case gave PASS or WARN proves nothing: 2.
    """
    seen = set(verdicts)
    for verdict, code in _EXIT:
        if verdict in seen:
            return code
    return 0 if seen & {Verdict.PASS, Verdict.WARN} else 2
