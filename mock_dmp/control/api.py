"""What a file of the control API is made of: `@route` on its views, and readers of what a client sent.

Which routes there are is found by `routes`; they are served by `application` and described by `openapi`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Literal, TypeVar

from flask import current_app, request

from mock_dmp.context import Session
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol.errors import Text, UsageError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
View = Callable[..., Any]
V = TypeVar("V", bound=View)

ROOT: Final = "/control/v1"
STORE: Final = "dmpcompat-store"
_LONGEST_FOUND: Final = 200


@dataclass(frozen=True)
class Route:
    """One operation. `path` is below ROOT, with Flask's `<name>`; `query`: (name, JSON type) of its parameters.

    `asks` and `answers` name schemas of the description; "" for no body.
    """

    method: Method
    path: str
    view: View
    summary: str
    query: tuple[tuple[str, str], ...]
    asks: str
    answers: str
    status: int


_ROUTES: dict[tuple[str, str], Route] = {}


def route(
    method: Method,
    path: str,
    *,
    summary: str,
    query: tuple[tuple[str, str], ...] = (),
    asks: str = "",
    answers: str = "",
    status: int = 200,
) -> Callable[[V], V]:
    """Decorator: this view serves `method path`. `summary` is for French readers of the description."""

    def register(view: V) -> V:
        _ROUTES[method, path] = Route(method, path, view, summary, query, asks, answers, status)
        return view

    return register


def modules() -> tuple[ModuleType, ...]:
    """The files of this package, imported."""
    package = importlib.import_module("mock_dmp.control")
    return tuple(
        importlib.import_module(f"mock_dmp.control.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    )


def routes() -> tuple[Route, ...]:
    """Every operation, by path."""
    modules()
    return tuple(_ROUTES[key] for key in sorted(_ROUTES, key=lambda key: (key[1], key[0])))


def store() -> Store:
    """The store that the application serves."""
    found: Store = current_app.extensions[STORE]
    return found


def session_of(name: str) -> Session:
    """Raises UsageError (SES-003) for a session that does not exist."""
    return sessions.find(store(), name)


def received() -> Any:
    """The JSON of the body. Raises UsageError when there is none."""
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


def body(*fields: str) -> dict[str, Any]:
    """The JSON object, which has no other field than these. Raises UsageError."""
    found = mapping(received(), "")
    for name in found:
        if name not in fields:
            raise UsageError(
                "CTL-004",
                Text("champ inconnu", "unknown field"),
                field=name,
                found=name,
                expected=", ".join(fields),
            )
    return found


def text(found: Mapping[str, Any], name: str, *, expected: str = "text", default: str | None = None) -> str:
    """A field that is a text; `default` when it is absent, unless that is None. Raises UsageError."""
    value = found.get(name, default)
    if not isinstance(value, str):
        raise wrong(name, value, expected)
    return value


def mapping(value: Any, field: str) -> dict[str, Any]:
    """The value when it is a JSON object. Raises UsageError."""
    if not isinstance(value, dict):
        raise wrong(field or "body", value, "{…}")
    return value


def number(name: str, default: int) -> int:
    """A parameter of the query that is a natural number. Raises UsageError."""
    raw = request.args.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
        raise wrong(name, raw, "0, 1, 2…")
    return int(raw)


def wrong(field: str, found: Any, expected: str) -> UsageError:
    """The error of a value that can't be taken."""
    return UsageError(
        "CTL-003",
        Text("valeur refusée", "value refused"),
        field=field,
        found=repr(found)[:_LONGEST_FOUND],
        expected=expected,
    )
