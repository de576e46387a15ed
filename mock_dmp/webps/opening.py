"""One page being opened: the address that was asked, who asks, about whom, and what that gives the right to.

Rules are those of the services (RIGHTS-…, DMP-STATE) and the pages' own (WEBPS-…), each with the severity that the
session gives it. What a page shows is in `views`, what its forms do in `deeds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from mock_dmp.acceptance.engine import Breach, judged
from mock_dmp.acceptance.trust import in_dates, is_card
from mock_dmp.context import Caller, Problem, Refusal
from mock_dmp.pages.site import Visit
from mock_dmp.rights import Standing, anywhere, is_employee, standing
from mock_dmp.state import directory as known
from mock_dmp.state import logins, patients, webps
from protocol import directory, facts
from protocol.directory import Patient, Professional, Structure
from protocol.errors import IdentifierError, Text
from protocol.identifiers.ins import parse_ins
from protocol.webps import Page, pages, removed

SITE: Final = "web-ps"
COOKIE: Final = "dmp_web_ps"
#: How a professional is known: by the client certificate, by the chooser of a mock without TLS, by Pro Santé Connect.
Proof = Literal["certificate", "chooser", "psc"]


@dataclass(frozen=True)
class Who:
    """The professional who opens pages, and how the mock knows."""

    person: Professional
    proof: Proof

    @property
    def transaction(self) -> str:
        return "TD0.10" if self.proof == "psc" else "TD0.9"


@dataclass
class Opening:
    """Filled in as the questions are answered. `ins`: as in the address, "" when it bears none."""

    visit: Visit
    page_name: str
    ins: str
    who: Who | None = None
    page: Page | None = None
    structure: Structure | None = None
    patient: Patient | None = None
    emergency: str = ""
    action: str = ""
    document: str = ""
    warnings: list[Problem] = field(default_factory=list)

    @property
    def transaction(self) -> str:
        return self.who.transaction if self.who else "TD0.9"

    @property
    def person(self) -> Professional:
        """The professional; only once known."""
        assert self.who is not None  # noqa: S101 - by construction
        return self.who.person

    @property
    def caller(self) -> Caller:
        """The professional as the rules of rights see a caller; only once known, with a situation."""
        person, place = self.person, self.structure
        return Caller(
            mode="INDIRECTE_RENFORCEE" if self.transaction == "TD0.10" else "DIRECTE",
            ps_id=person.ps_id,
            structure_id=place.struct_id if place else "",
            role=person.role,
            specialty=person.specialty,
            access="bris_de_glace" if self.emergency else "normal",
            professional=person,
            structure=place,
        )

    def standing(self, *, normally: bool = False) -> Standing:
        """What the caller is to the patient's DMP now; `normally`: leaving an emergency access aside."""
        assert self.patient is not None  # noqa: S101 - by construction
        caller = replace(self.caller, access="normal") if normally else self.caller
        session = self.visit.session
        with session.store.read() as db:
            return standing(db, session.name, caller, self.patient, session.now())

    def require(self, rule: str, good: bool, breach: Callable[[], Breach]) -> None:
        """Raises Refusal when it does not hold and the session refuses; a warning goes to the journal."""
        if good:
            return
        for item in judged(rule, breach(), self.visit.session.settings):
            problem = item.problem
            if problem.severity == "error":
                raise Refusal(problem.code, problem.text, context=problem.context, rule=rule)
            self.warnings.append(problem)


def opening(visit: Visit) -> Opening:
    """What the address asks: `{page}[/{INS}]`, nothing decided yet."""
    name, _, rest = visit.path.partition("/")
    return Opening(visit, name, rest)


def identify(one: Opening) -> Who | None:
    """The professional, None when a login page must ask. Raises Refusal (certificate of an organisation…)."""
    visit = one.visit
    certificate = _certificate(visit)
    if certificate is not None and is_card(certificate):
        return _holder(one, certificate)
    air = visit.session.settings.on("web_ps_air")
    browser = _browser(visit)
    if browser is not None and (browser.stage == "chooser" or air):
        person = known.professional(browser.subject)
        if person is not None:
            return Who(person, "psc" if browser.stage == "psc" else "chooser")
    if certificate is not None and not air:
        one.require(
            "WEBPS-CARD", False, lambda: Breach("certificat client", _name(certificate), "une carte CPx")
        )
    return None


def check_page(one: Opening) -> Page:
    """The page of that exact name, with an INS where it wants one. Raises Refusal."""
    if one.page_name in removed():
        breach = Breach("page", one.page_name, "aucune : la création n'est plus permise par cet accès")
        one.require("WEBPS-CREATION", False, lambda: breach)
    page = pages().get(one.page_name)
    if page is None:
        raise Refusal(
            "MockUnknownPage",
            Text(
                f"Cette page Web-PS n'existe pas : {one.page_name[:60]}",
                f"There is no such Web-PS page: {one.page_name[:60]}",
            ),
            rule="WEBPS-PAGE",
        )
    held = bool(one.ins)
    good = page.ins == "optional" or held == (page.ins == "required")
    wanted = "l'INS du patient" if page.ins == "required" else "aucun INS"
    one.require("WEBPS-PAGE", good, lambda: Breach(f"adresse de {page.name}", one.ins or "sans INS", wanted))
    if page.ins == "required" and not held:  # a session that forgives it still has nobody to show
        raise Refusal("MockPatientNotFound", rule="WEBPS-PAGE")
    if page.ins == "none":
        one.ins = ""
    one.page = page
    return page


def find_patient(one: Opening) -> None:
    """The record of the INS, if any. Raises Refusal for an INS that can't be one."""
    if not one.ins:
        return
    try:
        parse_ins(one.ins, facts.OID_INS_TEST)
        good = True
    except IdentifierError:
        good = False
    one.require("WEBPS-INS", good, lambda: Breach("INS", one.ins[:40], "15 caractères, clé juste"))
    session = one.visit.session
    with session.store.read() as db:
        one.patient = patients.by_ins(db, session.name, one.ins, facts.OID_INS_TEST)
        if one.patient is not None:
            one.emergency = webps.emergency(
                db, session.name, one.person.ps_id, one.patient.key, session.now()
            )


def situation(one: Opening) -> tuple[Structure, ...]:
    """Set the practice situation; the ones to choose from when the professional has not chosen yet, else ()."""
    places = tuple(directory.structures()[key] for key in one.person.structures)
    session = one.visit.session
    with session.store.read() as db:
        chosen = webps.situation(db, session.name, one.person.ps_id)
    one.structure = next((place for place in places if place.key == chosen), None)
    if one.structure is None and len(places) == 1:
        one.structure = places[0]
    return places if one.structure is None else ()


def check_role(one: Opening, page: Page) -> None:
    """An employee card opens administrative pages only; the matrix has its say. Raises Refusal."""
    employee = is_employee(one.caller)
    one.require(
        "WEBPS-CPE-PAGES",
        not employee or page.administrative,
        lambda: Breach("page", page.name, "une page administrative, avec une carte CPE"),
    )
    asked = anywhere(one.caller)
    one.require(
        "RIGHTS-MATRIX",
        asked.in_any_mode(one.transaction),
        lambda: Breach(one.transaction, asked.column, "un rôle que la matrice admet"),
    )


def check_record(one: Opening) -> bool:
    """The DMP is there, active and open to the caller; False: not authorised yet, to be confirmed.

    Raises Refusal: absent, closed, blocked, or a role that can't authorise itself.
    """
    if one.patient is None or one.patient.dmp.status == "absent":
        raise Refusal("MockPatientNotFound", rule="DMP-STATE")
    closed = one.patient.dmp.status == "closed"
    one.require("DMP-STATE", not closed, lambda: Breach("DMP", "fermé", "un DMP actif"))
    who = one.standing()
    one.require(
        "RIGHTS-BLOCKED",
        not who.blocked,
        lambda: Breach("appelant", one.person.ps_id, "un professionnel non bloqué"),
    )
    if one.emergency:
        one.require(
            "RIGHTS-OPPOSITION", not who.opposed, lambda: Breach("bris de glace", "opposition", "aucune")
        )
        return True
    return who.state == "valid" or one.visit.session.settings.severity("RIGHTS-AUTHORISATION") != "refuse"


def may_declare(one: Opening) -> bool:
    """May the caller authorise itself on the patient's word (row TD0.3 of the matrix)?"""
    return one.standing(normally=True).right("TD0.3/declare").allowed


def may_break_glass(one: Opening) -> bool:
    """May the caller open the DMP in an emergency: the matrix allows it and the patient does not oppose it?"""
    return replace(one, emergency="?").standing().right(one.transaction).allowed and not opposed(one)


def opposed(one: Opening) -> bool:
    """Does the patient's opposition shut the emergency access? Not in a session that forgives it."""
    heeded = one.visit.session.settings.severity("RIGHTS-OPPOSITION") == "refuse"
    return heeded and replace(one, emergency="?").standing().opposed


def _holder(one: Opening, certificate: x509.Certificate) -> Who:
    now = one.visit.session.now()
    one.require(
        "TLS-CLIENT-DATES",
        in_dates(certificate, now),
        lambda: Breach(
            "carte", f"fin de validité le {certificate.not_valid_after_utc:%Y-%m-%d}", f"{now:%Y-%m-%d}"
        ),
    )
    person = known.professional(_name(certificate))
    if person is None:
        one.require("WEBPS-CARD-HOLDER", False, lambda: Breach("carte", _name(certificate), "annuaire"))
        raise Refusal("MockUnknownProfessional", rule="WEBPS-CARD-HOLDER")
    return Who(person, "certificate")


def _certificate(visit: Visit) -> x509.Certificate | None:
    der = visit.tls.certificate if visit.tls else b""
    return x509.load_der_x509_certificate(der) if der else None


def _name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _browser(visit: Visit) -> logins.Browser | None:
    token = visit.cookie(COOKIE)
    if not token:
        return None
    session = visit.session
    with session.store.read() as db:
        return logins.browser(db, session.name, SITE, token, session.now())
