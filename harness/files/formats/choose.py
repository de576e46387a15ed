"""The renderings by name. Each is an iterator of text, so that a run of any size is written as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.files.formats import as_html, as_json, as_junit, as_ndjson, as_sarif, as_text
from harness.files.tree import CheckRun
from protocol.errors import Lang, Text, UsageError

Render = Callable[[CheckRun, Lang], Iterator[str]]
FORMATS: Mapping[str, Render] = {
    "text": as_text.render,
    "json": as_json.render,
    "ndjson": as_ndjson.render,
    "junit": as_junit.render,
    "sarif": as_sarif.render,
    "html": as_html.render,
}


def render(run: CheckRun, form: str, lang: Lang = "fr") -> Iterator[str]:
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
