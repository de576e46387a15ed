"""The control API, its description, and the isolation of sessions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from mock_dmp import control
from mock_dmp.app import MockApp
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import directory, facts

ROOT = "/control/v1"
PATIENTS = "/si-dmp-server/v2/services/patients"


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.ensure_default(store)
    with control.create(store).test_client() as client:
        yield client


def error(answer: Any) -> str:
    told = answer.get_json()["error"]
    assert told["message"]["fr"]
    assert told["message"]["en"]
    return str(told["code"])


def test_sessions_come_and_go(api: FlaskClient) -> None:
    made = api.post(f"{ROOT}/sessions", json={"name": "x", "settings": {"WSA-TO": "warn"}})
    assert (made.status_code, made.get_json()["services"]) == (201, "/s/x/si-dmp-server/v2/services/")
    assert [one["name"] for one in api.get(f"{ROOT}/sessions").get_json()] == ["default", "x"]
    assert api.get(f"{ROOT}/sessions/x/settings").get_json()["WSA-TO"] == "warn"
    assert api.get(f"{ROOT}/sessions/default/settings").get_json()["WSA-TO"] == "refuse"
    assert api.post(f"{ROOT}/sessions/x/reset").status_code == 200
    assert api.get(f"{ROOT}/sessions/x/settings").get_json()["WSA-TO"] == "refuse"
    assert api.delete(f"{ROOT}/sessions/x").status_code == 204
    assert api.get(f"{ROOT}/sessions/x").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", "/sessions", {"name": "default"}, 409, "SES-002"),
        ("post", "/sessions", {"name": "../x"}, 400, "SES-001"),
        ("post", "/sessions", {"name": 3}, 400, "CTL-003"),
        ("post", "/sessions", {"name": "y", "settings": {"WSA-TOO": "off"}}, 400, "SET-001"),
        ("post", "/sessions", {"name": "y", "settings": []}, 400, "CTL-003"),
        ("post", "/sessions", {"name": "y", "colour": "red"}, 400, "CTL-004"),
        ("post", "/sessions", [], 400, "CTL-003"),
        ("patch", "/sessions/default/settings", {"WSA-TO": "maybe"}, 400, "SET-002"),
        ("patch", "/sessions/default/settings", {"lenient_soap11": 1}, 400, "SET-002"),
        ("patch", "/sessions/default/settings", {"clock_offset_seconds": "1"}, 400, "SET-002"),
        ("patch", "/sessions/default/settings", {"clock_frozen_at": "demain"}, 400, "SET-002"),
        ("patch", "/sessions/nobody/settings", {}, 404, "SES-003"),
        ("delete", "/sessions/default", None, 400, "SES-004"),
        ("delete", "/sessions/nobody", None, 404, "SES-003"),
        ("post", "/sessions/nobody/reset", None, 404, "SES-003"),
        ("patch", "/sessions/default/numbers/NOBODY", {"status": "active"}, 404, "NUM-001"),
        ("patch", "/sessions/default/numbers/TEST-OK-1", {"status": "gone"}, 400, "NUM-002"),
        ("patch", "/sessions/default/numbers/TEST-OK-1", {"status": 1}, 400, "CTL-003"),
        ("post", "/sessions/default/numbers", {"key": "x"}, 400, "DATA-012"),
        ("post", "/sessions/default/patients", {"key": "x"}, 400, "DATA-012"),
        ("get", "/sessions/default/exchanges?after=x", None, 400, "CTL-003"),
        ("get", "/sessions/default/exchanges/none/request", None, 404, "CTL-001"),
        ("get", "/sessions/nobody/documents", None, 404, "SES-003"),
        ("get", "/sessions/nobody/traces", None, 404, "SES-003"),
        ("get", "/nowhere", None, 404, "HTTP-404"),
        ("put", "/sessions", None, 405, "HTTP-405"),
    ],
)
def test_mistakes_are_told_in_json(
    api: FlaskClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = api.open(ROOT + path, method=method.upper(), json=body)
    assert (answer.status_code, error(answer)) == (status, code)


def test_a_body_that_is_not_json_is_told(api: FlaskClient) -> None:
    answer = api.post(f"{ROOT}/sessions", data=b"{", content_type="application/json")
    assert (answer.status_code, error(answer)) == (400, "CTL-002")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/sessions", "[" * 100_000),
        ("/sessions", '{"name": ' * 100_000),
        ("/sessions/default/patients", '{"key": "\\ud800"}'),
    ],
)
def test_json_that_no_text_can_be_made_of_is_told(api: FlaskClient, path: str, data: str) -> None:
    answer = api.post(ROOT + path, data=data, content_type="application/json")
    assert (answer.status_code, error(answer)) == (400, "CTL-002")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clock_offset_seconds", 10**15),
        ("freshness_seconds", 10**20),
        ("authorisation_days", 10**9),
        ("clock_frozen_at", "0001-01-01T00:00:00+14:00"),
        ("clock_frozen_at", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_clock_beyond_the_calendar_is_refused(api: FlaskClient, name: str, value: object) -> None:
    answer = api.patch(f"{ROOT}/sessions/default/settings", json={name: value})
    assert (answer.status_code, error(answer)) == (400, "SET-002")


@pytest.mark.parametrize("documents", [1, "text", [None], {"a": None}])
def test_documents_of_a_patient_are_a_list_of_mappings(api: FlaskClient, documents: object) -> None:
    known = api.get(f"{ROOT}/sessions/default/patients").get_json()[0]
    answer = api.post(f"{ROOT}/sessions/default/patients", json=known | {"documents": documents})
    assert (answer.status_code, error(answer)) == (400, "DATA-014")


def test_a_bad_change_changes_nothing(api: FlaskClient) -> None:
    before = api.get(f"{ROOT}/sessions/default/settings").get_json()
    api.patch(f"{ROOT}/sessions/default/settings", json={"WSA-TO": "off", "WSA-REPLY-TO": "maybe"})
    assert api.get(f"{ROOT}/sessions/default/settings").get_json() == before


def test_a_number_changes_in_its_session_only(api: FlaskClient, store: Store) -> None:
    from mock_dmp.state import directory as known

    api.post(f"{ROOT}/sessions", json={"name": "x"})
    changed = api.patch(f"{ROOT}/sessions/x/numbers/TEST-OK-1", json={"status": "suspended"})
    assert changed.get_json() == {"number": "TEST-OK-1", "status": "suspended"}
    value = directory.numbers()["TEST-OK-1"].value
    with store.read() as db:
        found = [known.wire_number(db, name, value) for name in ("default", "x")]
    assert [one.status for one in found if one] == ["active", "suspended"]


def test_a_number_is_declared_in_its_session_and_its_value_is_never_shown(
    api: FlaskClient, store: Store
) -> None:
    from mock_dmp.state import directory as known

    mine = {
        "key": "mien",
        "value": "SECRET-004239",
        "family": "Ma famille",
        "products": [{"name": "MON-LPS", "versions": ["2.0"]}],
        "profiles": ["alimentation"],
        "status": "active",
    }
    api.post(f"{ROOT}/sessions", json={"name": "x"})
    made = api.post(f"{ROOT}/sessions/x/numbers", json=mine)
    assert made.status_code == 201
    assert api.patch(f"{ROOT}/sessions/x/numbers/mien", json={"status": "revoked"}).status_code == 200
    listed = api.get(f"{ROOT}/sessions/x/numbers")
    assert {one["key"]: one["status"] for one in listed.get_json()}["mien"] == "revoked"
    assert "SECRET" not in made.get_data(as_text=True) + listed.get_data(as_text=True)
    with store.read() as db:
        assert known.wire_number(db, "x", "SECRET-004239")
        assert known.wire_number(db, "x", "secret-004239") is None
        assert known.wire_number(db, "default", "SECRET-004239") is None


def test_a_patient_is_seeded_and_replaced(api: FlaskClient) -> None:
    seed = directory.patient_to_plain(directory.patients()["actif-autorise"])
    changed = seed | {"family_usual": "NOUVEAU", "authorisations": []}
    assert api.post(f"{ROOT}/sessions/default/patients", json=changed).status_code == 201
    listed = {one["key"]: one for one in api.get(f"{ROOT}/sessions/default/patients").get_json()}
    assert listed["actif-autorise"] == changed
    assert set(listed) == set(directory.patients())
    api.post(f"{ROOT}/sessions/default/reset")
    listed = {one["key"]: one for one in api.get(f"{ROOT}/sessions/default/patients").get_json()}
    assert _sorted(listed["actif-autorise"]) == _sorted(seed)


def _sorted(patient: dict[str, Any]) -> dict[str, Any]:
    return patient | {"authorisations": sorted(patient["authorisations"], key=repr_of)}


def repr_of(given: dict[str, Any]) -> str:
    return json.dumps(given, sort_keys=True)


def test_a_production_identity_is_refused(api: FlaskClient) -> None:
    seed = directory.patient_to_plain(directory.patients()["actif-autorise"])
    seed["ins"]["oid"] = facts.OID_INS_NIR
    assert error(api.post(f"{ROOT}/sessions/default/patients", json=seed)) == "CTL-005"


def test_exchanges_are_listed_and_read_back_by_session(store: Store) -> None:
    client = Client(MockApp(store))
    client.post(f"{ROOT}/sessions", json={"name": "x"})
    for session, body in (("", b"<a/>"), ("/s/x", b"<b/>"), ("/s/x", b"<c/>")):
        client.post(f"{session}{PATIENTS}", data=body, content_type="application/soap+xml", buffered=True)
    listed = client.get(f"{ROOT}/sessions/x/exchanges").get_json()
    assert [one["request"]["target"] for one in listed] == [f"/s/x{PATIENTS}"] * 2
    after = client.get(f"{ROOT}/sessions/x/exchanges?after={listed[0]['seq']}&limit=5").get_json()
    assert [one["id"] for one in after] == [listed[1]["id"]]
    assert client.get(f"{ROOT}/sessions/x/exchanges?transaction=TD0.2").get_json() == []
    one = f"{ROOT}/sessions/x/exchanges/{listed[0]['id']}"
    assert client.get(f"{one}/request", buffered=True).data == b"<b/>"
    assert b"MockMalformedMessage" in client.get(f"{one}/response", buffered=True).data
    assert client.get(one).get_json()["outcome"] == "refused"
    assert client.get(f"{ROOT}/sessions/default/exchanges/{listed[0]['id']}").status_code == 404
    client.post(f"{ROOT}/sessions/x/reset")
    assert client.get(f"{ROOT}/sessions/x/exchanges").get_json() == []
    assert len(client.get(f"{ROOT}/sessions/default/exchanges").get_json()) == 1


def test_documents_of_the_data_sets_and_no_trace(api: FlaskClient) -> None:
    """Only the patients whose record has documents start with some."""
    base = f"{ROOT}/sessions/default/documents"
    seeded = {key: len(one.documents) for key, one in directory.patients().items() if one.documents}
    found = Counter(one["patient"] for one in api.get(base).get_json())
    assert found == seeded != {}
    assert api.get(f"{base}?patient=actif-autorise").get_json() == []
    assert len(api.get(f"{base}?patient=dossier-garni").get_json()) == seeded["dossier-garni"]
    assert api.get(f"{ROOT}/sessions/default/traces?patient=1").get_json() == []


def test_the_description_is_that_of_the_routes(api: FlaskClient) -> None:
    described = api.get(f"{ROOT}/openapi.json").get_json()
    assert described == json.loads(json.dumps(control.description()))
    told = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    routes = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in api.application.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert told == routes


def test_every_schema_that_is_named_exists() -> None:
    description = control.description()
    named = {part.split('"')[0] for part in json.dumps(description).split("#/components/schemas/")[1:]}
    assert named <= set(description["components"]["schemas"])
    operations = [one["operationId"] for path in description["paths"].values() for one in path.values()]
    assert len(set(operations)) == len(operations)
