"""A finished run without a platform: what tests of reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import evidence
from harness.results import CaseResult, RunResult
from harness.verdict import Verdict
from protocol.errors import NO_TEXT, Text

FINDING = {
    "step": 1,
    "rule": "EXPECT-SUCCESS",
    "status": "FAIL",
    "where": "response:status",
    "found": '<script>alert(1)</script> "é" \u0007',
    "expected": "success",
    "exchange": "x-1",
}


def case(code: str, verdict: Verdict, *, kept: bool) -> CaseResult:
    return CaseResult(
        code=code,
        official="",
        title=Text(f"Titre {code}", f"Title {code}"),
        purpose=NO_TEXT,
        type="N",
        side="L",
        requirements=("EX_2.1-1260",),
        transactions=("TD2.1",),
        verdict=verdict,
        reason=Text("raison", "reason") if verdict is Verdict.NOT_APPLICABLE else NO_TEXT,
        findings={"FAIL": 1},
        evidence=code if kept else "",
    )


VERDICTS = {"CT-1": Verdict.FAIL, "CT-2": Verdict.PASS, "CT-3": Verdict.NOT_APPLICABLE}


def build_run(
    folder: Path, found: str = "", verdicts: Mapping[str, Verdict] = VERDICTS, **campaign: Any
) -> Path:
    """A finished run with one failed case, one passed and one outside the scope; or with these verdicts. `campaign`:
    facts of it that differ.
    """
    root = folder / "preuves"
    kept = [code for code, verdict in verdicts.items() if verdict is not Verdict.NOT_APPLICABLE]
    for code in kept:
        finding = FINDING | ({"found": found} if found else {})
        evidence.write_atomic(root / code / "assertions.json", evidence.to_json([finding]))
        evidence.write_atomic(root / code / "01_requete.bin", b"\x00bytes")
    facts: dict[str, Any] = {
        "campaign": {
            "id": "c",
            "software": {"name": "LPS-TEST", "version": "1.0.0", "number": "•••"},
            "vendor": {"name": "Éditeur & Cie"},
            "profiles": ["alimentation"],
            "authentication": ["INDIRECTE"],
            **campaign,
        },
        "plan": {"id": "p", "version": "1", "guide": ["SEL-MP-037 2.10"], "sha256": "a" * 64},
        "rules": {"sha256": "b" * 64, "count": 90},
        "tool": {"name": "dmpcompat", "version": "0.1.0"},
        "target": {"url": "https://127.0.0.1:1"},
        "frames": "driver",
        "scope": [{"code": code, "state": "included"} for code in kept],
        "started": "2026-11-23T06:00:00.000Z",
        "ended": "2026-11-23T06:00:09.500Z",
    }
    manifest = evidence.seal(root, {"tests": []})
    cases = tuple(case(code, verdict, kept=code in kept) for code, verdict in verdicts.items())
    code = 1 if Verdict.FAIL in verdicts.values() else 0
    RunResult(cases, root, code, manifest, facts).save(folder)
    return folder
