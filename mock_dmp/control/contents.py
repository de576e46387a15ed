"""What a session came to hold: documents of the registry."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from mock_dmp.control.api import route, session_of, store
from mock_dmp.control.openapi import listing
from mock_dmp.state import documents

SCHEMAS: Final[dict[str, Any]] = {"Documents": listing("Anything")}


@route(
    "GET",
    "/sessions/<name>/documents",
    summary="Lister les documents enregistrés, ou ceux d'un patient (sa clé)",
    query=(("patient", "string"),),
    answers="Documents",
)
def list_documents(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify(documents.summary(db, name, request.args.get("patient", "")))
