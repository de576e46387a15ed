"""Exchanges to judge: requests made by the driver, answers written here by hand, a PKI made once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from harness.checks import api
from harness.checks.judged import Declared
from harness.drive.build import build
from harness.drive.clock import SetClock
from harness.drive.identity import Keyring
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from mock_dmp import pki
from protocol import directory
from protocol.exchange import Exchange, Request, Response, Tls
from protocol.transactions import load
from tests.harness import entries

SUITE = "ECDHE-RSA-AES256-GCM-SHA384"
#: What TD1.1, TD1.2 and TD1.3b say of a patient beside the identity.
ADMINISTRATIVE: dict[str, Any] = {
    "telecom": [{"use": "MC", "value": "0600000031"}, {"use": "MAIL", "value": "essai@example.org"}],
    "address": {"lines": ["1 rue de l'Essai"], "postal_code": "99000", "city": "VILLE-FICTIVE"},
    "legal_representative": {"quality": "RESPRSN", "family": "TUTEUR", "given": ["ÉLOI"]},
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "TD0.0": {"insured": "297022A99930191", "birth": "1997-02-26"},
    "TD0.2": {"patient": "actif-autorise"},
    "TD0.3": {"patient": "actif-autorise", "action": "AJOUT"},
    "TD0.4": {"date_type": "LASTDOC", "start_date": "20260115080000"},
    "TD0.5": {
        "family": "OPPOSANT",
        "given": "RENE",
        "birth": "19500109",
        "sex": "M",
        "postal_code": "99000",
        "approximate": ["name"],
        "access": "centre_15",
    },
    "TD1.5a": {"patient": "actif-sans-autorisation"},
    "TD1.5b": {"patient": "actif-autorise"},
    "TD1.5c": {"patient": "actif-autorise"},
    "TD1.5d": {"patient": "actif-autorise"},
    "TD1.6": {"patient": "actif-autorise"},
    "TD1.1": {"patient": "absent", **ADMINISTRATIVE},
    "TD1.2": {"patient": "ferme", **ADMINISTRATIVE},
    "TD1.3a": {"patient": "actif-autorise"},
    "TD1.3b": {"patient": "actif-autorise", **ADMINISTRATIVE},
    "TD1.4": {"patient": "actif-autorise"},
    "TD2.1": {"patient": "alimentation", "documents": [{"level1": {}}, {"level1": {"media": "text/plain"}}]},
    "TD3.1": {"patient": "actif-autorise", "query": "FindDocuments"},
    "TD3.2": {"patient": "actif-autorise", "unique_ids": ["1.2.3.4.5", "1.2.3.4.6"]},
    **entries.GOOD,
}
NUMBER = directory.numbers()["TEST-OK-1"].value

Make = Callable[..., Exchange]


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("pki") / "pki"
    pki.init(folder)
    return Keyring(folder)


@pytest.fixture(scope="session")
def declared() -> Declared:
    return Declared(software="LPS-TEST", version="1.0.0", wire_number=NUMBER)


@pytest.fixture(scope="session")
def make(keyring: Keyring) -> Make:
    """`make("TD2.1", "wrong-hash", identity="hopital")`: an exchange whose request the driver built."""
    software = Lps("LPS-TEST", "1.0.0", NUMBER, "poste-1", "1.2.250.1.999.1.1.8121")
    now = datetime.now(UTC)

    def _make(transaction: str, *alterations: str, identity: str = "cps", **params: Any) -> Exchange:
        who = keyring.identity(identity)
        message = build(
            transaction,
            PARAMETERS[transaction] | params,
            who,
            software,
            clock=SetClock(now),
            ids=SeededIds(7),
            alterations=alterations,
        )
        certificate = who.tls.certificate.public_bytes(serialization.Encoding.DER)
        headers = (("Host", "localhost:8443"), *message.headers)
        request = Request(message.method, message.path, headers, message.body)
        return Exchange(
            "e1", "driver", "default", now, now, request, None, Tls("TLSv1.2", SUITE, certificate)
        )

    return _make


@pytest.fixture(scope="session")
def edited() -> Callable[[Exchange, bytes, bytes], Exchange]:
    """The exchange with one place of its request body changed; fails when the place isn't there."""

    def _edited(exchange: Exchange, pattern: bytes, by: bytes) -> Exchange:
        body, count = re.subn(pattern, by, exchange.request.body, count=1, flags=re.DOTALL)
        assert count == 1, pattern
        return replace(exchange, request=replace(exchange.request, body=body))

    return _edited


@pytest.fixture(scope="session")
def failing(declared: Declared) -> Callable[..., set[str]]:
    """Rules that don't pass on an exchange, at default severity. An ERROR fails the test."""

    def _failing(exchange: Exchange, transaction: str, **options: Any) -> set[str]:
        findings = api.judge(
            exchange, load().by_id(transaction), options.pop("declared", declared), **options
        )
        assert [item for item in findings if item.status == "ERROR"] == []
        return {item.rule for item in findings if item.status == "FAIL"}

    return _failing


@pytest.fixture(scope="session")
def answered() -> Callable[..., Exchange]:
    """`answered(exchange, payload)`: the exchange with an answer around that payload, as one from the wire."""

    def _answered(
        exchange: Exchange, payload: bytes, *, status: int = 200, action: bytes = b"", headers: bytes = b""
    ) -> Exchange:
        asked = re.search(rb"MessageID>([^<]+)<", exchange.request.body)
        assert asked is not None
        wanted = re.search(rb"wsa:Action[^>]*>([^<]+)<", exchange.request.body)
        assert wanted is not None
        transaction = next(item for item in load() if item.action.encode() == wanted.group(1))
        body = _ENVELOPE % {
            b"action": action or transaction.response_action.encode(),
            b"relates": asked.group(1),
            b"more": headers,
            b"payload": payload,
        }
        kind = (("Content-Type", "application/soap+xml; charset=UTF-8"),)
        return replace(exchange, response=Response(status, kind, body))

    return _answered


_ENVELOPE = b"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa="http://www.w3.org/2005/08/addressing"><soap:Header>
<wsa:Action>%(action)s</wsa:Action><wsa:MessageID>urn:uuid:0f1e2d3c-4b5a-4697-8888-999999999999</wsa:MessageID>
<wsa:RelatesTo>%(relates)s</wsa:RelatesTo>%(more)s</soap:Header><soap:Body>%(payload)s</soap:Body></soap:Envelope>"""


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's data folder of our own."""
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
