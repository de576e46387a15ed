"""What terminal and page say alike: durations, what came of a frame, texts from outside made safe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.rule import Finding
from harness.desk.showing import LONGEST, MOST, lasted, short, summary, visible, waiting_sentence
from harness.observe.operator import Task
from tests.harness.desk.conftest import NOW


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3, "0:00"), (0, "0:00"), (42.9, "0:42"), (725, "12:05"), (3723, "1:02:03")]
)
def test_how_long(seconds: float, said: str) -> None:
    assert lasted(NOW, NOW + timedelta(seconds=seconds)) == said


def test_who_is_waited_for(task: Callable[..., Task]) -> None:
    later = NOW + timedelta(seconds=42)
    assert waiting_sentence(task(), NOW, later).fr == "J'attends votre logiciel depuis 0:42."
    assert waiting_sentence(task(wants="declaration"), NOW, later).en == (
        "Waiting for you: your declaration since 0:42."
    )


def test_the_worst_is_told_first_and_the_same_once(findings: list[Finding]) -> None:
    told = summary([*findings, *findings])
    assert (told.failed, told.warned, told.passed) == (4, 2, 2)
    assert [(one.status, one.rule) for one in told.told] == [
        ("FAIL", "SOAP-SECURITY"),
        ("FAIL", "EXPECT-SUCCESS"),
        ("WARN", "WSA-REPLY-TO"),
    ]
    assert (told.sign, told.more) == ("✗", 0)


def test_a_rule_that_is_gone_is_told_by_its_name() -> None:
    told = summary([Finding("GONE-RULE", "FAIL", "x")])
    assert (told.told[0].title.en, told.told[0].mend.en) == ("GONE-RULE", "")


def test_no_more_than_can_be_read() -> None:
    told = summary([Finding("SOAP-SECURITY", "FAIL", "x", found=str(rank)) for rank in range(9)])
    assert (len(told.told), told.more) == (MOST, 9 - MOST)


def test_an_act_without_a_frame_is_neither_right_nor_wrong() -> None:
    assert (summary([]).sign, summary([]).sentence().fr) == ("·", "Étape finie.")


@given(st.text())
def test_nothing_from_outside_hides_or_commands(text: str) -> None:
    shown = visible(text)
    assert "\n" not in shown
    assert not any(ord(sign) < 32 and sign != "\t" for sign in shown)
    assert "\u202e" not in shown
    assert len(short(text)) <= LONGEST
