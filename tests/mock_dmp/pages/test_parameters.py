"""The parameter file: its two formats, its redirections, the session's values, the journal."""

from __future__ import annotations

import pytest
from lxml import etree
from werkzeug.test import Client

from mock_dmp import journal
from mock_dmp.app import MockApp
from mock_dmp.pages.parameters import NAMESPACE, PARAMETERS
from mock_dmp.state import sessions, settings
from mock_dmp.state.engine import Store
from protocol.acceptance_rules import switches


@pytest.fixture
def client(store: Store) -> Client:
    return Client(MockApp(store))


def values(data: bytes) -> dict[str, str]:
    root = etree.fromstring(data)
    assert root.tag == f"{{{NAMESPACE}}}parametres"
    return {str(one.get("nom")): str(one.get("valeur")) for one in root}


def change(store: Store, session: str, **changed: object) -> None:
    with store.write() as db:
        settings.change(db, session, changed)


def test_xml_by_default(client: Client) -> None:
    answer = client.get("/param-lps")
    assert answer.content_type == "application/xml; charset=UTF-8"
    assert "max-age=86400" in answer.headers["Cache-Control"]
    assert values(answer.data) == {
        "fonctions-gestion-mineurs": "true",
        "age-majorite": "18",
        "cumul-invisible_patient-masque_ps": "false",
    }
    assert set(PARAMETERS.values()) <= set(switches())


def test_each_session_has_its_own(store: Store, client: Client) -> None:
    sessions.create(store, "x")
    change(
        store, "x", age_majorite=16, cumul_invisible_patient_masque_ps=True, fonctions_gestion_mineurs=False
    )
    assert values(client.get("/s/x/param-lps").data) == {
        "fonctions-gestion-mineurs": "false",
        "age-majorite": "16",
        "cumul-invisible_patient-masque_ps": "true",
    }
    assert values(client.get("/param-lps").data)["age-majorite"] == "18"


def test_properties(store: Store, client: Client) -> None:
    change(store, "default", param_lps_format="properties")
    answer = client.get("/param-lps")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.splitlines()[1] == "age-majorite=18"


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_redirected(store: Store, client: Client, status: str) -> None:
    sessions.create(store, "x")
    change(store, "x", param_lps_redirect=status)
    answer = client.get("/s/x/param-lps")
    assert answer.status_code == int(status)
    assert answer.headers["Location"] == "/s/x/param-lps/courant"
    followed = client.get(answer.headers["Location"])
    assert followed.status_code == 200
    assert values(followed.data)


def test_what_is_not_there(client: Client) -> None:
    assert client.get("/param-lps/ailleurs").status_code == 404
    refused = client.post("/param-lps")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    assert client.head("/param-lps").data == b""


def test_in_the_journal(store: Store, client: Client) -> None:
    client.get("/param-lps")
    client.post("/param-lps")
    with store.read() as db:
        lines = journal.listing(db, "default")
    assert [(line["request"]["method"], line["outcome"], line["response"]["status"]) for line in lines] == [
        ("GET", "answered", 200),
        ("POST", "refused", 405),
    ]
