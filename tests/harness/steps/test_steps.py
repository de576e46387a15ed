"""Step kinds: found by the key that names them, and each doing what it says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.steps.api import kinds, parse_step
from harness.steps.asserting import AssertStep, Comparison, compare
from harness.steps.drive import DriveStep
from harness.steps.prepare import patient_record
from protocol import directory


def drive(**fields: Any) -> DriveStep:
    step = parse_step({"drive": "TD0.2", "as": "cps", **fields})
    assert isinstance(step, DriveStep)
    return step


def test_the_kinds() -> None:
    played = {
        "assert",
        "browse",
        "call",
        "drive",
        "fault",
        "handshake",
        "patient",
        "prepare",
        "traces",
        "watch",
    }
    assert set(kinds()) == played | {"instruct", "screen", "declare"}


def test_a_name_alone_is_an_actor_and_a_path_alone_a_value_to_capture() -> None:
    step = drive(save={"a": "//x", "b": {"fact": "message_id"}, "c": {"part": 1}})
    assert step.as_.name == "cps"
    assert (step.save["a"].xpath, step.save["a"].side) == ("//x", "response")
    assert step.saved() == {"a", "b", "c"}


@pytest.mark.parametrize("save", [{}, {"xpath": "//x", "part": 1}, {"part": -1}, {"file": "x"}])
def test_a_value_is_captured_from_exactly_one_place(save: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        drive(save={"a": save})


def test_names_used_are_found_wherever_they_are() -> None:
    step = drive(
        **{"with": {"unique_ids": ["${a}"]}},
        documents=[{"replaces": "${b}"}],
        expect={"retrieved": "${c}", "xpath": [{"path": "//x[@id='${d}']"}]},
        save={"z": "//y[@id='${e}']"},
    )
    assert step.used() == {"a", "b", "c", "d", "e"}


@pytest.mark.parametrize(
    ("fields", "side", "sides"),
    [
        ({}, "L", ("request", "response")),
        ({}, "D", ("response",)),
        ({"alter": ["unsigned"]}, "L", ("response",)),
        ({"lps": {"version": "9"}}, "L", ("response",)),
        ({"need": True}, "L", ()),
        ({"alter": ["unsigned"], "judge": ["request"]}, "L", ("request",)),
    ],
)
def test_what_is_judged(fields: dict[str, Any], side: Any, sides: tuple[str, ...]) -> None:
    assert drive(**fields).sides(side) == sides


def test_a_precondition_tests_no_transaction() -> None:
    assert drive().transactions() == {"TD0.2"}
    assert drive(need=True).transactions() == frozenset()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"equals": "x"}, "PASS"),
        ({"equals": "y"}, "FAIL"),
        ({"differs": "y"}, "PASS"),
        ({"differs": "x"}, "FAIL"),
        ({"matches": "^.$"}, "PASS"),
        ({"matches": "^..$"}, "FAIL"),
    ],
)
def test_comparisons(fields: dict[str, str], status: str) -> None:
    assert compare(Comparison(value="x", **fields)).status == status


@pytest.mark.parametrize("fields", [{}, {"equals": "x", "differs": "y"}])
def test_a_comparison_has_exactly_one_sense(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        parse_step({"assert": {"value": "x", **fields}})


def test_a_comparison_uses_values() -> None:
    step = parse_step({"assert": {"value": "${a}", "equals": "${b}"}})
    assert isinstance(step, AssertStep)
    assert step.used() == {"a", "b"}


def test_changes_are_merged_into_the_record_of_a_patient() -> None:
    patient = directory.patients()["actif-autorise"]
    record = patient_record(patient, {"minor": True, "dmp": {"internet_account": False}, "given": ["Zoé"]})
    assert record["minor"] is True
    assert record["given"] == ["Zoé"]
    assert record["dmp"]["internet_account"] is False
    assert record["dmp"]["status"] == "active"
    assert record["ins"]["number"] == patient.ins.number


@pytest.mark.parametrize("raw", [{}, [], "drive", {"drive": "TD0.2", "prepare": {}}, {"drive": "TD0.2"}])
def test_what_is_no_step(raw: Any) -> None:
    with pytest.raises((ValidationError, PydanticCustomError)):
        parse_step(raw)


def test_every_step_says_what_it_does_in_both_languages() -> None:
    for raw in ({"drive": "TD0.2", "as": "cps", "alter": ["unsigned"]}, {"prepare": {"number": "revoked"}}):
        said = parse_step(raw).summary()
        assert said.fr != said.en
    assert "unsigned" in drive(alter=["unsigned"]).summary().fr
