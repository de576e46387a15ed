"""The Web-PS pages under /AccesDirect/ (TD0.9, and TD0.10 behind the switch `web_ps_air`).

Each access is journaled with its bytes, as any exchange, and traced. What is known of TD0.10 is its name: address,
login and order are inferred. Source: contextual Web-PS access (PDT-INF-527), homologation.md 9.4 CT-0.9.
"""

from __future__ import annotations

from typing import Final

from mock_dmp import journal
from mock_dmp.context import Refusal
from mock_dmp.journal import Record
from mock_dmp.mounts import Wsgi, mount
from mock_dmp.pages.site import (
    ASKED_BY_GET,
    SEAL,
    Answer,
    Site,
    Visit,
    download,
    page,
    redirect,
    refusal_page,
    sentence,
)
from mock_dmp.state import documents, sessions, traces
from mock_dmp.state.engine import Store
from mock_dmp.state.traces import Trace
from mock_dmp.webps import deeds, views
from mock_dmp.webps.opening import (
    Opening,
    check_page,
    check_record,
    check_role,
    find_patient,
    identify,
    may_break_glass,
    may_declare,
    opening,
    situation,
)
from protocol import catalogue, directory
from protocol.errors import Text
from protocol.exchange import Headers
from protocol.webps import PREFIX, pages

_READ_ONLY: Final = Text(
    "Cette page se lit par GET : elle ne reçoit pas de formulaire.",
    "This page is read by GET: it takes no form.",
)
_CHOOSER: Final = "simulateur-carte"
_PSC: Final = "pro-sante-connect"
_OUT: Final = "deconnexion"


@mount(PREFIX)
def make(store: Store) -> Wsgi:
    """The site over one store."""
    return WebPs(store)


class WebPs(Site):
    """Pages of professionals."""

    name = "web-ps"

    def answer(self, visit: Visit) -> Answer:
        one = opening(visit)
        visit.told = one
        posted = visit.request.method == "POST"
        if visit.request.method not in ("GET", "HEAD", "POST"):
            raise Refusal("MockMethodNotAllowed", ASKED_BY_GET, context=visit.request.method)
        if one.page_name in (_CHOOSER, _PSC):
            return _login(one, posted)
        if not one.page_name:
            return redirect(visit.url("TableauDeBord"))
        one.who = identify(one)
        if one.page_name == _OUT:
            return deeds.log_out(one)
        if one.who is None:
            login = _PSC if visit.session.settings.on("web_ps_air") else _CHOOSER
            return redirect(f"{visit.url(login)}?retour={visit.path}")
        return _open(one, posted)

    def refused(self, visit: Visit, refusal: Refusal) -> Answer:
        dashboard = (visit.url("TableauDeBord"), "Retour au tableau de bord")
        return refusal_page(refusal, dashboard)

    def record(
        self, visit: Visit, answer: Answer, refusal: Refusal | None, failure: Exception | None = None
    ) -> None:
        one = visit.told if isinstance(visit.told, Opening) else opening(visit)
        record = _record(visit, answer, one)
        if refusal is not None:
            record.outcome, record.code, record.rule = "refused", refusal.code, refusal.rule
            record.detail = " ".join(sentence(problem) for problem in refusal.problems)
        if failure is not None:
            record.outcome, record.code, record.detail = "error", "MockInternalError", str(failure)
        if visit.gone:
            record.session = sessions.DEFAULT
        elif one.who is not None and failure is None:
            _trace(one, refusal.code if refusal else str(answer.status))
        journal.add(visit.work.db, record)


def _open(one: Opening, posted: bool) -> Answer:
    """One page for a professional who is known. Raises Refusal."""
    visit, found = one.visit, check_page(one)
    searched = visit.query("recherche")
    if found.name == "TableauDeBord" and searched and not one.ins:
        return redirect(visit.url(found.name, searched))
    find_patient(one)
    choices = situation(one)
    if found.name == "Parametrages" and posted:
        deeds.check_seal(one)
        return deeds.settle(one)
    if choices and found.name != "Parametrages":
        return redirect(f"{visit.url('Parametrages')}?retour={visit.path}")
    check_role(one, found)
    if found.ins == "required" and not check_record(one):
        if posted:
            deeds.check_seal(one)
            return deeds.confirm(one)
        return _confirmation(one)
    if posted:
        deeds.check_seal(one)
        if found.name != "GestionDMPPatient":
            raise Refusal("MockMethodNotAllowed", _READ_ONLY, context="POST")
        return deeds.manage(one)
    wanted = visit.query("document")
    if found.name == "Documents" and wanted:
        return _document(one, wanted)
    return _page(one, found.name, views.VIEWS[found.name](one))


def _page(one: Opening, template: str, values: dict[str, object]) -> Answer:
    found, visit = pages()[one.page_name], one.visit
    return page(
        f"web-ps-{template}",
        title=found.title.fr,
        one=one,
        patient=views.identity(one.patient) if one.patient and one.ins else None,
        links=_links(one),
        seal=deeds.seal(one),
        seal_name=SEAL,
        here=visit.url(*filter(None, (one.page_name, one.ins))),
        url=visit.url,
        back=visit.query("retour"),
        **values,
    )


def _confirmation(one: Opening) -> Answer:
    """The window that asks for the patient's agreement: what TD0.3 does for a software."""
    declare, glass = may_declare(one), may_break_glass(one)
    if not declare and not glass:
        raise Refusal("MockNotAuthorized", rule="RIGHTS-AUTHORISATION")
    one.action = "demande de confirmation (Web-PS)"
    return _page(one, "confirmation", {"declare": declare, "glass": glass})


def _document(one: Opening, unique_id: str) -> Answer:
    """A document's card, or its bytes (`contenu=1`)."""
    entry = views.found_document(one, unique_id)
    session = one.visit.session
    if entry is None:
        raise Refusal("XDSDocumentUniqueIdError")
    one.document = unique_id
    with session.store.read() as db:
        content = documents.content(db, session.name, unique_id)
    if one.visit.query("contenu") and content is not None:
        one.action = "consultation (Web-PS)"
        return download(content.sha256, content.size, entry.mime_type, entry.title)
    one.action = "consultation de la fiche (Web-PS)"
    size = content.size if content is not None else 0
    return _page(one, "document", {"document": views.Shown(entry).values, "size": size})


def _login(one: Opening, posted: bool) -> Answer:
    """The chooser of a mock without TLS, or the simulated Pro Santé Connect."""
    visit, psc = one.visit, one.page_name == _PSC
    if psc != visit.session.settings.on("web_ps_air") or (not psc and visit.tls is not None):
        raise Refusal("MockUnknownPage", rule="WEBPS-PAGE")
    if posted:
        deeds.check_seal(one)
        return deeds.log_in(one, "psc" if psc else "chooser")
    people = [
        (item.ps_id, f"{item.given} {item.family} ({item.role.label})")
        for item in directory.professionals().values()
        if not psc or item.card == "CPS"
    ]
    return page(
        "web-ps-connexion",
        title="Pro Santé Connect simulé" if psc else "Choisir une carte",
        psc=psc,
        people=people,
        seal=deeds.seal(one),
        seal_name=SEAL,
        here=visit.url(one.page_name),
        back=visit.query("retour"),
    )


def _links(one: Opening) -> list[tuple[str, str, bool]]:
    """Address, label, and whether it is this page."""
    links = []
    for found in pages().values():
        if found.ins == "none" or found.name == "TableauDeBord":
            links.append((one.visit.url(found.name), found.title.fr, found.name == one.page_name))
        elif one.patient is not None and one.ins:
            links.append((one.visit.url(found.name, one.ins), found.title.fr, found.name == one.page_name))
    return links


def _record(visit: Visit, answer: Answer, one: Opening) -> Record:
    request = visit.request
    received = request.environ.get("dmpcompat.received")
    blobs = visit.session.store.blobs
    return Record(
        session=visit.session.name,
        id=visit.exchange_id,
        method=request.method,
        target=str(request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")),
        request_headers=received.headers if received else _headers(visit),
        request_body=received.digest if received else blobs.put(request.get_data()),
        status=answer.status,
        response_headers=answer.headers,
        response_body=answer.blob or blobs.put(answer.body),
        tls=visit.tls,
        remote=f"{request.remote_addr or ''}:{request.environ.get('REMOTE_PORT', '')}",
        transaction=_transaction(one),
        warnings=[
            {
                "code": item.code,
                "rule": item.location,
                "fr": item.text.fr or catalogue.error(item.code).text.fr,
                "en": item.text.en or catalogue.error(item.code).text.en,
                "context": item.context,
            }
            for item in one.warnings
        ],
    )


def _transaction(one: Opening) -> str:
    """TD0.10 is what goes through Pro Santé Connect, its login included."""
    return "TD0.10" if one.page_name == _PSC else one.transaction


def _headers(visit: Visit) -> Headers:
    return tuple((name, value) for name, value in visit.request.headers.items())


def _trace(one: Opening, result: str) -> None:
    visit, person = one.visit, one.person
    session = visit.session
    place = one.structure
    patient = one.patient
    traces.add(
        visit.work.db,
        session.name,
        Trace(
            at=traces.stamp(session.now()),
            exchange=visit.exchange_id,
            transaction=one.transaction,
            action=one.action or f"page {one.page_name} (Web-PS)",
            ps_id=person.ps_id,
            structure_id=place.struct_id if place else "",
            role=str(person.role),
            mode="INDIRECTE_RENFORCEE" if one.transaction == "TD0.10" else "DIRECTE",
            access="bris_de_glace" if one.emergency else "normal",
            reason=one.emergency,
            secret=False,
            patient=patient.ins.number if patient else "",
            document=one.document,
            result=result,
            name=f"{person.given} {person.family}",
            software="Web-PS",
        ),
    )
