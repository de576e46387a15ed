"""The control API of the simulated patient: sees, masks, allows, forbids, wishes, opposes, closes, files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from mock_dmp import control
from mock_dmp.state import documents, outbox, sessions
from mock_dmp.state.accounts import Channel
from mock_dmp.state.engine import Store
from protocol import facts

A, MINOR = "actif-autorise", "mineur"
ROOT = "/control/v1/sessions/default"
ONE = f"{ROOT}/patients/{A}"


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.ensure_default(store)
    with control.create(store).test_client() as client:
        yield client


def file(api: FlaskClient, key: str = A, query: str = "", **fields: Any) -> dict[str, Any]:
    answer = api.post(f"{ROOT}/patients/{key}/documents{query}", json={"title": "Note", "text": "x"} | fields)
    assert answer.status_code == 201, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_filed_document_is_the_patients_and_can_be_read_back(api: FlaskClient, store: Store) -> None:
    made = file(api, title="Mes allergies", text="é", type="EXPPAT_2")
    assert (made["title"], made["type"], made["own"], made["masked"]) == (
        "Mes allergies",
        "EXPPAT_2",
        True,
        False,
    )
    assert made["version"] == 1
    content = api.get(f"{ONE}/documents/{made['unique_id']}/content", buffered=True)
    assert content.data == "é".encode()
    assert [one["unique_id"] for one in api.get(f"{ONE}/documents").get_json()] == [made["unique_id"]]
    with store.read() as db:
        held = documents.content(db, "default", made["unique_id"])
        (entry,) = documents.entries(db, "default", A)
    assert held is not None
    assert (entry.slot("hash"), entry.slot("size")) == (held.sha1, "2")


def test_masking_makes_a_metadata_version_as_td3_3a_does(api: FlaskClient, store: Store) -> None:
    made = file(api)
    masked = api.post(f"{ONE}/documents/{made['unique_id']}/mask").get_json()
    assert (masked["masked"], masked["version"], masked["logical_id"]) == (True, 2, made["logical_id"])
    assert masked["entry_uuid"] != made["entry_uuid"]
    assert masked["visibility"] == ["MASQUE_PS", "N"]
    same = api.post(f"{ONE}/documents/{made['unique_id']}/mask").get_json()
    assert same["entry_uuid"] == masked["entry_uuid"]
    unmasked = api.post(f"{ONE}/documents/{made['unique_id']}/unmask").get_json()
    assert (unmasked["masked"], unmasked["version"]) == (False, 3)
    with store.read() as db:
        statuses = {one.version: (one.status, one.unique_id) for one in documents.entries(db, "default", A)}
        links = documents.links(db, "default", [unmasked["entry_uuid"]])
    assert statuses == {
        1: (facts.DEPRECATED, made["unique_id"]),
        2: (facts.DEPRECATED, made["unique_id"]),
        3: (facts.APPROVED, made["unique_id"]),
    }
    assert [link.values("PreviousVersion") for link in links] == [("2",)]


def test_own_documents_are_archived_and_deleted(api: FlaskClient) -> None:
    made = file(api)
    one = f"{ONE}/documents/{made['unique_id']}"
    assert api.post(f"{one}/archive").get_json()["status"] == facts.ARCHIVED
    assert api.post(f"{one}/archive").status_code == 400
    assert api.post(f"{one}/mask").status_code == 400
    assert api.post(f"{one}/unarchive").get_json()["status"] == facts.APPROVED
    assert api.post(f"{one}/delete").get_json()["status"] == facts.DELETED
    assert api.get(f"{ONE}/documents").get_json() == []
    assert api.post(f"{one}/eat").status_code == 400


def test_a_minors_secret_is_kept_from_representatives(api: FlaskClient) -> None:
    base = f"{ROOT}/patients/{MINOR}"
    refused = api.post(f"{base}/documents", json={"title": "a", "text": "b", "secret": True})
    assert refused.get_json()["error"]["code"] == "PAT-004"
    made = file(api, MINOR, "?representative=false", secret=True)
    assert facts.HIDDEN_FROM_REPRESENTATIVES in made["visibility"]
    plain = file(api, MINOR, "?representative=false")

    def seen(query: str) -> set[str]:
        return {one["unique_id"] for one in api.get(f"{base}/documents{query}").get_json()}

    assert seen("") == {plain["unique_id"]}
    assert seen("?representative=true") == {plain["unique_id"]}
    assert seen("?representative=false") == {plain["unique_id"], made["unique_id"]}
    hidden = [line for line in api.get(f"{base}/traces?representative=false").get_json() if line["secret"]]
    assert len(hidden) == 1
    assert not [line for line in api.get(f"{base}/traces").get_json() if line["secret"]]
    adult = api.post(f"{ONE}/documents", json={"title": "a", "text": "b", "secret": True})
    assert adult.status_code == 400


def test_professionals_and_structures(api: FlaskClient) -> None:
    def choose(choice: str, **who: str) -> dict[str, str]:
        answer = api.post(f"{ONE}/authorisations", json={"choice": choice, **who})
        assert answer.status_code == 200, answer.get_json()
        return {one["professional"] or one["structure"]: one["state"] for one in answer.get_json()}

    assert choose("forbid", professional="medecin")["medecin"] == "forbidden"
    assert choose("allow", professional="medecin")["medecin"] == "valid"
    assert "medecin" not in choose("withdraw", professional="medecin")
    assert choose("allow", structure="pharmacie")["pharmacie"] == "valid"
    listed = api.get(f"{ONE}/authorisations").get_json()
    kept = next(one for one in listed if one["professional"] == "medecin-traitant")
    assert kept["medecin_traitant"] is True


def test_wishes_oppositions_closure(api: FlaskClient) -> None:
    assert api.put(f"{ONE}/wishes", json={"text": "Rien"}).get_json()["wishes"] == "Rien"
    told = api.put(f"{ONE}/oppositions", json={"acces_urgence": True}).get_json()
    assert (told["bris_de_glace"], told["acces_urgence"]) == (False, True)
    told = api.put(f"{ONE}/oppositions", json={"bris_de_glace": True}).get_json()
    assert (told["bris_de_glace"], told["acces_urgence"]) == (True, True)
    assert api.post(f"{ONE}/closure", json={"reason": "fin"}).get_json()["status"] == "closed"
    (record,) = [one for one in api.get(f"{ROOT}/patients").get_json() if one["key"] == A]
    assert record["dmp"]["closed"]["code"] == "FERMETURE_DEMANDE_PATIENT"
    assert record["dmp"]["closed"]["text"] == "fin"
    assert api.post(f"{ONE}/closure", json={}).get_json()["error"]["code"] == "PAT-004"
    actions = [line["action"] for line in api.get(f"{ONE}/traces").get_json()]
    assert actions[-1] == "fermeture demandée par le patient"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("get", f"{ROOT}/patients/nobody/documents", None, 404, "PAT-001"),
        ("get", f"{ONE}/documents?representative=true", None, 400, "PAT-002"),
        ("get", f"{ONE}/documents?representative=yes", None, 400, "CTL-003"),
        ("post", f"{ONE}/documents/2.25.9/mask", None, 404, "PAT-003"),
        ("get", f"{ONE}/documents/2.25.9/content", None, 404, "PAT-003"),
        ("post", f"{ONE}/documents", {"title": "x"}, 400, "CTL-003"),
        ("post", f"{ONE}/documents", {"title": "x", "text": "a", "base64": "YQ=="}, 400, "CTL-003"),
        ("post", f"{ONE}/documents", {"title": "x", "base64": "?"}, 400, "CTL-003"),
        ("post", f"{ONE}/documents", {"title": "x", "text": "a", "type": "11506-3"}, 400, "PAT-004"),
        ("post", f"{ONE}/documents", {"title": "x", "text": "a", "masked": "no"}, 400, "CTL-003"),
        ("post", f"{ONE}/authorisations", {"choice": "hug", "professional": "medecin"}, 400, "CTL-003"),
        ("post", f"{ONE}/authorisations", {"choice": "allow"}, 400, "PAT-004"),
        ("post", f"{ONE}/authorisations", {"choice": "allow", "professional": "x"}, 400, "PAT-004"),
        ("post", f"{ROOT}/patients/ferme/closure", {}, 400, "PAT-004"),
        ("put", f"{ONE}/oppositions", {"bris_de_glace": 1}, 400, "CTL-003"),
        ("get", "/control/v1/sessions/nobody/outbox", None, 404, "SES-003"),
    ],
)
def test_mistakes(api: FlaskClient, method: str, path: str, body: Any, status: int, code: str) -> None:
    answer = api.open(path, method=method.upper(), json=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_a_refused_act_leaves_nothing(api: FlaskClient) -> None:
    before = api.get(f"{ONE}/traces").get_json()
    api.post(f"{ONE}/documents/2.25.9/mask")
    api.post(f"{ONE}/authorisations", json={"choice": "allow", "professional": "x"})
    assert api.get(f"{ONE}/traces").get_json() == before


def test_the_outbox_is_listed_by_patient(api: FlaskClient, store: Store) -> None:
    moment = sessions.find(store, "default").now()
    with store.write() as db:
        outbox.post(db, "default", A, Channel("SMS", "06"), "un", moment)
        outbox.post(db, "default", "corse", Channel("EMAIL", "a@b"), "deux", moment)
    listed = api.get(f"{ROOT}/outbox").get_json()
    assert [(one["seq"], one["channel"], one["text"]) for one in listed] == [
        (1, "SMS", "un"),
        (2, "EMAIL", "deux"),
    ]
    assert [one["text"] for one in api.get(f"{ROOT}/outbox?patient=corse").get_json()] == ["deux"]
