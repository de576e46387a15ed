"""What is exported: a finished run, its sealed evidence and its report, read once and checked before anything is made.

Which cases a style takes is said here; how it lays them out is the style's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from harness.evidence import sealing
from harness.evidence.tree import read_json
from harness.results import CaseResult, RunResult
from protocol.errors import EvidenceError, Text, UsageError

REPORT: Final = "rapport"
#: Cases in which our own driver puts a test number under a production domain, as the plan says.
_ON_PURPOSE: Final = "production-ins"


@dataclass(frozen=True)
class Source:
    """A run ready to be exported. `folder` holds run.json; `root` is its evidence; `report` is None without one."""

    folder: Path
    root: Path
    run: RunResult
    index: Mapping[str, Any]
    report: Path | None

    @property
    def software(self) -> Mapping[str, str]:
        """Name, version, NIL, system… as the campaign declared them."""
        return dict(self.index["campaign"]["software"])

    @property
    def reference(self) -> str:
        """Of the report, "" without one."""
        return "" if self.report is None else str(read_json(self.report / "report.json")["reference"])

    @cached_property
    def judged(self) -> tuple[CaseResult, ...]:
        """Cases that judge the software and were played: those on the platform prove nothing of it."""
        return tuple(case for case in self.run.verdicts if case.side == "L" and case.evidence)

    @cached_property
    def left(self) -> tuple[CaseResult, ...]:
        """The others: on the platform, not applicable, not played."""
        return tuple(case for case in self.run.verdicts if case not in self.judged)

    @property
    def inherited(self) -> tuple[Mapping[str, Any], ...]:
        """Cases proved by a connector's report."""
        return tuple(self.run.facts.get("inherited", ()))

    def test(self, case: CaseResult) -> Mapping[str, Any]:
        """`test.json` of a case."""
        return dict(read_json(self.root / case.evidence / "test.json"))

    def on_purpose(self) -> frozenset[str]:
        """Folders of the cases that send a production domain on purpose, driven by us."""
        found = set()
        for case in self.run.verdicts:
            steps = self.test(case)["steps"] if case.evidence else ()
            if any(_ON_PURPOSE in (step.get("resolved") or {}).get("altered", ()) for step in steps):
                found |= {case.evidence, case.official} - {""}
        return frozenset(found)


def load(run: Path) -> Source:
    """Read a run from its folder (or its bag). Raises UsageError when there is none, EvidenceError when its evidence is
    no longer what was sealed.
    """
    folder = next((place for place in (run, run / "data") if (place / "run.json").is_file()), None)
    if folder is None:
        raise UsageError(
            "EXPORT-001",
            Text("pas d'exécution à cet endroit", "no run at that place"),
            field=str(run),
            expected="run.json",
        )
    result = RunResult.load(folder)
    if differences := sealing.verify(result.evidence):
        raise EvidenceError(
            "EXPORT-002",
            Text(
                "les preuves ne sont plus celles qui ont été scellées",
                "the evidence is no longer what was sealed",
            ),
            field=str(result.evidence),
            found="; ".join(differences[:5]),
        )
    report = folder / REPORT
    return Source(
        folder,
        result.evidence,
        result,
        read_json(result.evidence / sealing.INDEX),
        report if report.is_dir() else None,
    )
