"""A mock that is killed while it is fed: what it acknowledged is there, whole, and the rest as if never sent.

A real `serve` over mutual TLS and one data folder, of one process or of several, fed in parallel by the driver, killed
without warning at seeded moments, started again; or whose workers die one after the other while the rest go on.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.drive.identity import Keyring
from mock_dmp import journal
from mock_dmp.state.engine import Store
from protocol import facts
from tests.software import Software, Submission

ROOT = Path(__file__).resolve().parents[1]
SEED = 20260115
ROUNDS = 4
CLIENTS = 4
DEATHS = 4
#: Deaths that may fall between two calls of a busy machine before one falls on a call: they go on until one has.
MOST = 40
KNOWN = "XDSDuplicateUniqueIdInRegistry"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")


@dataclass
class Mock:
    """A `serve`, with all its processes."""

    process: subprocess.Popen[bytes]
    workers: list[int]
    ready: Path

    def told(self) -> dict[str, Any]:
        """What its ready file says."""
        found: dict[str, Any] = json.loads(self.ready.read_text())
        return found

    def kill_worker(self, rank: int) -> None:
        """One of those that serve now; returns once another one has taken its place."""
        victim = self.told()["workers"][rank]
        os.kill(victim, signal.SIGKILL)
        pause = threading.Event()
        for _ in range(1500):
            self.workers = self.told()["workers"]
            if victim not in self.workers:
                return
            pause.wait(0.02)
        raise AssertionError("nobody takes its place")

    def kill(self) -> None:
        """All at once, as a power cut does. Workers first: they would end in order when the other one goes."""
        for pid in self.workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()


@contextmanager
def serving(data: Path, pki_folder: Path, software: Software, workers: int) -> Iterator[Mock]:
    """A `serve` that is killed at the end, if it was not before."""
    ready = data / "ready.json"
    ready.unlink(missing_ok=True)
    options: dict[str, str | Path] = {
        "--port": "0",
        "--pki": pki_folder,
        "--data": data,
        "--db": f"sqlite:///{data / 'file.db'}",
        "--ready-file": ready,
        "--workers": str(workers),
    }
    command = [sys.executable, ROOT / "cli.py", "serve", *(part for pair in options.items() for part in pair)]
    with (
        (data / "log").open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT) as process,
    ):
        mock = Mock(process, [], ready)
        try:
            pause = threading.Event()
            while not ready.exists():
                assert process.poll() is None, (data / "log").read_text()
                pause.wait(0.02)
            software.url, mock.workers = mock.told()["url"], mock.told().get("workers", [])
            yield mock
        finally:
            mock.kill()


def feed_until_killed(mock: Mock, software: Software, after: int, delay: float) -> list[Submission]:
    """Feed in parallel; `delay` seconds after the `after`-th acknowledgement the mock is killed."""
    sent: list[Submission] = []
    counted = threading.Semaphore(0)

    def client() -> None:
        while True:
            submission = software.prepare()
            sent.append(submission)
            told = software.feed(submission)
            if not told:
                return
            assert told == facts.SUCCESS
            counted.release()

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(client) for _ in range(CLIENTS)]
        try:
            for _ in range(after):
                assert counted.acquire(timeout=20)
            threading.Event().wait(delay)
        finally:
            mock.kill()
        for one in clients:
            one.result()
    return sent


def stored(software: Software, sent: list[Submission]) -> list[Submission]:
    """The submissions that are there: whole, and all those that were acknowledged."""
    listed = set(software.listed())
    there = []
    for submission in sent:
        found = listed & submission.documents.keys()
        assert found in (set(), submission.documents.keys()), f"half there: {submission.set_id}"
        assert found or not submission.acknowledged, f"lost: {submission.set_id}"
        if found:
            there.append(submission)
    expected = {unique_id: data for one in there for unique_id, data in one.documents.items()}
    assert listed == expected.keys()
    ids = sorted(listed)
    for start in range(0, len(ids), 40):
        batch = ids[start : start + 40]
        assert software.retrieve(batch) == {one: expected[one] for one in batch}
    return there


def send_again(software: Software, sent: list[Submission], there: list[Submission]) -> int:
    """Whoever got no answer sends again; returns how many of those had been stored in fact."""
    kept = 0
    for submission in sent:
        if submission.acknowledged:
            continue
        known = any(one is submission for one in there)
        kept += known
        assert software.feed(submission) == (KNOWN if known else facts.SUCCESS)
        submission.acknowledged = True
    return kept


def journal_holds(data: Path, sent: list[Submission]) -> None:
    """Every exchange that had an answer is in the journal, once, byte for byte; what was stored has its line too."""
    store = Store(f"sqlite:///{data / 'file.db'}", data)
    with store.read() as db:
        listed = journal.listing(db, "default", limit=100_000)
    lines = {line["message_id"]: line["id"] for line in listed}
    assert len(lines) == len(listed), "a line is double"
    for line in listed:  # raises for a line without its bytes
        whole = journal.exchange(store, "default", line["id"])
        assert whole is not None and whole.request.body and whole.response is not None
    for message, exchange in (attempt for submission in sent for attempt in submission.attempts):
        line = lines.get(str(message.facts["message_id"]))
        if exchange.response is None or exchange.failure:
            continue
        assert line is not None, "answered, and not in the journal"
        kept = journal.exchange(store, "default", line)
        assert kept is not None
        assert kept.request.body == message.body
        assert kept.response is not None
        assert kept.response.body == exchange.response.body
    for submission in sent:
        assert any(str(message.facts["message_id"]) in lines for message, _ in submission.attempts)
    store.close()


@pytest.fixture
def software(keyring: Keyring) -> Software:
    return Software(keyring)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=needs_fork)])
def test_a_mock_killed_while_fed_keeps_its_word(
    tmp_path: Path, pki_folder: Path, software: Software, workers: int
) -> None:
    draw = random.Random(SEED)  # noqa: S311 - moments of death, not secrets
    sent: list[Submission] = []
    cut = 0
    for rank in range(MOST):
        if cut and rank >= ROUNDS:
            break
        with serving(tmp_path, pki_folder, software, workers) as mock:
            there = stored(software, sent)
            send_again(software, sent, there)
            fresh = feed_until_killed(mock, software, draw.randint(4, 10), draw.uniform(0, 0.08))
        cut += sum(not one.acknowledged for one in fresh)
        sent += fresh
    with serving(tmp_path, pki_folder, software, workers):
        send_again(software, sent, stored(software, sent))
        assert len(stored(software, sent)) == len(sent)
    assert cut, "nothing was under way when the mock died: this proved nothing"
    journal_holds(tmp_path, sent)


@needs_fork
def test_workers_that_die_one_by_one_take_nothing_along(
    tmp_path: Path, pki_folder: Path, software: Software
) -> None:
    """Who got no answer sends again, to whichever serves: stored once, whoever of the two took it in."""
    draw = random.Random(SEED)  # noqa: S311 - moments of death, not secrets
    sent: list[Submission] = []
    counted = threading.Semaphore(0)
    over = threading.Event()

    cut: list[Submission] = []

    def client() -> None:
        while not over.is_set():
            submission = software.prepare()
            sent.append(submission)
            told = software.feed(submission)
            while not told:
                assert len(submission.attempts) < MOST + 1, "nobody answers any more"
                cut.append(submission)
                told = software.feed(submission)
            assert told == facts.SUCCESS or (told == KNOWN and len(submission.attempts) > 1)
            submission.acknowledged = True
            counted.release()

    with serving(tmp_path, pki_folder, software, 2) as mock:
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(client) for _ in range(CLIENTS)]
            try:
                for rank in range(MOST):
                    if cut and rank >= DEATHS:
                        break
                    for _ in range(draw.randint(4, 10)):
                        assert counted.acquire(timeout=20)
                    mock.kill_worker(rank % 2)
            finally:
                over.set()
            for one in clients:
                one.result()
        there = stored(software, sent)
        assert len(there) == len(sent)
    assert cut, "nothing was under way when a worker died: this proved nothing"
    journal_holds(tmp_path, sent)
