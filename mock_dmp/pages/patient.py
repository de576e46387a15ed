"""The patient's site under /patient/: login in two steps, then one's documents, professionals, wishes and traces.

Plain pages and forms, no script. A minor's account is the legal representative's. The outbox page shows the one-time
codes: it is the tester's, and needs no login. Exchanges are not journaled: they hold passwords; acts are traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Final

from mock_dmp.context import Refusal
from mock_dmp.mounts import Wsgi, mount
from mock_dmp.pages.site import (
    ASKED_BY_GET,
    SEAL,
    Answer,
    Site,
    Visit,
    download,
    mistake,
    page,
    redirect,
    refusal_page,
)
from mock_dmp.patient import acts, login
from mock_dmp.patient.acts import Acting
from mock_dmp.patient.metadata import TYPES, Brought
from mock_dmp.state import authorisations, logins, outbox
from mock_dmp.state.engine import Store
from mock_dmp.state.logins import Browser
from mock_dmp.webps import views
from protocol import codes, directory, facts
from protocol.errors import Text

COOKIE: Final = "dmp_patient"
_SITE: Final = "patient"
_LONGEST: Final = 4000
_PAGES: Final = (
    ("documents", "Mes documents"),
    ("professionnels", "Professionnels"),
    ("volontes", "Mes volontés"),
    ("traces", "Traces d'accès"),
    ("fermeture", "Fermer mon DMP"),
)


@mount("/patient/")
def make(store: Store) -> Wsgi:
    """The site over one store."""
    return PatientSite(store)


class PatientSite(Site):
    """Pages of patients."""

    name: ClassVar[str] = _SITE

    def answer(self, visit: Visit) -> Answer:
        where, _, rest = visit.path.partition("/")
        if visit.request.method not in ("GET", "HEAD", "POST"):
            raise Refusal("MockMethodNotAllowed", ASKED_BY_GET, context=visit.request.method)
        if where == "outbox":
            return _outbox(visit)
        browser = _browser(visit)
        posted = visit.request.method == "POST"
        if posted:
            _check_seal(visit, browser)
        if where == "connexion":
            return _password(visit, browser) if posted else _ask_password(visit, browser)
        if where == "code":
            return _code(visit, browser) if posted else _ask_code(visit, browser)
        if browser is None or browser.stage != "open":
            return redirect(visit.url("connexion"))
        logins.keep(visit.work.db, visit.session.name, browser, visit.session.now())
        if where == "deconnexion" and posted:
            return _leave(visit, browser)
        shown, done = _VIEWS.get(where), _DEEDS.get(where)
        if not where or (shown is None and done is None):
            return redirect(visit.url("documents")) if not where else _unknown()
        one = acts.acting(visit.session, visit.work.db, browser.subject)
        if posted:
            return done(visit, one) if done is not None else _unknown()
        return shown(visit, one, browser, rest) if shown is not None else _unknown()

    def refused(self, visit: Visit, refusal: Refusal) -> Answer:
        return refusal_page(refusal, (visit.url("documents"), "Retour à mes documents"))


# ------------------------------------------------------------------ login


def _browser(visit: Visit) -> Browser | None:
    token = visit.cookie(COOKIE)
    if not token:
        return None
    with visit.session.store.read() as db:
        return logins.browser(db, visit.session.name, _SITE, token, visit.session.now())


def _seal(visit: Visit, browser: Browser) -> str:
    return logins.sealed(visit.work.db, visit.session.name, _SITE, browser.token)


def _check_seal(visit: Visit, browser: Browser | None) -> None:
    if browser is None or not logins.same(visit.field(SEAL), _seal(visit, browser)):
        raise Refusal(
            "MockInvalidRequest",
            Text(
                "Formulaire périmé ou étranger : rouvrez la page.",
                "Stale or foreign form: open the page again.",
            ),
        )


def _started(visit: Visit, stage: str, subject: str = "", facts_of: dict[str, Any] | None = None) -> Browser:
    """A browser session with a fresh token; the one before is forgotten."""
    if visit.cookie(COOKIE):
        logins.close_browser(visit.work.db, visit.session.name, visit.cookie(COOKIE))
    browser = logins.open_browser(
        visit.work.db,
        visit.session.name,
        site=_SITE,
        stage=stage,
        subject=subject,
        facts=facts_of,
        now=visit.session.now(),
    )
    visit.set_cookie(COOKIE, browser.token)
    return browser


def _ask_password(visit: Visit, browser: Browser | None, problem: str = "") -> Answer:
    known = browser if browser is not None and browser.stage == "visitor" else _started(visit, "visitor")
    return _form(visit, known, "connexion", title="Connexion", problem=problem)


def _password(visit: Visit, browser: Browser | None) -> Answer:
    key = login.with_password(
        visit.work.db,
        visit.session,
        visit.field("identifiant", 100),
        visit.request.form.get("motdepasse", ""),
    )
    if key is None:
        return _ask_password(visit, browser, "Identifiant ou mot de passe incorrect.")
    _started(visit, "password", key, login.send_code(visit.work.db, visit.session, key))
    return redirect(visit.url("code"))


def _ask_code(visit: Visit, browser: Browser | None, problem: str = "") -> Answer:
    if browser is None or browser.stage != "password":
        return redirect(visit.url("connexion"))
    channel = {"SMS": "par SMS", "EMAIL": "par courriel"}.get(str(browser.facts["channel"]), "")
    return _form(visit, browser, "code", title="Code à usage unique", problem=problem, channel=channel)


def _code(visit: Visit, browser: Browser | None) -> Answer:
    if browser is None or browser.stage != "password":
        return redirect(visit.url("connexion"))
    now, held = visit.session.now(), dict(browser.facts)
    if login.with_code(held, browser.subject, visit.field("code", 20), now):
        _started(visit, "open", browser.subject)
        one = acts.acting(visit.session, visit.work.db, browser.subject)
        acts.trace(one, "connexion du patient")
        return redirect(visit.url("documents"))
    if int(held["guesses"]) <= 0:
        logins.close_browser(visit.work.db, visit.session.name, browser.token)
        visit.set_cookie(COOKIE, "")
        return _message("Code refusé", "Trop de codes faux : reconnectez-vous.", visit.url("connexion"))
    logins.keep(visit.work.db, visit.session.name, replace(browser, facts=held), now)
    return _ask_code(visit, browser, "Code faux ou périmé.")


def _leave(visit: Visit, browser: Browser) -> Answer:
    logins.close_browser(visit.work.db, visit.session.name, browser.token)
    visit.set_cookie(COOKIE, "")
    return redirect(visit.url("connexion"))


# ------------------------------------------------------------------ pages


def _documents(visit: Visit, one: Acting, browser: Browser, rest: str) -> Answer:
    if rest:
        _, held = acts.content(one, rest)
        entry = acts.document(one, rest)
        return download(held.sha256, held.size, entry.mime_type, entry.title)
    lines = [
        views.Shown(entry).values
        | {
            "masked": facts.MASKED in entry.visibility,
            "active": entry.status == facts.APPROVED,
            "own": entry.is_patients_own,
        }
        for entry in reversed(acts.seen(one))
    ]
    kinds = [(kind, codes.value_set("JDV_J66").label(kind)) for kind in TYPES]
    return _page(visit, one, browser, "documents", documents=lines, kinds=kinds)


def _professionals(visit: Visit, one: Acting, browser: Browser, _rest: str) -> Answer:
    now = one.session.now()
    given = authorisations.of_patient(one.db, one.session.name, one.patient.key)
    lines = [
        {
            "professional": item.professional,
            "structure": item.structure,
            "name": _holder(item.professional, item.structure),
            "state": {"valid": "autorisé", "expired": "expiré", "forbidden": "bloqué"}[
                authorisations.state_at(item, now)
            ],
            "mt": item.medecin_traitant,
            "until": f"{item.until:%d/%m/%Y}" if item.until else "",
        }
        for item in given
    ]
    people = [(key, _holder(key, "")) for key in directory.professionals()]
    places = [(key, _holder("", key)) for key in directory.structures()]
    return _page(visit, one, browser, "professionnels", given=lines, people=people, places=places)


def _wishes(visit: Visit, one: Acting, browser: Browser, _rest: str) -> Answer:
    return _page(visit, one, browser, "volontes", dmp=one.patient.dmp)


def _traces(visit: Visit, one: Acting, browser: Browser, _rest: str) -> Answer:
    return _page(visit, one, browser, "traces", traces=acts.history(one)[::-1])


def _closure(visit: Visit, one: Acting, browser: Browser, _rest: str) -> Answer:
    return _page(visit, one, browser, "fermeture", dmp=one.patient.dmp)


def _outbox(visit: Visit) -> Answer:
    """Every message of the session: the tester's view, without login."""
    with visit.session.store.read() as db:
        found = outbox.listing(db, visit.session.name)
    return page(
        "patient-outbox", title="Messages envoyés", messages=found[::-1], login=visit.url("connexion")
    )


# ------------------------------------------------------------------ deeds


def _mask(visit: Visit, one: Acting) -> Answer:
    unique_id, deed = visit.field("document", 200), visit.field("acte")
    if deed in ("masquer", "demasquer"):
        acts.mask(one, unique_id, masked=deed == "masquer")
    elif deed == "deposer":
        sent = visit.request.files.get("fichier")
        data = sent.stream.read() if sent is not None else b""
        title = visit.field("titre", 128)
        if not title or not data:
            raise mistake("Donnez un titre et un fichier.", "Give a title and a file.")
        media = sent.mimetype if sent is not None else ""
        acts.add(one, Brought(title, visit.field("type"), media or "application/octet-stream"), data)
    else:
        raise mistake("Action inconnue.", "Unknown action.")
    return redirect(visit.url("documents"))


def _choose(visit: Visit, one: Acting) -> Answer:
    choices: dict[str, acts.Choice] = {"autoriser": "allow", "bloquer": "forbid", "retirer": "withdraw"}
    choice = choices.get(visit.field("acte"))
    if choice is None:
        raise mistake("Action inconnue.", "Unknown action.")
    acts.choose(
        one, choice, professional=visit.field("professionnel", 100), structure=visit.field("structure", 100)
    )
    return redirect(visit.url("professionnels"))


def _wish(visit: Visit, one: Acting) -> Answer:
    if visit.field("acte") == "volontes":
        acts.wish(one, visit.field("texte", _LONGEST))
    else:
        ticked = visit.request.form.getlist("opposition")
        acts.oppose(one, bris_de_glace="bris" in ticked, acces_urgence="urgence" in ticked)
    return redirect(visit.url("volontes"))


def _close(visit: Visit, one: Acting) -> Answer:
    if visit.field("confirmation") != "oui":
        raise mistake(
            "Cochez la confirmation pour fermer votre DMP.", "Tick the confirmation to close your DMP."
        )
    acts.close(one, visit.field("raison", 500))
    return redirect(visit.url("fermeture"))


_VIEWS: Final[dict[str, Callable[[Visit, Acting, Browser, str], Answer]]] = {
    "documents": _documents,
    "professionnels": _professionals,
    "volontes": _wishes,
    "traces": _traces,
    "fermeture": _closure,
}
_DEEDS: Final[dict[str, Callable[[Visit, Acting], Answer]]] = {
    "documents": _mask,
    "professionnels": _choose,
    "volontes": _wish,
    "fermeture": _close,
}


def _page(visit: Visit, one: Acting, browser: Browser, name: str, **values: Any) -> Answer:
    links = [(visit.url(path), label, path == name) for path, label in _PAGES]
    return page(
        f"patient-{name}",
        title=dict(_PAGES)[name],
        patient=views.identity(one.patient),
        representative=one.representative,
        links=links,
        here=visit.url(name),
        url=visit.url,
        seal=_seal(visit, browser),
        seal_name=SEAL,
        **values,
    )


def _form(visit: Visit, browser: Browser, name: str, **values: Any) -> Answer:
    return page(
        f"patient-{name}",
        400 if values.get("problem") else 200,
        here=visit.url(name),
        outbox=visit.url("outbox"),
        seal=_seal(visit, browser),
        seal_name=SEAL,
        **values,
    )


def _message(title: str, text: str, link: str) -> Answer:
    links: Iterable[tuple[str, str]] = ((link, "Se connecter"),)
    return page("message", 403, title=title, text=text, code="", links=links)


def _unknown() -> Answer:
    return page("message", 404, title="Page inconnue", text="Cette page n'existe pas.", code="", links=())


def _holder(professional: str, structure: str) -> str:
    if professional:
        person = directory.professionals().get(professional)
        return f"{person.given} {person.family} ({person.role.label})" if person else professional
    place = directory.structures().get(structure)
    return place.name if place else structure
