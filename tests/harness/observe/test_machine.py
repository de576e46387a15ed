"""Anything may happen while a software is observed: the run is advanced one look at a time, in any order of events.

Frames that answer, that nearly do, that are no calls; answers of the operator; a platform that goes; crashes and
restarts. Invariants: no case without verdict, no verdict without evidence or reason, no frame in two steps, the
journal and the results say the same.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.choices import Choices
from harness.evidence import chain
from harness.observe import running
from harness.observe.operator import Answer, AnswerKind, Task
from harness.observe.source import Seen, SourceAway, seen_of
from harness.observe.waiting import Pace, Stopped
from harness.rejudge import rejudge
from harness.results import RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from protocol.errors import Text
from protocol.exchange import Exchange, Request, Response
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, case
from tests.observing import Script, Software
from tests.selfplay import DEMO, PLAN

#: Set to a number to look further, at other states each time.
MORE = os.environ.get("DMPCOMPAT_STATES", "")
DECLARE: dict[str, Any] = {"declare": {"fr": "Un message ?", "en": "A message?"}}
CASES = (
    case("CT-0.2-010", EXISTS, DECLARE),
    case("CT-2.1-010", FEED, OPEN, evidence=["frames", "declaration"]),
    case("CT-0.2-020", EXISTS),
)


class Gone(BaseException):
    """The runner dies."""


class Canned:
    """A live source whose frames are put there by the test."""

    name = "canned"
    finished = False

    def __init__(self) -> None:
        self.held: list[Seen] = []
        self.away = False

    def frames(self, since: int) -> Sequence[Seen]:
        if self.away:
            raise SourceAway("OBS-001", Text("absente", "away"))
        return [one for one in self.held if one.order > since]

    def last(self) -> int:
        if self.away:
            raise SourceAway("OBS-001", Text("absente", "away"))
        return self.held[-1].order if self.held else 0

    def add(self, exchange: Exchange) -> None:
        order = len(self.held) + 1
        self.held.append(seen_of(f"f{order}", order, replace(exchange, id=f"id-{order}")))


class Turn:
    """Lets the runner go from one look to the next, and no further."""

    def __init__(self) -> None:
        self.go, self.stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.dying = False
        self.later = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.later)

    def sleep(self, seconds: float) -> None:
        self.later += seconds
        self.stopped.release()
        self.go.acquire()
        if self.dying:
            raise Gone


class Observing(RuleBasedStateMachine):
    """One campaign of three cases, on frames that a mock answered once."""

    frames: dict[str, Exchange]
    place: Path
    pki: Path

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(dir=self.place))
        plan = {**PLAN, "id": "machine", "cases": list(CASES), "severity": {}}
        (self.root / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        told = {**DEMO, "id": "machine", "plan": {"file": "plan.yaml"}}
        (self.root / "campagne.yaml").write_text(json.dumps(told), encoding="utf-8")
        self.source, self.operator, self.turn = Canned(), Script(), Turn()
        self.result: RunResult | None = None
        self.failure: BaseException | None = None
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(running, "_source", lambda _asked, _live: self.source)
        self.patch.setattr(running, "_live", lambda *_: None)
        self.patch.setattr("harness.run._looked_at", lambda *_: ())
        self.start()

    @property
    def alive(self) -> bool:
        return self.thread.is_alive()

    @property
    def unfinished(self) -> bool:
        return self.result is None

    def start(self) -> None:
        """A runner, up to its first look."""
        self.turn = Turn()
        self.operator.answers.clear()
        self.thread = threading.Thread(target=self._run, args=(self.turn,), daemon=True)
        self.thread.start()
        self._wait()

    def _run(self, turn: Turn) -> None:
        out = self.root / "out"
        going_on = (out / "preuves").is_dir()
        pace = Pace(poll=1.0, now=turn.now, sleep=turn.sleep)
        try:
            self.result = run_campaign(
                self.root / "campagne.yaml",
                Choices(
                    out=out,
                    target="http://127.0.0.1:9",
                    pki=self.pki,
                    resume=out if going_on else None,
                    observation=running.Observation(self.operator, pace=pace, wait=60),
                ),
            )
        except (Gone, Stopped):
            pass
        except BaseException as problem:  # noqa: BLE001 - told by the test
            self.failure = problem
        finally:
            turn.stopped.release()

    def _wait(self) -> None:
        assert self.turn.stopped.acquire(timeout=20), "the runner does not come back"
        if self.failure is not None:
            raise self.failure
        if not self.turn.go._value and self.result is not None:
            self.thread.join(5)

    def look(self) -> None:
        """One look of the runner, if there is one."""
        if self.alive and self.result is None:
            self.turn.go.release()
            self._wait()

    @precondition(lambda self: self.unfinished)
    @rule(name=st.sampled_from(["exists", "exists", "feed", "open", "other", "wsdl", "broken"]))
    def frame(self, name: str) -> None:
        self.source.add(self.frames[name])
        self.look()

    @precondition(lambda self: self.unfinished and self.alive)
    @rule(
        kind=st.sampled_from(["declaration", "declaration", "retry", "skip", "impossible", "screen", "stop"])
    )
    def answer(self, kind: AnswerKind) -> None:
        self.operator.answers.append(Answer(kind, "parce que", name="a.png", data=b"no picture"))
        self.look()
        if kind == "stop":
            self.thread.join(5)

    @precondition(lambda self: self.unfinished)
    @rule()
    def platform(self) -> None:
        self.source.away = not self.source.away
        self.look()

    @precondition(lambda self: self.unfinished and self.alive)
    @rule()
    def crash(self) -> None:
        self.turn.dying = True
        self.turn.go.release()
        self.thread.join(20)
        assert not self.alive

    @precondition(lambda self: self.unfinished and not self.alive)
    @rule()
    def resume(self) -> None:
        self.start()

    @precondition(lambda self: not self.unfinished)
    @rule()
    def over(self) -> None:
        """Nothing happens any more."""

    @invariant()
    def no_frame_in_two_steps(self) -> None:
        keys = [key for test in self.tests().values() for key in answers_of(test)]
        assert len(keys) == len(set(keys))

    @invariant()
    def no_verdict_without_evidence_or_reason(self) -> None:
        for test in self.tests().values():
            assert test["frames"] or test["reason"]["fr"], test["code"]
            if test["verdict"] in ("PASS", "WARN", "FAIL"):
                assert test["findings"] and answers_of(test)

    @invariant()
    def the_journal_holds(self) -> None:
        journal = self.root / "out" / "preuves" / "evenements.ndjson"
        if not self.alive and journal.is_file():
            assert not chain.read(journal).breaks

    def tests(self) -> dict[str, dict[str, Any]]:
        found = sorted((self.root / "out" / "preuves").glob("*/test.json"))
        return {path.parent.name: json.loads(path.read_text()) for path in found}

    def teardown(self) -> None:
        """Whatever happened, the run can be ended, and every case has its verdict."""
        try:
            self._finish()
        finally:
            self.patch.undo()
            shutil.rmtree(self.root, ignore_errors=True)

    def _finish(self) -> None:
        self.source.away = False
        if not self.alive and self.unfinished:
            self.start()
        for _ in range(60):
            if self.result is not None:
                break
            self.operator.answers.append(Answer("skip", "fin du test"))
            self.look()
        assert self.result is not None
        assert [found.code for found in self.result.verdicts] == [one["code"] for one in CASES]
        lines = [
            json.loads(line) for line in (self.result.evidence / "evenements.ndjson").read_text().splitlines()
        ]
        ended = {line["case"]: line["verdict"] for line in lines if line["event"] == "case-finished"}
        fates = [line["key"] for line in lines if line["event"] == "frame" and line["fate"] == "answers"]
        for found in self.result.verdicts:
            assert found.verdict is not Verdict.ERROR, found.reason
            assert ended[found.code] == str(found.verdict)
        kept = [key for test in self.tests().values() for key in answers_of(test)]
        assert set(kept) <= set(fates)
        assert rejudge(self.result.evidence).holds
        assert not list(self.result.evidence.glob(".*"))


def answers_of(test: dict[str, Any]) -> list[str]:
    return [step["observed"]["key"] for step in test["steps"] if "observed" in step]


def test_whatever_happens_each_case_has_a_verdict_that_is_accounted_for(
    bench: Callable[..., Any], pki_folder: Path, tmp_path: Path
) -> None:
    one = bench(*CASES)
    software: Software = one.software()

    def act(task: Task) -> None:
        if task.wants == "frame":
            software.act(task)

    one.run(
        Script(
            acts=act, answering=lambda task: Answer("declaration", "vu") if task.wants != "frame" else None
        )
    )
    exists, feed, opened, _ = software.sent
    software.act(Task("CT-0.2-010", 1, 1, Text("", ""), Text("", ""), (), "frame"), _other_patient)
    Observing.frames = {
        "exists": exists,
        "feed": feed,
        "open": opened,
        "other": software.sent[-1],
        "wsdl": replace(exists, request=Request("GET", "/si-dmp-server/v2/services/patients?wsdl", (), b"")),
        "broken": replace(
            exists, request=replace(exists.request, body=b"<not xml"), response=Response(400, (), b"")
        ),
    }
    Observing.place, Observing.pki = tmp_path, pki_folder
    run_state_machine_as_test(
        Observing,
        settings=settings(
            max_examples=int(MORE or 8),
            stateful_step_count=30 if MORE else 14,
            deadline=None,
            derandomize=not MORE,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _other_patient(step: Any) -> Any:
    return step.model_copy(update={"patient": "alimentation"})
