"""Two runs side by side: which verdicts changed, and why, from what both left on disk.

Nothing is judged again. A verdict changes because the rules, the plan, what was sent or what was answered changed, or
because a tool failed; `harness.normal` says whether two messages differ in more than identifiers, dates and digests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from harness.checks import api
from harness.checks.rule import Finding
from harness.evidence import frame, read_json
from harness.normal import Difference, differences
from harness.plan import LoadedPlan, stored_plan
from harness.results import CaseResult, RunResult, finding_from_plain
from harness.verdict import Verdict
from protocol.errors import EvidenceError, PlanError
from protocol.exchange import Exchange

State = Literal["same", "changed", "new", "gone"]
Cause = Literal["rules", "plan", "requests", "answers", "environment", "unknown"]
FailOn = Literal["changed", "worse", "never"]
#: From the best to the gravest. What does not apply is neither.
_ORDER: Final = ("PASS", "WARN", "MANUAL", "INCONCLUSIVE", "CONFIG", "ERROR", "FAIL")
_TOLD: Final = ("FAIL", "ERROR", "AMBIGUOUS", "WARN")
_OURS: Final = (Verdict.ERROR, Verdict.CONFIG)


@dataclass(frozen=True)
class Moved:
    """A finding that one run has and the other has not. `judged_before`: that run judged by this rule too."""

    finding: Finding
    step: int
    judged_before: bool


@dataclass(frozen=True)
class Frame:
    """A message that differs in more than what changes each time. `side`: request or response."""

    stem: str
    side: Literal["request", "response"]
    lines: tuple[Difference, ...]


@dataclass(frozen=True)
class CaseCompared:
    """One case in both runs; a verdict is None where the case is not. The reasons are told of changed verdicts only."""

    code: str
    state: State
    before: CaseResult | None
    after: CaseResult | None
    causes: tuple[Cause, ...] = ()
    appeared: tuple[Moved, ...] = ()
    went: tuple[Moved, ...] = ()
    frames: tuple[Frame, ...] = ()

    @property
    def worse(self) -> bool:
        """A graver verdict, a case that is no longer played, or a new one that does not pass."""
        if self.after is None:
            return True
        before = _rank(self.before.verdict) if self.before else _rank(Verdict.WARN)
        return _rank(self.after.verdict) > before >= 0


@dataclass(frozen=True)
class Comparison:
    """`changed`: what differs between the runs as a whole, by name (rules, plan, campaign, tool, target, seed): before,
    after.
    """

    cases: tuple[CaseCompared, ...]
    changed: Mapping[str, tuple[str, str]]

    def moved(self) -> tuple[CaseCompared, ...]:
        return tuple(case for case in self.cases if case.state != "same")

    def exit_code(self, fail_on: FailOn = "changed") -> int:
        """1 when a verdict changed (`worse`: for the worse), else 0."""
        wrong = {
            "changed": bool(self.moved()),
            "worse": any(case.worse for case in self.moved()),
            "never": False,
        }
        return int(wrong[fail_on])


@dataclass(frozen=True)
class _Side:
    run: RunResult
    plan: LoadedPlan | None

    def findings(self, case: CaseResult) -> list[tuple[int, Finding]]:
        if not case.evidence:
            return []
        return [
            finding_from_plain(line)
            for line in read_json(self.run.evidence / case.evidence / "assertions.json")
        ]

    def stems(self, case: CaseResult) -> list[str]:
        if not case.evidence:
            return []
        test = read_json(self.run.evidence / case.evidence / "test.json")
        return [item["stem"] for item in test.get("frames", ())]

    def frame(self, case: CaseResult, stem: str) -> Exchange:
        return frame(self.run.evidence, case.evidence, stem)

    def wording(self, code: str) -> Any:
        """The case as the plan of that run has it, None when that can't be told."""
        try:
            return None if self.plan is None else self.plan.case(code).model_dump()
        except (AttributeError, KeyError, PlanError):
            return None


def compare(before: Path, after: Path) -> Comparison:
    """Compare two runs (folders of results, or their run.json). Raises EvidenceError when one can't be read."""
    first, second = _side(before), _side(after)
    changed = _whole(first.run.facts, second.run.facts)
    olds = {case.code: case for case in first.run.verdicts}
    news = {case.code: case for case in second.run.verdicts}
    order = dict.fromkeys([*news, *olds])
    return Comparison(
        tuple(_case(code, olds.get(code), news.get(code), first, second, changed) for code in order), changed
    )


def _side(place: Path) -> _Side:
    run = RunResult.load(place)
    try:
        plan = stored_plan((run.evidence / "plan.yaml").read_bytes(), run.evidence / "plan.yaml")
    except (
        OSError,
        PlanError,
        EvidenceError,
    ):  # made by another version: the plan is compared by its digest only
        plan = None
    return _Side(run, plan)


def _whole(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    values = {
        "rules": ("rules", "sha256"),
        "pack": ("pack", "sha256"),
        "plan": ("plan", "sha256"),
        "campaign": ("campaign", "sha256"),
        "tool": ("tool", "version"),
        "target": ("target", "url"),
    }
    told = {
        name: (str(before.get(first, {}).get(second, "")), str(after.get(first, {}).get(second, "")))
        for name, (first, second) in values.items()
    }
    software = [
        f"{facts['campaign']['software']['name']} {facts['campaign']['software']['version']}"
        for facts in (before, after)
    ]
    told |= {
        "software": (software[0], software[1]),
        "seed": (str(before.get("seed")), str(after.get("seed"))),
    }
    return {name: pair for name, pair in told.items() if pair[0] != pair[1]}


def _case(
    code: str,
    before: CaseResult | None,
    after: CaseResult | None,
    first: _Side,
    second: _Side,
    changed: Mapping[str, tuple[str, str]],
) -> CaseCompared:
    if before is None or after is None:
        return CaseCompared(code, "new" if before is None else "gone", before, after)
    if before.verdict == after.verdict:
        return CaseCompared(code, "same", before, after)
    olds, news = first.findings(before), second.findings(after)
    appeared, went = _moved(news, olds), _moved(olds, news)
    frames = tuple(_frames(before, after, first, second))
    causes = _causes(code, before, after, appeared, went, frames, first, second, changed)
    return CaseCompared(code, "changed", before, after, causes, appeared, went, frames)


def _moved(here: Sequence[tuple[int, Finding]], there: Sequence[tuple[int, Finding]]) -> tuple[Moved, ...]:
    known = Counter(_mark(step, finding) for step, finding in there)
    judged = {finding.rule for _, finding in there}
    found = []
    for step, finding in here:
        if finding.status not in _TOLD:
            continue
        mark = _mark(step, finding)
        if known[mark]:
            known[mark] -= 1
        else:
            found.append(Moved(finding, step, finding.rule in judged))
    return tuple(found)


def _mark(step: int, finding: Finding) -> tuple[int, str, str, str]:
    return step, finding.rule, finding.status, finding.where


def _frames(before: CaseResult, after: CaseResult, first: _Side, second: _Side) -> Iterable[Frame]:
    olds, news = first.stems(before), second.stems(after)
    for stem in sorted({*olds, *news}):
        if stem not in olds or stem not in news:
            yield Frame(
                stem, "request", (Difference("", stem, "") if stem in olds else Difference("", "", stem),)
            )
            continue
        old, new = first.frame(before, stem), second.frame(after, stem)
        if lines := differences(old.request.body, new.request.body):
            yield Frame(stem, "request", lines)
        bodies = [one.response.body if one.response else b"" for one in (old, new)]
        if lines := differences(*bodies):
            yield Frame(stem, "response", lines)


def _causes(
    code: str,
    before: CaseResult,
    after: CaseResult,
    appeared: Sequence[Moved],
    went: Sequence[Moved],
    frames: Sequence[Frame],
    first: _Side,
    second: _Side,
    changed: Mapping[str, tuple[str, str]],
) -> tuple[Cause, ...]:
    sides = {one.side for one in frames}
    told: dict[Cause, bool] = {
        "environment": before.verdict in _OURS or after.verdict in _OURS,
        "plan": "plan" in changed and first.wording(code) != second.wording(code),
        "rules": (
            "rules" in changed and (not sides or any(not one.judged_before for one in (*appeared, *went)))
        )
        or ("pack" in changed and any(one.finding.rule in _official() for one in (*appeared, *went))),
        "requests": "request" in sides,
        "answers": "response" in sides,
    }
    return tuple(name for name, holds in told.items() if holds) or ("unknown",)


def _official() -> tuple[str, ...]:
    """The rules that a pack gives their say."""
    return api.groups()["CDA-OFFICIAL"]


def _rank(verdict: Verdict) -> int:
    return _ORDER.index(str(verdict)) if str(verdict) in _ORDER else -1
