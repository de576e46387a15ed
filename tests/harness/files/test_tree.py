"""Whole runs: the same results however they are shared, resumed or recalled; a crash costs nothing that was written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.check_archive import archive, documents, tree
from harness.files import tree as check_tree
from harness.files.archives import Entry
from harness.files.judge import Asked, record_entry
from harness.files.record import Record
from harness.files.state import Ledger
from harness.files.tree import How, judge_paths, recalled
from protocol.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]
COUNT = 60


@pytest.fixture(scope="module")
def lots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree(tmp_path_factory.mktemp("lots"), COUNT)


def test_variants_are_drawn_from_a_seed_and_keep_their_verdict(lots: Path) -> None:
    assert list(documents(30, 7)) == list(documents(30, 7))
    assert list(documents(30, 7)) != list(documents(30, 8))
    texts = [data for _, data in documents(30, 7)]
    assert len(set(texts)) == 30
    run = judge_paths([lots], how=How(few=COUNT))
    bad = [record.path for record in run.results if record.verdict not in ("PASS", "WARN")]
    assert run.summary.files == COUNT
    assert len(bad) <= COUNT // 20, "only variants of bad samples fail"


def test_processes_archives_and_orders_give_one_digest(lots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judge_paths([lots], how=How(few=COUNT))
    shared = judge_paths([lots], how=How(jobs=2, few=0))
    assert alone.digest == shared.digest
    assert alone.results == shared.results
    reverse = check_tree.entries([lots])
    monkeypatch.setattr(
        check_tree, "entries", lambda _: iter(sorted(reverse, key=lambda one: one.path)[::-1])
    )
    assert judge_paths([lots], how=How(few=COUNT)).digest == alone.digest


def test_an_archive_says_the_same_of_the_same_documents(lots: Path, tmp_path: Path) -> None:
    zipped = judge_paths([archive(tmp_path / "lots.zip", COUNT)], how=How(few=COUNT))
    found = {record.path.rpartition("!/")[2]: (record.sha256, record.verdict) for record in zipped.results}
    plain = judge_paths([lots], how=How(few=COUNT)).results
    assert found == {
        record.path.removeprefix(f"{lots}/"): (record.sha256, record.verdict) for record in plain
    }


def test_one_byte_or_one_rule_changes_the_digest(lots: Path, tmp_path: Path) -> None:
    path = tmp_path / "un.xml"
    digests = set()
    for data in (next(iter(documents(1)))[1], next(iter(documents(1)))[1] + b"\n"):
        path.write_bytes(data)
        digests.add(judge_paths([path]).digest)
        digests.add(judge_paths([path], Asked(only=("CDA-HEADER",))).digest)
    assert len(digests) == 4


def test_a_resumed_run_judges_what_changed_only(
    lots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, names = tmp_path / "etat", list(lots.rglob("*.xml"))
    with Ledger(state) as ledger:
        first = judge_paths([lots], how=How(few=COUNT), ledger=ledger)
    judged: list[str] = []
    honest = record_entry

    def counted(entry: Entry, asked: Asked) -> Record:
        judged.append(entry.path)
        return honest(entry, asked)

    monkeypatch.setattr(check_tree, "record_entry", counted)
    with Ledger(state, resume=True) as ledger:
        again = judge_paths([lots], how=How(few=COUNT), ledger=ledger)
        assert (judged, again.reused, again.digest) == ([], COUNT, first.digest)
        assert again.summary.verdicts == first.summary.verdicts
    names[0].write_bytes(names[0].read_bytes() + b"\n")
    moved = names[1].rename(names[1].with_name("ailleurs.xml"))
    try:
        with Ledger(state, resume=True) as ledger:
            changed = judge_paths([lots], how=How(few=COUNT), ledger=ledger)
            assert judged == [str(names[0])], "what has moved is known by its content"
            assert changed.digest != first.digest
            with Ledger() as blank:
                fresh = judge_paths([lots], how=How(few=COUNT), ledger=blank)
                assert changed.digest == fresh.digest
                assert list(changed.results) == list(fresh.results)
    finally:
        moved.rename(names[1])


def test_a_state_alone_tells_its_run(lots: Path, tmp_path: Path) -> None:
    state = tmp_path / "etat"
    with Ledger(state) as ledger:
        first = judge_paths([lots], how=How(few=COUNT), ledger=ledger)
    with Ledger(state, resume=True) as ledger:
        told = recalled(ledger)
        assert (told.digest, told.bundle, told.exit_code) == (first.digest, first.bundle, first.exit_code)
        assert told.summary.verdicts == first.summary.verdicts


def test_an_engine_that_is_not_there_is_refused(lots: Path) -> None:
    with pytest.raises(UsageError, match="CHECK-024"):
        judge_paths([lots], how=How(engine="spark://x:1"))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found in /proc")
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """One process of the crew is killed, then the whole run; resuming gives what an honest run gives."""
    where, state = tree(tmp_path / "lots", 260), tmp_path / "etat"
    command = [sys.executable, "-m", "cli", "check", str(where), "--jobs", "2", "--format", "json"]
    process = subprocess.Popen(
        [*command, "--state", str(state)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    written(state, 30)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    written(state, 110)
    process.kill()
    process.wait()
    lines = state.read_bytes().count(b"\n")
    assert lines < 260
    with Ledger(state, resume=True) as ledger:
        resumed = judge_paths([where], how=How(few=260), ledger=ledger)
        assert resumed.reused >= 100
        honest = judge_paths([where], how=How(few=260))
        assert resumed.digest == honest.digest
    assert b"SIGKILL" in state.read_bytes(), "the document in hand was named"


def written(state: Path, lines: int) -> None:
    """Wait until a run has written as many lines."""
    until = time.monotonic() + 60
    while not state.exists() or state.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < until
        time.sleep(0.02)
