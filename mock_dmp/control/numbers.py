"""Homologation numbers of a session: listed without their value, declared, suspended or revoked."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify

from mock_dmp.control.api import body, received, route, session_of, store, text
from mock_dmp.control.openapi import listing, shape
from mock_dmp.state import directory as known
from protocol import directory
from protocol.errors import UsageError

_TEXT: Final = {"type": "string"}

SCHEMAS: Final[dict[str, Any]] = {
    "Status": shape({"status": {"enum": ["active", "suspended", "revoked"]}}),
    "Number": shape({"number": _TEXT, "status": _TEXT}),
    "Declared": {"type": "object", "description": "Même forme que datasets/lps, valeur comprise"},
    "Declaration": {"type": "object", "description": "Le numéro déclaré, sans sa valeur"},
    "Numbers": listing("Declaration"),
}


@route(
    "GET",
    "/sessions/<name>/numbers",
    summary="Lister les numéros d'homologation, sans leur valeur",
    answers="Numbers",
)
def list_numbers(name: str) -> Response:
    """The value is a secret of the editor."""
    session_of(name)
    with store().read() as db:
        found = known.declared(db, name)
    return jsonify([_shown(one) for one in found])


@route(
    "POST",
    "/sessions/<name>/numbers",
    summary="Déclarer ou remplacer un numéro",
    asks="Declared",
    answers="Declaration",
    status=201,
)
def post_number(name: str) -> tuple[Response, int]:
    session_of(name)
    declared = directory.number_from(received(), "numbers", error=UsageError)
    with store().write() as db:
        known.declare(db, name, declared)
    return jsonify(_shown(declared)), 201


@route(
    "PATCH",
    "/sessions/<name>/numbers/<number>",
    summary="Changer le statut d'un numéro",
    asks="Status",
    answers="Number",
)
def patch_number(name: str, number: str) -> Response:
    session_of(name)
    status = text(body("status"), "status", expected="active, suspended, revoked")
    with store().write() as db:
        changed = known.set_status(db, name, number, status)
    return jsonify({"number": changed.key, "status": changed.status})


def _shown(number: directory.WireNumber) -> dict[str, Any]:
    return {name: value for name, value in directory.number_to_plain(number).items() if name != "value"}
