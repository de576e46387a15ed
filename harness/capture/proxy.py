"""The recording proxy: mutual TLS from the LPS, mutual TLS to the platform, each call on the disk before its answer.

Bytes of bodies are passed on as they are; of the headers only those of a connection change, and the frame says which.
What the platform does not answer is told to the LPS in plain text (502, 504) and kept as a frame without response.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import h11

from harness.capture import forward
from harness.capture.draft import Body, Draft, NotKept
from harness.capture.forward import Answer, Failed, Platform
from harness.capture.recording import Recorder, Unread
from harness.capture.tls import Identities, said
from harness.capture.wire import Wire, headers_of, raw
from protocol.errors import ConfigError, Text
from protocol.exchange import Exchange, Request, Response, Tls

AVAILABILITY: Final = "availability.ndjson"
_LOG = logging.getLogger("dmpcompat.proxy")
_BACKLOG: Final = 256


@dataclass(frozen=True)
class Limits:
    """Bytes of a body; connections at once; seconds of a handshake, of a piece of a request, between two requests,
    and for what is under way when it stops."""

    body: int = 160 * 1024 * 1024
    connections: int = 512
    handshake: float = 10.0
    piece: float = 60.0
    idle: float = 120.0
    drain: float = 30.0


@dataclass
class Call:
    """One request on its way."""

    draft: Draft
    request: Request
    tls: Tls
    remote: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    told: dict[str, Any] = field(default_factory=dict)


class TooBig(Exception):
    """The request is over the limit."""


class Proxy:
    """The proxy behind a listening socket. `identity`: pair shown to the platform; "" for the caller's own."""

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        platform: Platform,
        identities: Identities,
        recorder: Recorder,
        *,
        identity: str = "",
        limits: Limits | None = None,
    ) -> None:
        self._listening = listening
        self._context = context
        self._platform = platform
        self._identities = identities
        self._recorder = recorder
        self._identity = identity
        self._limits = limits or Limits()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(self._limits.connections)
        self.draining = False

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None] | None = None) -> None:
        """Serve until `stop`, then let what is under way end."""
        self._listening.setblocking(False)
        self._listening.listen(_BACKLOG)
        accepting = asyncio.create_task(self._accept())
        if on_ready is not None:
            on_ready()
        try:
            await stop.wait()
        finally:
            self.draining = True
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting
            self._listening.close()
            for task in self._tasks - self._busy:
                task.cancel()
            _, late = await asyncio.wait(self._tasks, timeout=self._limits.drain) if self._tasks else ((), ())
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                connection, peer = await loop.sock_accept(self._listening)
            except OSError as problem:  # too many files open, a peer that left: others still come
                self._places.release()
                _LOG.warning("accept: %s", problem)
                await asyncio.sleep(0.1)
                continue
            task = asyncio.create_task(self._serve(connection, f"{peer[0]}:{peer[1]}"))
            self._tasks.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._busy.discard(task)
        self._places.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            _LOG.error("connection given up", exc_info=problem)

    async def _serve(self, connection: socket.socket, remote: str) -> None:
        """One connection of an LPS, from its handshake to its end."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=64 * 1024)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            # asyncio does so for sockets that it listens on itself; without it an answer waits for an acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._context, ssl_handshake_timeout=self._limits.handshake
            )
        except (OSError, ssl.SSLError) as problem:
            self._line("handshake", remote, why=said(problem))
            _LOG.warning("handshake refused: %s (%s)", remote, said(problem))
            connection.close()
            return
        except BaseException:
            connection.close()
            raise
        wire = Wire(reader, asyncio.StreamWriter(transport, protocol, reader, loop), h11.SERVER)
        try:
            await self._converse(wire, remote)
        except (OSError, TimeoutError) as problem:
            _LOG.info("connection ended: %s (%s)", remote, problem or type(problem).__name__)
            wire.abort()
        except asyncio.CancelledError:
            wire.abort()
            raise
        finally:
            await wire.close()

    async def _converse(self, wire: Wire, remote: str) -> None:
        """Its requests, one after the other."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we run in one
        tls = _tls(wire.writer)
        while not self.draining:
            self._busy.discard(task)
            try:
                event = await wire.event(self._limits.idle)
            except h11.RemoteProtocolError as problem:
                await self._malformed(wire, remote, problem)
                return
            except TimeoutError:
                return
            if not isinstance(event, h11.Request):
                return
            self._busy.add(task)
            request = Request(
                event.method.decode("ascii"), event.target.decode("latin-1"), headers_of(event), b""
            )
            try:
                await self._drafted(wire, request, tls, remote)
            except NotKept as problem:
                await self._not_kept(wire, remote, problem)
                return
            if wire.http.our_state is not h11.DONE or wire.http.their_state is not h11.DONE:
                return
            wire.http.start_next_cycle()

    async def _drafted(self, wire: Wire, request: Request, tls: Tls, remote: str) -> None:
        call = Call(self._recorder.draft(), request, tls, remote)
        try:
            await self._one(wire, call)
        finally:
            call.draft.discard()  # unless it is a frame

    async def _one(self, wire: Wire, call: Call) -> None:
        begun = time.monotonic()
        try:
            await self._receive(wire, call.draft.request)
        except (TooBig, h11.RemoteProtocolError, TimeoutError, OSError) as problem:
            await self._not_whole(wire, call, problem, begun)
            return
        answer, failure = await self._ask(call)
        status = answer.status if answer else forward.STATUS[failure.partition(":")[0]]
        head, changed = forward.released(answer) if answer else (None, {})
        call.told |= {"answered": status, "latency_ms": forward.elapsed(begun), "response": changed}
        key = await self._keep(call, answer, failure)
        released = True
        try:
            if head is None:
                await _say(wire, status, _apology(self._platform.host, failure))
            else:
                await _release(wire, head, call.draft.response)
        except (OSError, TimeoutError, h11.LocalProtocolError) as problem:
            _LOG.warning("the caller left before its answer: %s", problem or type(problem).__name__)
            released = False
            wire.abort()
        told = {"frame": key, "status": status, "latency_ms": call.told["latency_ms"]}
        self._line("call", call.remote, **told, failure=failure, released=released)

    async def _receive(self, wire: Wire, body: Body) -> None:
        while True:
            event = await wire.event(self._limits.piece)
            if isinstance(event, h11.EndOfMessage):
                return
            if isinstance(event, h11.Data):
                body.write(event.data)
                if body.size > self._limits.body:
                    raise TooBig(f"oversize: more than {self._limits.body} B")

    async def _ask(self, call: Call) -> tuple[Answer | None, str]:
        """The platform's answer, or why there is none."""
        stem = self._identity or self._identities.of(call.tls.certificate)
        call.told |= {"to": self._platform.address.geturl(), "identity": stem or ""}
        try:
            head, call.told["request"] = self._platform.request(call.request)
            context = None
            if self._platform.address.scheme == "https":
                if stem is None:
                    raise Failed("tls", "no key in the folder for the certificate of the caller")
                context = self._identities.context(stem)
            answer = await self._platform.call(head, call.draft.request, call.draft.response, context)
        except Failed as problem:
            _LOG.warning("no answer of the platform: %s", problem)
            return None, str(problem)
        except ConfigError as problem:
            _LOG.error("%s", problem.message("en"))
            return None, f"tls: {problem.message('en')}"
        call.told["upstream"] = answer.tls
        return answer, ""

    async def _not_whole(self, wire: Wire, call: Call, problem: Exception, begun: float) -> None:
        """A request that did not come whole: kept as far as it came, never passed on."""
        failure = f"request: {problem or type(problem).__name__}, {call.draft.request.size} B received"
        status = 413 if isinstance(problem, TooBig) else 400
        call.told |= {"answered": status, "latency_ms": forward.elapsed(begun)}
        key = await self._keep(call, None, failure)
        self._line("call", call.remote, frame=key, status=status, failure=failure)
        with suppress(OSError, h11.LocalProtocolError, TimeoutError):
            await _say(wire, status, failure + "\n")
        if isinstance(problem, TooBig):
            await wire.linger()
        wire.abort()

    async def _not_kept(self, wire: Wire, remote: str, problem: NotKept) -> None:
        """What can't be recorded is not answered: a hole in a recording would pass for silence."""
        _LOG.error("%s", problem.message("en"))
        self._line("call", remote, frame="", status=500, failure=f"recording: {problem.found}")
        with suppress(OSError, h11.LocalProtocolError, TimeoutError):
            await _say(wire, 500, _UNKEPT)
        await wire.linger()
        wire.abort()

    async def _keep(self, call: Call, answer: Answer | None, failure: str) -> str:
        """Its key, once it is on the disk. Raises NotKept."""
        exchange = Exchange(
            id=str(uuid.uuid4()),
            origin="proxy",
            session="",
            started=call.started,
            ended=datetime.now(UTC),
            request=call.request,
            response=None if answer is None else Response(answer.status, answer.headers, b""),
            tls=call.tls,
            failure=failure,
        )
        told = {"proxy": {"remote": call.remote, **call.told}}
        committing = asyncio.ensure_future(asyncio.to_thread(call.draft.commit, exchange, told))
        try:
            return await asyncio.shield(committing)
        except asyncio.CancelledError:
            await asyncio.wait({committing})  # a frame is whole or not at all, even when we stop
            raise

    async def _malformed(self, wire: Wire, remote: str, problem: h11.RemoteProtocolError) -> None:
        """Not HTTP as it is written: no frame, but a word on it."""
        why = Text(f"requête HTTP illisible : {problem}", f"unreadable HTTP request: {problem}")
        await asyncio.to_thread(self._recorder.unread, Unread(remote, "head", why))
        self._line("malformed", remote, why=str(problem))
        with suppress(OSError, h11.LocalProtocolError):
            await _say(wire, problem.error_status_hint, f"{problem}\n")

    def _line(self, kind: str, remote: str, **facts: Any) -> None:
        """One line of the availability log; a full disk must not stop a call."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"at": at, "kind": kind, "remote": remote, **facts}, ensure_ascii=False)
        try:
            self._recorder.note(AVAILABILITY, line + "\n")
        except OSError as problem:
            _LOG.warning("availability log: %s", problem)


_UNKEPT: Final = (
    "dmpcompat proxy: la réponse n'a pas pu être enregistrée et n'est pas rendue (disque plein ?)\n"
    "dmpcompat proxy: the answer could not be recorded and is not released (disk full?)\n"
)


def _apology(host: str, failure: str) -> str:
    return (
        f"dmpcompat proxy: pas de réponse de {host} ({failure})\n"
        f"dmpcompat proxy: no answer from {host} ({failure})\n"
    )


async def _release(wire: Wire, head: h11.Response, body: Body) -> None:
    await wire.send(head)
    for piece in body.pieces():
        await wire.send(h11.Data(data=piece))
    await wire.send(h11.EndOfMessage())


async def _say(wire: Wire, status: int, text: str) -> None:
    """An answer of the proxy's own."""
    data = text.encode()
    headers = raw([("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(data)))])
    headers += raw([("Server", "dmpcompat-proxy"), ("Connection", "close")])
    await wire.send(h11.Response(status_code=status, headers=headers, reason=b""))
    await wire.send(h11.Data(data=data))
    await wire.send(h11.EndOfMessage())


def _tls(writer: asyncio.StreamWriter) -> Tls:
    secured = writer.get_extra_info("ssl_object")
    certificate = secured.getpeercert(binary_form=True) or b""
    return Tls(secured.version() or "", (secured.cipher() or ("",))[0], certificate)
