"""A whole run of `dmpcompat check`: entries shared among processes, results kept as they come, counts and digest.

Beside it: archives (walking), judge, crew or cluster (sharing), state (keeping). Memory does not grow with the tree.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from harness.checks import api
from harness.files.archives import Entry, entries
from harness.files.crew import Limits, alone, crew
from harness.files.judge import Asked, fetch, record_entry
from harness.files.record import Record, Verdict
from harness.files.state import Ledger
from harness.files.summary import Summary
from protocol.errors import DmpcompatError, Text, UsageError

Progress = Callable[[int, int], None]
Shared = Callable[[Iterator[tuple[int, Entry]]], Iterator[tuple[int, Record]]]
#: Up to as many files, none of them big, are judged in this process: starting others costs more.
ALONE: Final = 32
_BIG: Final = 512 * 1024


@dataclass(frozen=True)
class How:
    """How a run is made; it decides no verdict. `engine`: "" for processes of this machine, `dask://host:port`.

    `state`: a new file for the results; `resume`: one that holds some already. `few`: see ALONE.
    """

    jobs: int = 1
    limits: Limits = field(default_factory=Limits)
    engine: str = ""
    state: Path | None = None
    resume: Path | None = None
    few: int = ALONE


@dataclass(frozen=True)
class CheckRun:
    """The whole run. `results`: every file in a stable order, skipped ones too, read one by one.

    `pack`: name and digest, "" without one; `bundle`: digest of the rules; `digest`: of the results, the same however
    the work was shared; `reused`: results taken from a former run.
    """

    results: Iterable[Record]
    summary: Summary
    pack: str
    bundle: str
    digest: str
    reused: int = 0

    @property
    def verdict(self) -> Verdict:
        return self.summary.verdict

    @property
    def exit_code(self) -> int:
        return self.summary.exit_code


def judge_paths(
    paths: Sequence[Path],
    asked: Asked | None = None,
    how: How | None = None,
    *,
    ledger: Ledger | None = None,
    progress: Progress | None = None,
) -> CheckRun:
    """Judge files, archives, and all that the folders among `paths` hold.

    Without a `ledger`, the results are held in memory: for a few files. `progress(done, total)` is called after each
    file. Raises UsageError (CHECK-010) for a path that isn't there, (CHECK-001) for a rule or group that does not
    exist, (CHECK-024) for an engine that does not; and what Ledger raises.
    """
    if ledger is None:
        with Ledger() as own:
            run = judge_paths(paths, asked, how, ledger=own, progress=progress)
            return CheckRun(tuple(run.results), run.summary, run.pack, run.bundle, run.digest, run.reused)
    wanted, manner = asked or Asked(), how or How()
    api.selection(wanted.only)
    todo = entries(paths)
    total = sum(1 for _ in entries(paths)) if progress else 0
    label = wanted.pack.described if wanted.pack else ""
    known = partial(_known, ledger, wanted) if ledger.last else None
    ledger.begin(wanted.mark, pack=label, rules=api.rule_bundle_digest())
    kept = _Kept(ledger, total, progress)
    left = _left(todo, known, kept)
    first = list(itertools.islice(left, manner.few + 1))
    for rank, record in _shared(first, wanted, manner)(itertools.chain(first, left)):
        kept.add(rank, record)
    return CheckRun(ledger, kept.summary, label, api.rule_bundle_digest(), ledger.digest(), kept.reused)


def recalled(ledger: Ledger) -> CheckRun:
    """The run that a state file tells of, nothing judged again."""
    ledger.recall()
    summary = Summary(ledger)
    said = ledger.last
    return CheckRun(ledger, summary, str(said.get("pack", "")), str(said.get("rules", "")), ledger.digest())


class _Kept:
    """What becomes of a result: written, counted, told."""

    def __init__(self, ledger: Ledger, total: int, progress: Progress | None) -> None:
        self.summary, self.reused = Summary(), 0
        self._ledger, self._total, self._progress = ledger, total, progress
        self._done = 0

    def add(self, rank: int, record: Record) -> None:
        self._ledger.keep(rank, record)
        self.summary.add(record)
        self._done += 1
        if self._progress:
            self._progress(self._done, max(self._total, self._done))


def _left(
    todo: Iterator[Entry], known: Callable[[Entry], Record | None] | None, kept: _Kept
) -> Iterator[tuple[int, Entry]]:
    """Entries that are still to be judged, with their ranks; those of a former run are kept on the way."""
    for rank, entry in enumerate(todo):
        record = known(entry) if known else None
        if record is None:
            yield rank, entry
        else:
            kept.reused += 1
            kept.add(rank, record)


def _known(ledger: Ledger, asked: Asked, entry: Entry) -> Record | None:
    """The result of a former run for the same content."""
    # What a delivery announces of a document is no part of its content.
    if entry.trouble or entry.skip or entry.role or entry.announced:
        return None
    try:
        found = ledger.known(fetch(entry, asked).sha256, entry.path)
    except (OSError, DmpcompatError):
        return None  # judging says why
    # Whether what we don't judge is skipped depends on how it was asked for, not on what it holds.
    return None if found is None or found.kind == "auto" else found


def _shared(first: Sequence[tuple[int, Entry]], asked: Asked, how: How) -> Shared:
    """Who judges: this process, a crew of others, or a cluster."""
    work = partial(record_entry, asked=asked)
    if how.engine:
        return _cluster(asked, how)
    if len(first) <= how.few and all(entry.size <= _BIG for _, entry in first):
        return partial(alone, work)
    return partial(crew, work, jobs=max(1, how.jobs), limits=how.limits)


def _cluster(asked: Asked, how: How) -> Shared:
    scheme, _, address = how.engine.partition("://")
    if scheme != "dask" or not address:
        raise UsageError(
            "CHECK-024",
            Text("moteur inconnu", "unknown engine"),
            field="--engine",
            found=how.engine,
            expected="dask://scheduler:port",
        )
    from harness.files.cluster import cluster

    return partial(cluster, asked=asked, address=f"tcp://{address}", limits=how.limits)
