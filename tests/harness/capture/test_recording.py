"""A recording grows by whole frames, whatever happens to who writes it."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.capture.recording import Recorder, Recording, Unread
from protocol.errors import EvidenceError, Text, UsageError
from protocol.exchange import Exchange, Request, Response, Tls, load

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
SOAP = (("Content-Type", "application/soap+xml"),)


def exchange(body: bytes = b"<a/>", answer: bytes | None = b"<b/>", kind: str = "text/xml") -> Exchange:
    headers = (("Content-Type", kind),)
    response = None if answer is None else Response(200, headers, answer)
    failure = "" if response else "timeout: nothing came"
    return Exchange(
        "an-id", "proxy", "", NOW, NOW, Request("POST", "/x", headers, body), response, failure=failure
    )


def recorder(folder: Path) -> Recorder:
    return Recorder(folder, origin="proxy", source="a test")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    full = replace(
        exchange(),
        tls=Tls("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", b"\x30\x00"),
        marks=("request:supposed",),
    )
    with recorder(tmp_path / "r") as writer:
        assert writer.append(full, {"proxy": {"latency": 12}}) == "000001"
        assert writer.append(exchange(answer=None)) == "000002"
    reading = Recording(tmp_path / "r")
    assert reading.frames() == [("000001", full), ("000002", exchange(answer=None))]
    assert reading.facts("000001")["proxy"] == {"latency": 12}
    assert load(tmp_path / "r", "000001") == full, "the form of Exchange.save"
    assert (tmp_path / "r" / "000001_requete.xml").read_bytes() == b"<a/>"


def test_numbers_go_on_and_a_reader_asks_for_what_is_new(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        writer.append(exchange(b"1"))
    reading = Recording(tmp_path)
    with recorder(tmp_path) as writer:
        assert [key for key, _ in reading.frames(since=1)] == []
        writer.append(exchange(b"2"))
        assert [(key, one.request.body) for key, one in reading.frames(since=1)] == [("000002", b"2")]
        writer.append(exchange(b"3"))
        assert [key for key, _ in reading.frames(since=0, most=2)] == ["000001", "000002"]
    told = json.loads((tmp_path / "recording.json").read_text())
    assert [(one["from"], one["origin"]) for one in told["opened"]] == [
        ("000001", "proxy"),
        ("000002", "proxy"),
    ]


def test_a_frame_taken_away_hides_none(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        for _ in range(4):
            writer.append(exchange())
    for path in tmp_path.glob("00000[23]*"):
        path.unlink()
    assert [key for key, _ in Recording(tmp_path).frames()] == ["000001", "000004"]


def test_only_its_owner_may_look(tmp_path: Path) -> None:
    with recorder(tmp_path / "r") as writer:
        writer.append(exchange())
        writer.unread(Unread("log", "line 1", Text("vide", "empty")))
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "r").iterdir()} == {0o600}


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with recorder(tmp_path), pytest.raises(UsageError, match="CAPT-001"):
        recorder(tmp_path)
    recorder(tmp_path).close()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="CAPT-002"):
        recorder(tmp_path)
    with pytest.raises(EvidenceError, match="CAPT-010"):
        Recording(tmp_path)


def test_changed_bytes_are_told(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        writer.append(exchange())
    (tmp_path / "000001_reponse.xml").write_bytes(b"<c/>")
    with pytest.raises(EvidenceError, match="CAPT-011"):
        Recording(tmp_path).frames()


def test_what_could_not_be_read_is_kept(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        writer.unread(Unread("a.log", "line 12", Text("coupé", "cut")))
    with (tmp_path / "unread.ndjson").open("a") as stream:
        stream.write('{"source": "cut by a ki')
    assert Recording(tmp_path).unread() == [
        {"source": "a.log", "place": "line 12", "why": {"fr": "coupé", "en": "cut"}}
    ]


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        writer.append(exchange())
    for name in (".draft-00_requete", "000002_requete.xml", "000002_reponse.mime"):
        (tmp_path / name).write_bytes(b"half")
    assert [key for key, _ in Recording(tmp_path).frames()] == ["000001"]
    with recorder(tmp_path) as writer:
        assert writer.append(exchange(kind="multipart/related")) == "000002"
    assert sorted(path.name for path in tmp_path.glob("000002*")) == [
        "000002_echange.json",
        "000002_reponse.mime",
        "000002_requete.mime",
    ]
    assert not list(tmp_path.glob(".draft*"))


def test_a_body_by_pieces_costs_no_memory_and_a_draft_may_be_dropped(tmp_path: Path) -> None:
    with recorder(tmp_path) as writer:
        dropped = writer.draft()
        dropped.request.write(b"x")
        dropped.discard()
        draft = writer.draft()
        for _ in range(64):
            draft.request.write(b"y" * 4096)
        assert sum(map(len, draft.request.pieces(1000))) == draft.request.size == 64 * 4096
        draft.request.write(b"end")
        assert draft.commit(exchange(answer=None)) == "000001"
        draft.discard()  # too late: it is a frame
    assert Recording(tmp_path).frame("000001").request.body == b"y" * 64 * 4096 + b"end"


def test_threads_write_and_a_reader_follows(tmp_path: Path) -> None:
    """Whoever reads while it grows misses no frame and sees none twice, always in order."""
    seen: list[str] = []
    over = threading.Event()

    def read() -> None:
        reading = Recording(tmp_path)
        while True:
            last = over.is_set()
            seen.extend(key for key, _ in reading.frames(since=int(seen[-1]) if seen else 0))
            if last:
                return

    with recorder(tmp_path) as writer, ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read)
        keys = list(pool.map(lambda rank: writer.append(exchange(b"%d" % rank)), range(40)))
        over.set()
        reader.result()
    assert seen == sorted(keys) == [f"{number:06d}" for number in range(1, 41)]


@settings(max_examples=25, deadline=None)
@given(
    body=st.binary(max_size=300),
    answer=st.none() | st.binary(max_size=300),
    kind=st.sampled_from(
        ["text/xml", "multipart/related; boundary=x", "text/html", "", "application/octet-stream"]
    ),
)
def test_any_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, answer: bytes | None, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("r")
    with recorder(folder) as writer:
        key = writer.append(exchange(body, answer, kind))
    assert Recording(folder).frame(key) == exchange(body, answer, kind)


WRITER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from datetime import UTC, datetime
from harness.capture.recording import Recorder
from protocol.exchange import Exchange, Request, Response
now = datetime.now(UTC)
kind = (("Content-Type", "text/xml"),)
with Recorder(Path(sys.argv[1]), origin="proxy", source="a victim", sure=sys.argv[3] == "True") as recorder:
    def write():
        rank = 0
        while True:
            rank += 1
            body = (b"%d " % rank) * (rank % 7 * 3000 + 1)
            done = Exchange("x", "proxy", "", now, now, Request("POST", "/", kind, body), Response(200, kind, body))
            sys.stdout.write(recorder.append(done) + "\\n")
            sys.stdout.flush()
    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


@pytest.mark.parametrize("sure", [True, False])
def test_killed_at_any_instant_it_leaves_whole_frames(tmp_path: Path, sure: bool) -> None:
    """A real process, killed without warning; what it acknowledged is there, and the next one goes on."""
    draw = random.Random(5)  # noqa: S311 - moments of death, not secrets
    folder = tmp_path / "r"
    total = 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(folder), str(ROOT), str(sure)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged = [process.stdout.readline() for _ in range(draw.randint(5, 25))]
            threading.Event().wait(draw.uniform(0, 0.01))
            os.kill(process.pid, signal.SIGKILL)
            acknowledged += process.stdout.readlines()
        keys = {line.strip() for line in acknowledged if line.endswith("\n")}
        frames = Recording(folder).frames()
        assert keys <= {key for key, _ in frames}, "acknowledged and lost"
        assert len(frames) > total
        assert [int(key) for key, _ in frames] == list(range(1, len(frames) + 1))
        for _, frame in frames:
            assert frame.response is not None
            assert frame.response.body == frame.request.body
        total = len(frames)
