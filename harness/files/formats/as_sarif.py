"""SARIF 2.1.0, for code hosts and editors: one result a fault, with the rule and the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.checks import api
from harness.checks.rule import Finding
from harness.files.formats.words import CARRIERS, mend_of, title_of
from harness.files.record import Record
from harness.files.tree import CheckRun
from protocol.errors import Lang

_LEVELS = {"ERROR": "error", "FAIL": "error", "AMBIGUOUS": "warning", "WARN": "warning", "INFO": "note"}
_LINE = re.compile(r"\(l\. (\d+)\)")


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """JSON, ending with a new line, a result at a time."""
    driver = {
        "name": "dmpcompat",
        "version": run.bundle[:12],
        "rules": [_rule(name, lang) for name in sorted(run.summary.rules) if name not in CARRIERS],
    }
    yield '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{'
    yield f'"tool": {json.dumps({"driver": driver}, ensure_ascii=False)},\n"results": ['
    between = "\n"
    for record in run.results:
        for finding in record.faults:
            yield between + json.dumps(_result(record, finding, lang), ensure_ascii=False)
            between = ",\n"
    said = {"pack": run.pack, "ruleBundle": run.bundle, "digest": run.digest}
    yield f'\n], "properties": {json.dumps(said, ensure_ascii=False)}}}]}}\n'


def _rule(name: str, lang: Lang) -> dict[str, Any]:
    item = api.rule(name)
    return {
        "id": item.id,
        "shortDescription": {"text": item.title.to(lang)},
        "help": {"text": item.mend.to(lang) or item.clause},
        "properties": {"group": item.group, "requirements": list(item.requirements), "clause": item.clause},
    }


def _result(record: Record, finding: Finding, lang: Lang) -> dict[str, Any]:
    line = _LINE.search(finding.where)
    place: dict[str, Any] = {"artifactLocation": {"uri": Path(record.path).as_posix()}}
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
