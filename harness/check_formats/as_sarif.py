"""SARIF 2.1.0, for code hosts and editors: one result a fault, with the rule and the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.check_formats.words import CHECK_FILE, mend_of, title_of
from harness.checks import api
from harness.checks.rule import Finding
from harness.judge_files import CheckRun, FileResult
from protocol.errors import Lang

_LEVELS = {"ERROR": "error", "FAIL": "error", "WARN": "warning", "INFO": "note"}
_LINE = re.compile(r"\(l\. (\d+)\)")


def render(run: CheckRun, lang: Lang) -> str:
    """Indented JSON, ending with a new line."""
    used = sorted({finding.rule for result in run.results for finding in result.faults})
    tool = {
        "driver": {
            "name": "dmpcompat",
            "version": run.bundle[:12],
            "rules": [_rule(name, lang) for name in used if name != CHECK_FILE],
        }
    }
    results = [_result(result, finding, lang) for result in run.results for finding in result.faults]
    whole = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": tool, "results": results}],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _rule(name: str, lang: Lang) -> dict[str, Any]:
    item = api.rule(name)
    return {
        "id": item.id,
        "shortDescription": {"text": item.title.to(lang)},
        "help": {"text": item.mend.to(lang) or item.clause},
        "properties": {"group": item.group, "requirements": list(item.requirements), "clause": item.clause},
    }


def _result(result: FileResult, finding: Finding, lang: Lang) -> dict[str, Any]:
    line = _LINE.search(finding.where)
    place: dict[str, Any] = {"artifactLocation": {"uri": Path(result.path).as_posix()}}
    if line:
        place["region"] = {"startLine": int(line.group(1))}
    words = f"{title_of(finding, lang)} — {finding.found} ≠ {finding.expected}"
    mend = mend_of(finding, lang)
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.status],
        "message": {"text": f"{words} ({mend})" if mend else words},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": finding.where}]}
        ],
    }
