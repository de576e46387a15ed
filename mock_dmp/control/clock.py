"""The clock of a session: read, set, moved, stopped, started again."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify

from mock_dmp import clock
from mock_dmp.control.api import body, route, session_of, store
from mock_dmp.control.openapi import shape
from mock_dmp.state import settings

_TEXT: Final = {"type": "string", "format": "date-time"}

SCHEMAS: Final[dict[str, Any]] = {
    "Clock": shape(
        {
            "now": _TEXT,
            "real": _TEXT,
            "offset_seconds": {"type": "integer"},
            "frozen": {"type": "boolean"},
        }
    ),
    "ClockChange": shape(
        {
            "set": {
                "type": "string",
                "description": "moment ISO 8601 avec fuseau, ou « real » (heure réelle)",
            },
            "move": {"type": "integer", "description": "secondes, négatives pour reculer"},
            "freeze": {"type": "boolean", "description": "arrêter l'horloge"},
            "release": {"type": "boolean", "description": "la remettre en marche d'où elle est"},
        },
        required=(),
    ),
}


@route("GET", "/sessions/<name>/clock", summary="Lire l'horloge de la session", answers="Clock")
def get_clock(name: str) -> Response:
    return jsonify(clock.read(session_of(name)).to_plain())


@route(
    "PUT",
    "/sessions/<name>/clock",
    summary="Régler, déplacer, arrêter ou relancer l'horloge de la session",
    asks="ClockChange",
    answers="Clock",
)
def put_clock(name: str) -> Response:
    asked = body("set", "move", "freeze", "release")
    values = clock.turned(clock.read(session_of(name)), asked)
    with store().write() as db:
        settings.change(db, name, values)
    return jsonify(clock.read(session_of(name)).to_plain())
