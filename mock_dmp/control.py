"""The control API under /control/v1: sessions, settings, seeds, and what the journal holds, in JSON.

Any client that TLS lets in may use it: it is a test tool's own door, not a service of the DMP. Described by
`mock_dmp.openapi`. Errors are JSON with code, field, found, expected, message and mend.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, jsonify, request, send_file
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from mock_dmp import journal, openapi
from mock_dmp.state import directory as known
from mock_dmp.state import documents, patients, sessions, settings, traces
from mock_dmp.state.engine import Store
from protocol import directory, facts
from protocol.errors import DmpcompatError, Text, UsageError

_STATUS = {"SES-002": 409, "SES-003": 404, "NUM-001": 404, "CTL-001": 404}
_BODY_MAX = 4 * 1024 * 1024

_ROOT = "/control/v1"


def create(store: Store) -> Flask:
    """The Flask application of the control API over one store."""
    app = Flask("dmpcompat-control", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _BODY_MAX
    app.extensions["dmpcompat-store"] = store
    for method, path, view in _ROUTES:
        app.add_url_rule(f"{_ROOT}{path}", view.__name__, view, methods=[method])
    app.register_error_handler(DmpcompatError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    return app


def get_openapi() -> Response:
    return jsonify(openapi.description())


def post_session() -> tuple[Response, int]:
    body = _body("name", "settings")
    name = body.get("name")
    if not isinstance(name, str):
        raise _wrong("name", name, "text")
    session = sessions.create(_store(), name, _mapping(body.get("settings", {}), "settings"))
    return jsonify(_session(session.name)), 201


def list_sessions() -> Response:
    return jsonify([_session(name) for name in sessions.names(_store())])


def get_session(name: str) -> Response:
    return jsonify(_session(sessions.find(_store(), name).name))


def delete_session(name: str) -> tuple[str, int]:
    sessions.remove(_store(), name)
    return "", 204


def reset_session(name: str) -> Response:
    return jsonify(_session(sessions.reset(_store(), name).name))


def get_settings(name: str) -> Response:
    return jsonify(sessions.find(_store(), name).settings.everything())


def patch_settings(name: str) -> Response:
    sessions.find(_store(), name)
    values = _mapping(_json(), "")
    with _store().write() as db:
        settings.change(db, name, values)
    return jsonify(sessions.find(_store(), name).settings.everything())


def list_patients(name: str) -> Response:
    sessions.find(_store(), name)
    with _store().read() as db:
        found = [
            directory.patient_to_plain(sessions.whole(db, name, one)) for one in patients.every(db, name)
        ]
    return jsonify(found)


def post_patient(name: str) -> tuple[Response, int]:
    sessions.find(_store(), name)
    patient = directory.patient_from(_json(), "patients", error=UsageError)
    if patient.ins.oid in facts.PRODUCTION_INS_OIDS:
        raise UsageError(
            "CTL-005",
            Text("identité de production refusée", "production identity refused"),
            field="ins.oid",
            found=patient.ins.oid,
            expected=facts.OID_INS_TEST,
        )
    with _store().write() as db:
        sessions.seed_patient(db, name, patient)
    return jsonify(directory.patient_to_plain(patient)), 201


def list_numbers(name: str) -> Response:
    """The numbers of a session, without their value: it is a secret of the editor."""
    sessions.find(_store(), name)
    with _store().read() as db:
        found = known.declared(db, name)
    return jsonify([_number_shown(one) for one in found])


def post_number(name: str) -> tuple[Response, int]:
    sessions.find(_store(), name)
    number = directory.number_from(_json(), "numbers", error=UsageError)
    with _store().write() as db:
        known.declare(db, name, number)
    return jsonify(_number_shown(number)), 201


def _number_shown(number: directory.WireNumber) -> dict[str, Any]:
    return {name: value for name, value in directory.number_to_plain(number).items() if name != "value"}


def patch_number(name: str, number: str) -> Response:
    sessions.find(_store(), name)
    status = _body("status").get("status")
    if not isinstance(status, str):
        raise _wrong("status", status, "active, suspended, revoked")
    with _store().write() as db:
        changed = known.set_status(db, name, number, status)
    return jsonify({"number": changed.key, "status": changed.status})


def list_exchanges(name: str) -> Response:
    sessions.find(_store(), name)
    with _store().read() as db:
        found = journal.listing(
            db,
            name,
            after=_number("after", 0),
            transaction=request.args.get("transaction", ""),
            message_id=request.args.get("message_id", ""),
            limit=_number("limit", 1000),
        )
    return jsonify(found)


def get_exchange(name: str, exchange_id: str) -> Response:
    return jsonify(_exchange(name, exchange_id))


def get_request(name: str, exchange_id: str) -> Response:
    return _bytes(_exchange(name, exchange_id)["request_body"])


def get_response(name: str, exchange_id: str) -> Response:
    return _bytes(_exchange(name, exchange_id)["response_body"])


def list_documents(name: str) -> Response:
    sessions.find(_store(), name)
    with _store().read() as db:
        return jsonify(documents.summary(db, name))


def list_traces(name: str) -> Response:
    sessions.find(_store(), name)
    with _store().read() as db:
        return jsonify(traces.listing(db, name, patient=request.args.get("patient", "")))


def _store() -> Store:
    store: Store = current_app.extensions["dmpcompat-store"]
    return store


def _session(name: str) -> dict[str, Any]:
    """What is told of a session."""
    prefix = "" if name == sessions.DEFAULT else f"/s/{name}"
    return {"name": name, "services": f"{prefix}/si-dmp-server/v2/services/"}


def _exchange(name: str, exchange_id: str) -> dict[str, Any]:
    sessions.find(_store(), name)
    with _store().read() as db:
        found = journal.find(db, name, exchange_id)
    if found is None:
        raise UsageError(
            "CTL-001", Text("échange inconnu", "unknown exchange"), field="exchange", found=exchange_id
        )
    return found


def _bytes(digest: str) -> Response:
    """Raw bytes of the journal; empty when there were none."""
    if not digest:
        return Response(b"", mimetype="application/octet-stream")
    return send_file(_store().blobs.open(digest), mimetype="application/octet-stream")


def _json() -> Any:
    try:
        body = request.get_json(force=True, silent=True)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (RecursionError, UnicodeEncodeError):
        body = None
    if body is None:
        raise UsageError(
            "CTL-002",
            Text("le corps n'est pas du JSON", "the body is not JSON"),
            field="body",
            expected="JSON",
        )
    return body


def _body(*fields: str) -> dict[str, Any]:
    """The JSON object, which has no other field than these."""
    body = _mapping(_json(), "")
    for name in body:
        if name not in fields:
            raise UsageError(
                "CTL-004",
                Text("champ inconnu", "unknown field"),
                field=name,
                found=name,
                expected=", ".join(fields),
            )
    return body


def _mapping(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(field or "body", value, "{…}")
    return value


def _number(name: str, default: int) -> int:
    raw = request.args.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
        raise _wrong(name, raw, "0, 1, 2…")
    return int(raw)


def _wrong(field: str, found: Any, expected: str) -> UsageError:
    return UsageError(
        "CTL-003",
        Text("valeur refusée", "value refused"),
        field=field,
        found=repr(found)[:200],
        expected=expected,
    )


def _refused(problem: DmpcompatError) -> tuple[Response, int]:
    status = _STATUS.get(problem.code, 400 if isinstance(problem, UsageError) else 500)
    return _error(problem), status


def _http_error(problem: HTTPException) -> BaseResponse | tuple[Response, int]:
    """Flask's own refusals (unknown path, method, body too large) in our shape."""
    if problem.code is None:
        return problem.get_response()
    text = Text(f"HTTP {problem.code} : {problem.name}", f"HTTP {problem.code}: {problem.name}")
    return _error(UsageError(f"HTTP-{problem.code}", text, field="path", found=request.path)), problem.code


def _error(problem: DmpcompatError) -> Response:
    return jsonify(
        {
            "error": {
                "code": problem.code,
                "message": problem.text._asdict(),
                "field": problem.field,
                "found": problem.found,
                "expected": problem.expected,
                "mend": problem.mend._asdict(),
            }
        }
    )


_ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/openapi.json", get_openapi),
    ("POST", "/sessions", post_session),
    ("GET", "/sessions", list_sessions),
    ("GET", "/sessions/<name>", get_session),
    ("DELETE", "/sessions/<name>", delete_session),
    ("POST", "/sessions/<name>/reset", reset_session),
    ("GET", "/sessions/<name>/settings", get_settings),
    ("PATCH", "/sessions/<name>/settings", patch_settings),
    ("GET", "/sessions/<name>/patients", list_patients),
    ("POST", "/sessions/<name>/patients", post_patient),
    ("GET", "/sessions/<name>/numbers", list_numbers),
    ("POST", "/sessions/<name>/numbers", post_number),
    ("PATCH", "/sessions/<name>/numbers/<number>", patch_number),
    ("GET", "/sessions/<name>/exchanges", list_exchanges),
    ("GET", "/sessions/<name>/exchanges/<exchange_id>", get_exchange),
    ("GET", "/sessions/<name>/exchanges/<exchange_id>/request", get_request),
    ("GET", "/sessions/<name>/exchanges/<exchange_id>/response", get_response),
    ("GET", "/sessions/<name>/documents", list_documents),
    ("GET", "/sessions/<name>/traces", list_traces),
)
