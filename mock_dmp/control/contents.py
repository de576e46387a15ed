"""What a session came to hold: documents of the registry, traces of access."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from mock_dmp.control.api import route, session_of, store
from mock_dmp.control.openapi import listing
from mock_dmp.state import documents, traces

SCHEMAS: Final[dict[str, Any]] = {"Documents": listing("Anything"), "Traces": listing("Anything")}


@route("GET", "/sessions/<name>/documents", summary="Lister les documents enregistrés", answers="Documents")
def list_documents(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify(documents.summary(db, name))


@route(
    "GET",
    "/sessions/<name>/traces",
    summary="Lister les traces d'accès",
    query=(("patient", "string"),),
    answers="Traces",
)
def list_traces(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify(traces.listing(db, name, patient=request.args.get("patient", "")))
