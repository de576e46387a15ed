"""What a run leaves, as values: the result of each case and of the whole run, and their JSON form.

Reports are made from these and from the evidence; nothing is computed here but counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.checks.rule import Finding
from harness.evidence import read_json, to_json, write_atomic
from harness.verdict import Verdict
from protocol.errors import EvidenceError, Text

RUN_FILE: Final = "run.json"
RUN_SCHEMA: Final = "dmpcompat-run/1"
#: Said of a case that a connector proves: no verdict of this run.
INHERITED: Final = "INHERITED"


@dataclass(frozen=True)
class CaseResult:
    """Verdict of one case. `reason` says why in one sentence; `findings` counts them by status.

    `started` and `ended` are UTC stamps, "" for a case that did not run. `evidence` is its directory in the
    tree.
    """

    code: str
    official: str
    title: Text
    purpose: Text
    type: str
    side: str
    requirements: tuple[str, ...]
    transactions: tuple[str, ...]
    verdict: Verdict
    reason: Text
    findings: Mapping[str, int]
    started: str = ""
    ended: str = ""
    evidence: str = ""

    def to_plain(self) -> dict[str, Any]:
        plain = dict(vars(self))
        for name in ("title", "purpose", "reason"):
            plain[name] = text_to_plain(plain[name])
        return {**plain, "verdict": str(self.verdict), "findings": dict(self.findings)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CaseResult:
        """Raises EvidenceError."""
        try:
            return cls(
                code=plain["code"],
                official=plain["official"],
                title=text_from_plain(plain["title"]),
                purpose=text_from_plain(plain["purpose"]),
                type=plain["type"],
                side=plain["side"],
                requirements=tuple(plain["requirements"]),
                transactions=tuple(plain["transactions"]),
                verdict=Verdict(plain["verdict"]),
                reason=text_from_plain(plain["reason"]),
                findings=dict(plain["findings"]),
                started=plain["started"],
                ended=plain["ended"],
                evidence=plain["evidence"],
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise _damaged(problem) from problem


@dataclass(frozen=True)
class RunResult:
    """A finished run. `verdicts`: every case of the plan in scope or set aside, in its order.

    `facts` are plain JSON: campaign, plan, rules, tool, target, scope, preflight, seed, stamps. `evidence`
    is the tree, `manifest` the SHA-256 of its manifest.
    """

    verdicts: tuple[CaseResult, ...]
    evidence: Path
    exit_code: int
    manifest: str
    facts: Mapping[str, Any]

    def counts(self) -> dict[str, int]:
        """Number of cases by verdict; those that a connector proves, which were not played, as INHERITED."""
        counted = Counter(str(case.verdict) for case in self.verdicts)
        counted[INHERITED] = len(self.facts.get("inherited", ()))
        return {name: count for name, count in sorted(counted.items()) if count}

    def case(self, code: str) -> CaseResult:
        """Raises EvidenceError when the run has no such case."""
        for case in self.verdicts:
            if case.code == code:
                return case
        raise EvidenceError("RUN-011", Text("cas absent du résultat", "case not in the result"), found=code)

    def to_plain(self) -> dict[str, Any]:
        return {
            "schema": RUN_SCHEMA,
            **self.facts,
            "verdicts": [case.to_plain() for case in self.verdicts],
            "counts": self.counts(),
            "exit_code": self.exit_code,
            "evidence": {"folder": self.evidence.name, "manifest_sha256": self.manifest},
        }

    def save(self, folder: Path) -> Path:
        """Write `run.json` beside the evidence tree; returns its path."""
        path = folder / RUN_FILE
        write_atomic(path, to_json(self.to_plain()))
        return path

    @classmethod
    def load(cls, path: Path) -> RunResult:
        """Read `run.json` (or the folder that holds it). Raises EvidenceError."""
        path = path / RUN_FILE if path.is_dir() else path
        plain = read_json(path)
        try:
            facts = dict(plain)
            if facts.pop("schema") != RUN_SCHEMA:
                raise ValueError(str(plain.get("schema")))
            verdicts = tuple(CaseResult.from_plain(case) for case in facts.pop("verdicts"))
            kept = facts.pop("evidence")
            facts.pop("counts")
            return cls(
                verdicts, path.parent / kept["folder"], facts.pop("exit_code"), kept["manifest_sha256"], facts
            )
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise _damaged(problem) from problem


def finding_to_plain(finding: Finding, step: int) -> dict[str, Any]:
    """One line of `assertions.json`; `step` counts from 1."""
    return {"step": step, **vars(finding)}


def finding_from_plain(plain: Mapping[str, Any]) -> tuple[int, Finding]:
    """The inverse of `finding_to_plain`. Raises EvidenceError."""
    try:
        fields = dict(plain)
        return int(fields.pop("step")), Finding(**fields)
    except (KeyError, TypeError, ValueError) as problem:
        raise _damaged(problem) from problem


def text_to_plain(text: Text) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}


def text_from_plain(plain: Mapping[str, str]) -> Text:
    return Text(plain["fr"], plain["en"])


def _damaged(problem: Exception) -> EvidenceError:
    return EvidenceError(
        "RUN-010",
        Text("le résultat est endommagé", "the result is damaged"),
        found=f"{type(problem).__name__}: {problem}",
    )
