"""What the endpoints for machines share (INSi, parameter file): one call, its answer, both in the journal.

An endpoint turns a `Called` into a `Said`; what it reads of the session is its own affair. Pages for people are in
`mock_dmp.pages.site`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from mock_dmp import journal
from mock_dmp.context import Session
from mock_dmp.journal import Outcome, Record
from mock_dmp.mounts import Environ, Wsgi
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol.errors import Text, UsageError
from protocol.exchange import Headers

_LOG = logging.getLogger("dmpcompat.mock")
_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True)
class Called:
    """One request. `path` is what comes after the endpoint's own; `root` that, session included; `body` is whole."""

    session: Session
    method: str
    root: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Said:
    """The answer. `code` and `detail` say why, for the journal, when it is a refusal."""

    status: int
    headers: Headers
    body: bytes = b""
    outcome: Outcome = "answered"
    code: str = ""
    detail: str = ""
    message_id: str = ""


Endpoint = Callable[[Called], Said]


def recorded(store: Store, endpoint: Endpoint) -> Wsgi:
    """The endpoint as a WSGI callable; each exchange is in the journal before its answer leaves."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        record = _record(store, environ)
        said = _said(store, endpoint, environ, record)
        headers = (*said.headers, ("Content-Length", str(len(said.body))), ("Server", "dmpcompat"))
        record.status, record.response_headers, record.response_body = (
            said.status,
            headers,
            store.blobs.put(said.body),
        )
        record.outcome, record.code, record.detail = said.outcome, said.code, said.detail
        record.message_id = said.message_id
        journal.write(store, record)
        start_response(f"{said.status} {HTTPStatus(said.status).phrase}", list(headers))
        return [said.body]

    return application


def plain(status: int, text: str, *, code: str = "", more: Headers = ()) -> Said:
    """A sentence for a reader, in French."""
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Said(status, (kind, *more), f"{text}\n".encode(), "refused" if code else "answered", code, text)


def _said(store: Store, endpoint: Endpoint, environ: Environ, record: Record) -> Said:
    try:
        session = sessions.find(store, record.session)
    except UsageError as problem:
        record.session = sessions.DEFAULT
        return plain(404, problem.text.fr, code=problem.code)
    try:
        return endpoint(_called(store, session, environ, record.request_body))
    # Whatever goes wrong, the client gets an answer and the journal a line.
    except Exception as failure:  # noqa: BLE001 - told in an answer and in the journal
        _LOG.exception("exchange %s failed", record.id)
        return Said(500, (), b"", "error", "MockInternalError", f"{type(failure).__name__}: {failure}")


def _called(store: Store, session: Session, environ: Environ, digest: str) -> Called:
    with store.blobs.open(digest) as stream:
        body = stream.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise UsageError(
            "REC-001", Text("message trop gros", "message too large"), expected=f"{_LARGEST} octets"
        )
    return Called(
        session, environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), body
    )


def _record(store: Store, environ: Environ) -> Record:
    received = environ.get("dmpcompat.received")
    if received is None:  # another server than ours
        length = environ.get("CONTENT_LENGTH") or "0"
        digest = store.blobs.put(environ["wsgi.input"].read(int(length)) if length.isdigit() else b"")
        headers = _headers(environ)
    else:
        digest, headers = received.digest, received.headers
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return Record(
        session=environ["dmpcompat.session"],
        method=environ["REQUEST_METHOD"],
        target=str(environ.get("REQUEST_URI") or path),
        request_headers=headers,
        request_body=digest,
        tls=environ.get("dmpcompat.tls"),
        remote=f"{environ.get('REMOTE_ADDR', '')}:{environ.get('REMOTE_PORT', '')}",
    )


def _headers(environ: Environ) -> Headers:
    found = [
        (name[5:].replace("_", "-").title(), str(value))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    names = (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length"))
    return (*found, *((name, environ[key]) for key, name in names if environ.get(key)))
