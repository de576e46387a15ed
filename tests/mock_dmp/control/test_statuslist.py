"""A session is given a signed status list, which replaces the platform's for it alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from harness.campaign import Campaign, load_campaign
from harness.statuslists import REFERENCE, StatusListSeed, given
from mock_dmp import control
from mock_dmp.acceptance.official import Official, believed, listing
from mock_dmp.state import sessions, statuslists
from mock_dmp.state.engine import Store
from mock_dmp.state.statuslists import Given
from protocol import canonical, directory
from protocol.datafolders import folder
from protocol.statuslist import Listed, StatusList
from protocol.trust import trust_document
from reports import numbers
from reports.keys import installation_seal
from reports.register.status import signed

LIST = "/control/v1/sessions/x/status-list"
NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.create(store, "x")
    with control.create(store).test_client() as client:
        yield client


def made(now: datetime = NOW, **seed: Any) -> dict[str, Any]:
    """A list about the number of the demonstration campaign."""
    return given(StatusListSeed.model_validate(seed), demonstration(), now)[0]


@cache
def demonstration() -> Campaign:
    return load_campaign(folder("test_plans") / "campagne-demo.yaml")


def kept(body: dict[str, Any]) -> Given:
    return Given(canonical.dumps(body["list"]).decode(), canonical.dumps(body["trust"]).decode(), body["key"])


def test_a_list_is_given_read_and_taken_away(api: FlaskClient, store: Store) -> None:
    assert api.get(LIST).status_code == 404
    told = api.put(LIST, json=made(datetime.now(UTC), state="suspended")).get_json()
    assert told == api.get(LIST).get_json()
    assert [(one["reference"], one["now"]) for one in told["entries"]] == [(REFERENCE, "SUSPENDED")]
    assert (told["issuer"], told["stale"]) == ("TST", False)
    again = api.put(LIST, json=made(datetime.now(UTC), fresh_for=-60)).get_json()
    assert ([one["now"] for one in again["entries"]], again["stale"]) == (["ACTIVE"], True)
    sessions.reset(store, "x")
    assert api.get(LIST).status_code == 404
    api.put(LIST, json=made())
    assert (api.delete(LIST).status_code, api.delete(LIST).status_code) == (204, 404)


def test_neither_number_nor_tag_is_told(api: FlaskClient) -> None:
    body = made()
    told = api.put(LIST, json=body).get_data(as_text=True)
    assert "TEST-OK-1" not in json.dumps(body) + told
    assert body["key"] not in told


def test_the_state_is_that_of_the_session_s_clock(api: FlaskClient) -> None:
    api.put("/control/v1/sessions/x/clock", json={"set": NOW.isoformat(), "freeze": True})
    api.put(LIST, json=made(withdrawn_in=3600, expires_in=7200))
    for move, state in ((3599, "ACTIVE"), (1, "WITHDRAWN"), (3600, "WITHDRAWN"), (-3601, "ACTIVE")):
        api.put("/control/v1/sessions/x/clock", json={"move": move})
        assert [one["now"] for one in api.get(LIST).get_json()["entries"]] == [state]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key": "zz"}, "STATUS-012"),
        ({"key": 3}, "CTL-003"),
        ({"key": "ab" * 65}, "STATUS-012"),
        ({"list": {"payload": "e30=", "payloadType": "x", "signatures": []}}, "STATUS-012"),
        ({"list": {"payload": 1.5}}, "JSON-003"),
        ({"list": []}, "CTL-003"),
        ({"trust": {}}, "STATUS-012"),
        ({"trust": made()["trust"]}, "STATUS-012"),  # a stranger's
        ({"more": 1}, "CTL-004"),
    ],
)
def test_a_list_that_is_not_believed_changes_nothing(
    api: FlaskClient, wrong: dict[str, Any], code: str
) -> None:
    api.put(LIST, json=made())
    answer = api.put(LIST, json=made(state="suspended") | wrong)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, code)
    assert [one["state"] for one in api.get(LIST).get_json()["entries"]] == ["ACTIVE"]


def test_the_list_of_a_session_goes_before_the_platform_s(store: Store, tmp_path: Path) -> None:
    platform = official(tmp_path, made(state="suspended"))
    sessions.create(store, "x")
    sessions.create(store, "y")
    with store.write() as db:
        statuslists.put(db, "x", kept(made(state="notice")))
    own = directory.numbers()["TEST-OK-1"]
    with store.read() as db:
        found = {name: listing(db, name, platform) for name in ("x", "y")}
        assert listing(db, "y", None) is None
    status = {name: one and one.known("TEST-OK-1", own, NOW) for name, one in found.items()}
    assert {name: one and one.status for name, one in status.items()} == {"x": "active", "y": "suspended"}


def test_an_older_list_never_replaces_the_one_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A list that was signed when the number was active is played again after its suspension."""
    seal = installation_seal(tmp_path / "keys")
    seal = replace(seal, key=replace(seal.key, not_before=NOW - timedelta(days=30)))
    later, before = (
        signed(StatusList("TST", NOW - age, NOW + timedelta(days=1), "", (listed(state),)), seal)
        for state, age in (("SUSPENDED", timedelta()), ("ACTIVE", timedelta(days=1)))
    )
    for name, data in (("status.json", before), ("trust.json", trust_document([seal.key])), ("key", b"00")):
        (tmp_path / name).write_bytes(data)
    platform = Official.open(tmp_path / "status.json", tmp_path / "trust.json", tmp_path / "key")
    states = []
    for data in (before, later, before, later):
        (tmp_path / "status.json").write_bytes(data)
        os.utime(tmp_path / "status.json", (len(states) + 1, len(states) + 1))
        states.append(platform.current().entries[0].state)
    assert states == ["ACTIVE", "SUSPENDED", "SUSPENDED", "SUSPENDED"]
    assert caplog.text.count("STATUS-011") == 1


def test_what_the_list_does_not_name_is_the_session_s_own() -> None:
    one = believed(kept(made(state="absent")))
    own = directory.numbers()["TEST-OK-1"]
    assert one.of("TEST-OK-1") is None
    assert one.known("TEST-OK-1", own, NOW) == own
    assert one.known("TEST-X", None, NOW) is None


def test_the_reference_of_a_plan_is_one() -> None:
    assert str(numbers.parse(REFERENCE)) == REFERENCE


def listed(state: Any) -> Listed:
    return Listed(REFERENCE, state, NOW, "", "", "", "LPS-TEST", ("1.0.0",), ("alimentation",))


def write(place: Path, body: dict[str, Any]) -> None:
    (place / "status.json").write_bytes(canonical.dumps(body["list"]))


def official(place: Path, body: dict[str, Any]) -> Official:
    write(place, body)
    (place / "trust.json").write_bytes(canonical.dumps(body["trust"]))
    (place / "key").write_text(body["key"], encoding="ascii")
    return Official.open(place / "status.json", place / "trust.json", place / "key")
