"""A Dask cluster in the place of a crew (extra `dask`): documents are read here and judged there.

Bytes travel with each task, so workers need no access to the files; they need the same version of dmpcompat and, when
one is asked for, the same pack at the same place. What differs there is refused, never mixed in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from harness.files.archives import Entry
from harness.files.crew import Limits, died, lost, too_long
from harness.files.judge import Asked, Fetched, fetch, judge_fetched, record_entry, refused
from harness.files.record import Record
from harness.packs import registry as packs
from protocol.errors import ConfigError, DmpcompatError, Text, ToolError, UsageError

#: Documents of one task: judging one costs no more than sending it alone.
BATCH: Final = 16
#: Tasks in flight for each thread of the cluster.
_AHEAD: Final = 4
_CONNECT: Final = 20.0

Shipped = tuple[int, Entry, Fetched]
Answer = list[tuple[int, Record]]


def cluster(
    entries: Iterator[tuple[int, Entry]], asked: Asked, address: str, limits: Limits
) -> Iterator[tuple[int, Record]]:
    """Judge entries on the cluster of a scheduler; results come as they are ready.

    A batch that runs over its documents' time has its worker restarted (this needs a nanny); each of its documents is
    then judged in a task of its own, and the one that is late again is an ERROR.
    Raises UsageError (CHECK-026 the extra is missing), ConfigError (CHECK-027 no cluster, CHECK-028 other rules there).
    """
    distributed = _library()
    try:
        client = distributed.Client(address, timeout=_CONNECT)
    except (OSError, TimeoutError, ValueError) as problem:
        raise ConfigError(
            "CHECK-027",
            Text("grappe Dask injoignable", "no Dask cluster there"),
            field="--engine",
            found=f"{address} : {problem}",
        ) from None
    try:
        _same_rules(client, asked)
        yield from _Flow(distributed, client, asked, limits).run(entries)
    finally:
        client.close()


class _Flow:
    """Batches in flight, and what comes back of each."""

    def __init__(self, distributed: Any, client: Any, asked: Asked, limits: Limits) -> None:
        self._client, self._asked, self._limits = client, asked, limits
        self._flying: dict[str, tuple[Any, list[Shipped]]] = {}
        #: By key: the worker it is on, and since when; by worker: when it last gave a result.
        self._where: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._spoke: dict[str, float] = {}
        self._distributed = distributed

    def run(self, entries: Iterator[tuple[int, Entry]]) -> Iterator[tuple[int, Record]]:
        room = max(2, sum(self._client.nthreads().values()) * _AHEAD)
        more = True
        while more or self._flying:
            while more and len(self._flying) < room:
                batch, direct, more = self._batch(entries)
                yield from direct
                if batch:
                    self._send(batch)
            yield from self._heard()

    def _batch(self, entries: Iterator[tuple[int, Entry]]) -> tuple[list[Shipped], Answer, bool]:
        """What to send, what needs no sending, and whether there is more."""
        batch: list[Shipped] = []
        direct: Answer = []
        for rank, entry in entries:
            try:
                fetched = Fetched("") if entry.trouble or entry.skip else fetch(entry, self._asked)
                batch.append((rank, entry, fetched))
            except (OSError, DmpcompatError, MemoryError) as problem:
                direct.append((rank, refused(entry, problem).record()))
            if len(batch) + len(direct) >= BATCH:
                return batch, direct, True
        return batch, direct, False

    def _send(self, batch: list[Shipped]) -> None:
        # Pure in name only: the same bytes under another path are another task.
        future = self._client.submit(judge_shipped, batch, self._asked, pure=False)
        self._flying[future.key] = (future, batch)

    def _heard(self) -> Iterator[tuple[int, Record]]:
        """What is ready, and what is late. Waits a little for one of them."""
        futures = [future for future, _ in self._flying.values()]
        if not futures:
            return
        with suppress(TimeoutError, self._distributed.TimeoutError):
            self._distributed.wait(futures, timeout=1.0, return_when="FIRST_COMPLETED")
        for future in futures:
            if future.done():
                yield from self._answer(future)
        yield from self._overdue()

    def _answer(self, future: Any) -> Iterator[tuple[int, Record]]:
        _, batch = self._flying.pop(future.key)
        self._spoke[self._where.pop(future.key, "")] = time.monotonic()
        self._since.pop(future.key, None)
        if future.status == "finished":
            yield from future.result()
            return
        problem = future.exception()
        if len(batch) > 1:
            self._alone(batch)
            return
        rank, entry, _ = batch[0]
        yield rank, lost(entry, died(f"{type(problem).__name__}: {problem}"[:200]))

    def _overdue(self) -> Iterator[tuple[int, Record]]:
        """Workers that have said nothing for longer than the oldest of their batches may take."""
        if not self._limits.timeout:
            return
        now = time.monotonic()
        for worker, keys in self._client.processing().items():
            mine = [key for key in map(str, keys) if key in self._flying]
            for key in mine:
                if self._where.get(key) != worker:
                    self._where[key], self._since[key] = worker, now
            if not mine:
                continue
            # What a worker has in hand is the oldest: the others wait there for their turn.
            key = min(mine, key=self._since.__getitem__)
            since = max(self._since[key], self._spoke.get(worker, 0.0))
            if now - since >= self._limits.timeout * len(self._flying[key][1]):
                yield from self._give_up(key, worker)

    def _give_up(self, key: str, worker: str) -> Iterator[tuple[int, Record]]:
        future, batch = self._flying.pop(key)
        future.cancel(force=True)
        with suppress(KeyError):  # it has just gone by itself
            self._client.restart_workers([worker], raise_for_error=False)
        self._spoke[worker] = time.monotonic()
        if len(batch) > 1:
            self._alone(batch)
        else:
            rank, entry, _ = batch[0]
            yield rank, lost(entry, too_long(self._limits.timeout))

    def _alone(self, batch: list[Shipped]) -> None:
        """One of them did it: each in a task of its own."""
        for one in batch:
            self._send([one])


def judge_shipped(batch: list[Shipped], asked: Asked) -> Answer:
    """What a worker of the cluster does: judge documents whose bytes came with the task."""
    answer = []
    for rank, entry, fetched in batch:
        if entry.trouble or entry.skip:
            answer.append((rank, record_entry(entry, asked)))
            continue
        try:
            answer.append((rank, judge_fetched(entry, fetched, asked, brief=True).record()))
        except (OSError, DmpcompatError, MemoryError) as problem:
            answer.append((rank, refused(entry, problem).record()))
    return answer


def mark_there(asked: Asked) -> str:
    """The digest of rules, pack and request as a worker computes it; "" when its pack is not the one that is meant."""
    try:
        if asked.pack and packs.folder_digest(Path(asked.pack.folder))[0] != asked.pack.digest:
            return ""
    except (OSError, DmpcompatError):
        return ""
    return asked.mark


def _same_rules(client: Any, asked: Asked) -> None:
    """Refuse a cluster that would judge otherwise."""
    try:
        marks = client.run(partial(mark_there, asked))
    except Exception as problem:
        raise ToolError(
            "CHECK-028",
            Text("dmpcompat ne répond pas sur la grappe", "dmpcompat does not answer on the cluster"),
            found=f"{type(problem).__name__}: {problem}"[:300],
            mend=Text("installer la même version partout", "install the same version everywhere"),
        ) from problem
    wrong = sorted(worker for worker, mark in marks.items() if mark != asked.mark)
    if wrong or not marks:
        raise ConfigError(
            "CHECK-028",
            Text(
                "la grappe n'a pas les mêmes règles ou le même paquet",
                "the cluster does not have the same rules or the same pack",
            ),
            field="--engine",
            found=", ".join(wrong) or "0 worker",
            expected=asked.mark,
            mend=Text("installer la même version partout", "install the same version everywhere"),
        )


def _library() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError(
            "CHECK-026",
            Text("Dask n'est pas installé", "Dask is not installed"),
            field="--engine",
            mend=Text("pip install 'dmpcompat[dask]'", "pip install 'dmpcompat[dask]'"),
        ) from None
