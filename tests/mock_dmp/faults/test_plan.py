"""When a fault strikes: ranks, ranges, every, probability, once; and what a plan may say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.faults import api, plan
from mock_dmp.faults.plan import When
from protocol.datafolders import folder
from protocol.errors import UsageError
from protocol.strictdata import plain
from protocol.yamlread import parse_yaml

WHENS = st.builds(
    When,
    first=st.integers(1, 5),
    last=st.one_of(st.just(0), st.integers(1, 12)),
    every=st.integers(1, 4),
    probability=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 5),
    times=st.integers(0, 3),
)


def struck(when: When, calls: int) -> list[int]:
    """Ranks of the calls that are struck, as the mock counts them."""
    ranks: list[int] = []
    armed = True
    for rank in range(1, calls + 1):
        if armed and when.strikes(rank, len(ranks)):
            ranks.append(rank)
        armed = armed and not when.spent(rank, len(ranks))
    return ranks


@given(WHENS)
def test_what_is_struck_is_what_was_asked(when: When) -> None:
    found = struck(when, 20)
    assert found == struck(when, 20)
    assert not when.times or len(found) <= when.times
    assert all(rank >= when.first and (not when.last or rank <= when.last) for rank in found)
    assert all((rank - when.first) % when.every == 0 for rank in found)


@given(WHENS)
def test_a_spent_fault_strikes_no_more(when: When) -> None:
    """Disarming it changes nothing: the calls that a spent fault would see are not struck."""
    hits = 0
    for rank in range(1, 30):
        if when.strikes(rank, hits):
            hits += 1
        if when.spent(rank, hits):
            assert not any(when.strikes(later, hits) for later in range(rank + 1, 60))
            return


@pytest.mark.parametrize(
    ("when", "ranks"),
    [
        ({}, [1]),
        ({"call": 3}, [3]),
        ({"from": 2, "to": 4, "times": 0}, [2, 3, 4]),
        ({"every": 3, "times": 0}, [1, 4, 7, 10]),
        ({"from": 2, "every": 2, "times": 2}, [2, 4]),
        ({"times": 0}, [*range(1, 11)]),
        ({"probability": 0, "times": 0}, []),
    ],
)
def test_ranks(when: dict[str, Any], ranks: list[int]) -> None:
    assert struck(plan.read({"fault": "reset", "when": when}).when, 10) == ranks


def test_the_seed_decides() -> None:
    drawn = [struck(When(probability=0.5, seed=seed, times=0), 64) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 16 < len(drawn[0]) < 48


@pytest.mark.parametrize("name", api.kinds())
def test_every_kind_is_read_back_as_it_was_planned(name: str) -> None:
    given = {item.name: item.default for item in api.kind(name).parameters if item.required}
    read = plan.read({"fault": name, "with": given})
    assert plan.read(json.loads(json.dumps(read.to_plain()))) == read


def test_a_plan_in_yaml() -> None:
    text = b"""
schema: dmpcompat-faults/1
faults:
  - {fault: delay, with: {seconds: 2}, when: {transaction: TD3.1, every: 5, times: 0}}
  - {fault: reset, when_done: before, when: {transaction: TD2.1, call: 2, patient: "123456789012345"}}
"""
    delay, reset = plan.read_plan(parse_yaml(text, "plan.yaml", error=UsageError))
    assert (delay.parameters, delay.when.every, delay.moment) == ({"seconds": 2.0}, 5, "after")
    assert (reset.when.first, reset.when.last, reset.moment) == (2, 2, "before")
    assert reset.when.patient == "123456789012345"


def test_the_shipped_plan_is_right_and_uses_the_schema() -> None:
    path = folder("datasets") / "faults" / "exemple.yaml"
    assert len(plan.read_plan(parse_yaml(path.read_bytes(), path.name, error=UsageError))) >= 3


def test_the_shipped_schema_is_current() -> None:
    path = folder("datasets") / "faults" / "faults.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == plan.schema(), "make docs"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"fault": "resett"}, "FLT-001"),
        ({"fault": "reset", "with": {"octets": 3}}, "FLT-002"),
        ({"fault": "reset", "with": {"bytes": "3"}}, "FLT-003"),
        ({"fault": "http-status", "with": {"status": 200}}, "FLT-003"),
        ({"fault": "reset", "with": []}, "FLT-002"),
        ({"fault": "soap-fault", "with": {"code": "Inconnu"}}, "FLT-003"),
        ({"fault": "reset", "when": {"transaction": "TD9.9"}}, "DATA-014"),
        ({"fault": "reset", "when": {"call": 2, "to": 3}}, "FLT-008"),
        ({"fault": "reset", "when": {"from": 0}}, "FLT-008"),
        ({"fault": "reset", "when": {"probability": 2}}, "FLT-008"),
        ({"fault": "malformed-xml", "when_done": "before"}, "DATA-014"),
        ({"fault": "tls-refusal", "when": {"transaction": "TD0.2"}}, "FLT-007"),
        ({"fault": "reset", "quand": {}}, "DATA-013"),
        ({"faults": []}, None),
        ({"faults": [{"fault": "reset"}], "schema": "autre"}, "FLT-005"),
        ({"faults": [{"fault": "reset"}] * (plan.MOST + 1)}, "FLT-006"),
    ],
)
def test_mistakes(wrong: Any, code: str | None) -> None:
    if code is None:
        assert plan.read_plan(plain(wrong, "plan")) == ()
        return
    with pytest.raises(UsageError) as told:
        plan.read_plan(plain(wrong, "plan"))
    assert told.value.code == code
