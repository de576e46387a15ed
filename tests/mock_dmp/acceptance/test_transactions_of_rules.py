"""The transactions that the data give a rule are those whose stage runs it."""

from __future__ import annotations

from typing import Any

import pytest

from mock_dmp import registry
from mock_dmp.acceptance.gdp import GDP
from mock_dmp.acceptance.xds.filing import MESSAGE, REGISTRY
from mock_dmp.acceptance.xds.update_metadata import UPDATE_MESSAGE
from mock_dmp.acceptance.xds.updates import UPDATE
from protocol.acceptance_rules import rules

registry.load()  # every rule is registered


def named(transaction: str) -> set[str]:
    return {rule.id for rule in rules().values() if {"*", transaction} & set(rule.transactions)}


@pytest.mark.parametrize(
    ("transactions", "stages"),
    [
        (("TD2.1", "TD2.2"), (MESSAGE, REGISTRY)),
        (("TD3.3a", "TD3.3b"), (UPDATE_MESSAGE, UPDATE)),
    ],
)
def test_business_rules_of_documents(transactions: tuple[str, ...], stages: tuple[Any, ...]) -> None:
    run = {rule for stage in stages for rule in stage.ids}
    for transaction in transactions:
        assert run - named(transaction) == set()
        assert {name for name in named(transaction) if rules()[name].stage == "xds"} <= run


def test_business_rules_of_records() -> None:
    told = {name for name in rules() if name.startswith("GDP-")}
    assert told == set(GDP.ids)
    for transaction in ("TD1.1", "TD1.2", "TD1.3b", "TD1.4"):
        assert named(transaction) & told


def test_a_rule_names_no_transaction_that_could_not_reach_it() -> None:
    served = set(registry.load()) | {"*", "TD0.9", "TD0.10"}
    assert {name for rule in rules().values() for name in rule.transactions} <= served
