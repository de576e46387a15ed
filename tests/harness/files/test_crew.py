"""The crew of processes: what dies or dawdles costs its own document and no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.files.archives import Entry
from harness.files.crew import Limits, crew
from harness.files.record import Record
from protocol.errors import ToolError

#: Judges by name; written where the processes of the crew can import it.
WORK = """
import ctypes, os, signal, sys, time
from harness.files.record import recorded
from harness.checks.rule import Finding

def work(entry):
    if "tue" in entry.path:
        os.kill(os.getpid(), signal.SIGKILL)
    if "segfault" in entry.path:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "sort" in entry.path:
        os._exit(7)
    if "lent" in entry.path:
        time.sleep(60)
    if "gourmand" in entry.path:
        bytearray(3 * 1024 ** 3)
    if "leve" in entry.path:
        raise RuntimeError("boum")
    return recorded(entry.path, "s", "cda", [Finding("CDA-ID", "PASS", "x:")])
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Entry], Record]:
    (tmp_path / "oeuvre_du_test.py").write_text(WORK, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("oeuvre_du_test", None)
    made: Callable[[Entry], Record] = importlib.import_module("oeuvre_du_test").work
    return made


def test_what_dies_or_dawdles_is_named_and_nothing_else_is_lost(work: Callable[[Entry], Record]) -> None:
    odd = {
        3: ("tue", "SIGKILL"),
        4: ("segfault", "SIGSEGV"),
        9: ("sort", "exit 7"),
        20: ("lent", "CHECK-031"),
        27: ("gourmand", "MemoryError"),
        28: ("leve", "RuntimeError: boum"),
    }
    names = [f"{rank}-{odd[rank][0]}.xml" if rank in odd else f"{rank}.xml" for rank in range(40)]
    entries = iter(enumerate(Entry(name, name) for name in names))
    results = dict(crew(work, entries, 2, Limits(timeout=2.0, memory=1024)))
    assert sorted(results) == list(range(40)), "each document once"
    for rank, record in results.items():
        assert record.path == names[rank]
        if rank in odd:
            assert record.verdict == "ERROR"
            assert record.lost
            assert odd[rank][1] in record.faults[0].found
        else:
            assert record.verdict == "PASS", record


def test_processes_that_can_not_start_are_told(work: Callable[[Entry], Record], tmp_path: Path) -> None:
    (tmp_path / "oeuvre_du_test.py").write_text("raise SystemExit(9)", encoding="utf-8")
    with pytest.raises(ToolError, match="CHECK-030"):
        list(crew(work, iter([(0, Entry("a", "a"))]), 1))


def test_a_crew_without_work_ends(work: Callable[[Entry], Record]) -> None:
    assert list(crew(work, iter([]), 2)) == []
