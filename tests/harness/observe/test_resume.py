"""A run of observe mode that is killed goes on where it was: nothing acknowledged is lost, nothing is judged twice.

Crashes are put at each line of the book, before it is written and after; real kills of runner and mock are in
tests/test_observe_kill.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.control import Control
from harness.observe.book import Book, book_of
from harness.observe.operator import Answer, Task
from harness.observe.source import MockJournal, SourceAway
from harness.preflight import tls_files
from harness.rejudge import rejudge
from harness.results import RunResult
from protocol.errors import EvidenceError, Text
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, Bench, case
from tests.observing import Script, Software

Make = Callable[..., Bench]
DECLARE: dict[str, Any] = {"declare": {"fr": "Un message ?", "en": "A message?"}}
DOWN: dict[str, Any] = {
    "fault": "http-status",
    "with": {"status": 503, "body": "html"},
    "when": {"transaction": "TD2.1"},
    "forbid": ["AFTER-DOUBLE"],
}
CASES = (
    case("CT-3.2-010", {**FEED, "need": True}, OPEN, DECLARE),
    case(
        "CT-2.1-010",
        DOWN,
        {**FEED, "judge": ["request"], "expect": {"seen": "http-error"}, "save": {}},
        EXISTS,
    ),
)


class Killed(BaseException):
    """The runner is gone."""


class Fragile:
    """Kills the runner at the `at`-th line of a book, before or after it is written."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, *, before: bool) -> None:
        self.left = at
        write = Book.write

        def fragile(book: Book, fact: Any, **data: Any) -> None:
            self.left -= 1
            if self.left == 0 and before:
                raise Killed
            write(book, fact, **data)
            if self.left == 0:
                raise Killed

        patch.setattr(Book, "write", fragile)


def script(software: Software) -> Script:
    """The software acts once for each task, as a human does who does not start again because a runner died."""
    acted: set[tuple[str, int]] = set()

    def act(task: Task) -> None:
        if task.wants == "frame" and (task.case, task.step) not in acted:
            acted.add((task.case, task.step))
            software.act(task)

    said = Answer("declaration", "vu")
    return Script(acts=act, answering=lambda task: said if task.wants != "frame" else None)


def shape(result: RunResult, one: Bench) -> list[Any]:
    """What must not depend on crashes."""
    return [
        [
            str(found.verdict),
            dict(found.findings),
            [(step["kind"], step.get("frame"), step.get("frames")) for step in one.test(found.code)["steps"]],
        ]
        for found in result.verdicts
    ]


def accounted(one: Bench) -> list[str]:
    """Keys of the frames that answered, by the results."""
    return [
        step["observed"]["key"]
        for code in ("CT-3.2-010", "CT-2.1-010")
        for step in one.test(code)["steps"]
        if "observed" in step
    ]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_run_that_is_killed_at_each_line_ends_as_if_it_had_not_been(
    bench: Make, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    one = bench(*CASES)
    software = one.software()
    operator = script(software)
    crashes, resumed = 0, False
    result = None
    while result is None:
        with monkeypatch.context() as patch:
            # A run that is taken up gets one line further than the one before it.
            Fragile(patch, 2 if before else 1, before=before)
            try:
                result = one.run(operator, resume=resumed)
            except Killed:
                crashes, resumed = crashes + 1, True
        assert crashes < 40
    assert crashes >= 10
    assert [str(found.verdict) for found in result.verdicts] == ["PASS", "PASS"]
    assert shape(result, one)[0][2] == [
        ("drive", "01", None),
        ("drive", "02", None),
        ("declare", None, None),
        ("answers", None, ["01", "02"]),
    ]
    assert len(accounted(one)) == 3 == len(set(accounted(one)))
    assert len(software.sent) == 3, "the software was never asked to do again what it had done"
    assert rejudge(result.evidence).holds
    assert not list((one.out / "preuves").glob(".*"))


def test_what_a_killed_driver_had_sent_is_not_fed_twice(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench(case("CT-3.2-010", {**FEED, "need": True}, OPEN))
    operator = script(one.software())
    with monkeypatch.context() as patch:
        Fragile(patch, 3, before=True)  # opened, intent, and the step that is never acknowledged
        with pytest.raises(Killed):
            one.run(operator)
    result = one.run(operator, resume=True)
    assert result.counts() == {"PASS": 1}
    feed = one.test("CT-3.2-010")["steps"][0]
    assert feed["kind"] == "drive"
    kept = json.loads((result.evidence / "CT-3.2-010" / "01_echange.json").read_text())
    assert kept["origin"] == "mock", "the first answer, found in the journal"


def test_a_fault_that_was_armed_without_a_word_is_armed_once(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bench(CASES[1])
    operator = script(one.software())
    with monkeypatch.context() as patch:
        Fragile(patch, 2, before=True)
        with pytest.raises(Killed):
            one.run(operator)
    assert one.run(operator, resume=True).counts() == {"PASS": 1}


def test_a_book_whose_last_line_was_cut_is_read_without_it(tmp_path: Path) -> None:
    path = book_of(tmp_path, "CT-0.2-010")
    book = Book(path, str, resumed=False)
    book.write("opened", since=3, exchanges=3)
    book.write("answer", step=1, kind="declaration", reason="vu")
    with path.open("ab") as stream:
        stream.write(b'{"fact": "answer", "step": 2, "ki')
    again = Book(path, str, resumed=True)
    assert [line["fact"] for line in again.lines] == ["opened", "answer"]
    again.write("answer", step=2, kind="skip", reason="non")
    assert Book(path, str, resumed=True).last("answer") == {
        "fact": "answer",
        "step": 2,
        "kind": "skip",
        "reason": "non",
    }
    assert Book(path, str, resumed=False).lines == []


def test_a_book_that_is_damaged_is_told(tmp_path: Path) -> None:
    path = book_of(tmp_path, "CT-0.2-010")
    path.write_bytes(b'{"fact": "opened", "since": 1}\n\x00\x01\n')
    with pytest.raises(EvidenceError, match="OBS-011"):
        Book(path, str, resumed=True)


def test_a_mock_that_comes_back_without_its_session_costs_the_case_and_not_the_campaign(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS), case("CT-0.2-020", EXISTS))
    software = one.software()

    def act(task: Task) -> None:
        if task.case == "CT-0.2-010":
            control = Control(one.mock.url, tls_files(software.campaign))
            control.delete(one.session)
            control.close()
        software.act(task)

    found = {item.code: item for item in one.run(Script(acts=act)).verdicts}
    assert str(found["CT-0.2-010"].verdict) == "ERROR" and "CTRL-002" in found["CT-0.2-010"].reason.fr
    assert str(found["CT-0.2-020"].verdict) == "PASS"


def test_a_platform_that_goes_and_comes_back_is_waited_for(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS))
    software = one.software()
    operator = Script()
    away = iter(range(5))

    frames = MockJournal.frames

    def flaky(journal: MockJournal, since: int) -> Any:
        if next(away, None) is not None:
            raise SourceAway("OBS-001", Text("absente", "away"))
        if not software.sent:
            software.act(operator.begun[0])
        return frames(journal, since)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MockJournal, "frames", flaky)
        assert one.run(operator).counts() == {"PASS": 1}
    assert operator.downs >= 4
    assert len(one.events("platform-down")) == len(one.events("platform-back")) == 1


def test_a_platform_that_does_not_come_back_is_an_error_of_the_bench_and_not_of_the_software(
    bench: Make,
) -> None:
    one = bench(case("CT-0.2-010", EXISTS))

    def away(_journal: MockJournal, _since: int) -> Any:
        raise SourceAway("OBS-001", Text("absente", "away"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MockJournal, "frames", away)
        (found,) = one.run(Script()).verdicts
    assert str(found.verdict) == "ERROR" and "OBS-006" in found.reason.fr
    # An error of the bench is tried again when the run is taken up.
    assert one.run(Script(acts=one.software().act), resume=True).counts() == {"PASS": 1}
