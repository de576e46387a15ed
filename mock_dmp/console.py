"""The console: a second listener, plain HTTP on loopback, for browsers that can't present a client certificate.

It serves the live view, the simulated patient and the control API, never a service of the DMP nor its pages for
professionals. A page of another site can't use it: names other than those of loopback are refused (DNS rebinding),
and so are requests that a browser says come from elsewhere.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from mock_dmp.mounts import Environ, Wsgi
from mock_dmp.state.blobs import Blobs
from mock_dmp.transport.connection import Connection, Received
from mock_dmp.transport.listener import Listener, Patience
from mock_dmp.transport.receiver import Head, Limits

_LOG = logging.getLogger("dmpcompat.mock")
HOST: Final = "127.0.0.1"
#: Port of `--console` without a number.
PORT: Final = 8480
_THREADS: Final = 8
_LIMITS: Final = Limits(body=8 * 1024 * 1024)
_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SERVED: Final = re.compile(r"(?:/s/[^/]+)?/(?:ui|patient)(?:/.*)?|/control/.*", re.DOTALL)
_SAFE: Final = frozenset({"GET", "HEAD"})
#: What a browser says of a request that a page of the console, or its user, made.
_OWN: Final = frozenset({"", "same-origin", "none"})


class Console:
    """The console over the application of a mock. `place`: a port (0: a free one), or a socket that listens already."""

    def __init__(self, app: Wsgi, blobs: Blobs, place: int | socket.socket) -> None:
        bound = None if isinstance(place, int) else place
        self._listener = _Listener(Guard(app), blobs, place if isinstance(place, int) else 0, bound)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """As asked; the real one once prepared."""
        return int(self._listener.bind_addr[1])

    @property
    def url(self) -> str:
        """Its address, without a final slash; known once prepared."""
        return f"http://{HOST}:{self.port}"

    @property
    def bind_problem(self) -> OSError | None:
        """Why the address could not be taken."""
        return self._listener.bind_problem

    def prepare(self) -> None:
        """Take the address. Raises OSError."""
        self._listener.prepare()

    def start(self) -> None:
        """Serve in a thread, once prepared."""
        self._thread = threading.Thread(target=self._listener.serve, name="dmpcompat-console", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Let what is under way end, at most so long."""
        if self._thread is not None:
            self._listener.drain(seconds)
            self._thread.join()
            self._thread = None


def bound(port: int) -> socket.socket:
    """A socket that listens for the console, for several processes to share. Raises OSError."""
    return socket.create_server((HOST, port), backlog=64)


def url_of(listening: socket.socket) -> str:
    """The address of a console on that socket, without a final slash."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


class Guard:
    """Lets through what a page of the console, its user or a program of this machine asks; refuses the rest."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        received: Received | None = environ.get("dmpcompat.received")
        if received is not None:
            received.heard = True
        path = environ.get("PATH_INFO", "")
        refused = self._refused(environ, received)
        if refused:
            return _plain(start_response, refused)
        if path in ("", "/"):
            return _plain(start_response, "302 Found", [("Location", "/ui/")])
        if not _SERVED.fullmatch(path):
            return _plain(start_response, "404 Not Found")
        return self._app(environ, start_response)

    def _refused(self, environ: Environ, received: Received | None) -> str:
        """The status of a request that must not get further, "" for others."""
        if received is not None and received.problem is not None:
            return f"{received.problem.status} Refused"
        host = environ.get("HTTP_HOST", "")
        if _name(f"//{host}") not in _NAMES:
            return "421 Misdirected Request"
        if environ.get("HTTP_SEC_FETCH_SITE", "") not in _OWN and not _opened(environ):
            return "403 Forbidden"
        origin = environ.get("HTTP_ORIGIN")
        if environ["REQUEST_METHOD"] not in _SAFE and origin is not None and origin != f"http://{host}":
            return "403 Forbidden"
        return ""


def _opened(environ: Environ) -> bool:
    """Whether a link of another site only opens a page: it can't read it, and nothing is changed by that."""
    return environ["REQUEST_METHOD"] in _SAFE and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # no host at all
        return ""


def _plain(
    start_response: Callable[..., Any], status: str, headers: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    body = status.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers])
    return [body]


class _Witness:
    """What never became a request is told to the log: it is no exchange with the DMP."""

    def refused_handshake(self, remote: str, word: str, detail: str) -> None:
        _LOG.info("console: %s %s (%s)", remote, word, detail)

    def unheard(self, connection: Connection, _head: Head | None, received: Received) -> None:
        word = received.problem.word if received.problem else "malformed-head"
        _LOG.info("console: %s %s", connection.remote_addr, word)


class _Listener(Listener):
    """On loopback; on a socket that listens already when there is one."""

    def __init__(self, app: Wsgi, blobs: Blobs, port: int, already: socket.socket | None) -> None:
        super().__init__(
            (HOST, port),
            app,
            blobs=blobs,
            witness=_Witness(),
            context=None,
            threads=_THREADS,
            limits=_LIMITS,
            patience=Patience(),
        )
        self._already = already

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        if self._already is None:
            bound: socket.socket = super().bind(family, type, proto)
            return bound
        self.socket, self.bind_addr = self._already, self._already.getsockname()[:2]
        return self._already
