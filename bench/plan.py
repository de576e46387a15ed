"""The shipped plan against the mock over mutual TLS, one case after the other and side by side: what it takes, and why.

Times of processor are worth comparing on any machine, times of the clock on an idle one only. What each part of the
harness costs is measured in the run one by one.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.served import served
from harness.choices import Choices
from harness.control import Control
from harness.evidence import CaseFolder
from harness.judging import Judging
from harness.players import driver
from harness.results import RunResult
from harness.run import run_campaign
from mock_dmp import pki
from protocol.datafolders import folder

#: The plan of a homologation has so many cases, to be played in so many seconds on two cores.
CASES: Final = 120
LIMIT: Final = 15.0
JOBS: Final = 2


def run() -> list[str]:
    lines = []
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        pki.init(place / "pki")
        parts: Counter[str] = Counter()
        for jobs in (1, JOBS):
            with served(place / "pki", place / f"mock-{jobs}") as mock, _metered(parts, jobs == 1):
                before, ours, theirs = time.monotonic(), _ours(), mock.cpu()
                result = run_campaign(
                    folder("test_plans") / "campagne-demo.yaml",
                    Choices(
                        out=place / f"out-{jobs}",
                        target=mock.url,
                        pki=place / "pki",
                        jobs=jobs,
                    ),
                )
                taken, harness, platform = time.monotonic() - before, _ours() - ours, mock.cpu() - theirs
            lines += _told(result, jobs, taken, harness, platform)
    return [*lines, *_shares(parts)]


def _told(result: RunResult, jobs: int, taken: float, harness: float, platform: float) -> list[str]:
    number = len(result.verdicts)
    share = CASES / number
    least = max((harness + platform) / JOBS, platform)
    return [
        f"{number} cases, --jobs {jobs}: {taken:.1f} s; processor: harness {harness:.1f} s, mock {platform:.1f} s",
        f"  for {CASES} cases: {taken * share:.1f} s (aim: {LIMIT:.0f}); two idle cores could not do it "
        f"under {least * share:.1f} s",
        f"  verdicts: {', '.join(f'{name} {count}' for name, count in result.counts().items())}",
    ]


def _shares(parts: Counter[str]) -> list[str]:
    whole = parts.pop("whole")
    rest = whole - sum(parts.values())
    told = ", ".join(f"{name} {value / whole:.0%}" for name, value in parts.most_common())
    return [f"processor of the harness: {told}, the rest {rest / whole:.0%}"]


def _ours() -> float:
    """Processor of this process and of those that it started and that ended."""
    return sum(os.times()[:4])


@contextmanager
def _metered(parts: Counter[str], wanted: bool) -> Iterator[None]:
    """Count the processor time of the parts of the harness, in this process."""
    if not wanted:
        yield
        return
    places: tuple[tuple[Any, str, str], ...] = (
        (driver, "build", "making and signing messages"),
        (driver, "send", "sending, TLS"),
        (Judging, "expectation", "judging"),
        (Judging, "rules", "judging"),
        (Judging, "sequence", "judging"),
        (Judging, "answers", "judging"),
        (CaseFolder, "add", "evidence"),
        (CaseFolder, "finish", "evidence"),
        (Control, "_call", "sessions and announcing"),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    for owner, name, part in places:
        setattr(owner, name, _timed(getattr(owner, name), parts, part))
    start = time.process_time()
    try:
        yield
    finally:
        parts["whole"] = time.process_time() - start  # type: ignore[assignment]  # counts of floats
        for owner, name, function in kept:
            setattr(owner, name, function)


def _timed(function: Callable[..., Any], parts: Counter[str], part: str) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return function(*given, **named)
        finally:
            parts[part] += time.process_time() - start  # type: ignore[assignment]  # counts of floats

    return timed
