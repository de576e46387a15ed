"""The steps that set or look at the stage: patient, traces, browse, and the clock of prepare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from harness.drive.clock import SetClock, ShiftedClock
from harness.steps.api import parse_step
from harness.steps.browse import BrowseStep
from harness.steps.drive import DriveStep
from harness.steps.patient import Act, PatientStep
from harness.steps.prepare import ClockChange, PrepareStep, followed
from harness.steps.traces import FIELDS, TracesStep

LINES = [
    {"ps_id": "a", "action": "consultation", "secret": False, "transaction": "TD3.2"},
    {"ps_id": "b", "action": "recherche", "secret": True, "transaction": "TD3.1"},
]


def test_a_kind_that_is_a_field_of_another_is_told_apart() -> None:
    assert isinstance(parse_step({"drive": "TD0.2", "as": "cps", "patient": "corse"}), DriveStep)
    assert isinstance(parse_step({"patient": "corse", "browse": "Documents", "as": "cps"}), BrowseStep)
    assert isinstance(parse_step({"patient": {"key": "corse", "do": "close"}}), PatientStep)


@pytest.mark.parametrize(
    "act",
    [
        {"do": "mask"},
        {"do": "close", "document": "1.2"},
        {"do": "allow"},
        {"do": "allow", "professional": "medecin", "structure": "cabinet"},
        {"do": "wish", "professional": "medecin"},
        {"do": "see"},
        {"do": "close", "sees": ["1.2"]},
        {"do": "dance"},
    ],
)
def test_an_act_has_what_it_needs_and_nothing_else(act: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Act.model_validate({"key": "corse", **act})


def test_what_a_patient_sees_is_judged_again_from_the_evidence() -> None:
    told = {"patient": {"seen": ["1.2", "1.3"], "sees": ["1.2", "1.9"], "misses": ["1.3", "1.8"]}}
    assert [one.status for one in PatientStep.again(told)] == ["PASS", "FAIL", "FAIL", "PASS"]
    assert PatientStep.again({}) == []


@pytest.mark.parametrize(
    ("wanted", "statuses"),
    [
        ({"has": [{"ps_id": "a", "action": "consultation"}]}, ["PASS"]),
        ({"has": [{"ps_id": "a", "action": "recherche"}]}, ["FAIL"]),
        ({"has": [{"secret": "true"}]}, ["PASS"]),
        ({"has": [{"action": "/^consult/"}]}, ["PASS"]),
        ({"has": [{"action": "consult"}]}, ["FAIL"]),
        ({"has": [{"document": "x"}]}, ["FAIL"]),
        ({"lacks": [{"ps_id": "c"}]}, ["PASS"]),
        ({"lacks": [{"ps_id": "b"}]}, ["FAIL"]),
        ({"count": 2}, ["PASS"]),
        ({"count": 0}, ["FAIL"]),
    ],
)
def test_traces_are_judged_again_from_the_evidence(wanted: dict[str, Any], statuses: list[str]) -> None:
    found = TracesStep.again({"traces": {"read": LINES, **wanted}})
    assert [one.status for one in found] == statuses
    assert all(one.rule == "EXPECT-TRACE" for one in found)


def test_the_fields_of_a_trace_are_those_that_the_mock_writes() -> None:
    from mock_dmp.state.traces import Trace

    assert set(Trace.__dataclass_fields__) == FIELDS


def test_what_of_a_page_is_judged() -> None:
    def sides(side: str = "L", **fields: Any) -> tuple[str, ...]:
        step = parse_step({"browse": "Documents", "as": "cps", "patient": "corse", **fields})
        assert isinstance(step, BrowseStep)
        return step.sides(side)

    assert sides() == ("request", "response")
    assert sides("D") == ("response",)
    assert sides(alter=["url-page-case"]) == ("response",)
    assert sides(follow="/AccesDirect/x") == ("response",)
    assert sides(form={"a": "b"}) == ("response",)
    assert sides(need=True) == ()
    assert sides(need=True, judge=["request"]) == ("request",)


def test_names_used_saved_and_transactions() -> None:
    step = parse_step(
        {
            "browse": "Documents",
            "as": "cps",
            "follow": "${a}",
            "form": {"x": "${b}"},
            "expect": {"text": ["${c}"]},
            "save": {"d": "//x[@id='${e}']"},
        }
    )
    assert step.used() == {"a", "b", "c", "e"}
    assert step.saved() == {"d"}
    assert step.transactions() == {"TD0.9"}
    traces = parse_step({"traces": {"has": [{"assertion": "${id}"}]}})
    assert traces.used() == {"id"}
    patient = parse_step(
        {"patient": {"key": "corse", "do": "mask", "document": "${uid}"}, "save": {"v": "version"}}
    )
    assert (patient.used(), patient.saved()) == ({"uid"}, {"v"})
    for one in (step, traces, patient):
        assert one.summary().fr != one.summary().en


def test_the_clock_of_the_driver_follows() -> None:
    moved = followed({"frozen": False, "offset_seconds": 3600, "now": ""})
    assert isinstance(moved, ShiftedClock)
    assert abs(moved.now() - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=2)
    stopped = followed({"frozen": True, "offset_seconds": 0, "now": "2027-01-01T00:00:00.000Z"})
    assert stopped.now() == stopped.now() == datetime(2027, 1, 1, tzinfo=UTC)
    fixed = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert ShiftedClock(timedelta(days=1), fixed).now() == datetime(2026, 1, 2, tzinfo=UTC)


def test_what_is_asked_of_the_clock() -> None:
    step = parse_step({"prepare": {"clock": {"set": "real", "freeze": True, "lps": "stays"}}})
    assert isinstance(step, PrepareStep)
    assert step.prepare.clock is not None
    assert step.prepare.clock.asked() == {"set": "real", "freeze": True}
    assert ClockChange(move=-60).asked() == {"move": -60}
    with pytest.raises(ValidationError):
        ClockChange.model_validate({"move": "1h"})
