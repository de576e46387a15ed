"""One call to the platform in the name of the LPS: the body out of a file, the answer into another.

A connection per call, so that what fails is the platform's and not an old connection's. Nothing is tried again:
sending twice is the business of the software under test.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult

import h11

from harness.capture.draft import Body
from harness.capture.tls import said
from harness.capture.wire import Raw, Wire, has, headers_of, passed_on, raw
from protocol.exchange import Headers, Request

#: First word of a failure, and the status that the LPS gets.
STATUS: Final = {
    "connect": 502,
    "dns": 502,
    "tls": 502,
    "http": 502,
    "cut": 502,
    "oversize": 502,
    "timeout": 504,
    "target": 400,
}


class Failed(Exception):
    """The platform gave no whole answer: `kind` of STATUS, and what was seen."""

    def __init__(self, kind: str, seen: str) -> None:
        super().__init__(f"{kind}: {seen}")
        self.kind = kind


@dataclass(frozen=True)
class Patience:
    """Seconds: to connect, for the answer to begin and end (`answer`), and for each piece of it."""

    connect: float = 10.0
    answer: float = 60.0


@dataclass(frozen=True)
class Answer:
    """What the platform said; its body is in the file given."""

    status: int
    reason: bytes
    headers: Headers
    tls: dict[str, Any]


class Platform:
    """The endpoint at `address` (scheme, host, port, and a path that goes before each target)."""

    def __init__(self, address: SplitResult, patience: Patience, most: int) -> None:
        self.address = address
        self._patience = patience
        self._most = most

    @property
    def host(self) -> str:
        """Value of the Host header."""
        return self.address.netloc.rpartition("@")[2]

    def target(self, target: str) -> str:
        return self.address.path.rstrip("/") + target

    def request(self, request: Request) -> tuple[h11.Request, dict[str, Any]]:
        """The head to send, and what differs from the one received. Raises Failed (http, target)."""
        if not request.target.startswith("/"):
            raise Failed(
                "target", f"{request.method} {request.target}: a path is expected, as of the platform"
            )
        kept, dropped = passed_on(request.headers)
        headers: Raw = [(b"Host", self.host.encode()), *(pair for pair in kept if pair[0].lower() != b"host")]
        headers.append((b"Connection", b"close"))
        changed = {
            "host": self.host,
            "target": self.target(request.target),
            "dropped": dropped,
            "added": [["Connection", "close"]],
        }
        try:
            head = h11.Request(method=request.method, target=self.target(request.target), headers=headers)
        except h11.LocalProtocolError as problem:
            raise Failed("http", str(problem)) from problem
        return head, changed

    async def call(self, head: h11.Request, body: Body, into: Body, context: ssl.SSLContext | None) -> Answer:
        """Send and receive. Raises Failed; what came of the answer is in `into` all the same."""
        wire = await self._connect(context)
        try:
            async with asyncio.timeout(self._patience.answer):
                return await self._talk(wire, head, body, into)
        except TimeoutError:
            raise Failed("timeout", f"{self._patience.answer:g} s, {into.size} B received") from None
        except h11.ProtocolError as problem:
            kind = "cut" if wire.ended else "http"
            raise Failed(kind, f"{problem}, {into.size} B received") from problem
        except ssl.SSLError as problem:
            raise Failed("tls", said(problem)) from problem
        except OSError as problem:
            raise Failed("cut", str(problem) or type(problem).__name__) from problem
        finally:
            wire.abort()

    async def _connect(self, context: ssl.SSLContext | None) -> Wire:
        host, secure = self.address.hostname or "", context is not None
        port = self.address.port or (443 if secure else 80)
        options: dict[str, Any] = {"ssl": context, "server_hostname": host} if secure else {}
        try:
            async with asyncio.timeout(self._patience.connect):
                reader, writer = await asyncio.open_connection(host, port, **options)
        except TimeoutError:
            raise Failed(
                "timeout", f"no connection to {host}:{port} in {self._patience.connect:g} s"
            ) from None
        except socket.gaierror as problem:
            raise Failed("dns", f"{host}: {problem.strerror}") from problem
        except (ssl.SSLError, ssl.CertificateError) as problem:
            raise Failed("tls", said(problem)) from problem
        except OSError as problem:
            raise Failed("connect", f"{host}:{port}: {problem.strerror or problem}") from problem
        return Wire(reader, writer, h11.CLIENT)

    async def _talk(self, wire: Wire, head: h11.Request, body: Body, into: Body) -> Answer:
        facts = _facts(wire.writer)
        sent: OSError | None = None
        try:
            await wire.send(head)
            for piece in body.pieces():
                await wire.send(h11.Data(data=piece))
            await wire.send(h11.EndOfMessage())
        except (ConnectionError, ssl.SSLError) as problem:
            sent = problem  # the platform may have answered before the end, and hung up
        try:
            return await self._listen(wire, into, facts)
        except (OSError, h11.ProtocolError):
            if sent is not None:
                raise sent from None
            raise

    async def _listen(self, wire: Wire, into: Body, facts: dict[str, Any]) -> Answer:
        answer: h11.Response | None = None
        while True:
            event = await wire.event(self._patience.answer)
            if isinstance(event, h11.Response):
                answer = event
            elif isinstance(event, h11.Data):
                into.write(event.data)
                if into.size > self._most:
                    raise Failed("oversize", f"more than {self._most} B")
            elif isinstance(event, h11.EndOfMessage) and answer is not None:
                return Answer(answer.status_code, bytes(answer.reason), headers_of(answer), facts)
            elif event is None or isinstance(event, h11.ConnectionClosed):
                raise Failed("cut", "closed without an answer")


def released(answer: Answer) -> tuple[h11.Response, dict[str, Any]]:
    """The head of the answer for the LPS, framed as the platform framed it, and what differs."""
    kept, dropped = passed_on(answer.headers)
    coded = has(kept, b"transfer-encoding")
    changed: dict[str, Any] = {"dropped": dropped, "added": []}
    if not coded and not has(kept, b"content-length") and answer.status not in (204, 304):
        changed["added"] = [["Transfer-Encoding", "chunked"]]  # it ended with its connection: ours goes on
        kept += raw([("Transfer-Encoding", "chunked")])
    return h11.Response(status_code=answer.status, headers=kept, reason=answer.reason), changed


def _facts(writer: asyncio.StreamWriter) -> dict[str, Any]:
    secured = writer.get_extra_info("ssl_object")
    if secured is None:
        return {}
    return {
        "version": secured.version() or "",
        "cipher": (secured.cipher() or ("",))[0],
        "certificate": (secured.getpeercert(binary_form=True) or b"").hex(),
    }


def elapsed(since: float) -> int:
    """Milliseconds since a moment of `time.monotonic`."""
    return round((time.monotonic() - since) * 1000)
