"""One POST to a service that signs or stamps, within a time and a size: no redirection, no proxy and no password file
of the account that runs this.

The time is that of the whole exchange: a service that gives one byte now and then is cut off all the same.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
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
        with _deadline(connection := _connection(url, seconds, authority), seconds):
            told = urlsplit(url)
            target = (told.path or "/") + (f"?{told.query}" if told.query else "")
            connection.request("POST", target, body=body, headers=dict(headers))
            answer = connection.getresponse()
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


class _deadline:  # noqa: N801 - used as a statement
    """Cuts the connection once the time is over, whoever waits on it; then TimeoutError."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._over = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        self._timer.cancel()
        self._connection.close()
        if self._over.is_set() and not isinstance(problem, TimeoutError):
            raise TimeoutError from problem

    def _cut(self) -> None:
        self._over.set()
        close: Callable[[int], None] | None = getattr(self._connection.sock, "shutdown", None)
        if close is not None:
            try:
                close(socket.SHUT_RDWR)
            except OSError:
                self._connection.close()  # it was between two states: nothing is waited for on it
