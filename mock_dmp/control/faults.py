"""Faults and defects of a session: which exist, which are armed, what they struck.

A fault plan may be sent as JSON or as YAML: the reader takes both.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from mock_dmp import defects
from mock_dmp.control.api import body, mapping, route, session_of, store, wrong
from mock_dmp.control.openapi import listing, shape
from mock_dmp.faults import api, arming, gate, plan
from mock_dmp.faults.api import Kind
from mock_dmp.faults.plan import Planned
from mock_dmp.state import faults, settings
from mock_dmp.state.faults import Kept
from protocol.errors import Text, UsageError
from protocol.yamlread import parse_yaml

_TEXT: Final = {"type": "string"}
_WORDS: Final = {"type": "object", "properties": {"fr": _TEXT, "en": _TEXT}}
_COUNT: Final = {"type": "integer"}
_OBJECT: Final = {"type": "object"}
_NAMES: Final = {"type": "array", "items": _TEXT}

SCHEMAS: Final[dict[str, Any]] = {
    "FaultKind": shape(
        {
            "name": _TEXT,
            "family": _TEXT,
            "text": _WORDS,
            "reaction": _WORDS,
            "parameters": _OBJECT,
            "when_done": _NAMES,
            "forbids": _NAMES,
            "confidence": {"enum": ["A", "B", "C"]},
        }
    ),
    "FaultKinds": listing("FaultKind"),
    "Fault": shape(
        {
            "id": _COUNT,
            "fault": _TEXT,
            "with": _OBJECT,
            "when": _OBJECT,
            "when_done": {"enum": ["before", "after"]},
            "calls": _COUNT,
            "hits": _COUNT,
            "armed": {"type": "boolean"},
            "forbids": _NAMES,
        }
    ),
    "Faults": listing("Fault"),
    "FaultPlan": {
        "type": "object",
        "description": "une panne, ou {faults: […]} ; schéma : datasets/faults/faults.schema.json",
    },
    "Defect": shape({"name": _TEXT, "text": _WORDS, "caught_by": _NAMES, "armed": {"type": "boolean"}}),
    "Defects": listing("Defect"),
    "ArmedDefects": shape({"defects": _NAMES}),
}


@route("GET", "/faults", summary="Lister les genres de pannes", answers="FaultKinds")
def list_kinds() -> Response:
    return jsonify([_kind(one) for one in api.kinds().values()])


@route(
    "POST",
    "/sessions/<name>/faults",
    summary="Armer une panne, ou un plan de pannes (JSON ou YAML)",
    asks="FaultPlan",
    answers="Faults",
    status=201,
)
def post_faults(name: str) -> tuple[Response, int]:
    session_of(name)
    planned = plan.read_plan(parse_yaml(request.get_data(), "faults", error=UsageError))
    kept = arming.arm(store(), name, map(_located, planned))
    return jsonify([_told(one) for one in kept]), 201


@route("GET", "/sessions/<name>/faults", summary="Lister les pannes de la session", answers="Faults")
def list_faults(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify([_told(one) for one in faults.listing(db, name)])


@route("DELETE", "/sessions/<name>/faults", summary="Désarmer toutes les pannes", status=204)
def delete_faults(name: str) -> tuple[str, int]:
    session_of(name)
    with store().write() as db:
        faults.disarm(db, name)
    gate.mark(store())
    return "", 204


@route("DELETE", "/sessions/<name>/faults/<fault>", summary="Désarmer une panne", status=204)
def delete_fault(name: str, fault: str) -> tuple[str, int]:
    session_of(name)
    with store().write() as db:
        known = {str(one.id) for one in faults.listing(db, name)}
        if fault in known:
            faults.disarm(db, name, int(fault))
    if fault not in known:
        raise UsageError(
            "FLT-009",
            Text("cette session n'a pas cette panne", "this session has no such fault"),
            field="fault",
            found=fault,
        )
    gate.mark(store())
    return "", 204


@route("GET", "/sessions/<name>/defects", summary="Lister les défauts volontaires", answers="Defects")
def list_defects(name: str) -> Response:
    armed = set(defects.of(session_of(name).settings))
    return jsonify(
        [
            {
                "name": one.name,
                "text": one.text._asdict(),
                "caught_by": list(one.caught_by),
                "armed": one in armed,
            }
            for one in defects.defects().values()
        ]
    )


@route(
    "PUT",
    "/sessions/<name>/defects",
    summary="Choisir les défauts volontaires de la session (aucun : liste vide)",
    asks="ArmedDefects",
    answers="ArmedDefects",
)
def put_defects(name: str) -> Response:
    session_of(name)
    asked = body("defects").get("defects")
    if not isinstance(asked, list) or not all(isinstance(one, str) and "," not in one for one in asked):
        raise wrong("defects", asked, '["…"]')
    with store().write() as db:
        settings.change(db, name, {defects.SWITCH: ",".join(asked)})
    return jsonify({"defects": [one.name for one in defects.of(session_of(name).settings)]})


def _located(planned: Planned) -> Planned:
    """A bad server certificate is shown to whoever asks for it, unless another address is named."""
    if planned.kind.name != "stale-certificate" or planned.parameters["address"]:
        return planned
    given = {**planned.parameters, "address": request.remote_addr or ""}
    return Planned(planned.kind, given, planned.when, planned.moment)


def _kind(one: Kind) -> dict[str, Any]:
    return {
        "name": one.name,
        "family": one.family,
        "text": one.text._asdict(),
        "reaction": one.reaction._asdict(),
        "parameters": {item.name: item.schema() for item in one.parameters},
        "when_done": list(one.moments),
        "forbids": list(one.forbids),
        "confidence": one.confidence,
    }


def _told(one: Kept) -> dict[str, Any]:
    return {
        "id": one.id,
        **mapping(one.plan, "plan"),
        "calls": one.calls,
        "hits": one.hits,
        "armed": one.armed,
        "forbids": list(api.kind(one.plan["fault"]).forbids),
    }
