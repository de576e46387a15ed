"""What is to be played again: the cases that an earlier run did not pass, and the folder for the new run.

An earlier run is never written over: the runs of `resultats` are `resultats`, `resultats-2`, `resultats-3`…
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.results import RUN_FILE, RunResult
from harness.verdict import Verdict
from protocol.errors import Text, UsageError

#: The word of `--only` that stands for the cases of the last run that are not settled.
FAILED: Final = "failed"
_SETTLED: Final = (Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE)


def unsettled(run: RunResult) -> tuple[str, ...]:
    """Codes of the cases that failed, or that nothing was concluded of."""
    return tuple(case.code for case in run.verdicts if case.verdict not in _SETTLED)


def last_run(out: Path) -> Path:
    """The folder of the latest finished run of `out`. Raises UsageError when there is none."""
    for place in reversed([*_runs(out)]):
        if (place / RUN_FILE).is_file():
            return place
    raise UsageError(
        "RUN-040",
        Text(
            "aucune exécution terminée dont rejouer les échecs",
            "no finished run whose failures to play again",
        ),
        field="--only failed",
        found=str(out),
        mend=Text("la nommer avec --from", "name it with --from"),
    )


def next_place(out: Path) -> Path:
    """The first folder of that row that holds nothing yet."""
    for place in _row(out):
        if not place.exists() or not any(place.iterdir()):
            return place
    raise AssertionError("the row has no end")


def selection(only: Sequence[str], earlier: RunResult) -> tuple[str, ...]:
    """What `--only` asked for, with `failed` replaced by the codes of the earlier run."""
    return tuple(code for asked in only for code in (unsettled(earlier) if asked == FAILED else (asked,)))


def _row(out: Path) -> itertools.chain[Path]:
    return itertools.chain([out], (out.with_name(f"{out.name}-{rank}") for rank in itertools.count(2)))


def _runs(out: Path) -> itertools.takewhile[Path]:
    return itertools.takewhile(lambda place: place.is_dir(), _row(out))
