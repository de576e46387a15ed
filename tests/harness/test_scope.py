"""Which cases apply, and the reason that is given for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Campaign, load_campaign
from harness.scope import declared_transactions, scope
from protocol.errors import UsageError
from protocol.transactions import load

Make = Callable[..., Campaign]


@pytest.fixture
def make(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: Callable[..., Path]
) -> Make:
    def build(filters: dict[str, Any] | None = None, **campaign: Any) -> Campaign:
        small_plan["cases"][0]["filters"].update(filters or {})
        return load_campaign(write_campaign(small_campaign | campaign, small_plan), environ={})

    return build


def test_included_with_its_reasons(make: Make) -> None:
    [item] = scope(make(), load())
    assert item.state == "included"
    assert "profil : consultation" in item.reason.fr
    assert "transaction: TD0.2" in item.reason.en


@pytest.mark.parametrize(
    ("filters", "campaign", "words"),
    [
        ({}, {"profiles": ["alimentation"]}, "profil non déclaré : consultation"),
        ({}, {"authentication": ["indirect"]}, "mode d'authentification non déclaré : direct"),
        ({"options": ["mineurs"]}, {}, "option non déclarée : mineurs"),
        ({"transactions": ["TD0.2", "TD1.1"]}, {}, "hors des transactions déclarées : TD1.1"),
        ({}, {"transactions": ["TD3.1"]}, "hors des transactions déclarées : TD0.2"),
    ],
)
def test_excluded(make: Make, filters: dict[str, Any], campaign: dict[str, Any], words: str) -> None:
    [item] = scope(make(filters, **campaign), load())
    assert (item.state, item.reason.fr) == ("excluded", words)


def test_not_applicable_carries_the_reason_of_the_campaign(make: Make) -> None:
    reason = {"fr": "Le produit n'a pas d'écran", "en": "The product has no screen"}
    [item] = scope(make(not_applicable=[{"case": "CT-0.2-010", "reason": reason}]), load())
    assert (item.state, item.reason.en) == ("not-applicable", "The product has no screen")


@pytest.mark.parametrize("pattern", ["CT-0.2-010", "CT-0.2-*", "TD0.2"])
def test_selected(make: Make, pattern: str) -> None:
    assert scope(make(), load(), [pattern])[0].state == "included"


def test_what_is_not_selected_says_so(make: Make, small_plan: dict[str, Any]) -> None:
    other = {**small_plan["cases"][0], "code": "CT-0.2-020"}
    small_plan["cases"].append(other)
    first, second = scope(make(), load(), ["CT-0.2-020"])
    assert (first.state, second.state) == ("not-selected", "included")


def test_a_selection_of_nothing_is_refused_with_the_nearest(make: Make) -> None:
    with pytest.raises(UsageError) as caught:
        scope(make(), load(), ["CT-0.2-011"])
    assert "CT-0.2-010" in caught.value.mend.fr


def test_transactions_of_access_come_with_every_profile(make: Make) -> None:
    found = declared_transactions(make(profiles=["alimentation"]), load())
    assert {"TD0.1", "TD0.2", "TD2.1"} <= found
    assert "TD3.2" not in found
