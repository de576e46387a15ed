"""The Flask application of the control API: its routes, and errors as JSON.

An error has code, field, found, expected, message and mend. What a route does is in the other files.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from mock_dmp.control.api import ROOT, STORE, routes
from mock_dmp.state.engine import Store
from protocol.errors import DmpcompatError, Text, UsageError

#: HTTP status of an error by its code; a name that designates nothing is a 404.
_STATUS: Final = {
    "SES-002": 409,
    "SES-003": 404,
    "NUM-001": 404,
    "CTL-001": 404,
    "FLT-009": 404,
    "CRT-003": 409,
    "CRT-005": 404,
    "PAT-001": 404,
    "PAT-003": 404,
    "STATUS-014": 404,
}
_BODY_MAX: Final = 4 * 1024 * 1024


def create(store: Store) -> Flask:
    """The application over one store."""
    app = Flask("dmpcompat-control", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _BODY_MAX
    app.extensions[STORE] = store
    for one in routes():
        name = f"{one.view.__module__}.{one.view.__name__}".replace(".", "-")
        app.add_url_rule(f"{ROOT}{one.path}", name, one.view, methods=[one.method])
    app.register_error_handler(DmpcompatError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _refused(problem: DmpcompatError) -> tuple[Response, int]:
    usual = 400 if isinstance(problem, UsageError) else 500
    return _error(problem), _STATUS.get(problem.code, usual)


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
