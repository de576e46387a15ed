"""A browser in front of the mock's sites, with a card or without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import html
from werkzeug.test import Client, TestResponse

from mock_dmp.app import MockApp
from mock_dmp.control import create
from mock_dmp.pki import PkiIndex
from mock_dmp.state import settings
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.exchange import Tls

SEAL = "jeton"


class Browser:
    """Follows links by hand, keeps cookies, sends forms with their seal. `card`: a certificate of the PKI, "" none."""

    def __init__(self, app: MockApp, pki: PkiIndex, card: str = "") -> None:
        self._client = Client(app)
        self._pki = pki
        self.card = card

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._client.get(path, environ_overrides=self._environ(), buffered=True, **options)

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self._client.post(path, data=form, environ_overrides=self._environ(), buffered=True, **options)

    def put(self, path: str) -> TestResponse:
        return self._client.put(path, environ_overrides=self._environ(), buffered=True)

    def send(self, path: str, form: dict[str, Any], *, back: str = "") -> TestResponse:
        """Post the form of the page at `path`, seal included."""
        seal = html.fromstring(self.get(back or path).data).xpath(f"//input[@name='{SEAL}']/@value")
        return self.post(path, {SEAL: seal[0], **form})

    def _environ(self) -> dict[str, Any]:
        if not self.card:
            return {}
        pem = self._pki.certificate(self.card).read_bytes()
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        return {"dmpcompat.tls": Tls("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", der)}


def text(answer: TestResponse, path: str) -> str:
    """Text of what an XPath finds in a page, spaces made single."""
    found = html.fromstring(answer.data).xpath(path)
    return " ".join(" ".join(one if isinstance(one, str) else one.text_content() for one in found).split())


def code(answer: TestResponse) -> str:
    """Error code that a page shows, "" when none."""
    return text(answer, "//*[@id='code']")


@pytest.fixture
def app(store: Store) -> MockApp:
    return MockApp(store)


@pytest.fixture
def browse(app: MockApp, test_pki: PkiIndex) -> Callable[..., Browser]:
    return lambda card="": Browser(app, test_pki, card)


@pytest.fixture
def api(app: MockApp, store: Store) -> Iterator[Any]:
    with create(store).test_client() as client:
        yield client


@pytest.fixture
def setup(app: MockApp, store: Store) -> Callable[..., None]:
    """Change settings of the default session."""

    def change(**values: Any) -> None:
        with store.write() as db:
            settings.change(db, "default", values)

    return change


def ins(key: str) -> str:
    return directory.patients()[key].ins.number


def otp(messages: list[dict[str, Any]]) -> str:
    """The code of the last message."""
    found = re.search(r"\b(\d{6})\b", messages[-1]["text"])
    assert found is not None
    return found[1]
