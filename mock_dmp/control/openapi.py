"""The OpenAPI 3.1 description of the control API, made of its routes and of the schemas of each file."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, jsonify

from mock_dmp.control.api import ROOT, Route, modules, route, routes

_TEXT: Final = {"type": "string"}
_WORDS: Final = {"type": "object", "properties": {"fr": _TEXT, "en": _TEXT}, "required": ["fr", "en"]}
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")


def shape(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    """The schema of a JSON object; every property is required unless `required` says which."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


def listing(schema: str) -> dict[str, Any]:
    """The schema of a list of another one."""
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


SCHEMAS: Final[dict[str, Any]] = {
    "Anything": {"type": "object"},
    "Things": listing("Anything"),
    "Error": shape(
        {
            "error": shape(
                {
                    "code": _TEXT,
                    "message": _WORDS,
                    "field": _TEXT,
                    "found": _TEXT,
                    "expected": _TEXT,
                    "mend": _WORDS,
                }
            )
        }
    ),
}


@route("GET", "/openapi.json", summary="Cette description", answers="Anything")
def get_openapi() -> Response:
    return jsonify(description())


def description() -> dict[str, Any]:
    """The whole document, as plain JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for one in routes():
        paths.setdefault(_path(one), {})[one.method.lower()] = _operation(one)
    schemas = {name: schema for module in modules() for name, schema in _schemas(module).items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dmpcompat — contrôle du simulateur DMP",
            "version": "1",
            "description": "Toute machine dont le certificat client est admis peut s'en servir.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _schemas(module: object) -> dict[str, Any]:
    found: dict[str, Any] = getattr(module, "SCHEMAS", {})
    return found


def _path(one: Route) -> str:
    return ROOT + _PLACE.sub(r"{\1}", one.path)


def _operation(one: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": one.summary,
        "operationId": f"{one.method.lower()} {_path(one).removeprefix(ROOT)}",
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _TEXT}
                for name in _PLACE.findall(one.path)
            ),
            *(
                {"name": name, "in": "query", "required": False, "schema": {"type": kind}}
                for name, kind in one.query
            ),
        ],
        "responses": {str(one.status): _answer(one.answers), "default": _answer("Error")},
    }
    if one.asks:
        operation["requestBody"] = {"required": True, "content": _json(one.asks)}
    return operation


def _answer(schema: str) -> dict[str, Any]:
    if not schema:
        return {"description": "Sans contenu"}
    if schema == "Bytes":
        return {"description": "Octets", "content": {"application/octet-stream": {}}}
    if schema == "Events":
        return {"description": "Événements", "content": {"text/event-stream": {}}}
    return {"description": schema, "content": _json(schema)}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
