"""Server-sent events: told at once, resumed without loss, and never at the price of the workers."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from mock_dmp import journal
from mock_dmp.journal import Record
from mock_dmp.server import MockServer
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from mock_dmp.ui import feed
from mock_dmp.ui.feed import Pace, Watch
from mock_dmp.ui.listing import Filter
from tests.mock_dmp.databases import every_database as database

__all__ = ["database"]

BRISK = Pace(seat=5.0, poll=0.05, rest=0.0, beat=60.0, again=0.5)
#: One look and gone, as without a seat.
GLANCE = Pace(seat=0.0)


def told(chunks: Iterator[bytes] | list[bytes]) -> list[dict[str, Any]]:
    """Events as a browser reads them."""
    events = []
    for block in b"".join(chunks).decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            events.append({**fields, "data": json.loads(fields["data"])})
    return events


def seqs(events: list[dict[str, Any]]) -> list[int]:
    return [one["data"]["seq"] for one in events if one["event"] == "exchange"]


@pytest.fixture
def filled(store: Store) -> Store:
    sessions.ensure_default(store)
    return store


def write(store: Store, **fields: Any) -> None:
    journal.write(store, Record(**({"session": "default"} | fields)))


def test_what_came_since_is_told_in_order(filled: Store) -> None:
    for _ in range(5):
        write(filled)
    events = told(list(feed.events(filled, Watch("default", Filter(), 2), GLANCE)))
    assert seqs(events) == [3, 4, 5]
    assert [one["id"] for one in events if one["event"] == "exchange"] == ["3", "4", "5"]


def test_the_filter_is_the_lists(filled: Store) -> None:
    write(filled, transaction="TD0.2")
    write(filled, transaction="TD2.1", outcome="refused")
    for wanted, found in (
        (Filter(transaction="TD2.1"), [2]),
        (Filter(outcome="refused"), [2]),
        (Filter(text="TD0"), [1]),
    ):
        assert seqs(told(list(feed.events(filled, Watch("default", wanted, 0), GLANCE)))) == found


def test_a_commit_wakes_who_waits(filled: Store) -> None:
    patient = Pace(seat=30.0, poll=20.0, rest=0.0)  # only the notification can be that fast
    stream = feed.events(filled, Watch("default", Filter(), 0), patient)
    head = [next(stream), next(stream)]
    assert told(head)[0]["data"] == {"live": True}
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(next(stream)))
    reader.start()
    write(filled)
    reader.join(10)
    assert seqs(told(found)) == [1]
    stream.close()  # type: ignore[attr-defined]


def test_what_another_process_wrote_is_found_by_asking_again(filled: Store, tmp_path: Path) -> None:
    stream = feed.events(filled, Watch("default", Filter(), 0), BRISK)
    next(stream)
    next(stream)
    other = Store(filled.engine.url.render_as_string(hide_password=False), tmp_path / "other")
    write(other)  # as another process: nobody here is told
    other.close()
    assert seqs(told([next(stream)])) == [1]
    stream.close()  # type: ignore[attr-defined]


def test_resuming_loses_nothing_and_repeats_nothing(
    filled: Store, site_of: Callable[[Store], Client]
) -> None:
    client = site_of(filled)
    for _ in range(4):
        write(filled)
    filled.changes.limit(0)  # no seat: answers end at once
    for path in ("/ui/sessions/default/events", "/control/v1/sessions/default/events"):
        answer = client.get(path, headers={"Last-Event-ID": "2"}, buffered=True)
        assert answer.mimetype == "text/event-stream"
        assert seqs(told([answer.data])) == [3, 4]
        assert seqs(told([client.get(f"{path}?after=3", buffered=True).data])) == [4]
        assert seqs(told([client.get(path, buffered=True).data])) == []  # from now on
        for nonsense in ("-1", "x", "9" * 40, "²"):
            assert client.get(f"{path}?after={nonsense}", buffered=True).status_code == 200


@pytest.fixture
def site_of() -> Callable[[Store], Client]:
    from mock_dmp.app import MockApp

    return lambda store: Client(MockApp(store))


def test_who_has_no_seat_is_served_and_told_so(filled: Store) -> None:
    write(filled)
    filled.changes.limit(1)
    first = feed.events(filled, Watch("default", Filter(), 1), BRISK)
    next(first)
    second = list(feed.events(filled, Watch("default", Filter(), 0), BRISK))
    assert second[0] == b"retry: 500\n\n"
    assert told(second)[0]["data"] == {"live": False}
    assert seqs(told(second)) == [1]
    first.close()  # type: ignore[attr-defined]
    third = feed.events(filled, Watch("default", Filter(), 1), BRISK)
    next(third)
    assert told([next(third)])[0]["data"] == {"live": True}  # the seat was given back
    third.close()  # type: ignore[attr-defined]


def test_the_end_and_the_reset_of_a_session_are_told(
    filled: Store, site_of: Callable[[Store], Client]
) -> None:
    sessions.create(filled, "x")
    stream = feed.events(filled, Watch("x", Filter(), 0), BRISK)
    next(stream)
    next(stream)
    sessions.remove(filled, "x")
    assert told(list(stream))[-1]["event"] == "gone"
    client = site_of(filled)
    assert client.get("/ui/sessions/x/events").status_code == 404
    assert feed_status(filled) == 204


def feed_status(store: Store) -> int:
    """What a browser that calls again is answered once the session is gone: 204 makes it stop."""
    from flask import Flask

    with Flask("t").test_request_context("/"):
        return feed.response(store, "x", "fr").status_code


def test_hostile_values_can_not_make_events_of_their_own(filled: Store) -> None:
    write(
        filled,
        detail="x",
        code="a\n\ndata: {}\n\nevent: gone",
        transaction="</script>\r\nid: 9",
        message_id="\u2028",
    )
    raw = b"".join(feed.events(filled, Watch("default", Filter(), 0), GLANCE))
    assert [one["event"] for one in told([raw])] == ["mode", "exchange"]
    assert raw.count(b"\n\n") == 3
    assert b"\r" not in raw


def test_a_declared_number_is_masked_in_events_too(filled: Store) -> None:
    write(filled, code="TEST-OK-1", message_id="TEST-OK-1")
    assert b"TEST-OK-1" not in b"".join(feed.events(filled, Watch("default", Filter(), 0), GLANCE))


# --- over a real server -----------------------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[MockServer]:
    with MockServer(plain_http=True, threads=4, console=0) as server:
        yield server


Connect = Callable[[str], http.client.HTTPConnection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections of a client; closed at the end."""
    opened: list[http.client.HTTPConnection] = []

    def make(url: str) -> http.client.HTTPConnection:
        place = urlsplit(url)
        opened.append(http.client.HTTPConnection(str(place.hostname), place.port, timeout=20))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def watch(connect: Connect) -> Iterator[Callable[[str], http.client.HTTPResponse]]:
    """Viewers of the default session; gone at the end."""
    viewers: list[http.client.HTTPResponse] = []

    def make(url: str) -> http.client.HTTPResponse:
        connection = connect(url)
        connection.request("GET", "/ui/sessions/default/events")
        viewers.append(connection.getresponse())
        return viewers[-1]

    yield make
    for one in viewers:
        one.close()


Viewers = Callable[[str], http.client.HTTPResponse]


def test_many_viewers_do_not_hold_the_workers(served: MockServer, connect: Connect, watch: Viewers) -> None:
    """Four workers: ten viewers who never leave, and the service still answers at once."""
    viewers = [watch(served.url) for _ in range(10)]
    modes = [b'"live": true' in viewer.read1(4096) + viewer.read1(4096) for viewer in viewers]
    assert modes.count(True) == 1  # a quarter of the workers
    for _ in range(5):
        asked = connect(served.url)
        asked.request("GET", "/control/v1/sessions")
        assert asked.getresponse().status == 200


def test_a_viewer_sees_what_is_sent_and_the_server_stops_at_once(
    served: MockServer, connect: Connect, watch: Viewers
) -> None:
    viewer = watch(served.console_url)
    assert viewer.status == 200
    first = viewer.read1(4096)
    while b"live" not in first:
        first += viewer.read1(4096)
    sent = connect(served.url)
    sent.request(
        "POST", "/si-dmp-server/v2/services/patients", b"<a/>", {"Content-Type": "application/soap+xml"}
    )
    sent.getresponse().read()
    assert seqs(told([viewer.read1(65536)])) == [1]
    ended = threading.Event()

    def drain() -> None:
        with suppress(OSError, http.client.HTTPException):
            while viewer.read1(65536):
                pass
        ended.set()

    reader = threading.Thread(target=drain)
    reader.start()
    served.stop()  # would last as long as the viewer if it were waited for
    assert ended.wait(5)
    reader.join()
