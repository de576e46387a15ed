"""The proxy between our driver and the mock, over real mutual TLS on loopback: what is kept is what crossed."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.capture.draft import Body, NotKept
from harness.capture.forward import Patience
from harness.capture.proxy import Limits
from harness.capture.recording import Recording
from harness.capture.serving import Asked, ProxyServer
from harness.drive.client import TlsClient, send, tls_of
from harness.drive.identity import Keyring
from harness.drive.message import OutgoingMessage
from mock_dmp.server import MockServer
from protocol.errors import ConfigError, UsageError
from protocol.exchange import Exchange, header
from protocol.facts import TLS_SUITES
from tests.conftest import Editor
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
PDF: dict[str, Any] = {"level1": {}}
NOTHING = OutgoingMessage("POST", "/x", (("Content-Type", "application/soap+xml"),), b"<a/>", {})


@contextmanager
def proxy(to: str, pki: Path, record: Path, **options: Any) -> Iterator[ProxyServer]:
    with ProxyServer(Asked(to=to, pki=pki, record=record, **options)) as server:
        yield server


def journal(editor: Editor) -> list[Exchange]:
    return [editor.control.exchange(editor.session, one) for one in editor.control.exchanges(editor.session)]


def through(editor: Editor, server: ProxyServer) -> Editor:
    """The same software, which now knows the proxy only."""
    editor.url = f"{server.url}/s/{editor.session}"
    return editor


def feed_and_read(editor: Editor) -> list[Exchange]:
    """TD2.1, TD3.1 and TD3.2 of one document."""
    fed = editor.call("TD2.1", {"patient": "actif-autorise", "documents": [PDF]})
    assert fed.status.endswith("Success"), fed.said
    listed = editor.call("TD3.1", {"patient": "actif-autorise"})
    document = editor.documents()[0]["unique_id"]
    read = editor.call("TD3.2", {"patient": "actif-autorise", "unique_ids": [document]})
    assert read.status.endswith("Success"), read.said
    return [one.exchange for one in (fed, listed, read)]


@pytest.mark.parametrize("identity", ["", "cps-auth"])
def test_what_is_kept_is_what_both_sides_saw(
    tmp_path: Path, mock: MockServer, pki_folder: Path, editor: Callable[..., Editor], identity: str
) -> None:
    one = editor()
    with proxy(mock.url, pki_folder, tmp_path / "r", identity=identity) as server:
        sent = feed_and_read(through(one, server))
    frames = Recording(tmp_path / "r").frames()
    theirs = [item for item in journal(one) if item.request.method == "POST"]
    assert len(frames) == len(sent) == len(theirs) == 3
    for (key, kept), mine, their in zip(frames, sent, theirs, strict=True):
        assert kept.response is not None
        assert mine.response is not None
        assert their.response is not None
        assert kept.request.body == mine.request.body == their.request.body
        assert kept.response.body == mine.response.body == their.response.body
        assert kept.response.status == mine.response.status == their.response.status
        assert (kept.request.target, kept.request.headers) == (mine.request.target, mine.request.headers)
        assert kept.tls == mine.tls
        assert header(mine.response.headers, "Content-Type") == header(their.response.headers, "Content-Type")
        told = Recording(tmp_path / "r").facts(key)["proxy"]
        assert told["identity"] == "cps-auth"
        assert told["request"]["host"] in mock.url
        assert told["upstream"]["cipher"] in TLS_SUITES
    assert "multipart/related" in header(frames[0][1].request.headers, "Content-Type")
    lines = calls(tmp_path / "r")
    assert [(line["frame"], line["status"]) for line in lines] == [(key, 200) for key, _ in frames]


def test_a_named_identity_speaks_for_whoever_calls(
    tmp_path: Path, mock: MockServer, pki_folder: Path, editor: Callable[..., Editor], keyring: Keyring
) -> None:
    """The platform sees the certificate of the proxy, the frame that of the LPS."""
    one = editor()
    with proxy(mock.url, pki_folder, tmp_path / "r", identity="org-auth-cli") as server:
        through(one, server).call("TD0.2", {"patient": "actif-autorise"})
    [their] = journal(one)
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert their.tls is not None
    assert kept.tls is not None
    from cryptography.hazmat.primitives.serialization import Encoding

    assert their.tls.certificate == keyring.pair("org-auth-cli").certificate.public_bytes(Encoding.DER)
    assert kept.tls.certificate == keyring.pair("cps-auth").certificate.public_bytes(Encoding.DER)


def test_a_platform_that_is_down(tmp_path: Path, pki_folder: Path, keyring: Keyring) -> None:
    for to, kind in ((f"https://127.0.0.1:{free_port()}", "connect"), ("https://nowhere.invalid:1", "dns")):
        with proxy(to, pki_folder, tmp_path / kind) as server:
            got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
        assert got.response is not None
        assert got.response.status == 502
        assert b"dmpcompat proxy" in got.response.body
        assert b"Fault" not in got.response.body
        [(key, kept)] = Recording(tmp_path / kind).frames()
        assert kept.response is None
        assert kept.failure.startswith(f"{kind}: ")
        assert kept.request.body == b"<a/>"
        assert Recording(tmp_path / kind).facts(key)["proxy"]["answered"] == 502


class Rough:
    """A platform of bytes: reads a request over TLS, then does as told."""

    def __init__(self, pki: Path, answer: Callable[[ssl.SSLSocket], None]) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pki / "server.pem", pki / "server.key")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.heads: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"https://localhost:{self._listening.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection, self._context.wrap_socket(connection, server_side=True) as secured:
            got = b""
            while b"<a/>" not in got:
                got += secured.recv(65536)
            self.heads.append(got)
            self._answer(secured)


def answers(*pieces: bytes) -> Callable[[ssl.SSLSocket], None]:
    def answer(secured: ssl.SSLSocket) -> None:
        for piece in pieces:
            secured.sendall(piece)

    return answer


CHUNKED = b"HTTP/1.1 200 Fine\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "status", "failure"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",), 502, "cut: "),
        ((b"\x15\x03 not http\r\n\r\n",), 502, "http: "),
        ((), 502, "cut: "),
        (
            (b"HTTP/1.1 503 Gone Fishing\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",),
            503,
            "",
        ),
        ((CHUNKED, b"3\r\nabc\r\n", b"0\r\n\r\n"), 200, ""),
        ((b"HTTP/1.1 200 OK\r\n\r\nto the end",), 200, ""),
    ],
)
def test_whatever_a_platform_answers(
    tmp_path: Path, pki_folder: Path, keyring: Keyring, said: tuple[bytes, ...], status: int, failure: str
) -> None:
    rough = Rough(pki_folder, answers(*said))
    with rough as to, proxy(to + "/base/", pki_folder, tmp_path / "r") as server:
        got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    assert got.response.status == status
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.failure.startswith(failure)
    assert (kept.response is None) == bool(failure)
    if kept.response is not None:
        assert kept.response.body == got.response.body
        assert kept.response.body in b"abcto the end"
    assert rough.heads[0].startswith(b"POST /base/x HTTP/1.1\r\nHost: localhost:")


def test_a_platform_that_takes_its_time(tmp_path: Path, pki_folder: Path, keyring: Keyring) -> None:
    over = threading.Event()
    rough = Rough(pki_folder, lambda _: over.wait(10) and None)
    with rough as to, proxy(to, pki_folder, tmp_path / "r", patience=Patience(answer=0.15)) as server:
        got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
        over.set()
    assert got.response is not None
    assert got.response.status == 504
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.failure.startswith("timeout: ")


def test_a_platform_of_another_authority(
    tmp_path: Path, pki_folder: Path, mock: MockServer, keyring: Keyring
) -> None:
    other = pki_folder / "other-ca.pem"
    with proxy(mock.url, pki_folder, tmp_path / "r", upstream_ca=other) as server:
        got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    assert got.response.status == 502
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.failure.startswith("tls: ")


def test_a_caller_whose_key_is_not_here(
    tmp_path: Path, pki_folder: Path, mock: MockServer, keyring: Keyring
) -> None:
    alone = tmp_path / "pki"
    alone.mkdir()
    for name in ("ca.pem", "crl.pem", "server.pem", "server.key", "org-auth-cli.pem", "org-auth-cli.key"):
        (alone / name).write_bytes((pki_folder / name).read_bytes())
    with proxy(mock.url, alone, tmp_path / "r") as server:
        got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    assert got.response.status == 502
    assert Recording(tmp_path / "r").frames()[0][1].failure.startswith("tls: no key")
    with pytest.raises(ConfigError, match="PROXY-001"):
        ProxyServer(Asked(to=mock.url, pki=alone, record=tmp_path / "r", identity="cps-auth"))


def test_refused_handshakes_and_bad_requests_are_told(
    tmp_path: Path, pki_folder: Path, mock: MockServer, keyring: Keyring
) -> None:
    with proxy(mock.url, pki_folder, tmp_path / "r") as server:
        nobody = TlsClient(pki_folder / "ca.pem", None, None)
        assert send(NOTHING, server.url, nobody).failure.startswith("tls: ")
        expired = keyring.identity("cps", tls="expired-cps-auth")
        assert send(NOTHING, server.url, tls_of(expired)).failure
        with secured(server, pki_folder) as line:
            line.sendall(b"POST /x HTTP/1.1\r\nbad header\r\n\r\n")
            assert line.recv(1000).startswith(b"HTTP/1.1 400 ")
    lines = calls(tmp_path / "r")
    assert [line["kind"] for line in lines] == ["handshake", "handshake", "malformed"]
    assert "expired" in lines[1]["why"]
    assert [one["place"] for one in Recording(tmp_path / "r").unread()] == ["head"]
    assert Recording(tmp_path / "r").frames() == []


@contextmanager
def secured(server: ProxyServer, pki: Path) -> Iterator[ssl.SSLSocket]:
    """A connection of bytes to the proxy."""
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "cps-auth.pem", pki / "cps-auth.key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = int(server.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        yield line


def test_chunks_a_continue_and_a_second_request_on_one_connection(
    tmp_path: Path, pki_folder: Path, keyring: Keyring
) -> None:
    said = b"HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok"
    rough = Rough(pki_folder, answers(said))
    with rough as to, proxy(to, pki_folder, tmp_path / "r") as server, secured(server, pki_folder) as line:
        line.sendall(
            b"POST /x HTTP/1.1\r\nHost: lps\r\nX-Mine: Yes\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nExpect: 100-continue\r\n\r\n"
        )
        assert line.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"2\r\n<a\r\n2\r\n/>\r\n0\r\n\r\n")
        got = b""
        while not got.endswith(b"ok"):
            got += line.recv(1000)
        line.sendall(b"GET /again HTTP/1.1\r\nHost: lps\r\n\r\n")  # the platform takes no second connection
        rough._listening.close()
        assert line.recv(1000).startswith(b"HTTP/1.1 502 ")
    assert b"Set-Cookie: a=1\r\nSet-Cookie: b=2" in got
    assert b"Keep-Alive" not in got
    sent = rough.heads[0]
    assert b"X-Mine: Yes\r\nTransfer-Encoding: chunked\r\n" in sent
    assert b"X-Hop" not in sent
    assert b"Expect" not in sent
    recording = Recording(tmp_path / "r")
    first, second = (frame for _, frame in recording.frames())
    assert first.request.body == b"<a/>"
    assert header(first.request.headers, "Expect") == "100-continue", "as it came"
    assert second.request.method == "GET"
    told = recording.facts("000001")["proxy"]
    assert told["request"]["dropped"] == ["Connection", "X-Hop", "Expect"]
    assert told["response"]["dropped"] == ["Keep-Alive"]


def test_a_big_body_passes_by_pieces(
    tmp_path: Path, pki_folder: Path, mock: MockServer, editor: Callable[..., Editor], keyring: Keyring
) -> None:
    """20 MB over the wire; and one too big is refused, and kept as far as it came."""
    one = editor()
    body = os.urandom(1024 * 1024) * 20
    big = OutgoingMessage("POST", f"/s/{one.session}/si-dmp-server/v2/services/x", NOTHING.headers, body, {})
    with proxy(mock.url, pki_folder, tmp_path / "r") as server:
        got = send(big, server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.response is not None
    assert kept.request.body == body == journal(one)[0].request.body
    assert kept.response.body == got.response.body
    with proxy(mock.url, pki_folder, tmp_path / "s", limits=Limits(body=100_000)) as server:
        got = send(replace(big, body=body[:400_000]), server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    assert got.response.status == 413
    [(_, kept)] = Recording(tmp_path / "s").frames()
    assert "oversize" in kept.failure
    assert body.startswith(kept.request.body)


def test_many_at_once(
    tmp_path: Path, pki_folder: Path, mock: MockServer, editor: Callable[..., Editor], keyring: Keyring
) -> None:
    one = editor()
    with proxy(mock.url, pki_folder, tmp_path / "r") as server, ThreadPoolExecutor(8) as pool:
        through(one, server)
        messages = [one.make("TD0.2", {"patient": "actif-autorise"}) for _ in range(16)]
        got = list(pool.map(one.send, messages))
    assert {answer.http for answer in got} == {200}
    frames = Recording(tmp_path / "r").frames()
    assert {frame.request.body for _, frame in frames} == {message.body for message in messages}
    pairs = {answer.exchange.request.body: answer.exchange.response for answer in got}
    for _, frame in frames:
        mine = pairs[frame.request.body]
        assert frame.response is not None
        assert mine is not None
        assert frame.response.body == mine.body, "an answer went to somebody else"


def test_a_stop_lets_what_is_under_way_end(tmp_path: Path, pki_folder: Path, keyring: Keyring) -> None:
    asked, go = threading.Event(), threading.Event()

    def slowly(line: ssl.SSLSocket) -> None:
        asked.set()
        assert go.wait(10)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with Rough(pki_folder, slowly) as to, ThreadPoolExecutor(2) as pool:
        server = ProxyServer(Asked(to=to, pki=pki_folder, record=tmp_path / "r")).__enter__()
        got = pool.submit(send, NOTHING, server.url, tls_of(keyring.identity("cps")))
        assert asked.wait(10)
        stopping = pool.submit(server.__exit__, None, None, None)
        go.set()
        stopping.result()
        exchange = got.result()
    assert exchange.response is not None
    assert exchange.response.body == b"ok"
    assert len(Recording(tmp_path / "r").frames()) == 1


def calls(folder: Path) -> list[dict[str, Any]]:
    """Lines of the availability log."""
    return [json.loads(line) for line in (folder / "availability.ndjson").read_text().splitlines()]


def test_a_caller_that_leaves_has_its_frame_all_the_same(tmp_path: Path, pki_folder: Path) -> None:
    gone = threading.Event()

    def late(line: ssl.SSLSocket) -> None:
        assert gone.wait(10)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + b"x" * 400_000)

    with Rough(pki_folder, late) as to, proxy(to, pki_folder, tmp_path / "r") as server:
        with secured(server, pki_folder) as line:
            line.sendall(b"POST /x HTTP/1.1\r\nHost: lps\r\nContent-Length: 4\r\n\r\n<a/>")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.set()
        pause = threading.Event()
        for _ in range(300):
            if (tmp_path / "r" / "availability.ndjson").exists():
                break
            pause.wait(0.02)
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.response is not None
    assert len(kept.response.body) == 400_000
    assert [line["status"] for line in calls(tmp_path / "r")] == [200]


def test_a_request_that_stops_halfway_is_kept_as_far_as_it_came(
    tmp_path: Path, pki_folder: Path, mock: MockServer
) -> None:
    limits = Limits(piece=0.1)
    with (
        proxy(mock.url, pki_folder, tmp_path / "r", limits=limits) as server,
        secured(server, pki_folder) as line,
    ):
        line.sendall(b"POST /x HTTP/1.1\r\nHost: lps\r\nContent-Length: 9\r\n\r\n<a/>")
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert (kept.request.body, kept.response) == (b"<a/>", None)
    assert kept.failure.startswith("request: ")


def test_a_forward_proxy_is_something_else(tmp_path: Path, pki_folder: Path, mock: MockServer) -> None:
    with proxy(mock.url, pki_folder, tmp_path / "r") as server, secured(server, pki_folder) as line:
        line.sendall(b"GET https://elsewhere.example/x HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.failure.startswith("target: ")


def test_an_answer_that_cannot_be_kept_is_not_given(
    tmp_path: Path, pki_folder: Path, mock: MockServer, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with proxy(mock.url, pki_folder, tmp_path / "r") as server:
        monkeypatch.setattr(server.recorder, "place", full)
        got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
    assert got.response is not None
    assert got.response.status == 500
    assert b"could not be recorded" in got.response.body
    assert Recording(tmp_path / "r").frames() == []
    assert [path.name for path in (tmp_path / "r").iterdir() if "draft" in path.name] == []


@pytest.mark.parametrize("side", ["requete", "reponse"])
def test_a_full_disk_is_nobody_elses_fault(
    tmp_path: Path,
    pki_folder: Path,
    mock: MockServer,
    keyring: Keyring,
    monkeypatch: pytest.MonkeyPatch,
    side: str,
) -> None:
    """Neither the software's nor the platform's: no frame says so, and the proxy goes on when there is room."""
    write = Body.write

    def full(body: Body, data: bytes) -> None:
        if body.path.name.endswith(side):
            raise NotKept(OSError(errno.ENOSPC, "No space left on device"))
        write(body, data)

    with proxy(mock.url, pki_folder, tmp_path / "r") as server:
        with monkeypatch.context() as patch:
            patch.setattr(Body, "write", full)
            got = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
        assert got.response is not None
        assert got.response.status == 500
        assert Recording(tmp_path / "r").frames() == []
        assert calls(tmp_path / "r")[0]["failure"] == "recording: No space left on device"
        again = send(NOTHING, server.url, tls_of(keyring.identity("cps")))
    assert again.response is not None
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.response is not None
    assert kept.response.body == again.response.body


def test_a_stop_in_the_middle_of_keeping_leaves_a_whole_frame(
    tmp_path: Path, pki_folder: Path, mock: MockServer, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    placing, go = threading.Event(), threading.Event()
    server = ProxyServer(
        Asked(to=mock.url, pki=pki_folder, record=tmp_path / "r", limits=Limits(drain=0.05))
    ).__enter__()
    place = server.recorder.place

    def slowly(*given: Any) -> str:
        placing.set()
        assert go.wait(10)
        return place(*given)

    monkeypatch.setattr(server.recorder, "place", slowly)
    with ThreadPoolExecutor(2) as pool:
        got = pool.submit(send, NOTHING, server.url, tls_of(keyring.identity("cps")))
        assert placing.wait(10)
        stopping = pool.submit(server.__exit__, None, None, None)
        threading.Event().wait(0.15)  # longer than it drains
        go.set()
        stopping.result()
        assert got.result().response is None, "it was cut off"
    [(_, kept)] = Recording(tmp_path / "r").frames()
    assert kept.request.body == b"<a/>"
    assert kept.response is not None


def test_addresses_that_are_refused(
    tmp_path: Path, pki_folder: Path, monkeypatch: pytest.MonkeyPatch, mock: MockServer
) -> None:
    def refused(to: str) -> None:
        ProxyServer(Asked(to=to, pki=pki_folder, record=tmp_path / "r"))

    monkeypatch.delenv("DMPCOMPAT_AUTHORITY", raising=False)
    with pytest.raises(ConfigError, match="AUTH-001"):
        refused("https://lps2.dmp.gouv.fr")
    for wrong in ("ftp://x", "https://", "https://a:99999", "https://u:p@h", "https://h?x=1"):
        with pytest.raises(UsageError, match="PROXY-003"):
            refused(wrong)
    with pytest.raises(ConfigError, match="PROXY-002"):
        ProxyServer(Asked(to=mock.url, pki=tmp_path, record=tmp_path / "r"))
    port = int(mock.url.rpartition(":")[2])
    with pytest.raises(ConfigError, match="PROXY-005"):
        ProxyServer(Asked(to="https://h", pki=pki_folder, record=tmp_path / "r", port=port))


# The command


@contextmanager
def command(to: str, pki: Path, record: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    ready = record.with_suffix(".ready")
    told = [
        sys.executable,
        str(ROOT / "cli.py"),
        "proxy",
        "--to",
        to,
        "--pki",
        str(pki),
        "--record",
        str(record),
    ]
    told += ["--port", "0", "--ready-file", str(ready), "--lang", "en", *more]
    with subprocess.Popen(
        told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        try:
            pause = threading.Event()
            while not ready.exists():
                assert process.poll() is None, process.stdout and process.stdout.read()
                pause.wait(0.02)
            yield process, json.loads(ready.read_text())["url"]
        finally:
            process.kill()
            ready.unlink(missing_ok=True)


def test_killed_it_has_kept_every_answer_it_gave_and_goes_on(
    tmp_path: Path, pki_folder: Path, mock: MockServer, editor: Callable[..., Editor]
) -> None:
    one, record = editor(), tmp_path / "r"
    answered: list[bytes] = []
    enough = threading.Semaphore(0)

    def call() -> None:
        while True:
            message = one.make("TD0.2", {"patient": "actif-autorise"})
            got = one.send(message).exchange
            if got.response is None or got.failure:
                return
            answered.append(message.body)
            enough.release()

    for _ in range(2):
        with command(mock.url, pki_folder, record) as (process, url), ThreadPoolExecutor(3) as pool:
            one.url = f"{url}/s/{one.session}"
            calls = [pool.submit(call) for _ in range(3)]
            for _ in range(5):
                assert enough.acquire(timeout=20)
            os.kill(process.pid, signal.SIGKILL)
            for item in calls:
                item.result()
    kept = [frame.request.body for _, frame in Recording(record).frames()]
    assert len(answered) >= 10
    assert set(answered) <= set(kept), "answered and not kept"
    assert len(set(kept)) == len(kept)


def test_the_command_says_what_it_does_and_ends_when_told(
    tmp_path: Path, pki_folder: Path, mock: MockServer, editor: Callable[..., Editor]
) -> None:
    one = editor()
    with command(mock.url, pki_folder, tmp_path / "r", "--client-identity", "cps-auth") as (process, url):
        one.url = f"{url}/s/{one.session}"
        assert one.call("TD0.2", {"patient": "actif-autorise"}).http == 200
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert f"Recording proxy: {url} → {mock.url}" in said
    assert len(Recording(tmp_path / "r").frames()) == 1
