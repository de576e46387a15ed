"""A new report once pieces were lodged: the former one is set aside, whole, and stays verifiable where it is.

A case that only lacked what a human had to give (MANUAL) takes the verdict of its frames when all of it was lodged; no
other verdict changes. What the pieces show is for a reviewer.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.evidence import MANIFEST, read_json
from harness.evidence.lodging import additions
from harness.results import CaseResult, RunResult, finding_from_plain
from harness.verdict import Verdict, exit_code, of_case
from protocol import dsse
from protocol.errors import Lang, Text, UsageError
from reports import statement

_ENVELOPE: Final = "statement.dsse.json"


def completed(run: RunResult) -> RunResult:
    """The run with the verdicts of its completed cases; the same when there is none. Raises EvidenceError."""
    verdicts = tuple(
        _completed(run, case) if case.verdict is Verdict.MANUAL else case for case in run.verdicts
    )
    if verdicts == run.verdicts:
        return run
    code = exit_code(case.verdict for case in verdicts if case.verdict is not Verdict.NOT_APPLICABLE)
    return replace(run, verdicts=verdicts, exit_code=code)


def set_aside(run_folder: Path) -> Path | None:
    """Rename the report that is there after its reference; returns its new place, None when there was none.

    Raises UsageError when it covers the evidence as it is.
    """
    place = run_folder / "rapport"
    if not (place / _ENVELOPE).is_file():
        return None
    said = statement.read(dsse.read((place / _ENVELOPE).read_bytes()).payload)
    manifest = hashlib.sha256((run_folder / "preuves" / MANIFEST).read_bytes()).hexdigest()
    if statement.digests_of(said)[statement.EVIDENCE] == manifest:
        raise UsageError(
            "ISSUE-005",
            Text("le rapport couvre déjà toutes les preuves", "the report covers all the evidence already"),
            found=said["predicate"]["reportRef"],
        )
    aside = run_folder / f"rapport-{said['predicate']['reportRef']}"
    place.rename(aside)
    return aside


def _completed(run: RunResult, case: CaseResult) -> CaseResult:
    lacking = set(read_json(run.evidence / case.evidence / "test.json").get("missing", ()))
    pieces = [item for item in additions(run.evidence, case.code) if "withdrawn" not in item]
    if not lacking or lacking - {item["purpose"] for item in pieces}:
        return case
    lines = read_json(run.evidence / case.evidence / "assertions.json")
    names = ", ".join(item["file"].rpartition("/")[2] for item in pieces)
    said: dict[Lang, str] = {
        "fr": f"complété après l'exécution : {names}",
        "en": f"completed after the run: {names}",
    }
    verdict = of_case([finding_from_plain(line)[1] for line in lines])
    return replace(case, verdict=verdict, reason=Text(said["fr"], said["en"]))
