"""Feeding (TD2.1 of a 20 KB document, signed VIHF, durable storage) with 1, 2 and 4 workers, over mutual TLS and plain.

Requests are made and signed beforehand, and played to a new mock each time; a process of its own sends them over
connections that stay open, and what it costs is told. What was lost or doubled is counted in the registry afterwards.
Figures of one run, as ratios to one worker; what syncing costs is what the same run saves on a mock that syncs
nothing (and so would lose what it acknowledged).
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load import Load
from bench.requests import Sender
from bench.served import served
from mock_dmp import pki

CALLS: Final = 600
WARMING: Final = 100
#: Clients a worker: enough for none to wait.
CLIENTS: Final = 4
WORKERS: Final = (1, 2, 4)


@dataclass(frozen=True)
class Fed:
    """One run: what the client saw, seconds of processor of the mock, documents lost and doubled."""

    load: Load
    cpu: float
    lost: int
    doubled: int

    def told(self, first: Fed) -> str:
        load = self.load
        shares = " ".join(f"p{share} {load.quantile(share / 100) * 1000:.0f}" for share in (50, 95, 99))
        return (
            f"{load.rate / first.load.rate:.2f} ({load.rate:.0f}/s, {shares} ms here); "
            f"a call costs {self.cpu / len(load.times) * 1000:.1f} ms of processor, "
            f"its client {load.cpu / len(load.times) * 1000:.1f} ms; "
            f"refused {len(load.failed)}, lost {self.lost}, doubled {self.doubled}"
        )


@dataclass(frozen=True)
class Sent:
    """Requests by uniqueId of their document: those that warm a mock up, and those that are counted."""

    sender: Sender
    warming: dict[str, bytes]
    feeding: dict[str, bytes]

    @classmethod
    def of(cls, sender: Sender, calls: int) -> Sent:
        return cls(sender, sender.submissions(WARMING), sender.submissions(calls))


def run(calls: int = CALLS) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pki.init(folder / "pki")
        sender = Sender.of(folder / "pki")
        runs = {}
        for plain in (False, True):
            sent = Sent.of(sender, calls)  # again for each transport: a VIHF is good for some minutes
            for workers in WORKERS:
                runs[workers, plain] = _fed(sent, folder, workers, plain=plain)
        unsynced = _fed(sent, folder, 2, plain=True, synced=False)
    first = runs[1, False]
    lines = [
        f"{workers} worker(s), {'plain' if plain else 'mutual TLS'}, {CLIENTS * workers} clients: {fed.told(first)}"
        for (workers, plain), fed in runs.items()
    ]
    return [
        *lines,
        f"what syncing costs, 2 workers, plain: {1 - runs[2, True].load.rate / unsynced.load.rate:.0%} of the rate",
        f"cores that mock and client shared: {len(os.sched_getaffinity(0))}",
    ]


def _fed(sent: Sent, scratch: Path, workers: int, *, plain: bool, synced: bool = True) -> Fed:
    data = Path(tempfile.mkdtemp(dir=scratch))
    clients = CLIENTS * workers
    with served(scratch / "pki", data, workers=workers, plain=plain, synced=synced) as mock:
        warm = sent.sender.load(mock.url, list(sent.warming.values()), scratch, clients)
        before = mock.cpu()
        load = sent.sender.load(mock.url, list(sent.feeding.values()), scratch, clients)
        cpu = mock.cpu() - before
    assert not warm.failed, warm.first_failure
    ids = list(sent.feeding)
    refused = {ids[rank] for rank in load.failed}
    there = _registered(data)
    return Fed(
        load,
        cpu,
        lost=sum(unique_id not in there for unique_id in ids if unique_id not in refused),
        doubled=sum(count > 1 for count in there.values()),
    )


def _registered(data: Path) -> Counter[str]:
    """How many entries each uniqueId has in the registry."""
    with sqlite3.connect(data / "mock.db") as db:
        found = db.execute("SELECT unique_id FROM registry_objects WHERE kind = 'entry' AND NOT signature")
        return Counter(unique_id for (unique_id,) in found)
