"""Many at once over mutual TLS: nothing lost, nothing doubled, no failure of ours; on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.control import Control, TlsFiles
from harness.drive.client import send, tls_of
from harness.drive.identity import Keyring
from mock_dmp import journal
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from mock_dmp.state import sessions, settings
from mock_dmp.state.engine import Store
from protocol import facts
from tests.mock_dmp.databases import NewDatabase
from tests.mock_dmp.databases import every_database as database
from tests.software import Software, Submission

__all__ = ["database"]

Servers = Callable[[int], list[MockServer]]
REFUSED = {"XDSNonIdenticalHash", "XDSNonIdenticalSize"}


@pytest.fixture
def servers(test_pki: PkiIndex, database: NewDatabase, tmp_path: Path) -> Iterator[Servers]:
    """Start servers on one database and one folder."""
    url = database()
    with ExitStack() as stack:
        yield lambda count: [
            stack.enter_context(
                MockServer(pki_folder=test_pki.folder, db_url=url, data_dir=tmp_path / "data")
            )
            for _ in range(count)
        ]


@pytest.fixture
def software(test_pki: PkiIndex) -> Callable[[MockServer], Software]:
    return lambda server: Software(Keyring(test_pki.folder), server.url)


@pytest.fixture
def control(test_pki: PkiIndex) -> Iterator[Callable[[MockServer], Control]]:
    files = TlsFiles(test_pki.ca, test_pki.certificate("org-auth-cli"), test_pki.key("org-auth-cli"))
    with ExitStack() as stack:

        def make(server: MockServer) -> Control:
            made = Control(server.url, files)
            stack.callback(made.close)
            return made

        yield make


def at_once(clients: list[Callable[[], str]]) -> list[str]:
    """Run all, begun together; what each returned, in order."""
    ready = threading.Barrier(len(clients))

    def run(client: Callable[[], str]) -> str:
        ready.wait(30)
        return client()

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(run, clients))


def whole(client: Software, sent: list[Submission]) -> None:
    """Each document is listed once, and comes back as it was sent."""
    expected = {unique_id: data for one in sent for unique_id, data in one.documents.items()}
    listed = client.listed()
    assert sorted(listed) == sorted(expected)
    for start in range(0, len(listed), 50):
        batch = listed[start : start + 50]
        assert client.retrieve(batch) == {one: expected[one] for one in batch}


def test_sixteen_clients_lose_nothing_and_double_nothing(
    servers: Servers, software: Callable[[MockServer], Software]
) -> None:
    [server] = servers(1)
    each = 12 if server.store.engine.dialect.name == "sqlite" else 6
    client = software(server)
    sent = [[client.prepare(1) for _ in range(each)] for _ in range(16)]

    def feed(mine: list[Submission]) -> str:
        return " ".join({client.feed(one) for one in mine})

    told = at_once([lambda mine=mine: feed(mine) for mine in sent])  # type: ignore[misc]
    assert set(told) == {facts.SUCCESS}
    everything = [one for mine in sent for one in mine]
    whole(client, everything)
    with server.store.read() as db:
        lines = journal.listing(db, "default", transaction="TD2.1")
    assert sorted(line["message_id"] for line in lines) == sorted(
        str(message.facts["message_id"]) for one in everything for message, _ in one.attempts
    )
    assert [line["seq"] for line in lines] == sorted({line["seq"] for line in lines})


def test_of_thirty_two_rivals_one_wins(servers: Servers, software: Callable[[MockServer], Software]) -> None:
    [server] = servers(1)
    client = software(server)
    rivals = [client.prepare(1, unique_id="1.2.3.4.5.6", text=f"rival {number:02}") for number in range(32)]
    told = at_once([lambda one=one: client.feed(one) for one in rivals])  # type: ignore[misc]
    assert told.count(facts.SUCCESS) == 1
    assert set(told) - {facts.SUCCESS} <= REFUSED
    whole(client, [one for one in rivals if one.acknowledged])


def test_two_servers_share_a_database(servers: Servers, software: Callable[[MockServer], Software]) -> None:
    clients = [software(server) for server in servers(2)]
    sent = [clients[0].prepare(1) for _ in range(24)]
    rivals = [
        clients[0].prepare(1, unique_id="1.2.3.4.5.6", text=f"rival {number:02}") for number in range(8)
    ]
    told = at_once(
        [lambda one=one, n=n: clients[n % 2].feed(one) for n, one in enumerate([*sent, *rivals])]  # type: ignore[misc]
    )
    assert set(told[:24]) == {facts.SUCCESS}
    assert told[24:].count(facts.SUCCESS) == 1
    assert set(told[24:]) - {facts.SUCCESS} <= REFUSED
    for client in clients:
        whole(client, [one for one in [*sent, *rivals] if one.acknowledged])


@pytest.mark.parametrize("transaction", ["TD0.2", "TD3.1", "TD2.1"])
def test_of_parallel_replays_one_is_served(
    servers: Servers, software: Callable[[MockServer], Software], transaction: str
) -> None:
    """Whatever writes and whatever only reads, on whichever server."""
    both = servers(2)
    clients = [software(server) for server in both]
    with both[0].store.write() as db:
        settings.change(db, "default", {"VIHF-REPLAY": "refuse"})
    params: dict[str, dict[str, object]] = {
        "TD3.1": {"query": "FindDocuments"},
        "TD2.1": {"documents": [{"level1": {}}]},
    }
    message = clients[0].make(transaction, **params.get(transaction, {}))

    def replay(client: Software) -> str:
        exchange = send(message, client.url, tls_of(client.identity))
        assert exchange.response is not None
        return "replayed" if b"MockVihfReplayed" in exchange.response.body else str(exchange.response.status)

    told = at_once([lambda n=n: replay(clients[n % 2]) for n in range(8)])  # type: ignore[misc]
    assert sorted(told) == ["200", *["replayed"] * 7]
    with both[0].store.read() as db:
        outcomes = [line["outcome"] for line in journal.listing(db, "default", transaction=transaction)]
    assert sorted(outcomes) == ["answered", *["refused"] * 7]


def test_stores_open_at_once_on_a_new_database(database: NewDatabase, tmp_path: Path) -> None:
    url = database()

    def open_one() -> str:
        store = Store(url, tmp_path / "new")
        sessions.ensure_default(store)
        found = sessions.names(store)
        store.close()
        return " ".join(found)

    assert at_once([open_one] * 8) == ["default"] * 8


def test_sessions_come_and_go_while_others_feed(
    servers: Servers,
    software: Callable[[MockServer], Software],
    control: Callable[[MockServer], Control],
) -> None:
    [server] = servers(1)
    pilot = control(server)
    pilot.create("steady", {})
    steady, passing = software(server), software(server)
    steady.url, passing.url = f"{server.url}/s/steady", f"{server.url}/s/passing"
    sent = [steady.prepare(1) for _ in range(24)]
    over = threading.Event()

    def feed(mine: list[Submission]) -> str:
        return " ".join({steady.feed(one) for one in mine})

    def feed_the_passing() -> str:
        told = set()
        while not over.is_set():
            told.add(passing.feed(passing.prepare(1)).rpartition(":")[2])
        return " ".join(sorted(told))

    def come_and_go() -> str:
        try:
            for _ in range(6):
                pilot.create("passing", {})
                sessions.reset(server.store, "passing")
                pilot.delete("passing")
        finally:
            over.set()
        return ""

    told = at_once(
        [
            *(lambda mine=sent[n::4]: feed(mine) for n in range(4)),  # type: ignore[misc]
            feed_the_passing,
            feed_the_passing,
            come_and_go,
        ]
    )
    assert set(told[:4]) == {facts.SUCCESS}
    for line in told[4:6]:  # served, or refused because the session went away before the end; never a failure
        assert "MockInternalError" not in line
        assert "Success" in line or "DestinationUnreachable" in line
    whole(steady, sent)
    # A call that was under way at the deletion keeps its line until the name is used again.
    pilot.create("passing", {})
    with server.store.read() as db:
        assert {line["outcome"] for line in journal.listing(db, "steady")} == {"answered"}
        assert journal.listing(db, "passing") == []
