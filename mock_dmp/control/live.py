"""The exchanges of a session as they are recorded, as server-sent events: the same feed as the live view's."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from mock_dmp.control.api import route, session_of, store
from mock_dmp.ui import feed

SCHEMAS: Final[dict[str, Any]] = {}


@route(
    "GET",
    "/sessions/<name>/events",
    summary="Suivre les échanges (text/event-stream) ; reprise par Last-Event-ID",
    query=(("after", "integer"), ("transaction", "string"), ("outcome", "string"), ("q", "string")),
    answers="Bytes",
)
def get_events(name: str) -> Response:
    session_of(name)
    return feed.response(store(), name, "fr")
