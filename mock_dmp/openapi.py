"""The OpenAPI 3.1 description of the control API, kept by hand beside it; a test holds it to the routes."""

from __future__ import annotations

from typing import Any

_ROOT = "/control/v1"
_SESSION = f"{_ROOT}/sessions/{{name}}"
_EXCHANGE = f"{_SESSION}/exchanges/{{exchange_id}}"

#: (method, path, summary, schema of the request or "", status, schema of the answer or "")
_OPERATIONS: tuple[tuple[str, str, str, str, int, str], ...] = (
    ("get", f"{_ROOT}/openapi.json", "Cette description", "", 200, "Anything"),
    ("get", f"{_ROOT}/sessions", "Lister les sessions", "", 200, "Sessions"),
    ("post", f"{_ROOT}/sessions", "Créer une session isolée", "NewSession", 201, "Session"),
    ("get", _SESSION, "Lire une session", "", 200, "Session"),
    ("delete", _SESSION, "Supprimer une session et tout ce qu'elle contient", "", 204, ""),
    ("post", f"{_SESSION}/reset", "Revenir à l'état initial", "", 200, "Session"),
    ("get", f"{_SESSION}/settings", "Lire règles et réglages", "", 200, "Settings"),
    ("patch", f"{_SESSION}/settings", "Changer règles et réglages", "Settings", 200, "Settings"),
    ("get", f"{_SESSION}/patients", "Lister les patients", "", 200, "Patients"),
    ("post", f"{_SESSION}/patients", "Ajouter ou remplacer un patient", "Patient", 201, "Patient"),
    ("get", f"{_SESSION}/numbers", "Lister les numéros d'homologation, sans leur valeur", "", 200, "Numbers"),
    ("post", f"{_SESSION}/numbers", "Déclarer ou remplacer un numéro", "Declared", 201, "Declaration"),
    ("patch", f"{_SESSION}/numbers/{{number}}", "Changer le statut d'un numéro", "Status", 200, "Number"),
    ("get", f"{_SESSION}/exchanges", "Lister les échanges journalisés", "", 200, "Exchanges"),
    ("get", _EXCHANGE, "Lire les faits d'un échange", "", 200, "Exchange"),
    ("get", f"{_EXCHANGE}/request", "Octets de la requête", "", 200, "Bytes"),
    ("get", f"{_EXCHANGE}/response", "Octets de la réponse", "", 200, "Bytes"),
    ("get", f"{_SESSION}/documents", "Lister les documents enregistrés", "", 200, "Documents"),
    ("get", f"{_SESSION}/traces", "Lister les traces d'accès", "", 200, "Traces"),
)
_QUERY: dict[str, tuple[tuple[str, str], ...]] = {
    f"{_SESSION}/exchanges": (
        ("after", "integer"),
        ("transaction", "string"),
        ("message_id", "string"),
        ("limit", "integer"),
    ),
    f"{_SESSION}/traces": (("patient", "string"),),
}


def description() -> dict[str, Any]:
    """The whole document, as plain JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, asked, status, answered in _OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(method, path, summary, asked, status, answered)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dmpcompat — contrôle du simulateur DMP",
            "version": "1",
            "description": "Toute machine dont le certificat client est admis peut s'en servir.",
        },
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(
    method: str, path: str, summary: str, asked: str, status: int, answered: str
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "operationId": f"{method} {path.removeprefix(_ROOT)}",
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _names(path)
            ),
            *(
                {"name": name, "in": "query", "required": False, "schema": {"type": kind}}
                for name, kind in (_QUERY.get(path, ()) if method == "get" else ())
            ),
        ],
        "responses": {str(status): _answer(answered), "default": _answer("Error")},
    }
    if asked:
        operation["requestBody"] = {"required": True, "content": _json(asked)}
    return operation


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _answer(schema: str) -> dict[str, Any]:
    if not schema:
        return {"description": "Sans contenu"}
    if schema == "Bytes":
        return {"description": "Octets", "content": {"application/octet-stream": {}}}
    return {"description": schema, "content": _json(schema)}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    words = _object({"fr": text, "en": text})
    settings = {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}}
    session = _object({"name": text, "services": text})
    return {
        "Anything": {"type": "object"},
        "Session": session,
        "Sessions": _list("Session"),
        "NewSession": _object({"name": text, "settings": settings}, required=("name",)),
        "Settings": settings
        | {"description": "refuse | warn | off pour une règle ; sinon la valeur du réglage"},
        "Patient": {"type": "object", "description": "Même forme que datasets/patients"},
        "Patients": _list("Patient"),
        "Status": _object({"status": {"enum": ["active", "suspended", "revoked"]}}),
        "Number": _object({"number": text, "status": text}),
        "Declared": {"type": "object", "description": "Même forme que datasets/lps, valeur comprise"},
        "Declaration": {"type": "object", "description": "Le numéro déclaré, sans sa valeur"},
        "Numbers": _list("Declaration"),
        "Exchange": _object(
            {
                "seq": {"type": "integer"},
                "id": text,
                "session": text,
                "started": text,
                "ended": text,
                "request": {"type": "object"},
                "response": {"type": ["object", "null"]},
                "tls": {"type": ["object", "null"]},
                "failure": text,
                "detail": text,
                "outcome": {"enum": ["answered", "refused", "error", "transport", "handshake"]},
                "transaction": text,
                "message_id": text,
                "code": text,
                "rule": text,
                "warnings": {"type": "array"},
            }
        ),
        "Exchanges": _list("Exchange"),
        "Documents": _list("Anything"),
        "Traces": _list("Anything"),
        "Error": _object(
            {
                "error": _object(
                    {
                        "code": text,
                        "message": words,
                        "field": text,
                        "found": text,
                        "expected": text,
                        "mend": words,
                    }
                )
            }
        ),
    }


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


def _list(schema: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
