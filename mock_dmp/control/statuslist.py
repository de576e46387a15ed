"""The signed status list of homologations that a session believes: read, given, taken away."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify

from mock_dmp.acceptance.official import Believed, believed
from mock_dmp.control.api import body, mapping, route, session_of, store, text
from mock_dmp.control.openapi import shape
from mock_dmp.state import statuslists
from mock_dmp.state.statuslists import Given
from protocol import canonical
from protocol.errors import EvidenceError, Text, UsageError
from protocol.trust import stamp

_TEXT: Final = {"type": "string"}
_FILE: Final = {"type": "object", "additionalProperties": True}

SCHEMAS: Final[dict[str, Any]] = {
    "StatusListGiven": shape(
        {
            "list": _FILE | {"description": "contenu de status.json (enveloppe DSSE)"},
            "trust": _FILE | {"description": "contenu de trust.json, le fichier de confiance de l'émetteur"},
            "key": _TEXT | {"description": "clé des numéros (`register tag-key`), en hexadécimal"},
        }
    ),
    "StatusList": shape(
        {
            "issuer": _TEXT,
            "issued": _TEXT,
            "next_update": _TEXT,
            "stale": {"type": "boolean"},
            "entries": {
                "type": "array",
                "items": shape({"reference": _TEXT, "state": _TEXT, "now": _TEXT, "software": _TEXT}),
            },
        }
    )
    | {"description": "`now` : l'état à l'horloge de la session"},
}


@route(
    "GET",
    "/sessions/<name>/status-list",
    summary="Lire la liste de statuts de la session, à son horloge",
    answers="StatusList",
)
def get_status_list(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        given = statuslists.of(db, name)
    if given is None:
        raise _none(name)
    return jsonify(_told(name, believed(given)))


@route(
    "PUT",
    "/sessions/<name>/status-list",
    summary="Donner à la session une liste de statuts signée, au lieu de celle de la plateforme",
    asks="StatusListGiven",
    answers="StatusList",
)
def put_status_list(name: str) -> Response:
    session_of(name)
    asked = body("list", "trust", "key")
    given = Given(_file(asked, "list"), _file(asked, "trust"), text(asked, "key", expected="hex"))
    told = _told(name, believed(given))
    with store().write() as db:
        statuslists.put(db, name, given)
    return jsonify(told)


@route(
    "DELETE",
    "/sessions/<name>/status-list",
    summary="Retirer la liste de statuts de la session",
    status=204,
)
def delete_status_list(name: str) -> tuple[str, int]:
    session_of(name)
    with store().write() as db:
        if not statuslists.remove(db, name):
            raise _none(name)
    return "", 204


def _file(asked: dict[str, Any], name: str) -> str:
    """A file of JSON that came inside the body, in the one form that can have been signed."""
    try:
        return canonical.dumps(mapping(asked.get(name), name)).decode()
    except EvidenceError as problem:
        raise UsageError(problem.code, problem.text, field=name, found=problem.found) from problem


def _told(name: str, one: Believed) -> dict[str, Any]:
    """What the list says, references only: no number and no tag of one."""
    now = session_of(name).now()
    return {
        "issuer": one.listed.issuer,
        "issued": stamp(one.listed.issued),
        "next_update": stamp(one.listed.next_update),
        "stale": one.stale(now),
        "entries": [
            {
                "reference": entry.reference,
                "state": entry.state,
                "now": entry.state_at(now),
                "software": entry.software,
            }
            for entry in one.listed.entries
        ],
    }


def _none(name: str) -> UsageError:
    return UsageError(
        "STATUS-014",
        Text("cette session n'a pas de liste de statuts", "this session has no status list"),
        field="name",
        found=name,
    )
