"""A test PKI made once, and mocks on free ports."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mock_dmp import journal, pki
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from mock_dmp.state.engine import Store
from tests.mock_dmp.databases import NewDatabase, database, postgres

__all__ = ["database", "postgres"]

T = TypeVar("T")


@pytest.fixture(scope="session")
def test_pki(tmp_path_factory: pytest.TempPathFactory) -> PkiIndex:
    return pki.init(tmp_path_factory.mktemp("pki") / "pki")


@pytest.fixture(scope="session")
def empty_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables of the mock and nothing in them: a copy costs half of making them."""
    folder = tmp_path_factory.mktemp("empty")
    Store(data_dir=folder).close()
    return folder / "mock.db"


@pytest.fixture
def store(database: NewDatabase, empty_tables: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of its own; on SQLite unless the module says otherwise (tests.mock_dmp.databases)."""
    url, folder = database(), tmp_path / "store"
    if url is None:
        folder.mkdir()
        shutil.copy(empty_tables, folder)
    opened = Store(url, folder)
    yield opened
    opened.close()


@pytest.fixture
def serve(test_pki: PkiIndex) -> Iterator[Callable[..., MockServer]]:
    """Start mocks over mutual TLS (or as told); all are stopped at the end."""
    started: list[MockServer] = []

    def start(**options: Any) -> MockServer:
        server = MockServer(**({"pki_folder": test_pki.folder, "threads": 4} | options)).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def mock(
    test_pki: PkiIndex, database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MockServer]:
    """One mock over mutual TLS for the tests of a module that only look at their own exchanges."""
    data = tmp_path_factory.mktemp("mock")
    with MockServer(pki_folder=test_pki.folder, db_url=database(), data_dir=data, threads=4) as server:
        yield server


@pytest.fixture
def client_context(test_pki: PkiIndex) -> Callable[..., ssl.SSLContext]:
    """A client's TLS context with one of the PKI's certificates, "" for none."""

    def make(certificate: str = "org-auth-cli") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(test_pki.ca))
        if certificate:
            context.load_cert_chain(test_pki.certificate(certificate), test_pki.key(certificate))
        return context

    return make


@pytest.fixture
def connect(client_context: Callable[..., ssl.SSLContext]) -> Iterator[Callable[..., ssl.SSLSocket]]:
    """A TLS connection to a mock; closed at the end."""
    opened: list[socket.socket] = []

    def make(server: MockServer, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        raw = socket.create_connection(address(server), timeout=10)
        opened.append(raw)
        secured = (context or client_context()).wrap_socket(raw, server_hostname="localhost")
        opened.append(secured)
        return secured

    yield make
    for sock in opened:
        sock.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], T]], T]:
    """Wait, within a few seconds, for what another thread is about to do."""

    def wait(look: Callable[[], T]) -> T:
        end = time.monotonic() + 10
        pause = threading.Event()
        while True:
            found = look()
            if found or time.monotonic() > end:
                return found
            pause.wait(0.01)

    return wait


@pytest.fixture
def lines() -> Callable[..., list[dict[str, Any]]]:
    """Lines of a mock's journal, chosen by field."""

    def read(server: MockServer, session: str = "default", **wanted: Any) -> list[dict[str, Any]]:
        with server.store.read() as db:
            found = journal.listing(db, session)
        return [line for line in found if all(line[key] == value for key, value in wanted.items())]

    return read


def address(server: MockServer) -> tuple[str, int]:
    host, port = server.url.split("://")[1].rsplit(":", 1)
    return host, int(port)
