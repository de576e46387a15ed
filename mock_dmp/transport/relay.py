"""Hands connections from the process that accepts them to those that serve them (Unix: SCM_RIGHTS).

One byte and one descriptor a connection; the end of the channel means that no more will come.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import suppress
from typing import Final

#: Slows down whoever keeps asking a channel that has ended: what is left to do is elsewhere.
_PAUSE: Final = 0.05


def hand_over(channel: socket.socket, connection: socket.socket) -> None:
    """Give the connection to the other end; ours may then be closed. Raises OSError when nobody takes it."""
    socket.send_fds(channel, [b"c"], [connection.fileno()])


class Relay:
    """What a worker has in place of a listening socket: as much of one as cheroot asks for.

    `address` is the real one; `ended` is set once no connection will come any more.
    """

    def __init__(self, channel: socket.socket, address: tuple[str, int]) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.address = address
        self.ended = threading.Event()

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection and its peer. Raises BlockingIOError when there is none."""
        data, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        if not data:
            self.ended.set()
            time.sleep(_PAUSE)
        if not descriptors:
            raise BlockingIOError(errno.EWOULDBLOCK, "no connection")
        connection = socket.socket(fileno=descriptors[0])
        try:
            return connection, connection.getpeername()[:2]
        except OSError as gone:
            connection.close()
            raise BlockingIOError(errno.EWOULDBLOCK, "the peer left") from gone

    def tell(self, word: bytes) -> None:
        """Say one byte to the process that accepts; it may be gone."""
        with suppress(OSError):
            self._channel.send(word)

    def fileno(self) -> int:
        return self._channel.fileno()

    def settimeout(self, _seconds: float | None) -> None:
        """It never waits."""

    def listen(self, _backlog: int) -> None:
        """Somebody else does."""

    def getsockname(self) -> tuple[str, int]:
        """cheroot asks at its end, to wake up a thread that would wait in `accept`: there is none."""
        raise OSError(errno.ENOTSOCK, "a channel")

    def close(self) -> None:
        self._channel.close()
