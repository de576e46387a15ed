"""One POST to a service that signs or stamps, within a time and a size: no redirection, no proxy and no password file
of the account that runs this.

The time is that of the whole exchange: a service that gives one byte now and then is cut off all the same.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class NoAnswer(Exception):
    """No answer that can be used; the reason is for the reader of an error."""


def in_clear(url: str) -> bool:
    """Whether what is sent there could be read on the way to another machine."""
    told = urlsplit(url)
    return told.scheme != "https" and told.hostname not in _LOOPBACK


def posted(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    largest: int,
    authority: Path | None = None,
) -> bytes:
    """The body of the answer (HTTP 200). `authority`: PEM of the authority of its TLS certificate; the machine's own by
    default. Raises NoAnswer.
    """
    try:
        with _Deadline(_connection(url, seconds, authority), seconds) as connection:
            told = urlsplit(url)
            target = (told.path or "/") + (f"?{told.query}" if told.query else "")
            connection.request("POST", target, body=body, headers=dict(headers))
            with connection.getresponse() as answer:
                if answer.status != http.client.OK:
                    raise NoAnswer(f"HTTP {answer.status}")
                data = answer.read(largest + 1)
                missing = answer.length
    except TimeoutError as problem:
        raise NoAnswer(f"TimeoutError: {seconds} s") from problem
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise NoAnswer(type(problem).__name__) from problem
    if len(data) > largest:
        raise NoAnswer(f"> {largest} bytes")
    if missing:
        raise NoAnswer(f"{missing} bytes missing")
    return data


def _connection(url: str, seconds: float, authority: Path | None) -> http.client.HTTPConnection:
    told = urlsplit(url)
    if told.scheme == "http":
        return http.client.HTTPConnection(told.netloc, timeout=seconds)
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    return http.client.HTTPSConnection(told.netloc, timeout=seconds, context=context)


class _Deadline:
    """A connection that is cut once the time is over, whoever waits on it; then TimeoutError."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._socket: socket.socket | None = None
        self._over = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> http.client.HTTPConnection:
        self._timer.start()
        try:
            self._connection.connect()
        except BaseException:
            self._timer.cancel()
            raise
        self._socket = self._connection.sock  # the connection forgets it when the answer is to end it
        if self._over.is_set():
            self._cut()
        return self._connection

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        self._timer.cancel()
        self._connection.close()
        if self._over.is_set() and not isinstance(problem, TimeoutError):
            raise TimeoutError from problem

    def _cut(self) -> None:
        self._over.set()
        if self._socket is not None:
            with suppress(OSError):  # it ended by itself meanwhile
                self._socket.shutdown(socket.SHUT_RDWR)
