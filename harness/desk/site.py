"""The Flask application of the desk's page: one page, its state for the script, and the answers that are posted.

Every value that a template writes is made visible, then escaped. Nothing is kept here but the token of the forms.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask, Response, g, redirect, render_template, request
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from harness.desk import commands, guard
from harness.desk.board import Board, View
from harness.desk.page_words import words
from harness.desk.showing import LONGEST, visible
from harness.evidence.sniff import MAX_BYTES
from harness.observe.operator import NEED_REASON, Answer, AnswerKind
from protocol.errors import DmpcompatError, Lang, Text, UsageError

_LOG: Final = logging.getLogger("dmpcompat.desk")
_COOKIE: Final = "dmpcompat-lang"
#: Seconds that a question of the script waits for a change; readers that may wait at once, others ask again.
_PATIENCE: Final = 15.0
_SEATS: Final = 6
_AGAIN: Final = 2000
#: Longest reason or declaration (characters), and what a form weighs beside its file (bytes).
_REASON: Final = 20_000
_FORM: Final = 256 * 1024
_KINDS: Final[frozenset[AnswerKind]] = frozenset(
    {"skip", "impossible", "retry", "screen", "declaration", "stop"}
)


@dataclass(frozen=True)
class Frame:
    """What the site is over. `take(answer, serial)`: hand an answer over, False when its task is over."""

    title: Text
    lang: Lang
    view: str
    board: Board
    take: Callable[[Answer, int], bool]


class _App(Flask):
    def select_jinja_autoescape(self, filename: str) -> bool:  # noqa: ARG002 - whatever it is called
        """Every template is HTML."""
        return True


def create(frame: Frame) -> Flask:
    """The application over one board."""
    app = _App("harness.desk", static_folder="static", static_url_path="/static", template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES + _FORM, MAX_FORM_MEMORY_SIZE=_FORM)
    app.jinja_options = {
        "finalize": _finalize,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    pages = _Pages(frame)
    app.before_request(pages.prepare)
    app.after_request(_guarded)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failure)
    app.add_url_rule("/", "index", pages.index, methods=["GET"])
    app.add_url_rule("/state", "state", pages.state, methods=["GET"])
    app.add_url_rule("/answer", "answer", pages.answer, methods=["POST"])
    return app


class _Pages:
    """The views over one frame. `_run` tells this process from one that served the same port before."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._token = secrets.token_urlsafe(24)
        self._run = secrets.token_hex(4)
        self._seats = threading.BoundedSemaphore(_SEATS)

    def prepare(self) -> Response | None:
        asked = request.args.get("lang") or request.cookies.get(_COOKIE)
        g.lang = asked if asked in ("fr", "en") else self._frame.lang
        status = guard.refused(request, self._token)
        return Response(f"{status}\n", status, mimetype="text/plain") if status else None

    def index(self) -> str:
        return render_template("desk.html", **self._values(self._frame.board.view()))

    def state(self) -> dict[str, Any]:
        """What the script draws again: regions as HTML of ours, once something changed."""
        after = request.args.get("after", "")
        version = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else -1
        board = self._frame.board
        if seated := self._seats.acquire(blocking=False):
            try:
                view = board.later(version, _PATIENCE)
            finally:
                self._seats.release()
        else:
            view = board.view()
        values = self._values(view)
        regions = ("work", "near", "past", "plan", "state")
        return {
            "run": self._run,
            "version": view.version,
            "serial": view.serial if view.task else 0,
            "seconds": values["seconds"],
            "news": view.news.to(g.lang),
            "again": 0 if seated else _AGAIN,
            "regions": {name: render_template(f"{name}.html", **values) for name in regions},
        }

    def answer(self) -> BaseResponse:
        """Take what the form says; what can't be taken is told on the page."""
        board = self._frame.board
        try:
            found = _read()
            serial = request.form.get("serial", "")
            known = serial.isascii() and serial.isdigit() and len(serial) < 16
            if known and self._frame.take(found, int(serial)):
                board.notice(Text("Réponse transmise.", "Answer taken."))
            else:
                board.notice(
                    Text(
                        "Cette étape est finie : rien n'a été transmis.",
                        "That step is over: nothing was taken.",
                    )
                )
        except DmpcompatError as problem:
            board.notice(Text(problem.message("fr"), problem.message("en")))
        return redirect("/", 303)

    def _values(self, view: View) -> dict[str, Any]:
        since = view.since
        seconds = -1 if since is None else max(0, int((datetime.now(UTC) - since).total_seconds()))
        return {
            "w": words(g.lang),
            "lang": g.lang,
            "title": self._frame.title,
            "live": self._frame.view,
            "view": view,
            "seconds": seconds,
            "token": self._token,
            "run": self._run,
            "longest": LONGEST,
        }


def _read() -> Answer:
    """The answer that was posted. Raises UsageError or EvidenceError."""
    kind = request.form.get("kind", "")
    if kind not in _KINDS:
        raise UsageError(
            "DESK-001",
            Text("réponse inconnue", "unknown answer"),
            found=kind[:80],
            expected=" | ".join(sorted(_KINDS)),
        )
    if kind == "screen":
        given = request.files.get("file")
        if given is None or not given.filename:
            raise UsageError("DESK-006", Text("aucun fichier choisi", "no file chosen"), field="file")
        return commands.screen_of(given.stream.read(MAX_BYTES + 1), given.filename)
    reason = request.form.get("reason", "").strip()
    if len(reason) > _REASON or (kind in NEED_REASON and not reason):
        raise UsageError(
            "DESK-002",
            Text("cette réponse demande une raison", "this answer needs a reason"),
            found=f"{len(reason)}",
            expected=f"1..{_REASON}",
        )
    known: AnswerKind = next(one for one in _KINDS if one == kind)
    return Answer(known, reason)


@pass_context
def _finalize(_context: Context, value: object) -> object:
    """What a template writes: in the language of the reader, nothing hidden in it; it is escaped after."""
    if isinstance(value, Markup) or value is None:
        return "" if value is None else value
    return visible(value.to(g.lang) if isinstance(value, Text) else str(value))


def _guarded(response: Response) -> Response:
    response.headers.update(guard.HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.args.get("lang") in ("fr", "en"):
        response.set_cookie(_COOKIE, g.lang, path="/", httponly=True, samesite="Strict")
    return response


def _http_error(problem: HTTPException) -> tuple[str, int]:
    return f"{problem.code} {problem.name}\n", problem.code or 500


def _failure(problem: Exception) -> tuple[str, int]:
    """Our own failure, told to the log with its trace; the run goes on."""
    _LOG.error("desk: %s failed", request.path, exc_info=problem)
    return "500\n", 500
