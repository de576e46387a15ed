"""Sends a message over mutual TLS and keeps what crossed the wire, as it crossed it.

Built on http.client: nothing is decoded, decompressed, retried or followed on the way, and the headers in the
Exchange are those that were sent. A refused handshake, a timeout, a cut connection or an answer too big is an
Exchange with a `failure`; only a mistake of configuration raises. Only the transfer coding is undone.
"""

from __future__ import annotations

import http.client
import ssl
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives import serialization

from harness.drive.clock import Clock, SystemClock
from harness.drive.identity import Identity
from harness.drive.message import OutgoingMessage
from protocol.errors import ConfigError, Text
from protocol.exchange import Exchange, Headers, Request, Response, Tls
from protocol.facts import TLS_SUITES, is_production_host
from protocol.x509read import certificate_of

#: Kinds of failure, the first word of `Exchange.failure`.
TLS_REFUSED: Final = "tls"
UNREACHABLE: Final = "connect"
TIMEOUT: Final = "timeout"
CUT: Final = "cut"
OVERSIZE: Final = "oversize"
NOT_HTTP: Final = "http"

MAX_RESPONSE: Final = 160 * 1024 * 1024
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True)
class TlsClient:
    """What a client shows and trusts.

    Versions are "1.2" or "1.3"; without `certificate_file` the client shows no certificate. `verify` False is the
    mistake of a client that takes any server.
    """

    ca_file: Path
    certificate_file: Path | None
    key_file: Path | None
    minimum: str = "1.2"
    maximum: str = "1.2"
    verify: bool = True


@dataclass(frozen=True)
class _Answer:
    response: Response | None
    tls: Tls | None
    failure: str


def tls_of(identity: Identity, *, maximum: str = "1.2") -> TlsClient:
    """TLS material of an identity."""
    pair = identity.tls
    return TlsClient(identity.ca_file, pair.certificate_file, pair.key_file, maximum=maximum)


def send(
    message: OutgoingMessage,
    target: str,
    tls: TlsClient | None,
    timeout: float = 30.0,
    *,
    session: str = "default",
    max_response: int = MAX_RESPONSE,
    clock: Clock | None = None,
    allow_production: bool = False,
) -> Exchange:
    """Send the message to `target` (`https://host:port`, with a prefix such as `/s/name` if any).

    `timeout` is in seconds, for the connection, then for the whole answer. `session` names the exchange.
    Raises ConfigError: bad address, unusable certificates, host of production.
    """
    address = _address(target, allow_production)
    ticking = clock or SystemClock()
    path = address.path.rstrip("/") + message.path
    headers = _headers(message, address)
    context = _context(tls) if address.scheme == "https" else None
    started = ticking.now()
    answer = _exchange(address, context, message, path, headers, timeout, max_response, tls)
    return _kept(message, path, headers, answer, session, started, ticking.now())


def _kept(
    message: OutgoingMessage,
    path: str,
    headers: Headers,
    answer: _Answer,
    session: str,
    started: datetime,
    ended: datetime,
) -> Exchange:
    return Exchange(
        id=str(uuid.uuid4()),
        origin="driver",
        session=session,
        started=started,
        ended=ended,
        request=Request(message.method, path, headers, message.body),
        response=answer.response,
        tls=answer.tls,
        failure=answer.failure,
    )


def _address(target: str, allow_production: bool) -> SplitResult:
    try:
        address = urlsplit(target)
        port_is_good = address.port is None or address.port > 0
    except ValueError:
        raise _bad_address(target) from None
    if address.scheme not in ("http", "https") or not address.hostname or not port_is_good:
        raise _bad_address(target)
    if is_production_host(address.hostname) and not allow_production:
        raise ConfigError(
            "SEND-002",
            Text("une adresse du DMP réel est refusée par défaut", "an address of the real DMP is refused"),
            field="target",
            found=address.hostname,
            mend=Text("viser la plateforme de test", "aim at the test platform"),
        )
    return address


def _bad_address(target: str) -> ConfigError:
    return ConfigError(
        "SEND-001",
        Text("adresse inutilisable", "unusable address"),
        field="target",
        found=target,
        expected="https://host:port",
    )


def _headers(message: OutgoingMessage, address: SplitResult) -> Headers:
    host = address.netloc.rpartition("@")[2]
    given = tuple((name, value) for name, value in message.headers if name.lower() not in ("host",))
    length = () if _has(given, "content-length") else (("Content-Length", str(len(message.body))),)
    return (("Host", host), ("Accept-Encoding", "identity"), ("Connection", "close"), *given, *length)


def _has(headers: Headers, name: str) -> bool:
    return any(key.lower() == name for key, _ in headers)


def _context(tls: TlsClient | None) -> ssl.SSLContext:
    if tls is None:
        raise ConfigError(
            "SEND-003",
            Text("https demande des certificats", "https needs certificates"),
            field="tls",
        )
    files = (tls.ca_file, tls.certificate_file, tls.key_file)
    try:
        return _made(tls, tuple(_stamp(path) for path in files))
    except (OSError, KeyError, ValueError) as problem:
        raise ConfigError(
            "SEND-004",
            Text("certificats du client inutilisables", "unusable client certificates"),
            field=str(tls.certificate_file or tls.ca_file),
            found=str(problem),
        ) from problem


def _stamp(path: Path | None) -> tuple[int, int]:
    """What changes when a file does: its context is then made anew."""
    told = path.stat() if path is not None else None
    return (told.st_mtime_ns, told.st_ino) if told is not None else (0, 0)


@lru_cache(maxsize=64)
def _made(tls: TlsClient, _stamps: tuple[tuple[int, int], ...]) -> ssl.SSLContext:
    """A context, kept: it costs a third of a handshake, and holds no state of connections."""
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    context = ssl.create_default_context(cafile=str(tls.ca_file))
    context.minimum_version = versions[tls.minimum]
    context.maximum_version = versions[tls.maximum]
    context.set_ciphers(":".join(TLS_SUITES))
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if tls.certificate_file is not None:
        context.load_cert_chain(str(tls.certificate_file), str(tls.key_file) if tls.key_file else None)
    return context


def _exchange(
    address: SplitResult,
    context: ssl.SSLContext | None,
    message: OutgoingMessage,
    path: str,
    headers: Headers,
    timeout: float,
    max_response: int,
    tls: TlsClient | None,
) -> _Answer:
    connection = _connection(address, context, timeout)
    facts: Tls | None = None
    try:
        try:
            connection.connect()
        except ssl.SSLError as problem:
            return _Answer(None, None, _said(TLS_REFUSED, problem))
        except TimeoutError as problem:
            return _Answer(None, None, _said(TIMEOUT, problem))
        except OSError as problem:
            return _Answer(None, None, _said(UNREACHABLE, problem))
        facts = _tls_facts(connection, tls)
        return _talk(connection, message, path, headers, timeout, max_response, facts)
    finally:
        connection.close()


def _connection(
    address: SplitResult, context: ssl.SSLContext | None, timeout: float
) -> http.client.HTTPConnection:
    host = address.hostname or ""
    if context is None:
        return http.client.HTTPConnection(host, address.port, timeout=timeout)
    return _Frank(host, address.port, context, timeout)


class _Frank(http.client.HTTPSConnection):
    """HTTPS that tells an end without TLS closure, which Python's own connection takes for an orderly one."""

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._own = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._own.wrap_socket(self.sock, server_hostname=self.host, suppress_ragged_eofs=False)


def _talk(
    connection: http.client.HTTPConnection,
    message: OutgoingMessage,
    path: str,
    headers: Headers,
    timeout: float,
    max_response: int,
    facts: Tls | None,
) -> _Answer:
    deadline = time.monotonic() + timeout
    try:
        refused = _put(connection, message, path, headers)
        response = connection.getresponse()
        body, whole = _read(connection, response, max_response, deadline)
    except TimeoutError as problem:
        return _Answer(None, facts, _said(TIMEOUT, problem))
    except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) as problem:
        ended = isinstance(problem, http.client.RemoteDisconnected)
        return _Answer(None, facts, _said(CUT, problem) if ended else _reset(problem))
    except (ssl.SSLError, ConnectionError) as problem:
        # Under TLS 1.3 a refused certificate shows only here, at the first read.
        kind = TLS_REFUSED if isinstance(problem, ssl.SSLError) else CUT
        return _Answer(None, facts, _said(kind, problem))
    except http.client.HTTPException as problem:
        return _Answer(None, facts, _said(NOT_HTTP, problem))
    except OSError as problem:
        return _Answer(None, facts, _said(CUT, problem))
    kept = Response(response.status, tuple(response.getheaders()), body)
    return _Answer(kept, facts, whole or refused)


def _put(
    connection: http.client.HTTPConnection, message: OutgoingMessage, path: str, headers: Headers
) -> str:
    """Send; a server that answers before the end and hangs up is still listened to."""
    connection.putrequest(message.method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value.encode("utf-8"))
    try:
        connection.endheaders()
        for start in range(0, len(message.body), _CHUNK):
            connection.send(message.body[start : start + _CHUNK])
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as problem:
        return _said(CUT, problem)
    return ""


def _read(
    connection: http.client.HTTPConnection,
    response: http.client.HTTPResponse,
    limit: int,
    deadline: float,
) -> tuple[bytes, str]:
    """The body and "", or what came of it and why it stops there."""
    pieces: list[bytes] = []
    total = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return b"".join(pieces), f"{TIMEOUT}: answer not finished in time"
        if connection.sock is not None:
            connection.sock.settimeout(left)
        try:
            piece = response.read1(_CHUNK)
        except http.client.IncompleteRead as problem:
            pieces.append(problem.partial)
            return b"".join(pieces), _said(CUT, problem)
        except (ssl.SSLEOFError, ConnectionResetError) as problem:
            # Without a length the end of the connection is that of the body, however badly it is told.
            return b"".join(pieces), "" if response.length is None else _reset(problem)
        if not piece:
            return b"".join(pieces), _missing(response)
        total += len(piece)
        pieces.append(piece)
        if total > limit:
            return b"".join(pieces)[:limit], f"{OVERSIZE}: more than {limit} bytes"


def _missing(response: http.client.HTTPResponse) -> str:
    # read1 says nothing when the peer hangs up before Content-Length: http.client keeps what is still due.
    due = response.length
    return f"{CUT}: {due} bytes announced and never sent" if due else ""


def _tls_facts(connection: http.client.HTTPConnection, tls: TlsClient | None) -> Tls | None:
    sock = connection.sock
    if not isinstance(sock, ssl.SSLSocket):
        return None
    cipher = sock.cipher()
    shown = b""
    if tls is not None and tls.certificate_file is not None:
        certificate = certificate_of(tls.certificate_file.read_bytes())
        shown = certificate.public_bytes(serialization.Encoding.DER)
    return Tls(sock.version() or "", cipher[0] if cipher else "", shown)


def _reset(problem: BaseException) -> str:
    """A connection that ended without TLS closure: a reset, which OpenSSL shows as an end out of place."""
    return f"{CUT}: reset, {str(problem) or type(problem).__name__}"


def _said(kind: str, problem: BaseException) -> str:
    return f"{kind}: {str(problem) or type(problem).__name__}"
