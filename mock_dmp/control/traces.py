"""Traces of access, chosen by patient, professional, action or moment; and as one reader of them would see them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast, get_args

from flask import Response, jsonify, request

from mock_dmp import trace_rights
from mock_dmp.control.api import number, route, session_of, store, wrong
from mock_dmp.control.openapi import listing, shape
from mock_dmp.state import traces
from mock_dmp.trace_rights import Kind, Viewer

_TEXT: Final = {"type": "string"}
_COLUMNS: Final = tuple(name for name in traces.Trace.__dataclass_fields__ if name != "secret")

SCHEMAS: Final[dict[str, Any]] = {
    "Trace": shape(
        {"seq": {"type": "integer"}, **dict.fromkeys(_COLUMNS, _TEXT), "secret": {"type": "boolean"}}
    ),
    "Traces": listing("Trace"),
}


@route(
    "GET",
    "/sessions/<name>/traces",
    summary="Lister les traces d'accès, telles quelles ou comme un lecteur les voit",
    query=(
        ("patient", "string"),
        ("ps", "string"),
        ("action", "string"),
        ("transaction", "string"),
        ("since", "string"),
        ("viewer", "string"),
        ("viewer_ps", "string"),
        ("limit", "integer"),
    ),
    answers="Traces",
)
def list_traces(name: str) -> Response:
    session = session_of(name)
    asked = request.args
    wanted = traces.Wanted(
        patient=asked.get("patient", ""),
        ps=asked.get("ps", ""),
        action=asked.get("action", ""),
        transaction=asked.get("transaction", ""),
        since=_since(asked.get("since", "")),
        limit=number("limit", 0),
    )
    with store().read() as db:
        found = traces.listing(db, name, wanted)
    if asked.get("viewer"):
        viewer = Viewer(_kind(asked["viewer"]), asked.get("viewer_ps", ""))
        found = trace_rights.seen(found, viewer, session.now(), session.settings)
    return jsonify(found)


def _since(raw: str) -> datetime | None:
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        return moment.astimezone(UTC) if moment.tzinfo is not None else _refuse(raw)
    except (ValueError, OverflowError) as problem:
        raise wrong("since", raw, "2026-01-31T08:30:00Z") from problem


def _refuse(raw: str) -> datetime:
    raise wrong("since", raw, "2026-01-31T08:30:00Z")


def _kind(raw: str) -> Kind:
    if raw not in get_args(Kind):
        raise wrong("viewer", raw, ", ".join(get_args(Kind)))
    return cast("Kind", raw)
