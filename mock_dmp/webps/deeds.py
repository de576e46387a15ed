"""What the forms of the Web-PS pages do: authorise oneself, break the glass, block a professional, choose a situation.

Every form carries a seal bound to the professional and to the page, so that no other site can have it sent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from mock_dmp.context import Refusal
from mock_dmp.pages.site import SEAL, Answer, Visit, mistake, redirect
from mock_dmp.services.authorising import authorise
from mock_dmp.state import authorisations, logins, webps
from mock_dmp.state import directory as known
from mock_dmp.webps.opening import (
    COOKIE,
    SITE,
    Opening,
    Proof,
    may_break_glass,
    may_declare,
    opposed,
)
from protocol import directory
from protocol.directory import Authorisation
from protocol.errors import Text

#: An emergency access lasts so long, at the session's clock. Inferred: no public text says.
EMERGENCY: Final = timedelta(minutes=30)


def seal(one: Opening) -> str:
    """What the forms of this page must carry."""
    person = one.who.person.ps_id if one.who else ""
    return logins.sealed(
        one.visit.work.db, one.visit.session.name, SITE, person, one.page_name, one.ins, one.transaction
    )


def check_seal(one: Opening) -> None:
    """Raises Refusal for a form that is not of this page and this professional."""
    if not logins.same(one.visit.field(SEAL), seal(one)):
        raise Refusal(
            "MockInvalidRequest",
            Text(
                "Formulaire périmé ou étranger : rouvrez la page.",
                "Stale or foreign form: open the page again.",
            ),
        )


def confirm(one: Opening) -> Answer:
    """The confirmation window was answered: the patient agrees (TD0.3), or it is an emergency."""
    visit, patient = one.visit, one.patient
    assert patient is not None  # noqa: S101 - the record was checked
    deed = visit.field("acte")
    if deed == "autoriser" and may_declare(one):
        one.action = "autorisation AJOUT (Web-PS)"
        authorise(visit.work.db, visit.session, replace(one.caller, access="normal"), patient)
        return back(one)
    if deed == "bris-de-glace" and may_break_glass(one):
        reason = visit.field("raison", 500)
        if not reason:
            raise mistake("Un bris de glace doit être motivé.", "Breaking the glass needs a reason.")
        one.action, one.emergency = "bris de glace (Web-PS)", reason
        until = visit.session.now() + EMERGENCY
        webps.break_glass(visit.work.db, visit.session.name, one.person.ps_id, patient.key, reason, until)
        return back(one)
    shut = deed == "bris-de-glace" and opposed(one)
    raise Refusal("DMPAccessDeniedByRightsService", rule="RIGHTS-OPPOSITION" if shut else "RIGHTS-MATRIX")


def manage(one: Opening) -> Answer:
    """Block a professional, or take that back: the médecin traitant DMP only, at the patient's request."""
    visit, patient = one.visit, one.patient
    assert patient is not None  # noqa: S101 - the record was checked
    if not one.standing().medecin_traitant:
        raise Refusal("DMPAccessDeniedByRightsService", rule="RIGHTS-MATRIX")
    deed, key = visit.field("acte"), visit.field("professionnel")
    if deed not in ("bloquer", "debloquer") or key not in directory.professionals():
        raise mistake("Choisissez un professionnel et une action.", "Choose a professional and an action.")
    if directory.professionals()[key].ps_id == one.person.ps_id:
        raise mistake("Vous ne pouvez pas vous bloquer vous-même.", "You can't block yourself.")
    one.action = f"{'blocage' if deed == 'bloquer' else 'déblocage'} d'un professionnel (Web-PS)"
    db, session, now = visit.work.db, visit.session.name, visit.session.now()
    if deed == "bloquer":
        given = Authorisation(key, "", "forbidden", False, since=now, until=None)
        authorisations.save(db, session, patient.key, given, at=now)
    else:
        held = authorisations.find(db, session, patient.key, professional=key)
        if held is not None and held.state == "forbidden":
            authorisations.remove(db, session, patient.key, professional=key)
    return back(one)


def settle(one: Opening) -> Answer:
    """Choose the practice situation, then go where the user wanted to."""
    visit, key = one.visit, one.visit.field("situation")
    if key not in one.person.structures:
        raise mistake(
            "Choisissez une de vos situations d'exercice.", "Choose one of your practice situations."
        )
    one.action = "choix de la situation d'exercice (Web-PS)"
    one.structure = directory.structures()[key]
    webps.choose(visit.work.db, visit.session.name, one.person.ps_id, key)
    return redirect(target(visit, visit.field("retour")))


def log_in(one: Opening, proof: Proof) -> Answer:
    """The chooser of a mock without TLS, or the simulated Pro Santé Connect, was answered."""
    visit = one.visit
    person = known.professional(visit.field("professionnel"))
    if person is None:
        raise mistake("Choisissez un professionnel de l'annuaire.", "Choose a professional of the directory.")
    browser = logins.open_browser(
        visit.work.db,
        visit.session.name,
        site=SITE,
        stage=proof,
        subject=person.ps_id,
        now=visit.session.now(),
    )
    visit.set_cookie(COOKIE, browser.token)
    return redirect(target(visit, visit.field("retour")))


def log_out(one: Opening) -> Answer:
    """Forget the browser."""
    visit = one.visit
    logins.close_browser(visit.work.db, visit.session.name, visit.cookie(COOKIE))
    visit.set_cookie(COOKIE, "")
    return redirect(visit.url("TableauDeBord"))


def back(one: Opening) -> Answer:
    """To the page that the form was on."""
    return redirect(one.visit.url(*filter(None, (one.page_name, one.ins))))


def target(visit: Visit, wanted: str) -> str:
    """A page of this site, whatever a link asks for: at most a page and an INS."""
    parts = [part for part in wanted.split("/") if part][:2]
    return visit.url(*(parts or ["TableauDeBord"]))
