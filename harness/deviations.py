"""Known deviations: breaches that an editor knows, has a ticket for, and carries until a date (DEV-0xx).

They never touch a verdict: the case stays FAIL, the report says both, and what the run proves is the same. Only the
code with which the command leaves is that of a run without these breaches, so that continuous integration tells new
ones. One that has expired, or that strikes nothing any more, is said.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from harness.checks import api
from harness.evidence import read_json
from harness.expectation_words import PREFIX, names
from harness.plan import Plan
from harness.problems import Problems
from harness.results import CaseResult, RunResult, finding_from_plain, text_to_plain
from harness.verdict import Verdict, exit_code
from harness.wording import Model, Words
from protocol.errors import PlanError, Text
from protocol.yamlread import read_yaml

FACT: Final = "deviations"
State = Literal["holds", "expired", "unused", "not-run"]


class Deviation(Model):
    """One breach that is known: a rule, in a case or in those of a pattern."""

    case: str = Field(min_length=1, description="code of a case, or a pattern (CT-2.1-*)")
    rule: str = Field(min_length=1, description="rule of the oracle or expectation (EXPECT-…) that fails")
    reason: Words
    expires: date = Field(description="last day on which it holds, YYYY-MM-DD")
    ticket: str = Field(min_length=1, description="where its correction is followed")


class DeviationsFile(Model):
    """What a file of known deviations holds."""

    schema_: Literal["dmpcompat-deviations/1"] = Field(alias="schema")
    deviations: list[Deviation]


@dataclass(frozen=True)
class Held:
    """One deviation against a run. `cases`: those that it explains. `not-run`: none of its cases was played."""

    deviation: Deviation
    state: State
    cases: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        told = self.deviation
        return {
            "case": told.case,
            "rule": told.rule,
            "reason": text_to_plain(told.reason.text()),
            "expires": told.expires.isoformat(),
            "ticket": told.ticket,
            "state": self.state,
            "cases": list(self.cases),
        }


def load_deviations(path: Path, plan: Plan) -> tuple[Deviation, ...]:
    """Read and check a file of deviations. Raises PlanError (InvalidFile) with every mistake found."""
    document = read_yaml(path, error=PlanError)
    problems = Problems(document, "DEV")
    try:
        read = DeviationsFile.model_validate(document.data)
    except ValidationError as error:
        problems.from_pydantic(error, DeviationsFile)
        problems.raise_if_any()
        raise
    codes = {case.code for case in plan.cases}
    rules = {rule.id for rule in api.rules()} | set(names())
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(read.deviations):
        at = ("deviations", index)
        if not fnmatch.filter(codes, item.case):
            problems.unknown("010", Text("cas de test", "test case"), (*at, "case"), item.case, codes)
        if item.rule not in rules and not item.rule.startswith(PREFIX):
            problems.unknown("011", Text("règle", "rule"), (*at, "rule"), item.rule, rules)
        if (item.case, item.rule) in seen:
            problems.add(
                "012", Text("dérogation écrite deux fois", "deviation written twice"), at, found=item.rule
            )
        seen.add((item.case, item.rule))
    problems.raise_if_any()
    return tuple(read.deviations)


def weigh(
    deviations: Sequence[Deviation], results: Sequence[CaseResult], root: Path, today: date
) -> dict[str, Any]:
    """What the deviations make of a run, as `run.json` keeps it: `known` (state of each), `covered` (cases of which
    every breach is known) and `exit_code`. Findings are read from the evidence tree `root`.
    """
    broken = {case.code: _breaches(root, case) for case in results if case.verdict is Verdict.FAIL}
    played = [case.code for case in results if case.started]
    held = [_held(item, broken, played, today) for item in deviations]
    valid = [one.deviation for one in held if one.state == "holds"]
    covered = [
        code for code, rules in broken.items() if rules and all(_known(valid, code, rule) for rule in rules)
    ]
    left = (
        Verdict.WARN if case.code in covered else case.verdict
        for case in results
        if case.verdict is not Verdict.NOT_APPLICABLE
    )
    return {"known": [one.to_plain() for one in held], "covered": covered, "exit_code": exit_code(left)}


def leaves_with(run: RunResult) -> int:
    """The code with which a command leaves: that of the run, known deviations left out."""
    told: Mapping[str, Any] = run.facts.get(FACT, {})
    return int(told.get("exit_code", run.exit_code))


def _held(item: Deviation, broken: Mapping[str, frozenset[str]], played: Sequence[str], today: date) -> Held:
    cases = tuple(code for code, rules in broken.items() if item.rule in rules and _is_of(item, code))
    if today > item.expires:
        return Held(item, "expired", cases)
    if cases:
        return Held(item, "holds", cases)
    return Held(item, "unused" if any(_is_of(item, code) for code in played) else "not-run", ())


def _known(valid: Iterable[Deviation], code: str, rule: str) -> bool:
    return any(item.rule == rule and _is_of(item, code) for item in valid)


def _is_of(item: Deviation, code: str) -> bool:
    return fnmatch.fnmatchcase(code, item.case)


def _breaches(root: Path, case: CaseResult) -> frozenset[str]:
    """The rules that made a case fail."""
    lines = read_json(root / case.evidence / "assertions.json") if case.evidence else []
    findings = (finding_from_plain(line)[1] for line in lines)
    return frozenset(finding.rule for finding in findings if finding.status == "FAIL")
