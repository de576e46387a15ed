"""HTTP/1.1 over one asyncio stream, by h11: heads as they came, bodies by pieces, a time limit for each wait.

Which headers a proxy must not pass on is here too. Nothing is decoded but the transfer coding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import h11

from protocol.exchange import Headers

#: Bytes of a head, and of a turn of reading.
MAX_HEAD: Final = 64 * 1024
PIECE: Final = 64 * 1024
#: Headers of one connection (RFC 9110 section 7.6.1), and `Expect`, which the proxy answers itself.
HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate"),
        *("te", "trailer", "upgrade", "expect"),
    }
)

Raw = list[tuple[bytes, bytes]]


class Wire:
    """One connection, from our side of it: `h11.SERVER` or `h11.CLIENT`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: type[h11.CLIENT | h11.SERVER]
    ) -> None:
        self.writer = writer
        self.http = h11.Connection(role, max_incomplete_event_size=MAX_HEAD)
        #: Whether the peer said that nothing more comes.
        self.ended = False
        self._reader = reader

    async def event(self, seconds: float) -> h11.Event | None:
        """The next event, None when there will be none before ours.

        Raises TimeoutError, OSError (ssl.SSLError…), h11.RemoteProtocolError.
        """
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            async with asyncio.timeout(seconds):
                data = await self._reader.read(PIECE)
            self.ended = not data
            self.http.receive_data(data)

    async def send(self, event: h11.Event, seconds: float = 60.0) -> None:
        """Send, as fast as the peer takes it. Raises TimeoutError, OSError."""
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            async with asyncio.timeout(seconds):
                await self.writer.drain()

    async def linger(self, seconds: float = 2.0) -> None:
        """Read on without looking: closing at once could destroy what was said to a peer that still sends."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._reader.read(PIECE):
                    pass

    def abort(self) -> None:
        self.writer.transport.abort()

    async def close(self, seconds: float = 2.0) -> None:
        """Close in order, or at once when the peer does not follow."""
        self.writer.close()
        try:
            async with asyncio.timeout(seconds):
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.abort()


def headers_of(message: h11.Request | h11.Response) -> Headers:
    """Names and values as they came."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.raw_items()
    )


def passed_on(headers: Headers) -> tuple[Raw, list[str]]:
    """The headers that go on as they are, and the names of those left out: of one connection only."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    dropped = HOP | named - {"transfer-encoding", "content-length", "host"}
    kept = [pair for pair in headers if pair[0].lower() not in dropped]
    return raw(kept), [name for name, _ in headers if name.lower() in dropped]


def raw(headers: Iterable[tuple[str, str]]) -> Raw:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def has(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> bool:
    return any(key.lower() == name for key, _ in headers)
