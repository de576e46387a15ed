"""Remarks of the lint as SARIF 2.1.0, for editors and forges that show it beside the lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from harness.plans.lint import Remark, lint_rules
from protocol.errors import Lang

_LEVEL: Final = {"error": "error", "warning": "warning", "info": "note"}


def sarif(remarks: Sequence[Remark], lang: Lang, version: str) -> dict[str, Any]:
    """One run, with every rule of the lint and the remarks."""
    rules = [
        {
            "id": rule.code,
            "shortDescription": {"text": rule.title.to(lang)},
            "fullDescription": {"text": rule.why.to(lang)},
            "help": {"text": rule.mend.to(lang)},
            "defaultConfiguration": {"level": _LEVEL[rule.level]},
        }
        for rule in lint_rules()
    ]
    driver = {"name": "dmpcompat plan lint", "version": version, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(one, lang) for one in remarks]}],
    }


def _result(one: Remark, lang: Lang) -> dict[str, Any]:
    said = " ".join(part for part in (one.case, one.rule.title.to(lang), one.found) if part)
    place = {"artifactLocation": {"uri": one.place.file}, "region": {"startLine": one.place.line}}
    return {
        "ruleId": one.rule.code,
        "level": _LEVEL[one.rule.level],
        "message": {"text": said},
        "locations": [{"physicalLocation": place}],
    }
