"""The server under clients that stall, cut, send too much, keep alive; and its start and stop."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mock_dmp.progress import Answer, Asked
from mock_dmp.server import MockServer, is_loopback
from mock_dmp.transport.listener import Patience
from mock_dmp.transport.receiver import Limits
from protocol import facts
from protocol.errors import ConfigError

Serve = Callable[..., MockServer]
Connect = Callable[..., ssl.SSLSocket]
Lines = Callable[..., list[dict[str, Any]]]
Eventually = Callable[[Callable[[], Any]], Any]

PATH = "/si-dmp-server/v2/services/patients"
SHORT = Patience(handshake=1, head=0.5, body=0.5, idle=1, write=5, linger=1)


def address(server: MockServer) -> tuple[str, int]:
    host, port = server.url.split("://")[1].rsplit(":", 1)
    return host, int(port)


def ask(sock: socket.socket, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    sock.sendall(request)
    return answer_of(sock)


def answer_of(sock: socket.socket) -> tuple[http.client.HTTPResponse, bytes]:
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return answer, answer.read()


def post(body: bytes, *headers: str, path: str = PATH) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/soap+xml", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def subcode(body: bytes) -> str:
    root = etree.fromstring(body)
    return root.findtext(f".//{{{facts.SOAP12}}}Subcode/{{{facts.SOAP12}}}Value") or ""


def test_fifty_stalled_handshakes_do_not_stop_a_good_client(serve: Serve, connect: Connect) -> None:
    server = serve(threads=2)
    stalled = [socket.create_connection(address(server)) for _ in range(50)]
    try:
        for sock in stalled[::2]:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        answer, _ = ask(connect(server), post(b"<a/>"))
        assert answer.status == 500
    finally:
        for sock in stalled:
            sock.close()


def test_stalled_requests_do_not_stop_a_good_client(serve: Serve, connect: Connect) -> None:
    server = serve(threads=2)
    for number in range(6):
        connect(server).sendall(post(b"x" * 100)[: -50 if number % 2 else 20])
    answer, _ = ask(connect(server), post(b"<a/>"))
    assert answer.status == 500


def test_what_stalls_for_too_long_is_closed_and_journaled(
    serve: Serve, connect: Connect, lines: Lines, eventually: Eventually
) -> None:
    server = serve(patience=SHORT)
    mute = socket.create_connection(address(server), timeout=10)
    half = connect(server)
    half.sendall(post(b"x" * 100)[:-50])
    assert mute.recv(1) == b""
    mute.close()
    assert half.recv(1) == b""
    found = eventually(lambda: lines(server, outcome="transport"))
    assert found[0]["code"] == "timeout"
    assert found[0]["request"]["target"] == PATH
    assert [line["code"] for line in eventually(lambda: lines(server, outcome="handshake"))] == ["timeout"]


def test_an_idle_connection_is_closed_without_a_word(serve: Serve, connect: Connect, lines: Lines) -> None:
    server = serve(patience=SHORT)
    sock = connect(server)
    ask(sock, post(b"<a/>"))
    assert sock.recv(1) == b""
    assert len(lines(server)) == 1


def test_a_cut_request_is_kept(serve: Serve, connect: Connect, lines: Lines, eventually: Eventually) -> None:
    server = serve()
    sock = connect(server)
    sock.sendall(post(b"x" * 100)[:-50])
    sock.close()
    found = eventually(lambda: lines(server, outcome="transport"))[0]
    assert found["code"] == "closed-by-client"
    with server.store.read() as db:
        from mock_dmp import journal

        kept = journal.find(db, "default", found["id"])
    assert kept is not None
    assert server.store.blobs.read(kept["request_body"]) == b"x" * 50


def test_chunked_and_sized_bodies_are_kept_byte_for_byte(
    serve: Serve, connect: Connect, lines: Lines
) -> None:
    server = serve()
    sock = connect(server)
    sized = post(b"<sized/>")
    head = sized.split(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    ask(sock, sized)
    ask(sock, head + b"4\r\n<chu\r\n6\r\nnked/>\r\n0\r\n\r\n")
    stored = [
        server.store.blobs.read(_digest(server, line["id"])) for line in lines(server, outcome="refused")
    ]
    assert stored == [b"<sized/>", b"<chunked/>"]


def _digest(server: MockServer, exchange: str) -> str:
    from mock_dmp import journal

    with server.store.read() as db:
        found = journal.find(db, "default", exchange)
    assert found is not None
    return str(found["request_body"])


def test_requests_follow_each_other_on_one_connection(mock: MockServer, connect: Connect) -> None:
    sock = connect(mock)
    sock.sendall(post(b"<a/>") * 3)
    assert [answer_of(sock)[0].status for _ in range(3)] == [500, 500, 500]


@pytest.mark.parametrize("target", [PATH, f"{PATH}?wsdl", "/control/v1/sessions"])
def test_head_has_no_body_that_the_next_answer_could_be_taken_for(
    mock: MockServer, connect: Connect, target: str
) -> None:
    sock = connect(mock)
    sock.sendall(f"HEAD {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert b"Content-Length: " in head
    assert ask(sock, b"GET /control/v1/sessions HTTP/1.1\r\nHost: x\r\n\r\n")[0].status == 200


def test_a_large_body_streams_through(serve: Serve, connect: Connect, lines: Lines) -> None:
    server = serve()
    body = b"<a>" + b"x" * 9_000_000 + b"</a>"
    answer, _ = ask(connect(server), post(body))
    assert answer.status == 500
    assert server.store.blobs.size(_digest(server, lines(server)[0]["id"])) == len(body)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_too_large_is_a_fault(serve: Serve, connect: Connect, lines: Lines, framing: str) -> None:
    server = serve(limits=Limits(body=10_000))
    request = post(b"y" * 3_000_000)
    if framing == "chunked":
        head, body = request.split(b"\r\n\r\n")
        head = head.rsplit(b"\r\n", 1)[0] + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        request = head + b"2dc6c0\r\n" + body + b"\r\n0\r\n\r\n"
    answer, told = ask(connect(server), request)
    assert (answer.status, subcode(told)) == (413, "soap:MockMessageTooLarge")
    line = lines(server)[0]
    assert (line["rule"], line["response"]["status"]) == ("HTTP-SIZE", 413)
    assert 0 < server.store.blobs.size(_digest(server, line["id"])) <= 70_000


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_two_hundred_megabytes_are_refused_and_the_next_call_is_answered(
    serve: Serve, connect: Connect, framing: str
) -> None:
    """The limits of a mock as it is started by default."""
    server = serve()
    sock, size = connect(server), 200_000_000
    head = post(b"").rsplit(b"Content-Length", 1)[0]
    said = f"Content-Length: {size}" if framing == "length" else "Transfer-Encoding: chunked"
    sock.sendall(head + said.encode() + b"\r\n\r\n")
    piece = b"y" * 1_000_000
    # The server answers and closes before all is sent: it has seen enough.
    with contextlib.suppress(OSError):
        for _ in range(size // len(piece)):
            sock.sendall(piece if framing == "length" else b"f4240\r\n" + piece + b"\r\n")
    answer = b""
    with contextlib.suppress(OSError):
        while received := sock.recv(65536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"MockMessageTooLarge" in answer
    assert ask(connect(server), post(b"<a/>"))[0].status == 500


def test_expect_continue(serve: Serve, connect: Connect) -> None:
    server = serve(limits=Limits(body=1000))
    sock = connect(server)
    head, _, body = post(b"<a/>", "Expect: 100-continue").partition(b"\r\n\r\n")
    sock.sendall(head + b"\r\n\r\n")
    assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert ask(sock, body)[0].status == 500
    head, _, _ = post(b"x" * 2000, "Expect: 100-continue").partition(b"\r\n\r\n")
    assert ask(sock, head + b"\r\n\r\n")[0].status == 413


def test_expect_continue_in_the_bytes_after_another_request(mock: MockServer, connect: Connect) -> None:
    sock = connect(mock)
    head, _, body = post(b"<a/>", "Expect: 100-continue").partition(b"\r\n\r\n")
    assert ask(sock, post(b"<a/>") + head + b"\r\n\r\n")[0].status == 500
    assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert ask(sock, body)[0].status == 500


@pytest.mark.parametrize("request_bytes", [b"nonsense\r\n\r\n", b"POST http://elsewhere/ HTTP/1.1\r\n\r\n"])
def test_what_is_not_http_is_answered_and_kept(
    serve: Serve, connect: Connect, lines: Lines, eventually: Eventually, request_bytes: bytes
) -> None:
    server = serve()
    answer, _ = ask(connect(server), request_bytes)
    assert answer.status == 400
    assert len(eventually(lambda: lines(server))) == 1


def test_plain_http_on_the_tls_port_is_told_so(serve: Serve, lines: Lines, eventually: Eventually) -> None:
    server = serve()
    with socket.create_connection(address(server), timeout=10) as sock:
        answer, told = ask(sock, b"GET / HTTP/1.1\r\n\r\n")
    assert (answer.status, told) == (400, b"TLS is required on this port\n")
    assert eventually(lambda: lines(server, code="plain-http"))


def test_parallel_clients_lose_nothing(serve: Serve, connect: Connect, lines: Lines) -> None:
    server = serve(threads=8)
    socks = [connect(server) for _ in range(8)]

    def send(sock: ssl.SSLSocket) -> None:
        for _ in range(5):
            ask(sock, post(b"<a/>"))

    threads = [threading.Thread(target=send, args=(sock,)) for sock in socks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(server)
    assert len(found) == 40
    assert [line["seq"] for line in found] == list(range(1, 41))


def test_plain_http_is_for_loopback(serve: Serve) -> None:
    server = serve(pki_folder=None, plain_http=True)
    connection = http.client.HTTPConnection(*address(server), timeout=10)
    connection.request("GET", "/control/v1/sessions")
    assert json.loads(connection.getresponse().read())[0]["name"] == "default"
    connection.close()
    with pytest.raises(ConfigError, match="SRV-003"):
        MockServer(host="0.0.0.0", plain_http=True)  # noqa: S104 - what must be refused
    with pytest.raises(ConfigError, match="SRV-004"):
        MockServer()


def test_loopback_names() -> None:
    assert is_loopback("localhost")
    assert is_loopback("::1")
    assert is_loopback("127.0.0.9")
    assert not is_loopback("0.0.0.0")  # noqa: S104 - what must be refused
    assert not is_loopback("mock.example.test")


def test_a_port_in_use_is_a_configuration_error(serve: Serve, test_pki: Any) -> None:
    _, port = address(serve())
    with pytest.raises(ConfigError, match="SRV-001") as caught:
        MockServer(port=port, pki_folder=test_pki.folder).start()
    assert str(port) in caught.value.message("fr")
    with pytest.raises(ConfigError, match="SRV-002"):
        MockServer(host="203.0.113.1", pki_folder=test_pki.folder).start()


def test_a_database_out_of_reach_is_a_configuration_error(tmp_path: Path, test_pki: Any) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/folder/x.db", "nosuchdriver://x", "not a url"):
        with pytest.raises(ConfigError, match="DB-001"):
            MockServer(pki_folder=test_pki.folder, db_url=url, data_dir=tmp_path / "data")


def test_a_stop_lets_the_request_under_way_end(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    begun, release = threading.Event(), threading.Event()
    serve_it = server.dispatcher.serve

    def slow(asked: Asked) -> Answer:
        begun.set()
        release.wait(10)
        return serve_it(asked)

    monkeypatch.setattr(server.dispatcher, "serve", slow)
    sock = connect(server)
    sock.sendall(post(b"<a/>"))
    assert begun.wait(10)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    release.set()
    assert answer_of(sock)[0].status == 500
    stopping.join(10)
    assert not stopping.is_alive()
    with pytest.raises(OSError):
        socket.create_connection(address(server), timeout=5)
    server.stop()  # again: harmless


def test_the_state_survives_in_its_folder(
    tmp_path: Path, connect: Connect, test_pki: Any, lines: Lines
) -> None:
    for expected in (1, 2):
        with MockServer(pki_folder=test_pki.folder, data_dir=tmp_path / "data", threads=2) as server:
            ask(connect(server), post(b"<a/>"))
            assert len(lines(server)) == expected


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM can't be sent to a process elsewhere")
def test_sigterm_stops_a_server_in_front(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    program = (
        "import sys; from pathlib import Path; from mock_dmp.server import MockServer;"
        "MockServer(plain_http=True, threads=1).serve_forever(Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", program, str(ready)], env=environment) as process:
        pause = threading.Event()
        for _ in range(2000):
            if ready.exists() or process.poll() is not None:
                break
            pause.wait(0.01)
        told = json.loads(ready.read_text())
        assert told["pid"] == process.pid
        host, port = told["url"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            assert ask(sock, post(b"<a/>"))[0].status == 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not ready.exists()
