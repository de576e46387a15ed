"""One JSON object a line, one line a file: for pipes and long runs."""

from __future__ import annotations

import json

from harness.check_formats.as_json import plain
from harness.judge_files import CheckRun
from protocol.errors import Lang


def render(run: CheckRun, lang: Lang) -> str:
    """A line a file, and a last line with the verdict of the run."""
    lines = [json.dumps(plain(result, lang), ensure_ascii=False) for result in run.results]
    lines.append(json.dumps({"verdict": run.verdict, "pack": run.pack, "rule_bundle": run.bundle}))
    return "\n".join(lines) + "\n"
