"""Sending: what crossed the wire is kept as it crossed it; what went wrong there is told, not raised."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.drive import client
from harness.drive.client import TlsClient, send, tls_of
from harness.drive.identity import Identity
from harness.drive.message import OutgoingMessage
from protocol.errors import ConfigError
from protocol.exchange import Exchange, header
from tests.ports import free_port

MESSAGE = OutgoingMessage("TD0.2", "/services/patients", (("Content-Type", "application/soap+xml"),), b"<a/>")
OK = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 4\r\n\r\n<b/>"

Talk = Callable[[socket.socket], None]


class Server:
    """One connection: accept, shake hands when there is a context, then talk. `seen` is what came in."""

    def __init__(self, talk: Talk, context: ssl.SSLContext | None) -> None:
        self._talk, self._context = talk, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.seen = b""
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        raw, _ = self._listener.accept()
        raw.settimeout(5)
        with raw:
            try:
                link = self._context.wrap_socket(raw, server_side=True) if self._context else raw
                with link:
                    self._talk(link)
            except OSError:
                return  # the client hung up: part of what is tested

    def request(self, link: socket.socket) -> None:
        """Read one request of known length."""
        while b"\r\n\r\n" not in self.seen:
            self.seen += link.recv(65536)
        head, _, body = self.seen.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            more = link.recv(65536)
            self.seen += more
            body += more

    def close(self) -> None:
        self._listener.close()
        self.thread.join(5)


@contextmanager
def server(
    answer: bytes | None, context: ssl.SSLContext | None = None, hold: bool = False
) -> Iterator[Server]:
    """A server that reads the request and sends these bytes; `hold` keeps the connection open after them."""
    held = threading.Event()

    def talk(link: socket.socket) -> None:
        if answer is None:
            return
        made.request(link)
        link.sendall(answer)
        if hold:
            held.wait(5)

    made = Server(talk, context)
    made.thread.start()
    try:
        yield made
    finally:
        held.set()
        made.close()


def server_context(pki: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    context.load_verify_locations(pki / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    return context


def plain(answer: bytes | None, **options: object) -> Exchange:
    with server(answer) as made:
        return send(MESSAGE, f"http://127.0.0.1:{made.port}", None, 5, **options)  # type: ignore[arg-type]


def test_mutual_tls_is_told_with_both_sides(pki: Path, hospital: Identity) -> None:
    with server(OK, server_context(pki)) as made:
        exchange = send(MESSAGE, f"https://localhost:{made.port}/s/one/", tls_of(hospital), 5, session="one")
    assert exchange.failure == ""
    assert exchange.tls is not None
    assert (exchange.tls.version, exchange.tls.cipher[:5]) == ("TLSv1.2", "ECDHE")
    assert exchange.tls.certificate == ssl.PEM_cert_to_DER_cert(hospital.tls.certificate_file.read_text())
    assert exchange.request.target == "/s/one/services/patients"
    assert exchange.session == "one"
    assert exchange.origin == "driver"
    assert exchange.started <= exchange.ended
    sent = b"".join(f"{name}: {value}\r\n".encode() for name, value in exchange.request.headers)
    assert made.seen == b"POST /s/one/services/patients HTTP/1.1\r\n" + sent + b"\r\n<a/>"


def test_tls_13_when_allowed(pki: Path, hospital: Identity) -> None:
    with server(OK, server_context(pki, ssl.TLSVersion.TLSv1_3)) as made:
        exchange = send(MESSAGE, f"https://localhost:{made.port}", tls_of(hospital, maximum="1.3"), 5)
    assert exchange.tls is not None
    assert exchange.tls.version == "TLSv1.3"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_client_without_a_certificate_is_refused(pki: Path, version: str) -> None:
    tls = TlsClient(pki / "ca.pem", None, None, maximum=version)
    known = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
    with server(OK, server_context(pki, known)) as made:
        exchange = send(MESSAGE, f"https://localhost:{made.port}", tls, 5)
    assert exchange.response is None
    assert exchange.failure.split(":")[0] in (client.TLS_REFUSED, client.CUT)


def test_a_server_of_another_authority_is_refused(pki: Path, hospital: Identity) -> None:
    tls = replace(tls_of(hospital), ca_file=pki / "cps-auth.pem")
    with server(OK, server_context(pki)) as made:
        exchange = send(MESSAGE, f"https://localhost:{made.port}", tls, 5)
    assert exchange.failure.startswith("tls: ")
    assert exchange.response is None
    assert exchange.tls is None


def test_no_common_version_is_a_refusal(pki: Path, hospital: Identity) -> None:
    with server(OK, server_context(pki, ssl.TLSVersion.TLSv1_3)) as made:
        exchange = send(MESSAGE, f"https://localhost:{made.port}", tls_of(hospital), 5)
    assert exchange.failure.startswith("tls: ")


def test_headers_are_kept_in_order_and_twice() -> None:
    response = plain(OK).response
    assert response is not None
    assert response.headers == (("X-One", "1"), ("x-one", "2"), ("Content-Length", "4"))
    assert (response.status, response.body) == (200, b"<b/>")


def test_a_compressed_answer_stays_compressed() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f\x8b\x08\x00ab"
    response = plain(answer).response
    assert response is not None
    assert response.body == b"\x1f\x8b\x08\x00ab"


def test_a_redirection_is_an_answer() -> None:
    exchange = plain(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert exchange.response is not None
    assert exchange.response.status == 302
    assert header(exchange.response.headers, "location") == "http://127.0.0.1:1/"


def test_a_chunked_answer_is_put_together() -> None:
    exchange = plain(
        b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.body, exchange.failure) == (500, b"abcde", "")


@pytest.mark.parametrize(
    ("answer", "kind", "body"),
    [
        (b"", client.CUT, None),
        (b"NOT HTTP\r\n\r\n", client.NOT_HTTP, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", client.CUT, b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nabc", client.CUT, b"abc"),
    ],
)
def test_a_broken_answer_is_told_with_what_came(answer: bytes, kind: str, body: bytes | None) -> None:
    exchange = plain(answer)
    assert exchange.failure.startswith(f"{kind}: ")
    assert (exchange.response.body if exchange.response else None) == body


def test_an_answer_too_big_is_cut() -> None:
    exchange = plain(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000, max_response=100)
    assert exchange.failure.startswith("oversize: ")
    assert exchange.response is not None
    assert exchange.response.body == b"x" * 100


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_silence_is_a_timeout(answer: bytes) -> None:
    with server(answer, hold=True) as made:
        exchange = send(MESSAGE, f"http://127.0.0.1:{made.port}", None, 0.2)
    assert exchange.failure.startswith("timeout: ")


def test_a_server_that_answers_early_is_heard() -> None:
    big = replace(MESSAGE, body=b" " * 20_000_000)

    def talk(link: socket.socket) -> None:
        link.recv(1000)
        link.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        link.shutdown(socket.SHUT_WR)
        while link.recv(1 << 20):
            pass

    made = Server(talk, None)
    made.thread.start()
    try:
        exchange = send(big, f"http://127.0.0.1:{made.port}", None, 5)
    finally:
        made.close()
    assert exchange.response is not None
    assert exchange.response.status == 413


def test_nobody_there_is_told() -> None:
    assert send(MESSAGE, f"http://127.0.0.1:{free_port()}", None, 5).failure.startswith("connect: ")


@pytest.mark.parametrize("target", ["", "ftp://a", "https://", "http://a:port", "localhost:8080"])
def test_a_bad_address_is_a_mistake(target: str) -> None:
    with pytest.raises(ConfigError, match="SEND-001"):
        send(MESSAGE, target, None)


@pytest.mark.parametrize("host", ["lps2.dmp.gouv.fr", "DMP.GOUV.FR", "x.dmp.gouv.fr."])
def test_the_real_dmp_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="SEND-002"):
        send(MESSAGE, f"https://{host}", None)


def test_unusable_certificates_are_a_mistake(pki: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SEND-003"):
        send(MESSAGE, "https://localhost:1", None)
    with pytest.raises(ConfigError, match="SEND-004"):
        send(MESSAGE, "https://localhost:1", TlsClient(tmp_path / "absent.pem", None, None))
    mixed = TlsClient(pki / "ca.pem", pki / "server.pem", pki / "absent.key")
    with pytest.raises(ConfigError, match="SEND-004"):
        send(MESSAGE, "https://localhost:1", mixed)
