"""A session chosen by the client's certificate, over mutual TLS; and the control API that binds them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp import control
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from mock_dmp.state import certificates, sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.dn import signer_dn
from protocol.exchange import Exchange

PRODUCT = directory.numbers()["TEST-OK-1"]
LPS = Lps(PRODUCT.products[0].name, PRODUCT.products[0].versions[0], PRODUCT.value)
CPS, ORG = "cps-auth", "org-auth-cli"


@pytest.fixture
def mock(serve: Callable[..., MockServer]) -> MockServer:
    return serve()


@pytest.fixture
def ask(mock: MockServer, test_pki: PkiIndex) -> Iterator[Callable[..., requests.Response]]:
    with requests.Session() as client:
        client.trust_env = False
        client.verify = str(test_pki.ca)
        client.cert = (str(test_pki.certificate(ORG)), str(test_pki.key(ORG)))

        def send_it(method: str, path: str, body: Any = None) -> requests.Response:
            return client.request(method, f"{mock.url}/control/v1/sessions{path}", json=body)

        yield send_it


@pytest.fixture
def call(mock: MockServer, test_pki: PkiIndex) -> Callable[..., Exchange]:
    """An existence test with the card or the certificate of an organisation."""
    keyring = Keyring(test_pki.folder)

    def make(actor: str = "cps", prefix: str = "") -> Exchange:
        identity = keyring.identity(actor)
        params = {"patient": "actif-autorise"}
        message = build("TD0.2", params, identity, LPS, clock=SystemClock(), ids=RandomIds())
        return send(message, mock.url + prefix, tls_of(identity))

    return make


def certificate(pki: PkiIndex, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())


def fingerprint(pki: PkiIndex, name: str) -> str:
    return hashlib.sha256(certificate(pki, name).public_bytes(Encoding.DER)).hexdigest()


def counted(lines: Callable[..., list[dict[str, Any]]], mock: MockServer) -> dict[str, int]:
    """How many calls each session got."""
    return {
        name: len(found)
        for name in sessions.names(mock.store)
        if (found := lines(mock, name, transaction="TD0.2"))
    }


def test_a_certificate_leads_to_its_session(
    mock: MockServer,
    ask: Callable[..., requests.Response],
    call: Callable[..., Exchange],
    lines: Callable[..., Any],
    test_pki: PkiIndex,
) -> None:
    for name in ("alice", "bob"):
        ask("post", "", {"name": name})
    own = fingerprint(test_pki, CPS)
    made = ask("post", "/alice/certificates", {"sha256": own.upper()})
    assert (made.status_code, made.json()) == (201, {"id": 1, "sha256": own, "subject": ""})
    call()
    call("hopital")
    call(prefix="/s/bob")
    call(prefix="/s/default")
    assert counted(lines, mock) == {"alice": 1, "bob": 1, "default": 2}
    assert ask("delete", "/alice/certificates/1").status_code == 204
    call()
    assert counted(lines, mock) == {"alice": 1, "bob": 1, "default": 3}


def test_a_subject_leads_there_too_and_a_fingerprint_goes_first(
    mock: MockServer,
    ask: Callable[..., requests.Response],
    call: Callable[..., Exchange],
    lines: Callable[..., Any],
    test_pki: PkiIndex,
) -> None:
    for name in ("alice", "bob"):
        ask("post", "", {"name": name})
    subject = signer_dn(certificate(test_pki, CPS)).replace(",", ", ").lower()
    assert ask("post", "/alice/certificates", {"subject": subject}).status_code == 201
    call()
    assert counted(lines, mock) == {"alice": 1}
    ask("post", "/bob/certificates", {"sha256": fingerprint(test_pki, CPS)})
    call()
    assert counted(lines, mock) == {"alice": 1, "bob": 1}


def test_pages_follow_the_certificate(
    mock: MockServer, ask: Callable[..., requests.Response], test_pki: PkiIndex
) -> None:
    ask("post", "", {"name": "alice", "settings": {"age_majorite": 21}})
    ask("post", "/alice/certificates", {"sha256": fingerprint(test_pki, CPS)})
    pair = str(test_pki.certificate(CPS)), str(test_pki.key(CPS))
    told = requests.get(f"{mock.url}/param-lps/", cert=pair, verify=str(test_pki.ca), timeout=10).text
    named = requests.get(
        f"{mock.url}/s/alice/param-lps/", cert=pair, verify=str(test_pki.ca), timeout=10
    ).text
    assert "21" in named
    assert told == named


def test_a_reset_keeps_them_and_a_deleted_session_gives_them_back(
    mock: MockServer,
    ask: Callable[..., requests.Response],
    call: Callable[..., Exchange],
    lines: Callable[..., Any],
    test_pki: PkiIndex,
) -> None:
    ask("post", "", {"name": "alice"})
    ask("post", "/alice/certificates", {"sha256": fingerprint(test_pki, CPS)})
    ask("post", "/alice/reset")
    assert [one["id"] for one in ask("get", "/alice/certificates").json()] == [1]
    call()
    assert counted(lines, mock) == {"alice": 1}
    ask("delete", "/alice")
    call()
    assert counted(lines, mock) == {"default": 1}
    assert certificates.session_of(mock.store, certificate(test_pki, CPS).public_bytes(Encoding.DER)) == ""


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "field"),
    [
        ("post", "/alice/certificates", {}, 400, "CRT-001", "sha256, subject"),
        ("post", "/alice/certificates", {"sha256": "ab" * 32, "subject": "CN=x"}, 400, "CRT-001", "sha256, subject"),
        ("post", "/alice/certificates", {"sha256": "ab" * 20}, 400, "CRT-002", "sha256"),
        ("post", "/alice/certificates", {"subject": "quelqu'un"}, 400, "CRT-002", "subject"),
        ("post", "/alice/certificates", {"sha256": 12}, 400, "CTL-003", "sha256"),
        ("post", "/alice/certificates", {"pem": "x"}, 400, "CTL-004", "pem"),
        ("post", "/alice/certificates", {"sha256": "cd" * 32}, 409, "CRT-003", "sha256"),
        ("post", "/alice/certificates", {"subject": "cn=A, c=fr"}, 409, "CRT-003", "subject"),
        ("post", "/default/certificates", {"sha256": "ab" * 32}, 400, "CRT-004", "name"),
        ("post", "/nobody/certificates", {"sha256": "ab" * 32}, 404, "SES-003", "name"),
        ("delete", "/alice/certificates/9", None, 404, "CRT-005", "certificate"),
        ("delete", "/alice/certificates/1", None, 404, "CRT-005", "certificate"),
    ],
)  # fmt: skip
def test_what_is_refused(
    store: Store, method: str, path: str, body: Any, status: int, code: str, field: str
) -> None:
    sessions.ensure_default(store)
    root = "/control/v1/sessions"
    with control.create(store).test_client() as api:
        for name in ("alice", "bob"):
            api.post(root, json={"name": name})
        for given, number in (
            ({"sha256": "CD:" * 31 + "CD"}, 1),
            ({"sha256": "cd" * 32}, 1),
            ({"subject": "CN=a,C=FR"}, 2),
        ):
            assert api.post(f"{root}/bob/certificates", json=given).get_json()["id"] == number
        answer = api.open(root + path, method=method, json=body)
        told = answer.get_json()["error"]
        assert (answer.status_code, told["code"], told["field"]) == (status, code, field)
        assert told["message"]["fr"]
        assert told["message"]["en"]
        assert api.get(f"{root}/alice/certificates").get_json() == []
