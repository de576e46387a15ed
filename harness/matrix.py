"""Requirement x case x rule x verdict: what the plan and the rules cover, and what a run said, when there is one.

Every requirement of an edition of the guide has its line; one that no case covers says why (`left_out`). A rule that
looked at nothing in a case is VACUOUS there, never a pass; a rule that a case does not run is absent.
Figures of the mutation (`harness.mutate`) are told by `kill_lines`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness import evidence
from harness.checks import api
from harness.checks.rule import Status
from harness.plan import Plan
from harness.results import INHERITED, finding_from_plain
from protocol.requirements import Requirement, requirements

#: The gravest first: what several cases of one requirement come to, and several findings of one rule.
_VERDICTS: Final = (
    *("FAIL", "ERROR", "CONFIG", "INCONCLUSIVE", "MANUAL", "WARN", "PASS"),
    *(INHERITED, "NOT_APPLICABLE"),
)
_ORDER: Final[tuple[Status, ...]] = ("FAIL", "ERROR", "AMBIGUOUS", "WARN", "INFO", "PASS", "VACUOUS")


@dataclass(frozen=True)
class CaseSaid:
    """What a run said of one case: its verdict, and for each rule its findings by status."""

    verdict: str
    rules: Mapping[str, Mapping[Status, int]]

    def of(self, rule: str) -> Status | None:
        """The gravest thing that the rule said; None when it did not run. PASS only if it looked at something."""
        said = self.rules.get(rule, {})
        return next((status for status in _ORDER if said.get(status)), None)


@dataclass(frozen=True)
class Line:
    """One requirement: the cases and the rules that tell it, and what each rule said in each case of a run."""

    requirement: str
    cases: tuple[str, ...]
    rules: tuple[str, ...]
    verdicts: Mapping[str, str]
    said: Mapping[str, Mapping[str, Status]]
    told: Requirement | None = None

    @property
    def uncovered(self) -> bool:
        """Mandatory, without a case, and nothing says why."""
        told = self.told
        return told is not None and told.mandatory and not self.cases and not told.left_out.fr

    def cells(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Requirement, case, rule, what the rule said there, verdict of the case; "" where there is nothing."""
        for case in self.cases or ("",):
            verdict, said = self.verdicts.get(case, ""), self.said.get(case, {})
            for rule in self.rules or ("",):
                yield self.requirement, case, rule, said.get(rule, ""), verdict

    @property
    def verdict(self) -> str:
        """The gravest verdict of its cases, "" without a run; VACUOUS when its rules all looked at nothing."""
        return next((one for one in _VERDICTS if one in self.verdicts.values()), "")

    @property
    def vacuous(self) -> tuple[str, ...]:
        """Its rules that ran in some case and looked at nothing in any."""
        ran = {rule for case in self.said.values() for rule in case}
        seen = {rule for case in self.said.values() for rule, status in case.items() if status != "VACUOUS"}
        return tuple(sorted(ran - seen))

    def to_plain(self) -> dict[str, Any]:
        return {
            "requirement": self.requirement,
            "cases": list(self.cases),
            "rules": list(self.rules),
            "verdict": self.verdict,
            "verdicts": dict(self.verdicts),
            "said": {case: dict(rules) for case, rules in self.said.items()},
            "vacuous_rules": list(self.vacuous),
            "uncovered": self.uncovered,
            **self._of_the_guide(),
        }

    def _of_the_guide(self) -> dict[str, Any]:
        one = self.told
        if one is None:
            return {}
        return {
            "guide": one.guide,
            "text": {"fr": one.text.fr, "en": one.text.en},
            "wire": one.wire,
            "proved_by": list(one.proved_by),
            "prouve_par": one.prouve_par,
            "why": {"fr": one.why.fr, "en": one.why.en},
            "left_out": {"fr": one.left_out.fr, "en": one.left_out.en},
        }


@dataclass(frozen=True)
class Matrix:
    """`defects`: deliberate defects of the mock by the rule that must catch them. `passed`, `vacuous`: rules of a run
    that passed somewhere; that ran and looked at nothing anywhere.
    """

    lines: tuple[Line, ...]
    defects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    vacuous: tuple[str, ...] = ()
    run: bool = False

    @property
    def without_rule(self) -> tuple[str, ...]:
        """Requirements that cases tell and no rule does: the expectations of the cases judge them."""
        return tuple(line.requirement for line in self.lines if not line.rules)

    @property
    def without_case(self) -> tuple[str, ...]:
        return tuple(line.requirement for line in self.lines if not line.cases)

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Mandatory requirements that no case covers, and that do not say why."""
        return tuple(line.requirement for line in self.lines if line.uncovered)

    def to_plain(self) -> dict[str, Any]:
        return {
            "schema": "dmpcompat-matrix/1",
            "requirements": [line.to_plain() for line in self.lines],
            "without_rule": list(self.without_rule),
            "without_case": list(self.without_case),
            "uncovered": list(self.uncovered),
            "defects": {name: list(rules) for name, rules in self.defects.items()},
            "rules_passed": list(self.passed),
            "rules_vacuous": list(self.vacuous),
        }


def matrix(
    plan: Plan,
    root: Path | None = None,
    defects: Mapping[str, Sequence[str]] | None = None,
    guide: str = "",
) -> Matrix:
    """The matrix of a plan, with what the evidence folder `root` says of it.

    `guide`: edition whose requirements have a line; those of all without one. Raises EvidenceError, UsageError.
    """
    known = requirements(guide)
    cases = {case.code: tuple(case.requirements) for case in plan.cases}
    rules = {item.id: item.requirements for item in api.rules()}
    said = dict(_run(root)) if root is not None else {}
    told_of = {name for told in (*cases.values(), *rules.values()) for name in told}
    names = {*known, *(told_of if not guide else ())}
    lines = tuple(
        _line(
            name,
            tuple(code for code, told in cases.items() if name in told),
            tuple(rule for rule, told in rules.items() if name in told),
            said,
            known.get(name),
        )
        for name in sorted(names)
    )
    passed = tuple(rule for rule in rules if any(one.of(rule) == "PASS" for one in said.values()))
    silent = tuple(
        rule for rule in rules if said and {one.of(rule) for one in said.values()} - {None} == {"VACUOUS"}
    )
    caught = {name: tuple(told) for name, told in sorted((defects or {}).items())}
    return Matrix(lines, caught, passed, silent, root is not None)


def _line(
    name: str,
    cases: tuple[str, ...],
    rules: tuple[str, ...],
    said: Mapping[str, CaseSaid],
    told: Requirement | None,
) -> Line:
    played = [code for code in cases if code in said]
    found: dict[str, dict[str, Status]] = {}
    for code in played:
        for rule in rules:
            status = said[code].of(rule)
            if status is not None:
                found.setdefault(code, {})[rule] = status
    return Line(name, cases, rules, {code: said[code].verdict for code in played}, found, told)


def _run(root: Path) -> Iterator[tuple[str, CaseSaid]]:
    index = evidence.read_json(root / evidence.INDEX)
    for test in index["tests"]:
        if test["folder"]:
            counts: dict[str, Counter[Status]] = {}
            for line in evidence.read_json(root / test["folder"] / "assertions.json"):
                finding = finding_from_plain(line)[1]
                counts.setdefault(finding.rule, Counter())[finding.status] += 1
            yield test["code"], CaseSaid(str(test["verdict"]), counts)
    for one in index.get("inherited", ()):
        yield one["code"], CaseSaid(INHERITED, {})
