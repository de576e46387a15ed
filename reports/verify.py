"""Offline verification of a report, as numbered steps that anybody can read.

Each step is OK, KO or SKIPPED with its reason. Nothing is believed because it travelled with the report: the
key must be one the verifier already trusts. The steps are in `reports.verification.steps`. Status and register of
official numbers are left to `reports.homologation.verify`: a TST report has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from protocol import trustchain
from protocol.datafolders import home
from protocol.errors import DmpcompatError, Text, UsageError
from protocol.trustchain import Anchor
from reports.verification.state import STATEMENT_FILE, Registered, State, steps
from reports.verify_evidence import Skip

__all__ = ["STATEMENT_FILE", "Outcome", "Step", "Verification", "verify"]

Outcome = Literal["OK", "KO", "SKIPPED"]


@dataclass(frozen=True)
class Step:
    """One step and what it found; `name` tells it from the others whatever its number and its words."""

    number: int
    title: Text
    outcome: Outcome
    detail: Text
    name: str = ""


@dataclass(frozen=True)
class Verification:
    """The steps in order. `exit_code`: 0 valid, 1 invalid, 2 valid but something was not checked."""

    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step of that name, None when it was not taken."""
        return next((one for one in self.steps if one.name == name), None)

    @property
    def exit_code(self) -> int:
        outcomes = {step.outcome for step in self.steps}
        return 1 if "KO" in outcomes else 2 if "SKIPPED" in outcomes else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "exit": self.exit_code,
            "steps": [
                {
                    "number": step.number,
                    "outcome": step.outcome,
                    "title": step.title._asdict(),
                    "detail": step.detail._asdict(),
                }
                for step in self.steps
            ],
        }


def verify(
    path: Path,
    *,
    trust: Path | None = None,
    evidence: Path | None = None,
    rejudged: bool = False,
    authority: Path | None = None,
    existed: datetime | None = None,
    root: Anchor | None = None,
) -> Verification:
    """Verify the report at `path` (its folder, the folder above, or one of its files).

    `trust`: the keys to believe (default: those of this installation). `evidence`: the evidence folder (default:
    `preuves` beside the report). `rejudged`: compute every verdict again from the captured bytes.
    `authority`: folder of the certification authority to believe for the seal of the PDF. `existed`: when somebody
    that the caller believes saw this very statement (the homologation that names it), for a key distrusted since.
    `root`: who signs the trust file; a plain one is then refused.
    Raises UsageError when there is no report at that place, or the trust file can't be read: neither says anything
    of the report.
    """
    folder = _report_folder(path)
    if trust is not None:
        _readable_trust(trust)
    state = State(
        folder=folder,
        evidence=evidence
        or next((p for p in (folder.parent / "preuves", folder / "preuves") if p.is_dir()), None),
        trust=trust,
        own_trust=home() / "keys" / "trust.json",
        existed=existed,
        authority=authority,
        rejudged=rejudged,
        root=root,
    )
    return Verification(tuple(_run(steps(state), state)))


def _run(plan: list[Registered], state: State) -> list[Step]:
    taken: list[Step] = []
    broken = 0
    for number, planned in enumerate(plan, start=1):
        outcome: Outcome = "OK"
        if broken and number > 2 and not state.statement:
            outcome = "SKIPPED"
            detail = Text(f"l'étape {broken} a échoué", f"step {broken} failed")
        else:
            try:
                detail = planned.act(state)
            except Skip as skipped:
                outcome, detail = "SKIPPED", skipped.reason
            except DmpcompatError as problem:
                outcome, detail = "KO", Text(problem.message("fr"), problem.message("en"))
                broken = broken or number
            except OSError as problem:
                outcome, detail = "KO", Text(str(problem), str(problem))
                broken = broken or number
        taken.append(Step(number, planned.title, outcome, detail, planned.name))
    return taken


def _report_folder(path: Path) -> Path:
    for candidate in (path, path / "rapport", path / "data" / "rapport", path.parent):
        if (candidate / STATEMENT_FILE).is_file():
            return candidate
    raise UsageError(
        "VERIFY-001",
        Text("pas de rapport à cet endroit", "no report at that place"),
        field=str(path),
        expected=STATEMENT_FILE,
        mend=Text("donner le dossier produit par dmpcompat", "give the folder made by dmpcompat"),
    )


def _readable_trust(trust: Path) -> None:
    try:
        trustchain.refuse_unreadable(trust)
    except (DmpcompatError, OSError) as problem:
        found = problem.found if isinstance(problem, DmpcompatError) else str(problem.strerror)
        raise UsageError(
            "VERIFY-015",
            Text("le fichier de confiance ne se lit pas", "the trust file can't be read"),
            field=str(trust),
            found=found,
            mend=Text("demander trust.json à l'émetteur", "ask the issuer for trust.json"),
        ) from problem
