"""One client connection on top of cheroot, driven by readiness instead of blocking.

A worker gets the connection when bytes are there, takes what there is, and gives it back; only a whole
request is handed to the application. So neither a stalled handshake nor a slow upload holds a thread.
"""

from __future__ import annotations

import io
import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from cheroot.makefile import StreamWriter
from cheroot.server import HTTPConnection, HTTPRequest

from mock_dmp import tls
from mock_dmp.conduct import Conduct
from mock_dmp.transport import flight
from mock_dmp.transport.receiver import Problem, Receiver, State
from protocol.exchange import Headers, Tls

if TYPE_CHECKING:
    from mock_dmp.transport.listener import Listener

_PIECE = 64 * 1024
_TURN_PIECES = 128  # pieces a connection may take before others get their turn
_LINGER_BYTES = 512 * 1024 * 1024

Step = Literal["wait", "again", "ready", "gone"]


class Received:
    """A request off the wire, for the application: `environ["dmpcompat.received"]`.

    `digest` and `size` are those of the body in the blobs; `problem` is set when it is not whole or not HTTP.
    The application sets `heard`: it answers, and keeps the record; and `conduct` when the answer misbehaves.
    """

    def __init__(self, headers: Headers, digest: str, size: int, problem: Problem | None) -> None:
        self.headers = headers
        self.digest = digest
        self.size = size
        self.problem = problem
        self.heard = False
        self.conduct: Conduct | None = None


class Request(HTTPRequest):
    """cheroot's request, whose body is already here."""

    def respond(self) -> None:
        self.rfile = self.conn.body
        self.server.gateway(self).respond()
        if self.ready:
            self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def ensure_headers_sent(self) -> None:
        """Nothing for an answer that must not leave at all: neither status line nor headers."""
        conduct = self.conn.conduct
        if conduct is None or not conduct.silent:
            super().ensure_headers_sent()


class _Input:
    """What cheroot sees of the reading side: the head of a received request, and whether more is at hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.head: BinaryIO = io.BytesIO()
        self.closed = False
        self.bytes_read = 0

    def readline(self, size: int = -1) -> bytes:
        return self.head.readline(size)

    def has_data(self) -> bool:
        """Asked before the connection goes back to the selector, which knows nothing of our buffers."""
        return self._connection.at_hand()

    def close(self) -> None:
        self.closed = True


class Connection(HTTPConnection):
    """A connection and where it is: handshake, receiving, answering, lingering."""

    RequestHandlerClass = Request

    def __init__(self, server: Listener, sock: socket.socket, _makefile: Any = None) -> None:
        self.listener = server
        super().__init__(server, sock, self._file)
        self.body: BinaryIO = io.BytesIO()
        self._secured = not isinstance(sock, ssl.SSLSocket)
        self._receiver = self._new_receiver()
        self._lingering = 0
        self._more = False
        self._expired = False
        self.tls: Tls | None = None
        self._received: Received | None = None
        self._faults: tuple[dict[str, Any], ...] = ()
        self._greeted = False
        self.opened = time.monotonic()
        self.deadline = self.opened + server.patience.handshake

    def _file(self, sock: socket.socket, mode: str, size: int) -> Any:
        return _Input(self) if "r" in mode else StreamWriter(sock, mode, size)

    # -- what cheroot's connection manager uses -------------------------------------------------------

    @property
    def last_used(self) -> float:
        """cheroot closes a connection when last_used < time.time() - server.timeout: our deadline, so put."""
        return time.time() + (self.deadline - time.monotonic()) - float(self.server.timeout)

    @last_used.setter
    def last_used(self, _moment: float | None) -> None:
        """The deadline is set by progress, not by being put back."""

    def at_hand(self) -> bool:
        """Whether bytes wait in our buffers or in those of TLS."""
        if self._more:
            return True
        return isinstance(self.socket, ssl.SSLSocket) and self._secured and self.socket.pending() > 0

    @property
    def conduct(self) -> Conduct | None:
        """How the answer under way must leave, None for as usual."""
        return self._received.conduct if self._received is not None else None

    @property
    def busy(self) -> bool:
        """Whether a request has begun and is not answered."""
        return self._secured and not self._lingering and self._receiver.started

    def close(self) -> None:
        """Close; what must be told goes to a worker first, since the selector's thread must not wait."""
        if not self._expired and not self._lingering and (not self._secured or self._receiver.started):
            self._expired = True
            self.listener.process_conn(self)
            return
        self._receiver.discard()
        self.listener.forget(self)
        if self._secured and isinstance(self.socket, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.socket.setblocking(False)
                self.socket.unwrap()  # sends close_notify; the peer's is not waited for
        with suppress(OSError):
            super().close()

    # -- work, in a worker thread ---------------------------------------------------------------------

    def communicate(self) -> bool:
        """Make progress; True to stay open."""
        if self._expired:
            self._tell_expired()
            return False
        if self._lingering:
            return self._linger()
        if self.listener.draining and not self.busy:
            self._expired = True
            return False
        step = self._receive() if self._secured else self._handshake()
        if step == "ready":
            return self._answer()
        if step == "gone":
            self._expired = True  # told already
        self._more = step == "again"
        return step != "gone"

    def _handshake(self) -> Step:
        self.socket.setblocking(False)
        guarded = self._guarded()
        if guarded is not None:
            return guarded
        try:
            self.socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return "wait"
        except (ssl.SSLError, OSError) as problem:
            return self._refused(*tls.reason_of(problem))
        self._secured = True
        version, cipher = self.socket.version() or "", self.socket.cipher()
        der = self.socket.getpeercert(binary_form=True) or b""
        self.tls = Tls(version, cipher[0] if cipher else "", der)
        self.ssl_env = {"dmpcompat.tls": self.tls, "dmpcompat.faults": self._faults}
        self.deadline = time.monotonic() + self.listener.patience.idle
        if self.tls.version == "TLSv1.3" and self._turned_away(der):
            return "gone"
        return "again"  # the first request may have come with the last flight

    def _guarded(self) -> Step | None:
        """What the faults of the handshake say: a bad server certificate, an alert to the client's. None: go on."""
        gate, address = self.listener.gate, str(self.remote_addr)
        if gate is None or not gate.armed:
            return None
        if not self._greeted:
            bad = None if self._faults else gate.context(address)
            if bad is not None:
                self.socket.context, told = bad
                self._faults = (told,)
            try:
                self._greeted = flight.answer_hello(self.socket)
            except (ssl.SSLError, OSError) as problem:
                return self._refused(*tls.reason_of(problem))
            return "wait"
        arrived = flight.waiting(self.socket)
        shown = flight.certificate(arrived)
        if arrived and not shown and not flight.whole(arrived):
            return "wait"
        alert = gate.refusal(shown, address, f"{address}:{self.remote_port}") if shown else None
        if alert is None:
            return None
        with suppress(OSError):
            socket.socket.send(self.socket, flight.alert(alert))
        return "wait" if self._begin_linger() else "gone"

    def _turned_away(self, der: bytes) -> bool:
        """Under TLS 1.3 the certificate shows too late for an alert: such a client is cut off instead."""
        gate, address = self.listener.gate, str(self.remote_addr)
        if (
            gate is None
            or not gate.armed
            or gate.refusal(der, address, f"{address}:{self.remote_port}") is None
        ):
            return False
        self._cut(Conduct(end="reset"))
        return True

    def _refused(self, word: str, detail: str) -> Step:
        """Record, then let the client read the alert before the connection goes away."""
        self.listener.tell_refused_handshake(self, word, detail)
        if word == "plain-http":
            with suppress(OSError):
                socket.socket.send(self.socket, _PLAIN_HTTP)
        return "wait" if self._begin_linger() else "gone"

    def _receive(self) -> Step:
        self.socket.setblocking(False)
        for _ in range(_TURN_PIECES):
            self._continue()  # here too: the head may have come with the request before
            if self._receiver.finished:
                return "ready"
            try:
                data = self.socket.recv(_PIECE)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return "wait"
            except (ssl.SSLError, OSError):
                data = b""
            if not data:
                return self._ended()
            before = self._receiver.state
            self._receiver.feed(data)
            self._progress(before)
        return "again"

    def _progress(self, before: State) -> None:
        """A head must be whole within its time; a body must keep coming."""
        patience = self.listener.patience
        if self._receiver.state is not State.HEAD:
            self.deadline = time.monotonic() + patience.body
        elif before is State.HEAD and self.deadline > time.monotonic() + patience.head:
            self.deadline = time.monotonic() + patience.head
        self._continue()

    def _continue(self) -> None:
        """Tell a client that waits for it to send its body."""
        if self._receiver.expects_continue:
            self._receiver.expects_continue = False
            self.socket.settimeout(self.listener.patience.write)
            with suppress(OSError):
                self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.socket.setblocking(False)

    def _ended(self) -> Step:
        """The client closed: fine between requests, a truncated request otherwise."""
        if self._receiver.started:
            self._tell_truncated("closed-by-client")
        return "gone"

    def _answer(self) -> bool:
        received = self._hand_over(self._receiver.problem)
        head = self._receiver.head
        self.socket.settimeout(self.listener.patience.write)
        self.rfile.head = io.BytesIO(head.raw if head else _UNREADABLE_HEAD)
        with self.listener.blobs.open(received.digest) as self.body:
            self._received = received
            self.ssl_env = (self.ssl_env or {}) | {"dmpcompat.received": received}
            keep = bool(super().communicate()) and received.problem is None  # type: ignore[no-untyped-call]  # cheroot's
        if not received.heard:  # cheroot answered by itself: something in the head that it does not like
            received.problem = received.problem or Problem(400, "malformed-head")
            self.listener.tell_unheard(self, head, received)
        if received.conduct is not None and received.conduct.end:
            return self._cut(received.conduct)
        leftover = self._receiver.leftover
        self._receiver = self._new_receiver(leftover if keep else b"")
        self.deadline = time.monotonic() + self.listener.patience.idle
        self._more = bool(leftover)
        if keep and not self.listener.draining:
            return True
        return self._begin_linger()

    def _cut(self, conduct: Conduct) -> bool:
        """End as the fault wants: in order, or with a reset that nothing announces."""
        self._receiver = self._new_receiver()
        if conduct.end == "close":
            return self._begin_linger()
        self._expired = True
        self._secured = False  # no close_notify
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.socket.detach())  # at once: a shutdown would announce an orderly end
        return False

    def _hand_over(self, problem: Problem | None) -> Received:
        """Commit what was received to the blobs."""
        receiver = self._receiver
        body = receiver.body
        if body is None:  # no readable head: the bytes themselves are the evidence
            body = self.listener.blobs.writer()
            body.write(receiver.leftover)
        receiver.body = None
        return Received(receiver.head.headers if receiver.head else (), body.commit(), body.size, problem)

    # -- the end --------------------------------------------------------------------------------------

    def _begin_linger(self) -> bool:
        """Say that we are done, and read on for a while: closing at once could destroy what we said."""
        self._lingering = 1
        self.deadline = time.monotonic() + self.listener.patience.linger
        try:
            if self._secured and isinstance(self.socket, ssl.SSLSocket):
                self.socket.setblocking(False)
                with suppress(ssl.SSLError):
                    self.socket.unwrap()
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
        except (OSError, ValueError):
            return False
        return True

    def _linger(self) -> bool:
        self.socket.setblocking(False)
        while self._lingering < _LINGER_BYTES:
            try:
                data = socket.socket.recv(self.socket, _PIECE)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._lingering += len(data)
        return False

    def _tell_expired(self) -> None:
        """In a worker, for a connection that the selector gave up, or that stops with the server."""
        if not self._secured:
            self.listener.tell_refused_handshake(self, "timeout", "no complete handshake in time")
        elif self._receiver.started:
            self._tell_truncated("timeout")

    def _tell_truncated(self, word: str) -> None:
        head = self._receiver.head
        self.listener.tell_unheard(self, head, self._hand_over(Problem(400, word)))

    def _new_receiver(self, leftover: bytes = b"") -> Receiver:
        return Receiver(self.listener.limits, self.listener.blobs.writer, leftover)


_UNREADABLE_HEAD = b"POST / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 29\r\n\r\n"
    b"TLS is required on this port\n"
)
