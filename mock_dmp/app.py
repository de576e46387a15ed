"""The WSGI application: SOAP services and their `?wsdl`, web sites, at the root and under `/s/<session>`; control API.

A request without that prefix is for the session of its client certificate (`mock_dmp.state.certificates`), if any.

It turns a request of the transport into `Asked`, and an `Answer` into bytes; it decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import unquote
from wsgiref.util import FileWrapper

from mock_dmp import control, wsdl
from mock_dmp.dispatch import Dispatcher
from mock_dmp.mounts import Mounts
from mock_dmp.progress import Asked
from mock_dmp.state import certificates, sessions
from mock_dmp.state.blobs import Blobs
from mock_dmp.state.engine import Store
from mock_dmp.transport.connection import Received
from protocol.exchange import Headers, Tls

StartResponse = Callable[..., Any]
Environ = dict[str, Any]

_SESSION = re.compile(r"/s/([^/]+)(/.*)?")
_CONTROL = "/control/"


class MockApp:
    """WSGI callable over one store. Works under our server, and under any WSGI server for a hosted mock."""

    def __init__(self, store: Store, dispatcher: Dispatcher | None = None) -> None:
        sessions.ensure_default(store)
        certificates.mark(store)
        self._store = store
        self._dispatcher = dispatcher or Dispatcher(store)
        self._control = control.create(store)
        self._mounts = Mounts(store)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        # A body would be read as the next answer (RFC 9110 section 9.3.2).
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        return []

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._store.relieve()
        path = _text(environ.get("PATH_INFO", ""))
        ours: Received | None = environ.get("dmpcompat.received")
        if ours is not None:
            ours.heard = True
        if path.startswith(_CONTROL) and (ours is None or ours.problem is None):
            answer: Iterable[bytes] = self._control(environ, start_response)
            return answer
        named, path = _split(path)
        session = named or self._presented(environ)
        site = self._mounts.prefix_of(path)
        if site and (ours is None or ours.problem is None):
            return self._mounts.answer(site, session, path, environ, start_response)
        received = ours or _received(environ, self._store.blobs)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and received.problem is None:
            described = _described(path, environ)
            if described is not None:
                return _plain(start_response, HTTPStatus.OK, "text/xml; charset=UTF-8", described)
        return self._serve(_asked(environ, session, path, received), received, start_response)

    def _presented(self, environ: Environ) -> str:
        """The session of the client's certificate, else the default one."""
        tls: Tls | None = environ.get("dmpcompat.tls")
        own = certificates.session_of(self._store, tls.certificate) if tls is not None else ""
        return own or sessions.DEFAULT

    def _serve(self, asked: Asked, received: Received, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._dispatcher.serve(asked)
        start_response(f"{answer.status} {_phrase(answer.status)}", list(answer.headers))
        whole = FileWrapper(self._store.blobs.open(answer.body), 256 * 1024)
        if answer.conduct is None:
            return whole
        received.conduct = answer.conduct
        return answer.conduct.body(whole)


def _described(path: str, environ: Environ) -> bytes | None:
    """The WSDL of a service, or one of its schemas, when the query asks for it."""
    asked, _, name = environ.get("QUERY_STRING", "").partition("=")
    if asked.lower() == "wsdl":
        return wsdl.describe(path, _base(environ))
    return wsdl.schema(path, unquote(name), _base(environ)) if asked.lower() == "xsd" else None


def _asked(environ: Environ, session: str, path: str, received: Received) -> Asked:
    problem = received.problem
    return Asked(
        session=session,
        method=environ["REQUEST_METHOD"],
        target=_target(environ),
        path=path,
        headers=received.headers,
        body=received.digest,
        size=received.size,
        tls=environ.get("dmpcompat.tls"),
        remote=f"{environ.get('REMOTE_ADDR', '')}:{environ.get('REMOTE_PORT', '')}",
        problem=None if problem is None else (problem.status, problem.word),
        faults=environ.get("dmpcompat.faults", ()),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"


def _split(path: str) -> tuple[str, str]:
    """(session that is named, "" for none; path of the service)."""
    match = _SESSION.fullmatch(path)
    return (match[1], match[2] or "/") if match else ("", path)


def _received(environ: Environ, blobs: Blobs) -> Received:
    """What the stream of another WSGI server than ours gives."""
    length = environ.get("CONTENT_LENGTH") or ""
    stream: BinaryIO = environ["wsgi.input"]
    if length.isdigit():
        digest = blobs.put(stream.read(int(length)))
    elif environ.get("wsgi.input_terminated"):
        digest, _ = blobs.put_stream(stream)
    else:
        digest = blobs.put(b"")
    return Received(_headers(environ), digest, blobs.size(digest), None)


def _headers(environ: Environ) -> Headers:
    found = [
        (name[5:].replace("_", "-").title(), str(value))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found.append((name.replace("_", "-").title(), environ[name]))
    return tuple(found)


def _target(environ: Environ) -> str:
    if "REQUEST_URI" in environ:
        return str(environ["REQUEST_URI"])
    query = environ.get("QUERY_STRING", "")
    return _text(environ.get("PATH_INFO", "")) + (f"?{query}" if query else "")


def _base(environ: Environ) -> str:
    """Scheme, host and path that the client used: the address that the WSDL gives."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}{_text(environ.get('PATH_INFO', ''))}"


def _text(raw: str) -> str:
    """A WSGI string (bytes seen as Latin-1) as the UTF-8 it is."""
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")


def _plain(start_response: StartResponse, status: HTTPStatus, kind: str, body: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
