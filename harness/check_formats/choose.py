"""The renderings by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.check_formats import as_json, as_junit, as_ndjson, as_sarif, as_text
from harness.judge_files import CheckRun
from protocol.errors import Lang, Text, UsageError

Render = Callable[[CheckRun, Lang], str]
FORMATS: Mapping[str, Render] = {
    "text": as_text.render,
    "json": as_json.render,
    "ndjson": as_ndjson.render,
    "junit": as_junit.render,
    "sarif": as_sarif.render,
}


def render(run: CheckRun, form: str, lang: Lang = "fr") -> str:
    """The run in one of FORMATS. Raises UsageError (CHECK-012) for another name."""
    if form not in FORMATS:
        raise UsageError(
            "CHECK-012",
            Text("format inconnu", "unknown format"),
            field="--format",
            found=form,
            expected=", ".join(FORMATS),
        )
    return FORMATS[form](run, lang)
