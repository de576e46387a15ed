"""Sessions: created, listed, reset, deleted; and their settings."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from mock_dmp.control.api import body, mapping, received, route, session_of, store, text, wrong
from mock_dmp.control.openapi import listing, shape
from mock_dmp.state import sessions, settings

_TEXT: Final = {"type": "string"}
_SETTINGS: Final = {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}}

SCHEMAS: Final[dict[str, Any]] = {
    "Session": shape({"name": _TEXT, "services": _TEXT}),
    "Sessions": listing("Session"),
    "NewSession": shape({"name": _TEXT, "settings": _SETTINGS}, required=("name",)),
    "Settings": _SETTINGS
    | {"description": "refuse | warn | off pour une règle ; sinon la valeur du réglage"},
}


@route(
    "POST",
    "/sessions",
    summary="Créer une session isolée",
    asks="NewSession",
    answers="Session",
    status=201,
)
def post_session() -> tuple[Response, int]:
    asked = body("name", "settings")
    values = mapping(asked.get("settings", {}), "settings")
    return jsonify(told(sessions.create(store(), text(asked, "name"), values).name)), 201


@route("GET", "/sessions", summary="Lister les sessions", answers="Sessions")
def list_sessions() -> Response:
    return jsonify([told(name) for name in sessions.names(store())])


@route("GET", "/sessions/<name>", summary="Lire une session", answers="Session")
def get_session(name: str) -> Response:
    return jsonify(told(session_of(name).name))


@route(
    "DELETE",
    "/sessions/<name>",
    summary="Supprimer une session et tout ce qu'elle contient",
    status=204,
)
def delete_session(name: str) -> tuple[str, int]:
    sessions.remove(store(), name)
    return "", 204


@route(
    "POST",
    "/sessions/<name>/reset",
    summary="Revenir à l'état initial, journal compris (`exchanges=keep` : sauf le journal)",
    query=(("exchanges", "string"),),
    answers="Session",
)
def reset_session(name: str) -> Response:
    asked = request.args.get("exchanges", "")
    if asked not in ("", "keep"):
        raise wrong("exchanges", asked, "keep")
    return jsonify(told(sessions.reset(store(), name, keep_exchanges=asked == "keep").name))


@route("GET", "/sessions/<name>/settings", summary="Lire règles et réglages", answers="Settings")
def get_settings(name: str) -> Response:
    return jsonify(session_of(name).settings.everything())


@route(
    "PATCH",
    "/sessions/<name>/settings",
    summary="Changer règles et réglages",
    asks="Settings",
    answers="Settings",
)
def patch_settings(name: str) -> Response:
    session_of(name)
    values = mapping(received(), "")
    with store().write() as db:
        settings.change(db, name, values)
    return jsonify(session_of(name).settings.everything())


def told(name: str) -> dict[str, Any]:
    """What is told of a session."""
    prefix = "" if name == sessions.DEFAULT else f"/s/{name}"
    return {"name": name, "services": f"{prefix}/si-dmp-server/v2/services/"}
