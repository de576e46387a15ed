"""The listening server: cheroot's, with our connections, limits and patience, and a stop that drains."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from cheroot.ssl import Adapter
from cheroot.wsgi import Server

from mock_dmp.state.blobs import Blobs
from mock_dmp.transport.connection import Connection, Received
from mock_dmp.transport.receiver import Head, Limits
from mock_dmp.transport.relay import Relay

_LOG = logging.getLogger("dmpcompat.mock")


@dataclass(frozen=True)
class Patience:
    """Seconds allowed: whole handshake, whole head, next piece of a body, next request, one write, linger."""

    handshake: float = 5.0
    head: float = 10.0
    body: float = 20.0
    idle: float = 60.0
    write: float = 20.0
    linger: float = 10.0


class Witness(Protocol):
    """Who is told of what the application never sees (the journal)."""

    def refused_handshake(self, remote: str, word: str, detail: str) -> None: ...

    def unheard(self, connection: Connection, head: Head | None, received: Received) -> None: ...


class Gate(Protocol):
    """Asked at each handshake while `armed`: faults that come before any session is known."""

    @property
    def armed(self) -> bool: ...

    def context(self, address: str) -> tuple[ssl.SSLContext, dict[str, Any]] | None: ...

    def refusal(self, der: bytes, address: str, remote: str) -> int | None: ...


class _Tls(Adapter):
    """Wraps without talking: the handshake is the connection's, in a worker."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, Any]]:
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}

    def get_environ(self) -> dict[str, Any]:
        return {}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        raise NotImplementedError  # Connection makes its own


class Listener(Server):
    """One address, one WSGI application."""

    ConnectionClass = Connection
    expiration_interval = 0.2
    keep_alive_conn_limit = None  # type: ignore[assignment]  # cheroot takes None for no limit

    def __init__(
        self,
        address: tuple[str, int],
        app: Any,
        *,
        blobs: Blobs,
        witness: Witness,
        context: ssl.SSLContext | None,
        threads: int,
        limits: Limits,
        patience: Patience,
        relay: Relay | None = None,
        gate: Gate | None = None,
    ) -> None:
        super().__init__(address, app, numthreads=threads, max=threads, request_queue_size=256)
        self.server_name = "dmpcompat"
        self.ssl_adapter = None if context is None else _Tls(context)
        self.blobs = blobs
        self.limits = limits
        self.patience = patience
        self.gate = gate
        self.draining = False
        self._relay = relay
        self.bind_problem: OSError | None = None
        self._witness = witness
        self._open: set[Connection] = set()
        self._lock = threading.Lock()

    def bind(self, family: int, type: int, proto: int = 0) -> Any:
        """Keep the cause, which cheroot turns into a sentence."""
        if self._relay is not None:
            self.socket, self.bind_addr = self._relay, self._relay.address
            return self.socket
        try:
            bound: socket.socket = super().bind(family, type, proto)
        except OSError as problem:
            self.bind_problem = problem
            raise
        return bound

    def process_conn(self, conn: Connection) -> None:
        with self._lock:
            self._open.add(conn)
        super().process_conn(conn)

    def forget(self, conn: Connection) -> None:
        with self._lock:
            self._open.discard(conn)

    def drain(self, seconds: float) -> None:
        """Take no new request, let the begun ones end (at most `seconds`), then stop."""
        self.draining = True
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._busy():
            time.sleep(0.01)
        self.shutdown_timeout = max(1, round(seconds))
        self.stop()

    def _busy(self) -> bool:
        with self._lock:
            return any(conn.busy for conn in self._open)

    def tell_refused_handshake(self, conn: Connection, word: str, detail: str) -> None:
        _LOG.warning("handshake refused: %s:%s %s (%s)", conn.remote_addr, conn.remote_port, word, detail)
        self._witness.refused_handshake(f"{conn.remote_addr}:{conn.remote_port}", word, detail)

    def tell_unheard(self, conn: Connection, head: Head | None, received: Received) -> None:
        self._witness.unheard(conn, head, received)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """cheroot's messages go to our log."""
        _LOG.log(level, "%s", msg, exc_info=traceback)
