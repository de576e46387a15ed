"""Every rule of the oracle is broken by a test; that each passes on a right run is seen in tests.test_selfplay."""

from __future__ import annotations

from harness.checks import api
from tests.harness.checks.broken import broken, only_listed


def test_every_rule_is_broken_by_a_test() -> None:
    rules = {item.id for item in api.rules()}
    everywhere = set().union(*broken().values())
    assert rules - everywhere == set()
    assert everywhere - rules == set(), "no such rule"


def test_a_rule_that_is_listed_is_in_a_test_of_its_module() -> None:
    assert {name: only_listed(name) for name in broken() if only_listed(name)} == {}
