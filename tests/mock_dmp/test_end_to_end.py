"""The driver against the mock over mutual TLS: the six transactions, from the existence test to the document.

The only test that holds both sides: each has its own writers, so this is where they must meet.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zeep
from lxml import etree

from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Identity, Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from protocol import directory, facts
from protocol.exchange import Exchange
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

PATIENT = "actif-autorise"
PRODUCT = directory.numbers()["TEST-OK-1"]
LPS = Lps(PRODUCT.products[0].name, PRODUCT.products[0].versions[0], PRODUCT.value)


@pytest.fixture(scope="module")
def cps(test_pki: PkiIndex) -> Identity:
    return Keyring(test_pki.folder).identity("cps")


@pytest.fixture(scope="module")
def call(mock: MockServer, cps: Identity) -> Callable[..., Exchange]:
    def make(transaction: str, *, identity: Identity = cps, **params: Any) -> Exchange:
        message = build(
            transaction, {"patient": PATIENT} | params, identity, LPS, clock=SystemClock(), ids=RandomIds()
        )
        return send(message, mock.url, tls_of(identity))

    return make


@pytest.fixture(scope="module")
def plain(test_pki: PkiIndex) -> Iterator[MockServer]:
    with MockServer(plain_http=True, pki_folder=test_pki.folder, threads=2) as server:
        yield server


def body(exchange: Exchange) -> etree._Element:
    assert exchange.response is not None, exchange.failure
    raw = exchange.response.body
    kind = dict(exchange.response.headers)["Content-Type"]
    if kind.startswith("multipart/"):
        raw = parts(exchange)[0]
    root = etree.fromstring(raw)
    assert exchange.response.status == 200, etree.tostring(root).decode()
    payload = root.find(f"{{{facts.SOAP12}}}Body/*")
    assert payload is not None
    return payload


def parts(exchange: Exchange) -> list[bytes]:
    assert exchange.response is not None
    kind = dict(exchange.response.headers)["Content-Type"]
    whole = f"Content-Type: {kind}\r\n\r\n".encode() + exchange.response.body
    found = email.message_from_bytes(whole, policy=email.policy.HTTP)
    return [part.get_payload(decode=True) for part in found.iter_parts()]


def test_existence(call: Callable[..., Exchange]) -> None:
    payload = body(call("TD0.2"))
    assert payload.tag == "{urn:hl7-org:v3}PRPA_IN201308UV02"
    told = {
        line[0].get("code"): line[1].get("code") for line in payload.iter("{urn:hl7-org:v3}attentionLine")
    }
    assert told["AUTORISATION"] == "VALIDE"


def test_authorisation(call: Callable[..., Exchange]) -> None:
    payload = body(call("TD0.3", patient="actif-sans-autorisation", action="AJOUT"))
    assert payload.findtext(".//{*}status") == "DMPOk"


def test_a_document_goes_in_is_found_and_comes_back(call: Callable[..., Exchange]) -> None:
    message = {"documents": [{"level1": {}, "title": "Compte rendu"}]}
    fed = call("TD2.1", **message)
    assert body(fed).get("status") == facts.SUCCESS, etree.tostring(body(fed)).decode()
    found = body(call("TD3.1", query="FindDocuments"))
    assert found.get("status") == facts.SUCCESS
    entries = found.findall(".//{*}ExtrinsicObject")
    assert entries
    unique_id = next(
        item.get("value", "")
        for item in entries[-1].findall("{*}ExternalIdentifier")
        if item.get("identificationScheme") == facts.DE_UNIQUE_ID
    )
    got = call("TD3.2", unique_ids=[unique_id])
    assert body(got).find(".//{*}DocumentResponse") is not None
    assert parts(got)[1] in fed.request.body


def test_a_vihf_signed_with_the_authentication_certificate_is_refused(
    call: Callable[..., Exchange], test_pki: PkiIndex
) -> None:
    wrong = Keyring(test_pki.folder).identity("cps", sign="cps-auth")
    answer = call("TD0.2", identity=wrong).response
    assert answer is not None
    assert answer.status == 500
    assert b"DMPInvalidCertificate" in answer.body


def test_an_ordinary_soap_client_with_a_vihf_is_served(plain: MockServer, cps: Identity) -> None:
    message = build(
        "TD0.3", {"patient": PATIENT, "action": "AJOUT"}, cps, LPS, clock=SystemClock(), ids=RandomIds()
    )
    security = etree.fromstring(message.body).find(f".//{{{facts.WSSE}}}Security")
    client = zeep.Client(f"{plain.url}/si-dmp-server/v2/services/habilitations?wsdl")
    answer = client.service.setAuthorization(action="AJOUT", _soapheaders=[security])
    assert answer.status == "DMPOk"
