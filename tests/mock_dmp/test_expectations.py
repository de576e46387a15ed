"""Nearest expectation: what it answers, what it says of the rest, for any exchange and anything that waits."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.expectations import WEIGHTS, Expectation, Facts, differences, match, score

WORDS = st.sampled_from(("", "a", "b"))
FACTS = st.builds(Facts, **dict.fromkeys(WEIGHTS, WORDS))
_IDS = count()
WAITING = st.lists(FACTS.map(lambda facts: Expectation(str(next(_IDS)), facts)), max_size=6)


@given(expected=FACTS, found=FACTS)
def test_score_and_differences_say_the_same(expected: Facts, found: Facts) -> None:
    missed = differences(expected, found)
    assert 0 <= score(expected, found) <= 100
    assert (score(expected, found) == 100) is (not missed)
    for one in missed:
        assert getattr(expected, one.field) == one.expected != one.found == getattr(found, one.field)


@given(found=FACTS, waiting=WAITING)
def test_an_exchange_is_expected_when_something_waits_for_just_that(
    found: Facts, waiting: list[Expectation]
) -> None:
    verdict = match(found, waiting)
    assert verdict.expected is any(not differences(one.facts, found) for one in waiting)
    assert bool(verdict.id) is bool(waiting)
    if waiting:
        chosen = next(one for one in waiting if one.id == verdict.id)
        assert verdict.differences == differences(chosen.facts, found)
        assert verdict.expected is (not verdict.differences)


@given(found=FACTS, waiting=WAITING)
def test_nothing_that_waits_differs_less_than_the_nearest(found: Facts, waiting: list[Expectation]) -> None:
    def cost(facts: Facts) -> int:
        return sum(WEIGHTS[one.field] for one in differences(facts, found))

    if waiting:
        chosen = next(one for one in waiting if one.id == match(found, waiting).id)
        assert cost(chosen.facts) == min(cost(one.facts) for one in waiting)


@given(found=FACTS, waiting=WAITING)
def test_the_oldest_wins_between_equals(found: Facts, waiting: list[Expectation]) -> None:
    twins = [replace(one, id=f"{one.id}-later") for one in waiting]
    assert match(found, waiting) == match(found, waiting + twins)


def test_of_several_the_one_that_says_most_is_met() -> None:
    vague = Expectation("vague", Facts("TD0.2"))
    exact = Expectation("exact", Facts("TD0.2", patient="1"))
    assert match(Facts("TD0.2", patient="1"), [vague, exact]).id == "exact"
    assert match(Facts("TD0.2", patient="2"), [vague, exact]).id == "vague"


def test_a_weight_is_more_than_all_that_follow() -> None:
    """So a wrong patient in the right transaction is nearer than the right patient in a wrong one."""
    weights = list(WEIGHTS.values())
    assert all(weight > sum(weights[rank + 1 :]) for rank, weight in enumerate(weights))
    waiting = [
        Expectation("other-transaction", Facts("TD3.1", "1", "x", "y", "normal")),
        Expectation("other-patient", Facts("TD2.1", "2", "z", "w", "centre_15")),
    ]
    verdict = match(Facts("TD2.1", "1", "x", "y", "normal"), waiting)
    assert verdict.id == "other-patient"
    assert [one.field for one in verdict.differences] == ["patient", "caller", "structure", "access"]


def test_nothing_waits() -> None:
    verdict = match(Facts("TD2.1"), [])
    assert (verdict.expected, verdict.id, verdict.differences) == (False, "", ())
