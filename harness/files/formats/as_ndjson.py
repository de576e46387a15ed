"""One JSON object a line, one line a file: for pipes and long runs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from harness.files.formats.as_json import plain, summary
from harness.files.tree import CheckRun
from protocol.errors import Lang


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """A line a file, and a last line with the verdict of the run and its counts."""
    for record in run.results:
        if record.verdict != "SKIPPED":
            yield json.dumps(plain(record, lang), ensure_ascii=False) + "\n"
    last = {
        "verdict": run.verdict,
        "pack": run.pack,
        "rule_bundle": run.bundle,
        "digest": run.digest,
        "summary": summary(run.summary),
    }
    yield json.dumps(last, ensure_ascii=False) + "\n"
