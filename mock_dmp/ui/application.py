"""The Flask application of the live view: routes, templates, language, and the headers that keep hostile content inert.

Every value that a template writes goes through `finalize` of its environment: secrets masked, hidden characters made
visible, then escaped. So no template can forget it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode

from flask import Flask, Response, abort, g, redirect, render_template, request
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from mock_dmp.context import Session
from mock_dmp.state import expectations, sessions
from mock_dmp.state.engine import Store
from mock_dmp.ui import armed, exchange_view, feed, listing, secrets
from mock_dmp.ui import why as reasons
from mock_dmp.ui.listing import Filter
from mock_dmp.ui.masking import Masker
from mock_dmp.ui.visible import visible
from mock_dmp.ui.words import words
from protocol import transactions
from protocol.acceptance_rules import rules, switches
from protocol.errors import Lang, Text, UsageError

_LOG = logging.getLogger("dmpcompat.mock")
_STORE: Final = "dmpcompat-store"
_COOKIE: Final = "dmpcompat-lang"
_PIECE: Final = 256 * 1024
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _App(Flask):
    def select_jinja_autoescape(self, filename: str) -> bool:  # noqa: ARG002 - whatever it is called
        """Every template is HTML."""
        return True


def create(store: Store) -> Flask:
    """The application over one store. It is mounted under /ui."""
    app = _App("mock_dmp.ui", static_folder="static", static_url_path="/static", template_folder="templates")
    app.jinja_options = {
        "finalize": _finalize,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.jinja_env.globals.update(url=_url, here=_here, site=_site)
    app.jinja_env.filters.update(say=_say, day=_day)
    app.extensions[_STORE] = store
    app.before_request(_prepare)
    app.after_request(_guard)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failure)
    for path, view in _ROUTES:
        app.add_url_rule(path, view.__name__, view, methods=["GET"])
    return app


def index() -> str:
    with _store().read() as db:
        lines = listing.all_sessions(db)
    return _page("index.html", lines=lines)


def session(name: str) -> str:
    found = _session(name)
    wanted = Filter.asked(request.args)
    before = _natural("before")
    expectations.settle(_store(), name)
    with _store().read() as db:
        lines = listing.newest(db, name, wanted, before=before, lang=g.lang, limit=listing.PAGE + 1)
        waiting = expectations.listing(db, name)
        verdicts = expectations.verdicts(db, name, [line.id for line in lines])
        newest = listing.last_seq(db, name)
        created = listing.created(db, name)
        g.masker = secrets.of_session(db, name)
    more = len(lines) > listing.PAGE
    return _page(
        "session.html",
        session=name,
        created=created,
        prefix="" if name == sessions.DEFAULT else f"/s/{name}",
        lines=lines[: listing.PAGE],
        older=lines[listing.PAGE - 1].seq if more else 0,
        before=before,
        newest=newest,
        wanted=wanted,
        outcomes=listing.OUTCOMES,
        transactions=[one for one in transactions.load() if one.implemented],
        verdicts=verdicts,
        waiting=waiting,
        settings=_changed(found),
        armed=armed.of(found, _store()),
    )


def exchange(name: str, identifier: str) -> str:
    found = exchange_view.find(_store(), _session(name), identifier)
    if found is None:
        abort(404)
    view, g.masker = found
    return _page(
        "exchange.html",
        session=name,
        view=view,
        line=view.line,
        warnings=reasons.warnings(view.line),
        injected=reasons.injected(view.line),
    )


def body(name: str, identifier: str, side: str) -> Response:
    """The bytes of a request or of a response, secrets masked, as a file: never as something to display."""
    if side not in exchange_view.SIDES:
        abort(404)
    found = exchange_view.find(_store(), _session(name), identifier)
    if found is None:
        abort(404)
    view, masker = found
    digest = view.line[f"{side}_body"]
    if not digest or not _store().blobs.holds(digest):
        abort(404)
    size = _store().blobs.size(digest)
    response = Response(
        masker.stream(_pieces(_store().blobs.open(digest))), mimetype="application/octet-stream"
    )
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f'attachment; filename="{view.line["seq"]}-{side}.bin"'
    return response


def events(name: str) -> Response:
    return feed.response(_store(), _session(name).name, g.lang)


_ROUTES: Final = (
    ("/", index),
    ("/sessions/<name>", session),
    ("/sessions/<name>/events", events),
    ("/sessions/<name>/exchanges/<identifier>", exchange),
    ("/sessions/<name>/exchanges/<identifier>/<side>", body),
)


def _store() -> Store:
    found: Store = g.store
    return found


def _session(name: str) -> Session:
    try:
        return sessions.find(_store(), name)
    except UsageError:
        abort(404)


def _prepare() -> BaseResponse | None:
    """Language and masker of the request. Under the prefix of a session, the page of that session is meant."""
    from flask import current_app

    g.store = current_app.extensions[_STORE]
    asked = request.args.get("lang") or request.cookies.get(_COOKIE)
    g.lang = "en" if asked == "en" else "fr"
    g.masker = Masker(())
    if request.script_root != "/ui" and request.environ.get("dmpcompat.session"):
        return redirect(f"/ui/sessions/{quote(request.environ['dmpcompat.session'], safe='')}", 302)
    return None


def _guard(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.args.get("lang") in ("fr", "en"):
        response.set_cookie(_COOKIE, g.lang, path="/ui/", httponly=True, samesite="Strict")
    return response


def _page(template: str, **values: Any) -> str:
    return render_template(template, w=words(g.lang), lang=g.lang, **values)


def _http_error(problem: HTTPException) -> tuple[str, int]:
    return _page("problem.html", title="not_found", lead="not_found_lead"), problem.code or 500


def _failure(problem: Exception) -> tuple[str, int]:
    """Our own failure, told to the log with its trace and to the reader in one sentence."""
    _LOG.error("live view: %s failed", request.path, exc_info=problem)
    return _page("problem.html", title="failure", lead="failure_lead"), 500


@pass_context
def _finalize(_context: Context, value: object) -> object:
    """What a template writes: masked, then visible; it is escaped after. Markup was made by a template of ours."""
    if isinstance(value, Markup) or value is None:
        return "" if value is None else value
    masker: Masker = g.masker
    return visible(masker.text(value.to(g.lang) if isinstance(value, Text) else str(value)))


def _say(text: str | Text) -> str:
    lang: Lang = g.lang
    return text.to(lang) if isinstance(text, Text) else text


def _day(stamp: str) -> str:
    """A stamp of the journal without its letters: 2026-01-31 08:30:00.123."""
    return stamp.replace("T", " ").removesuffix("Z").removesuffix("+00:00")


def _url(*segments: str, **parameters: object) -> Markup:
    """The address of a page of ours; each segment is one step of the path, whatever it holds."""
    path = "/".join(quote(segment, safe="") for segment in segments)
    asked = {name: value for name, value in parameters.items() if value}
    return Markup(escape(f"/ui/{path}" + (f"?{urlencode(asked)}" if asked else "")))  # noqa: S704 - escaped here


def _site(prefix: str, name: str) -> Markup:
    """The address of another site of the mock, for a session."""
    return Markup(escape(f"{quote(prefix)}/{name}/"))  # noqa: S704 - escaped here


def _here(lang: str) -> Markup:
    """This page in the other language."""
    parameters = {name: value for name, value in request.args.items() if name != "lang"} | {"lang": lang}
    return Markup(escape(f"?{urlencode(parameters)}"))  # noqa: S704 - escaped here


def _changed(found: Session) -> list[tuple[str, str, object, object]]:
    """Settings that are not as usual: (name, title, default, value)."""
    shown: list[tuple[str, str, object, object]] = []
    for name, value in sorted(found.settings.changed.items()):
        known = rules().get(name) or switches().get(name)
        if known is not None and name not in armed.SETTINGS:
            shown.append((name, known.title.to(g.lang), known.default, value))
    return shown


def _natural(name: str) -> int:
    raw = request.args.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_PIECE):
            yield piece
