"""The WSDL, read by an ordinary SOAP client library, and held to the facts of the transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import zeep
from lxml import etree

from mock_dmp import wsdl
from mock_dmp.server import MockServer
from protocol import transactions

SERVICES = ("patients", "habilitations", "registry", "repository")
BASE = "/si-dmp-server/v2/services/"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
WSAM = "{http://www.w3.org/2007/05/addressing/metadata}Action"


@pytest.fixture(scope="module")
def plain(test_pki: Any) -> Iterator[MockServer]:
    with MockServer(plain_http=True, pki_folder=test_pki.folder, threads=2) as server:
        yield server


def client(server: MockServer, service: str) -> zeep.Client:
    return zeep.Client(f"{server.url}{BASE}{service}?wsdl", settings=zeep.Settings(raw_response=False))


@pytest.mark.parametrize("service", SERVICES)
def test_every_implemented_transaction_of_the_service_is_described(service: str) -> None:
    described = wsdl.describe(BASE + service, "https://mock.example.test/x")
    assert described is not None
    root = etree.fromstring(described)
    assert b'location="https://mock.example.test/x"' in described
    told = set()
    for operation in root.iter(f"{WSDL}operation"):
        asked, answered = operation.find(f"{WSDL}input"), operation.find(f"{WSDL}output")
        if asked is not None and answered is not None and asked.get("message"):
            told.add((asked.get(WSAM), answered.get(WSAM)))
    expected = {
        (item.action, item.response_action)
        for item in transactions.load().implemented()
        if item.service == service
    }
    assert told == expected
    elements = {part.get("element", "").split(":")[-1] for part in root.iter(f"{WSDL}part")}
    for item in transactions.load().implemented():
        if item.service == service:
            assert {
                etree.QName(item.request_root).localname,
                etree.QName(item.response_root).localname,
            } <= elements


@pytest.mark.parametrize("service", SERVICES)
def test_an_ordinary_client_loads_it(plain: MockServer, service: str) -> None:
    loaded = client(plain, service)
    port = next(iter(next(iter(loaded.wsdl.services.values())).ports.values()))
    assert port.binding_options["address"] == f"{plain.url}{BASE}{service}"
    assert port.binding._operations


def test_sessions_have_their_own_address(plain: MockServer) -> None:
    got = requests.get(f"{plain.url}/s/x{BASE}registry?WSDL", timeout=10)
    assert f'location="{plain.url}/s/x{BASE}registry"' in got.text
    assert got.headers["Content-Type"] == "text/xml; charset=UTF-8"


@pytest.mark.parametrize(
    "path", [f"{BASE}patients", f"{BASE}nothing?wsdl", f"{BASE}patientCertif?wsdl", "/?wsdl"]
)
def test_what_has_no_wsdl_is_a_fault(plain: MockServer, path: str) -> None:
    assert requests.get(plain.url + path, timeout=10).status_code in (404, 405)


def test_a_call_without_vihf_gets_a_readable_fault(plain: MockServer) -> None:
    service = client(plain, "habilitations").service
    with pytest.raises(zeep.exceptions.Fault) as caught:
        service.setAuthorization(action="AJOUT")
    assert caught.value.code == "soap:Sender"
    assert [name.localname for name in caught.value.subcodes] == ["MockInvalidVihf"]
    assert "VIHF" in str(caught.value.message)


def test_the_existence_test_reaches_its_transaction(plain: MockServer, lines: Callable[..., Any]) -> None:
    service = client(plain, "patients").service
    with pytest.raises(zeep.exceptions.Fault):
        service.getDemographics(_value_1=[etree.Element("{urn:hl7-org:v3}id", root="1.2.3")])
    assert lines(plain, transaction="TD0.2", code="MockInvalidVihf")
