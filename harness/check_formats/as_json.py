"""One JSON object: the files, their counts, and the findings that are not passes."""

from __future__ import annotations

import json
from typing import Any

from harness.check_formats.words import mend_of, title_of
from harness.checks.rule import Finding
from harness.judge_files import CheckRun, FileResult
from protocol.errors import Lang


def render(run: CheckRun, lang: Lang) -> str:
    """Indented JSON, ending with a new line."""
    whole = {
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "rule_bundle": run.bundle,
        "pack": run.pack,
        "counts": dict(sorted(run.counts.items())),
        "skipped": list(run.skipped),
        "files": [plain(result, lang) for result in run.results],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def plain(result: FileResult, lang: Lang) -> dict[str, Any]:
    """One file as plain JSON values."""
    return {
        "path": result.path,
        "kind": result.kind,
        "verdict": result.verdict,
        "counts": dict(sorted(result.counts.items())),
        "findings": [_finding(finding, lang) for finding in result.faults],
    }


def _finding(finding: Finding, lang: Lang) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "status": finding.status,
        "title": title_of(finding, lang),
        "where": finding.where,
        "found": finding.found,
        "expected": finding.expected,
        "mend": mend_of(finding, lang),
    }
