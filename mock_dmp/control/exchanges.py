"""The journal: exchanges listed, their facts and their raw bytes."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request, send_file

from mock_dmp import journal
from mock_dmp.control.api import number, route, session_of, store
from mock_dmp.control.openapi import listing, shape
from protocol.errors import Text, UsageError

_TEXT: Final = {"type": "string"}

SCHEMAS: Final[dict[str, Any]] = {
    "Exchange": shape(
        {
            "seq": {"type": "integer"},
            "id": _TEXT,
            "session": _TEXT,
            "started": _TEXT,
            "ended": _TEXT,
            "request": {"type": "object"},
            "response": {"type": ["object", "null"]},
            "tls": {"type": ["object", "null"]},
            "failure": _TEXT,
            "detail": _TEXT,
            "outcome": {"enum": ["answered", "refused", "error", "transport", "handshake"]},
            "transaction": _TEXT,
            "message_id": _TEXT,
            "code": _TEXT,
            "rule": _TEXT,
            "warnings": {"type": "array"},
            "faults": {"type": "array", "items": {"type": "object"}},
        }
    ),
    "Exchanges": listing("Exchange"),
}


@route(
    "GET",
    "/sessions/<name>/exchanges",
    summary="Lister les échanges journalisés",
    query=(
        ("after", "integer"),
        ("transaction", "string"),
        ("message_id", "string"),
        ("limit", "integer"),
        ("last", "integer"),
    ),
    answers="Exchanges",
)
def list_exchanges(name: str) -> Response:
    session_of(name)
    last = number("last", 0)
    with store().read() as db:
        if last:
            return jsonify(journal.latest(db, name, last))
        found = journal.listing(
            db,
            name,
            after=number("after", 0),
            transaction=request.args.get("transaction", ""),
            message_id=request.args.get("message_id", ""),
            limit=number("limit", 1000),
        )
    return jsonify(found)


@route(
    "GET", "/sessions/<name>/exchanges/<exchange>", summary="Lire les faits d'un échange", answers="Exchange"
)
def get_exchange(name: str, exchange: str) -> Response:
    return jsonify(_found(name, exchange))


@route(
    "GET",
    "/sessions/<name>/exchanges/<exchange>/request",
    summary="Octets de la requête",
    answers="Bytes",
)
def get_request(name: str, exchange: str) -> Response:
    return _bytes(_found(name, exchange)["request_body"])


@route(
    "GET",
    "/sessions/<name>/exchanges/<exchange>/response",
    summary="Octets de la réponse",
    answers="Bytes",
)
def get_response(name: str, exchange: str) -> Response:
    return _bytes(_found(name, exchange)["response_body"])


def _found(name: str, exchange: str) -> dict[str, Any]:
    session_of(name)
    with store().read() as db:
        found = journal.find(db, name, exchange)
    if found is None:
        raise UsageError(
            "CTL-001", Text("échange inconnu", "unknown exchange"), field="exchange", found=exchange
        )
    return found


def _bytes(digest: str) -> Response:
    """Raw bytes of the journal; empty when there were none."""
    if not digest:
        return Response(b"", mimetype="application/octet-stream")
    return send_file(store().blobs.open(digest), mimetype="application/octet-stream")
