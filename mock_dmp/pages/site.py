"""What the web sites share: one visit of a browser, its answer with the headers that protect it, its templates.

A site turns a `Visit` into an `Answer`, or raises Refusal; what it writes through `visit.work` is committed once the
answer is whole. Which pages there are, who may open them and what is journaled are for each site.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote
from uuid import uuid4
from wsgiref.util import FileWrapper

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Request

from mock_dmp.context import Problem, Refusal, Session, Work
from mock_dmp.mounts import Environ
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import catalogue
from protocol.errors import NO_TEXT, Text, UsageError
from protocol.exchange import Headers, Tls

_LOG = logging.getLogger("dmpcompat.mock")
_FORM_MAX: Final = 8 * 1024 * 1024
_CHUNK: Final = 256 * 1024
#: Why another method than those of a browser is refused.
ASKED_BY_GET: Final = Text("Une page se demande par GET.", "A page is asked for by GET.")
#: Field of the forms that carries the seal against forged requests.
SEAL: Final = "jeton"


@dataclass(frozen=True)
class Answer:
    """What goes back: `body`, or the blob named `blob` (SHA-256)."""

    status: int
    headers: Headers
    body: bytes = b""
    blob: str = ""


@dataclass
class Visit:
    """One request of a browser. `root`: path of the site, without final slash; `path`: what comes after it.

    `told`: what the site keeps of the visit for its record; `gone`: the session was deleted or reset meanwhile.
    """

    request: Request
    session: Session
    tls: Tls | None
    root: str
    path: str
    work: Work
    exchange_id: str = field(default_factory=lambda: str(uuid4()))
    cookies: list[str] = field(default_factory=list)
    told: object = None
    gone: bool = False

    def url(self, *parts: str) -> str:
        """Address of a page of the site, without host."""
        return "/".join((self.root, *(quote(part, safe="") for part in parts)))

    def field(self, name: str, longest: int = 2000) -> str:
        """A field of the form that was sent, stripped, "" when absent. Raises Refusal when it is too long."""
        value = self.request.form.get(name, "").strip()
        if len(value) > longest:
            raise Refusal("MockInvalidRequest", context=f"{name} : {len(value)} > {longest}")
        return value

    def query(self, name: str) -> str:
        return self.request.args.get(name, "").strip()

    def cookie(self, name: str) -> str:
        return self.request.cookies.get(name, "")

    def set_cookie(self, name: str, value: str) -> None:
        """Give the browser a cookie of this site alone, or take it away with ""."""
        self.cookies.append(
            dump_cookie(
                name,
                value,
                path=f"{self.root}/",
                httponly=True,
                secure=self.request.scheme == "https",
                samesite="Strict",
                max_age=None if value else 0,
            )
        )


class Site:
    """A WSGI application of pages over one store."""

    name: ClassVar[str] = ""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        answer = self._whole(environ)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
        if answer.blob:
            return FileWrapper(self.store.blobs.open(answer.blob), _CHUNK)
        return [answer.body]

    def answer(self, visit: Visit) -> Answer:
        """The page. Raises Refusal; nothing that it wrote stays then."""
        raise NotImplementedError

    def refused(self, visit: Visit, refusal: Refusal) -> Answer:  # noqa: ARG002 - for those who override
        """The page that says no."""
        return refusal_page(refusal)

    def record(
        self, visit: Visit, answer: Answer, refusal: Refusal | None, failure: Exception | None = None
    ) -> None:
        """Keep what must be kept of the visit, in its transaction."""

    def _whole(self, environ: Environ) -> Answer:
        try:
            session = sessions.find(self.store, environ["dmpcompat.session"])
        except UsageError as problem:
            return page("message", 404, title="Session inconnue", text=problem.text.fr, code="", links=())
        visit = _visit(environ, session, Work(self.store))
        try:
            visit.work.first(partial(_still_there, visit))
            answer, refusal = self._attempt(visit)
            try:
                visit.work.begin()
            except Refusal as gone:
                answer, refusal = self.refused(visit, gone), gone
            answer = _protected(visit, answer)
            self.record(visit, answer, refusal)
            visit.work.commit()
            return answer
        # Whatever goes wrong, the browser gets a page and the journal a line.
        except Exception as failure:  # noqa: BLE001 - told by a page and in the journal
            visit.work.rollback()
            _LOG.exception("page %s failed", visit.path)
            return self._failed(visit, failure)
        finally:
            visit.work.rollback()
            visit.request.close()

    def _failed(self, visit: Visit, failure: Exception) -> Answer:
        """Our own failure: one sentence for the browser, a line for the record, if it can still be written."""
        text = "Le simulateur a échoué ; le détail est dans son journal d'exécution."
        values = {"title": "Erreur interne", "text": text, "code": "MockInternalError", "links": ()}
        answer = _protected(visit, page("message", 500, **values))
        try:
            self.record(visit, answer, None, failure)
            visit.work.commit()
        except SQLAlchemyError:
            _LOG.exception("page %s: its failure is not recorded", visit.path)
        return answer

    def _attempt(self, visit: Visit) -> tuple[Answer, Refusal | None]:
        try:
            with visit.work.attempt():
                return self.answer(visit), None
        except Refusal as said:
            refusal = said
        except HTTPException as problem:
            refusal = Refusal("MockInvalidRequest", context=f"HTTP {problem.code} : {problem.name}")
        except UsageError as problem:
            refusal = Refusal("MockInvalidRequest", problem.text, context=problem.field)
        return self.refused(visit, refusal), refusal


#: HTTP status of a page that shows that code, where the catalogue speaks of a SOAP fault.
_STATUS: Final[Mapping[str, int]] = {
    "DMPAccessDeniedByRightsService": 403,
    "DMPClosed": 403,
    "MockBlocked": 403,
    "MockNotAuthorized": 403,
    "MockClientCertificate": 403,
    "MockUnknownProfessional": 403,
    "MockPatientNotFound": 404,
    "MockInvalidIns": 400,
    "MockInvalidRequest": 400,
    "MockMethodNotAllowed": 405,
}


def status_of(code: str) -> int:
    """HTTP status of the page that shows a refusal of that code."""
    entry = catalogue.error(code)
    return entry.http_status if entry.carrier == "page" else _STATUS.get(code, 403)


def refusal_page(refusal: Refusal, *links: tuple[str, str]) -> Answer:
    """The page that says no, with ways out: (address, label)."""
    return page(
        "message",
        status_of(refusal.code),
        title="Accès refusé" if status_of(refusal.code) == 403 else "Demande refusée",
        text=sentence(refusal.problems[0]),
        code=refusal.code,
        links=links,
    )


def sentence(problem: Problem) -> str:
    """What a reader is told of a problem, in French."""
    text = problem.text if problem.text != NO_TEXT else catalogue.error(problem.code).text
    return text.fr


def page(template: str, http: int = 200, /, **values: Any) -> Answer:
    """A page made of a template of this package."""
    made = _templates().get_template(f"{template}.html.j2").render(style=_style(), **values)
    return Answer(http, (("Content-Type", "text/html; charset=utf-8"),), made.encode())


def redirect(address: str) -> Answer:
    """To another page of the site, which the browser asks for by GET."""
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(303, (("Location", address), kind), b"Voir l'autre page.\n")


def download(blob: str, size: int, media: str, name: str) -> Answer:
    """The bytes of a document, never shown inside the site."""
    safe = "".join(char if char.isalnum() or char in "._-" else "_" for char in name) or "document"
    ascii_name = safe.encode("ascii", "replace").decode().replace("?", "_")
    headers = (
        ("Content-Type", media or "application/octet-stream"),
        ("Content-Length", str(size)),
        ("Content-Disposition", f'attachment; filename="{ascii_name}"'),
    )
    return Answer(200, headers, blob=blob)


def mistake(fr: str, en: str) -> Refusal:
    """A refusal of what a user typed, in words of ours."""
    return Refusal("MockInvalidRequest", Text(fr, en))


def _visit(environ: Environ, session: Session, work: Work) -> Visit:
    request = Request(environ)
    request.max_content_length = _FORM_MAX
    request.max_form_memory_size = _FORM_MAX
    if "dmpcompat.received" not in environ:
        request.get_data(cache=True)  # kept for the journal, which our own transport has already
    return Visit(
        request=request,
        session=session,
        tls=environ.get("dmpcompat.tls"),
        root=request.root_path,
        path=request.path.lstrip("/"),
        work=work,
    )


def _still_there(visit: Visit, db: Connection) -> Refusal | None:
    """Nothing of a visit is written into another session than the one it began in, were it of the same name."""
    session = visit.session
    if sessions.created(db, session.name) == session.created:
        return None
    visit.gone = True
    return Refusal("MockInvalidRequest", sessions.unknown(session.name).text)


def _protected(visit: Visit, answer: Answer) -> Answer:
    """With the headers that keep a page from being framed, cached, scripted, or from telling where it came from."""
    sandbox = "" if dict(answer.headers).get("Content-Disposition") is None else " sandbox;"
    more: list[tuple[str, str]] = [
        (
            "Content-Security-Policy",
            f"default-src 'none';{sandbox} style-src '{_style_digest()}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'",
        ),
        ("Cache-Control", "no-store"),
        ("Content-Language", "fr"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ]
    if not answer.blob:
        more.append(("Content-Length", str(len(answer.body))))
    more += [("Set-Cookie", cookie) for cookie in visit.cookies]
    return Answer(answer.status, (*answer.headers, *more), answer.body, answer.blob)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("mock_dmp.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    """The style sheet that every page holds: no other file is fetched, and the policy lets only this one in."""
    return _templates().get_template("style.css.j2").render()


@cache
def _style_digest() -> str:
    digest = hashlib.sha256(_style().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
