"""The control API of expectations: posted, listed with what answered them, withdrawn."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mock_dmp import journal
from mock_dmp.app import MockApp
from mock_dmp.journal import Record
from mock_dmp.state.engine import Store
from tests.mock_dmp.databases import database

__all__ = ["database"]

ROOT = "/control/v1/sessions/default/expectations"
WHOLE = {
    "id": "one",
    "case": "CT-2.1-010",
    "step": "1",
    "transaction": "TD2.1",
    "patient": "279035121518989",
    "caller": "899990000111",
    "structure": "499990000111001",
    "access_mode": "normal",
    "sentence": {"fr": "Alimenter", "en": "Feed"},
}


@pytest.fixture
def api(store: Store) -> Client:
    return Client(MockApp(store))


def test_one_or_several_are_posted_and_told_back(api: Client) -> None:
    made = api.post(ROOT, json=WHOLE)
    assert (made.status_code, made.get_json()) == (201, {"ids": ["one"]})
    assert len(api.post(ROOT, json={"expectations": [{"transaction": "TD0.2"}] * 2}).get_json()["ids"]) == 2
    told: list[dict[str, Any]] = api.get(ROOT).get_json()
    assert len(told) == 3
    assert {name: told[0][name] for name in WHOLE} == WHOLE
    assert (told[0]["met"], told[0]["exchange"]) == (False, "")
    assert told[1]["sentence"] == {"fr": "", "en": ""}


def test_what_answers_is_told(api: Client, store: Store) -> None:
    api.post(ROOT, json={"transaction": "TD0.2"})
    record = Record(session="default", transaction="TD0.2")
    journal.write(store, record)
    assert [(one["met"], one["exchange"]) for one in api.get(ROOT).get_json()] == [(True, record.id)]


def test_they_are_withdrawn(api: Client) -> None:
    api.post(ROOT, json=WHOLE)
    api.post(ROOT, json=WHOLE | {"id": "two"})
    assert api.delete(f"{ROOT}/one").status_code == 204
    assert [one["id"] for one in api.get(ROOT).get_json()] == ["two"]
    assert api.delete(ROOT).status_code == 204
    assert api.get(ROOT).get_json() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "CTL-003"),
        ([], "CTL-003"),
        ({"transaction": "TD9.9"}, "CTL-003"),
        ({"transaction": "TD0.2", "colour": "red"}, "CTL-003"),
        ({"transaction": "TD0.2", "access_mode": "often"}, "CTL-003"),
        ({"transaction": "TD0.2", "patient": 3}, "CTL-003"),
        ({"transaction": "TD0.2", "sentence": "x"}, "CTL-003"),
        ({"transaction": "TD0.2", "id": "x" * 65}, "CTL-003"),
        ({"expectations": {}}, "CTL-003"),
        ({"expectations": [3]}, "CTL-003"),
        ({"expectations": [], "more": 1}, "CTL-004"),
        (WHOLE, "EXP-001"),
    ],
)
def test_what_makes_no_sense_is_refused(api: Client, body: Any, code: str) -> None:
    api.post(ROOT, json=WHOLE)
    refused = api.post(ROOT, json=body)
    assert refused.status_code == 400
    assert refused.get_json()["error"]["code"] == code
    assert len(api.get(ROOT).get_json()) == 1


def test_a_session_that_does_not_exist_is_said_so(api: Client) -> None:
    for method in ("get", "post", "delete"):
        answer = getattr(api, method)("/control/v1/sessions/nobody/expectations", json=WHOLE)
        assert answer.status_code == 404
