"""The WSDL and schemas of the services: made from the transactions, read by an ordinary SOAP library."""

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

BASE = "/si-dmp-server/v2/services/"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
WSAM = "{http://www.w3.org/2007/05/addressing/metadata}Action"


@pytest.fixture(scope="module")
def plain(test_pki: Any) -> Iterator[MockServer]:
    with MockServer(plain_http=True, pki_folder=test_pki.folder, threads=2) as server:
        yield server


def client(server: MockServer, service: str) -> zeep.Client:
    return zeep.Client(f"{server.url}{BASE}{service}?wsdl", settings=zeep.Settings(raw_response=False))


def test_every_service_has_one() -> None:
    assert set(wsdl.services()) == set(transactions.SERVICES)


@pytest.mark.parametrize("service", transactions.SERVICES)
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


@pytest.mark.parametrize("service", transactions.SERVICES)
def test_an_ordinary_client_loads_it(plain: MockServer, service: str) -> None:
    loaded = client(plain, service)
    port = next(iter(next(iter(loaded.wsdl.services.values())).ports.values()))
    assert port.binding_options["address"] == f"{plain.url}{BASE}{service}"
    roots = {
        etree.QName(one.request_root).localname
        for one in transactions.load().implemented()
        if one.service == service
    }
    assert set(port.binding._operations) == roots


def test_what_a_wsdl_names_is_served(plain: MockServer) -> None:
    """Each schema, and those it imports, are found at the addresses that are told."""
    wanted, seen = {f"{plain.url}{BASE}{service}?wsdl" for service in transactions.SERVICES}, set()
    while wanted - seen:
        address = min(wanted - seen)
        seen.add(address)
        answer = requests.get(address, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=UTF-8")
        imports = etree.fromstring(answer.content).iter(f"{XSD}import")
        wanted |= {found.get("schemaLocation") or "" for found in imports}
    assert len(seen) > 2 * len(transactions.SERVICES)


def test_sessions_have_their_own_address(plain: MockServer) -> None:
    got = requests.get(f"{plain.url}/s/x{BASE}registry?WSDL", timeout=10)
    assert f'location="{plain.url}/s/x{BASE}registry"' in got.text
    assert f'schemaLocation="{plain.url}/s/x{BASE}registry?xsd=lcm.xsd"' in got.text
    assert got.headers["Content-Type"] == "text/xml; charset=UTF-8"


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}patients",
        f"{BASE}nothing?wsdl",
        "/?wsdl",
        f"{BASE}patients?xsd=../lps/numbers.yaml",
        f"{BASE}patients?xsd=absent.xsd",
        f"{BASE}nothing?xsd=rim.xsd",
        f"{BASE}patients?xsd=",
    ],
)
def test_anything_else_is_a_fault(plain: MockServer, path: str) -> None:
    assert requests.get(plain.url + path, timeout=10).status_code in (404, 405)


def test_a_call_without_vihf_gets_a_readable_fault(plain: MockServer) -> None:
    service = client(plain, "habilitations").service
    with pytest.raises(zeep.exceptions.Fault) as caught:
        service.setAuthorization(action="AJOUT")
    assert caught.value.code == "soap:Sender"
    assert [name.localname for name in caught.value.subcodes] == ["MockInvalidVihf"]
    assert "VIHF" in str(caught.value.message)


def test_a_call_reaches_its_transaction(plain: MockServer, lines: Callable[..., Any]) -> None:
    with pytest.raises(zeep.exceptions.Fault):
        client(plain, "habilitations").service.listAuthorizationByPatient(mode="TOUTE")
    assert lines(plain, transaction="TD1.6", code="MockInvalidVihf")
