"""The pages of the live view over a store of its own, and exchanges put in its journal as the wire would."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from lxml import html
from werkzeug.test import Client, TestResponse

from mock_dmp import journal
from mock_dmp.app import MockApp
from mock_dmp.dispatch import Dispatcher
from mock_dmp.journal import Record
from mock_dmp.state.engine import Store
from tests.mock_dmp.builders import Lps
from tests.mock_dmp.databases import database

__all__ = ["database"]


@dataclass(frozen=True)
class Page:
    """An answer of the view, read as a browser would."""

    response: TestResponse

    @property
    def root(self) -> Any:
        return html.fromstring(self.response.get_data(as_text=True))

    @property
    def source(self) -> str:
        return self.response.get_data(as_text=True)

    def texts(self, path: str) -> list[str]:
        return [" ".join(one.text_content().split()) for one in self.root.xpath(path)]

    def fact(self, label: str) -> str:
        """The value beside a label."""
        found = self.root.xpath("//dl/div[dt[normalize-space()=$label]]/dd", label=label)
        assert found, f"no fact {label!r}"
        return " ".join(found[0].text_content().split())


@pytest.fixture
def site(store: Store) -> Client:
    return Client(MockApp(store))


@pytest.fixture
def get(site: Client) -> Callable[..., Page]:
    def fetch(path: str, status: int = 200, **headers: str) -> Page:
        page = Page(site.get(path, headers=headers, buffered=True))
        assert page.response.status_code == status, page.source[:2000]
        return page

    return fetch


@pytest.fixture
def record(store: Store, site: Client) -> Callable[..., str]:
    """Put one exchange in the journal; returns its id."""

    def write(body: bytes = b"", answer: bytes = b"", **fields: Any) -> str:
        identifier = str(uuid.uuid4())
        usual: dict[str, Any] = {
            "session": "default",
            "method": "POST",
            "target": "/si-dmp-server/v2/services/patients",
            "request_headers": (("Content-Type", "application/soap+xml; charset=UTF-8"),),
            "response_headers": (("Content-Type", "application/soap+xml; charset=UTF-8"),),
            "status": 200,
            "remote": "127.0.0.1:1",
        }
        values = usual | fields
        journal.write(
            store,
            Record(
                id=identifier,
                request_body=store.blobs.put(body),
                response_body=store.blobs.put(answer),
                **values,
            ),
        )
        return identifier

    return write


@pytest.fixture
def lps(store: Store, site: Client) -> Lps:
    return Lps(store, Dispatcher(store))


@pytest.fixture
def last(store: Store) -> Callable[[], str]:
    """The page of the newest exchange of the default session."""

    def path() -> str:
        with store.read() as db:
            return f"/ui/sessions/default/exchanges/{journal.listing(db, 'default')[-1]['id']}"

    return path
