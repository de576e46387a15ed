"""Cases in processes of their own: order of what they tell, processes that die, a run that is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from harness import parallel
from harness.events import Event, Journal, Relay
from harness.plan import Case, load_plan
from harness.results import CaseResult
from harness.runner import describe
from harness.verdict import Verdict
from protocol.datafolders import folder
from protocol.errors import NO_TEXT, EvidenceError, Text, ToolError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return tuple(load_plan(folder("test_plans") / "dmp-socle.yaml").plan.cases[:6])


@dataclass
class Pretender:
    """Runs nothing. The cases of `bad` end as `how` says; the others pass."""

    journal: Journal
    bad: frozenset[str]
    how: str

    def run(self, case: Case) -> CaseResult:
        self.journal.tell("case-started", case.code)
        if case.code in self.bad:
            if self.how == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "refuses":
                raise EvidenceError("TEST-1", Text("plein", "full"), field="disk")
        self.journal.tell("case-finished", case.code)
        return describe(case, Verdict.PASS, NO_TEXT, started=str(os.getpid()))


def make(bad: frozenset[str], how: str, journal: Journal) -> Any:
    return Pretender(journal, bad, how)


def unable(_journal: Journal) -> Any:
    os._exit(9)


def told(journal: Path) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [(line["case"], line["event"]) for line in lines]


def journal_in(place: Path) -> Journal:
    return Journal(place / "j.ndjson", None, str)


def test_a_process_that_dies_costs_its_case_only_and_events_stay_in_order(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    bad = cases[1].code
    results = parallel.side_by_side(partial(make, frozenset({bad}), "dies"), cases, 1, journal_in(tmp_path))
    assert {code for code, result in results.items() if result.verdict is not Verdict.PASS} == {bad}
    assert results[bad].verdict is Verdict.ERROR
    assert "SIGKILL" in results[bad].reason.fr
    assert str(os.getpid()) not in {result.started for result in results.values()}
    assert told(tmp_path / "j.ndjson") == [
        (case.code, kind) for case in cases for kind in ("case-started", "case-finished")
    ]


def test_evidence_that_can_not_be_written_stops_the_run_as_it_does_alone(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    maker = partial(make, frozenset({cases[0].code}), "refuses")
    with pytest.raises(EvidenceError, match="TEST-1") as caught:
        parallel.side_by_side(maker, cases, 1, journal_in(tmp_path))
    assert caught.value.field == "disk"


def test_processes_that_can_not_start_are_our_failure(
    cases: tuple[Case, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_PATIENCE", 1)
    with pytest.raises(ToolError, match="RUN-030"):
        parallel.side_by_side(unable, cases, 1, journal_in(tmp_path))


def test_what_is_held_back_is_told_when_a_run_is_interrupted(cases: tuple[Case, ...], tmp_path: Path) -> None:
    codes = [case.code for case in cases[:3]]
    order = parallel._InOrder(journal_in(tmp_path), codes)
    for code in (codes[2], codes[0]):
        order.told(code, Event.now("case-started", code))
    assert told(tmp_path / "j.ndjson") == [(codes[0], "case-started")]
    order.finished(codes[2])
    order.interrupted()
    assert told(tmp_path / "j.ndjson") == [(codes[0], "case-started"), (codes[2], "case-started")]


def test_what_a_killed_run_had_not_told_is_told_when_it_goes_on(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    journal = journal_in(tmp_path)
    journal.tell("case-finished", cases[0].code)
    kept = [describe(case, Verdict.PASS, NO_TEXT) for case in cases[:2]]
    parallel.told_again(journal, kept)
    parallel.told_again(journal, kept)
    assert told(tmp_path / "j.ndjson") == [(case.code, "case-finished") for case in cases[:2]]


def test_a_case_that_strikes_connections_is_played_with_none_beside() -> None:
    """A bad server certificate is shown to whoever connects, whatever the case (CT-TR-020, CT-TR-021, CT-TR-031)."""
    plan = load_plan(folder("test_plans") / "dmp-socle.yaml")
    striking, other, third = (plan.case(code) for code in ("CT-TR-021", "CT-0.2-010", "CT-0.2-020"))
    assert [case.code for case in plan.plan.cases if parallel.alone(case)] == [
        *("CT-TR-031", "CT-TR-021", "CT-TR-020"),
    ]
    pipes = [Pipe()[0] for _ in range(2)]
    hands = [parallel._Hand(None, pipe, ready=True) for pipe in pipes]
    for queue, given in (
        ((other, striking, third), (other, None)),
        ((striking, other), (striking, None)),
        ((other, third), (other, third)),
    ):
        for hand in hands:
            hand.case = None
        waiting = deque(queue)
        for hand in hands:
            parallel._feed(hand, waiting, hands)
        assert tuple(hand.case for hand in hands) == given


@pytest.mark.parametrize(("jobs", "cases_", "processes"), [(4, 200, 4), (4, 3, 1), (4, 9, 2), (1, 99, 1)])
def test_processes_are_started_for_enough_cases_only(jobs: int, cases_: int, processes: int) -> None:
    assert parallel.worth(jobs, cases_) == processes


def test_a_relay_hands_over_the_events_and_writes_nothing() -> None:
    heard: list[Event] = []
    Relay(heard.append).tell("case-started", "CT", step=1)
    assert [(one.kind, one.case, one.data) for one in heard] == [("case-started", "CT", {"step": 1})]


class Waiter:
    """A runner whose case lasts until the process is stopped, and that closes what it opened."""

    control = None

    def __init__(self, journal: Journal, place: Path) -> None:
        self.journal, self.place = journal, place

    def run(self, case: Case) -> CaseResult:
        self.journal.tell("case-started", case.code)
        try:
            (self.place / "started").touch()
            threading.Event().wait(60)
        finally:
            (self.place / "closed").touch()
        raise AssertionError("it was not stopped")


def make_waiter(place: Path, journal: Journal) -> Any:
    return Waiter(journal, place)


def wait_in(place: Path) -> None:
    """The parent of the next test."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    case = Case.model_construct(code="CT-0.0-010")  # reading the plan is not what is tried
    parallel.side_by_side(partial(make_waiter, place), [case], 1, journal_in(place))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_case_in_hand_closes_its_session_when_the_run_is_stopped(
    tmp_path: Path, how: signal.Signals
) -> None:
    program = "import sys, pathlib; from tests.harness.test_parallel import wait_in; wait_in(pathlib.Path(sys.argv[1]))"
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as parent:
        _until(tmp_path / "started")
        parent.send_signal(how)
        _until(tmp_path / "closed")
        assert parent.wait(30) == (143 if how is signal.SIGTERM else -signal.SIGKILL)
    if how is signal.SIGTERM:
        assert told(tmp_path / "j.ndjson")  # what was told before is kept


def _until(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, path.name
        time.sleep(0.02)
