"""What a case has come to, step after step: all that its result is made of, and what a restart must find again.

The runner fills it; a stage that survives a restart writes it down after each step. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.checks.rule import Finding
from harness.consequences import Played
from harness.evidence import CaseFolder
from harness.results import finding_from_plain, text_from_plain, text_to_plain
from harness.steps.api import Impossible, Unmet
from protocol.errors import DmpcompatError, ToolError
from protocol.exchange import Exchange

_TROUBLES: dict[str, type[DmpcompatError]] = {
    "Unmet": Unmet,
    "Impossible": Impossible,
    "ToolError": ToolError,
}


@dataclass
class Progress:
    """`lines`: findings as the evidence keeps them; `judged`: requests judged, by stem; `played`: every frame in order;
    `answered`: stems whose answer was judged; `over`: no step is left to play;
    `missing`: kinds of evidence that a human did not give.
    """

    started: str = ""
    findings: list[Finding] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    judged: list[tuple[str, Exchange]] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    trouble: DmpcompatError | None = None
    done: int = 0
    over: bool = False
    missing: list[str] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """Everything as plain JSON; frames by their stems in the folder of the case."""
        return {
            "started": self.started,
            "lines": self.lines,
            "steps": self.steps,
            "judged": [stem for stem, _ in self.judged],
            "played": [[one.stem, one.transaction] for one in self.played],
            "answered": sorted(self.answered),
            "trouble": trouble_to_plain(self.trouble),
            "done": self.done,
            "over": self.over,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], folder: CaseFolder) -> Progress:
        """The inverse; frames are read from the folder, as the evidence has them. Raises EvidenceError."""
        frames = {stem: folder.read(stem) for stem, _ in plain["played"]}
        return cls(
            started=plain["started"],
            findings=[finding_from_plain(line)[1] for line in plain["lines"]],
            lines=list(plain["lines"]),
            steps=list(plain["steps"]),
            judged=[(stem, frames[stem]) for stem in plain["judged"]],
            played=[Played(stem, frames[stem], transaction) for stem, transaction in plain["played"]],
            answered=set(plain["answered"]),
            trouble=trouble_from_plain(plain["trouble"]),
            done=int(plain["done"]),
            over=bool(plain["over"]),
        )


def trouble_to_plain(trouble: DmpcompatError | None) -> dict[str, Any] | None:
    if trouble is None:
        return None
    kind = type(trouble).__name__
    return {
        "kind": kind if kind in _TROUBLES else "ToolError",
        "code": trouble.code,
        "text": text_to_plain(trouble.text),
        "field": trouble.field,
        "found": trouble.found,
        "expected": trouble.expected,
        "mend": text_to_plain(trouble.mend),
    }


def trouble_from_plain(plain: Mapping[str, Any] | None) -> DmpcompatError | None:
    if plain is None:
        return None
    return _TROUBLES[plain["kind"]](
        plain["code"],
        text_from_plain(plain["text"]),
        field=plain["field"],
        found=plain["found"],
        expected=plain["expected"],
        mend=text_from_plain(plain["mend"]),
    )
