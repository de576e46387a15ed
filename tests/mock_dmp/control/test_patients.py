"""The list of patients: in pages, by key, with as many questions to the database whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from mock_dmp import control
from mock_dmp.population import load, make
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import directory
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

PATH = "/control/v1/sessions/default/patients"


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.ensure_default(store)
    with control.create(store).test_client() as client:
        yield client


@contextmanager
def asked(store: Store) -> Iterator[list[str]]:
    """The statements that the database is given meanwhile."""
    told: list[str] = []

    def tell(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            told.append(statement)

    event.listen(store.engine, "before_cursor_execute", tell)
    try:
        yield told
    finally:
        event.remove(store.engine, "before_cursor_execute", tell)


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [one["key"] for one in answer.get_json()]


def test_pages_make_up_the_whole_list(api: FlaskClient) -> None:
    whole = api.get(PATH).get_json()
    assert {one["key"] for one in whole} == directory.patients().keys()
    pages: list[dict[str, Any]] = []
    while page := api.get(
        PATH, query_string={"limit": 7, "after": pages[-1]["key"] if pages else ""}
    ).get_json():
        assert len(page) == min(7, len(whole) - len(pages))
        pages += page
    assert pages == whole
    assert any(one["authorisations"] for one in pages)


def test_a_page_of_none_is_empty(api: FlaskClient) -> None:
    assert keys(api.get(PATH, query_string={"limit": 0})) == []
    last = keys(api.get(PATH))[-1]
    assert keys(api.get(PATH, query_string={"after": last})) == []


@pytest.mark.parametrize("limit", ["-1", "many", "1.5"])
def test_a_limit_is_a_number(api: FlaskClient, limit: str) -> None:
    answer = api.get(PATH, query_string={"limit": limit})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "CTL-003")


def test_questions_do_not_grow_with_patients(api: FlaskClient, store: Store) -> None:
    with asked(store) as few:
        assert len(keys(api.get(PATH, query_string={"limit": 2}))) == 2
    load.into_session(store, "default", make.patients(1500, 7))
    with asked(store) as many:
        assert len(keys(api.get(PATH, query_string={"limit": 5000}))) > 1500
    assert len(many) == len(few)
    assert len(keys(api.get(PATH))) == 1000  # unless told otherwise


def test_paging_is_described(api: FlaskClient) -> None:
    described = api.get("/control/v1/openapi.json").get_json()
    listing = described["paths"]["/control/v1/sessions/{name}/patients"]["get"]
    told = {one["name"]: one["schema"]["type"] for one in listing["parameters"] if one["in"] == "query"}
    assert told == {"after": "string", "limit": "integer"}
