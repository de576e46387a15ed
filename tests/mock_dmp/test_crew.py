"""Several processes on one address: they share the work and the database, die alone, and stop in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.control import Control, TlsFiles
from harness.drive.client import send, tls_of
from harness.drive.identity import Keyring
from mock_dmp.crew import Crew
from protocol import facts
from protocol.errors import ConfigError
from tests.software import Software

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        pause.wait(0.02)
    raise AssertionError("it never came")


class Served:
    """A `serve --workers` process."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.folder = folder

    @property
    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "ready.json").read_text())
        return found

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def crew(pki_folder: Path, folder: Path, *more: str) -> Iterator[Served]:
    command = [sys.executable, ROOT / "cli.py", "serve", "--port", "0", "--workers", str(WORKERS)]
    command += ["--pki", pki_folder, "--data", folder, "--ready-file", folder / "ready.json", *more]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT) as process,
    ):
        served = Served(process, folder)
        try:
            until(lambda: (folder / "ready.json").exists() or process.poll() is not None)
            assert process.poll() is None, served.log
            yield served
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def served(pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with crew(pki_folder, tmp_path_factory.mktemp("crew")) as found:
        yield found


@pytest.fixture
def software(served: Served, keyring: Keyring) -> Software:
    return Software(keyring, served.ready["url"])


def test_all_are_up_when_it_says_so(served: Served) -> None:
    told = served.ready
    assert told["pid"] == served.process.pid
    assert len(set(told["workers"])) == WORKERS
    for worker in told["workers"]:
        os.kill(worker, 0)


def test_what_one_stores_the_other_gives(software: Software) -> None:
    """Connections are dealt out in turn, and every call here has its own."""
    sent = [software.prepare(1) for _ in range(2 * WORKERS)]
    for one in sent:
        software.feed(one)
    expected = {unique_id: data for one in sent for unique_id, data in one.documents.items()}
    for _ in range(WORKERS):
        assert expected.keys() <= set(software.listed())
        assert software.retrieve(sorted(expected)) == expected


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(served: Served, software: Software) -> None:
    before = served.ready["workers"]
    fed = threading.Semaphore(0)

    def feed(_: int) -> list[Any]:
        mine = []
        for _ in range(12):
            one = software.prepare(1)
            software.feed(one)
            mine.append(one)
            fed.release()
        return mine

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(feed, rank) for rank in range(4)]
        for _ in range(8):
            assert fed.acquire(timeout=30)
        os.kill(before[0], signal.SIGKILL)
        sent = [one for client in clients for one in client.result()]
    until(lambda: before[0] not in served.ready["workers"])
    assert before[1] in served.ready["workers"]
    assert f"worker {before[0]} ended (signal SIGKILL)" in served.log
    acknowledged = {unique_id for one in sent if one.acknowledged for unique_id in one.documents}
    assert len(acknowledged) >= len(sent) - 8
    for _ in range(WORKERS):
        listed = software.listed()
        assert len(listed) == len(set(listed))
        assert acknowledged <= set(listed)
    for one in sent:  # who got no answer sends again: stored once, whichever it was
        if not one.acknowledged:
            assert software.feed(one) in ("XDSDuplicateUniqueIdInRegistry", facts.SUCCESS)
    listed = software.listed()
    assert sorted(listed) == sorted(set(listed))
    assert {unique_id for one in sent for unique_id in one.documents} <= set(listed)


def test_a_worker_told_to_stop_ends_what_it_began(served: Served, software: Software) -> None:
    before = served.ready["workers"]
    sent = [software.prepare(1) for _ in range(16)]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(software.feed, sent)
        os.kill(before[0], signal.SIGTERM)
        told = list(answers)
    until(lambda: before[0] not in served.ready["workers"] and len(served.ready["workers"]) == WORKERS)
    # What waited to be taken in by the one that left may be cut off; what was begun was answered.
    assert told.count(facts.SUCCESS) >= len(told) - 4
    kept = {unique_id for one in sent if one.acknowledged for unique_id in one.documents}
    assert kept <= set(software.listed())


def test_of_rivals_on_both_workers_one_wins(software: Software) -> None:
    rivals = [software.prepare(1, unique_id="1.2.3.4.5.6", text=f"rival {rank:02}") for rank in range(24)]
    with ThreadPoolExecutor(len(rivals)) as pool:
        told = list(pool.map(software.feed, rivals))
    assert told.count(facts.SUCCESS) == 1
    assert set(told) - {facts.SUCCESS} <= {"XDSNonIdenticalHash", "XDSNonIdenticalSize"}
    [winner] = [one for one in rivals if one.acknowledged]
    for _ in range(WORKERS):
        assert software.listed().count("1.2.3.4.5.6") == 1
        assert software.retrieve(["1.2.3.4.5.6"]) == winner.documents


def test_of_replays_on_both_workers_one_is_served(served: Served, software: Software) -> None:
    identity, url = software.identity, served.ready["url"]
    files = TlsFiles(identity.ca_file, identity.tls.certificate_file, identity.tls.key_file)
    with closing(Control(url, files)) as control:
        control.create("replays", {"VIHF-REPLAY": "refuse"})
        message = software.make("TD2.1", documents=[{"level1": {}}])

        def replay(_: int) -> str:
            exchange = send(message, f"{url}/s/replays", tls_of(identity))
            assert exchange.response is not None
            replayed = b"MockVihfReplayed" in exchange.response.body
            return "replayed" if replayed else str(exchange.response.status)

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(replay, range(8)))
        assert sorted(told) == ["200", *["replayed"] * 7]
        lines = control.exchanges("replays")
        assert sorted(line["outcome"] for line in lines) == ["answered", *["refused"] * 7]
        assert [line["seq"] for line in lines] == sorted({line["seq"] for line in lines})


def test_a_worker_that_stands_still_does_not_hold_up_the_other(served: Served, software: Software) -> None:
    address = urlsplit(served.ready["url"])
    stopped = served.ready["workers"][0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        for _ in range(700):  # more than its channel takes
            socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10).close()
        assert software.listed() == software.listed()
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert stopped in served.ready["workers"]


def test_workers_that_die_at_their_start_are_not_replaced_for_ever(tmp_path: Path) -> None:
    """Something is wrong that a new one will not mend: it is told, and the end."""
    program = """
import sys
from pathlib import Path
from mock_dmp import crew

def fail():
    raise RuntimeError("no way to begin")

crew.settle = fail
crew.Crew(2, plain_http=True, data_dir=Path(sys.argv[1])).serve_forever()
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "ToolError: SRV-006" in done.stderr
    assert "no way to begin" in done.stderr
    assert done.stderr.count("another one takes its place") >= 5


def test_a_stop_drains_and_leaves_nothing_behind(pki_folder: Path, tmp_path: Path, keyring: Keyring) -> None:
    with crew(pki_folder, tmp_path) as found:
        told = found.ready
        address = urlsplit(told["url"])
        with socket.create_connection(
            (str(address.hostname), int(address.port or 0))
        ):  # holds a worker's seat
            assert Software(keyring, told["url"]).listed() == Software(keyring, told["url"]).listed()
        found.process.terminate()
        assert found.process.wait(30) == 0
    assert not (tmp_path / "ready.json").exists()
    for worker in told["workers"]:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert "killed" not in found.log
    assert "Traceback" not in found.log


def test_workers_do_not_outlive_who_dealt_to_them(pki_folder: Path, tmp_path: Path) -> None:
    with crew(pki_folder, tmp_path) as found:
        workers = found.ready["workers"]
        found.process.kill()
        found.process.wait(30)

        def gone() -> bool:
            alive = [worker for worker in workers if Path(f"/proc/{worker}").exists()]
            return not alive or all(_defunct(worker) for worker in alive)

        until(gone)


def _defunct(pid: int) -> bool:
    """Nobody may be there to take notice of the end of an orphan."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def test_what_can_be_wrong_is_wrong_at_once(pki_folder: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="SRV-001"):
            Crew(WORKERS, port=port, pki_folder=pki_folder, data_dir=tmp_path)
    with pytest.raises(ConfigError, match="SRV-003"):
        Crew(WORKERS, host="192.0.2.1", plain_http=True, data_dir=tmp_path)
