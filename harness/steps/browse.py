"""`browse`: an LPS opens a Web-PS page (TD0.9, TD0.10) with the identity's certificate, as its browser would.

The page that comes back is judged as HTML, and kept as any frame. `follow` and `form` go on inside the site, as its
user would: what is judged then is the answer alone. Cookies last as long as the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from lxml import etree
from pydantic import Field, StrictBool

from harness.checks.pages import page_view
from harness.context import CaseContext
from harness.drive import urls
from harness.page_expectations import PageExpect, to_plain
from harness.problems import Problems
from harness.steps import loading
from harness.steps.api import Outcome, StepSpec, Unmet, step
from harness.steps.drive import AnyActor, Side, need_failed
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol import directory
from protocol.errors import Text
from protocol.exchange import Exchange
from protocol.webps import pages
from protocol.yamlread import Where


@step
class BrowseStep(StepSpec):
    """Open one page."""

    kind: ClassVar[str] = "browse"
    browse: str = Field(
        description="name of the page (DossierPatient…), or an address of the site with `follow`"
    )
    as_: AnyActor = Field(alias="as")
    patient: str = Field(default="", description="whose INS is in the address")
    transaction: str = Field(default="TD0.9", description="TD0.9, or TD0.10 in AIR mode")
    follow: str = Field(default="", description="address of the site to open instead of the page")
    form: dict[str, str] = Field(default={}, description="fields of a form to send there")
    alter: list[str] = Field(default=[], description="deliberate mistakes in the address")
    judge: list[Side] | None = Field(default=None, description="sides that the rules judge")
    rules: list[str] | None = Field(default=None, description="rules or groups to apply; all by default")
    expect: PageExpect = PageExpect()
    save: dict[str, str] = Field(default={}, description="values to capture, each by an XPath on the page")
    need: StrictBool = Field(
        default=False, description="a precondition: when it fails the case is INCONCLUSIVE"
    )
    seeded: dict[str, Any] = Field(
        default={},
        description="fields of this step that a wrong software has otherwise: for the paired self-play",
    )

    def summary(self) -> Text:
        more = f" ({', '.join(self.alter)})" if self.alter else ""
        if self.form:
            return Text(f"envoyer un formulaire de {self.browse}", f"send a form of {self.browse}")
        who = f"{self.as_.name}{more}"
        return Text(
            f"ouvrir la page {self.browse} en tant que {who}", f"open the page {self.browse} as {who}"
        )

    def used(self) -> frozenset[str]:
        told = [self.follow, self.form, self.expect.model_dump(exclude_defaults=True), self.save]
        return names_in(told)

    def saved(self) -> frozenset[str]:
        return frozenset(self.save)

    def transactions(self) -> frozenset[str]:
        return frozenset() if self.need else frozenset({self.transaction})

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        opened = frozenset(urls.transactions())
        for field, value, known, number, what in (
            (
                "transaction",
                self.transaction,
                opened,
                "010",
                Text("transaction à ouvrir", "transaction to open"),
            ),
            ("patient", self.patient, names.patients, "013", Text("patient", "patient")),
            ("as", self.as_.name, names.identities, "014", Text("identité", "identity")),
        ):
            if value and known and value not in known:
                problems.unknown(number, what, (*at, field), value, known)
        if not self.follow and self.browse not in (known_pages := frozenset(pages()) | urls.removed()):
            problems.unknown(
                "031", Text("page Web-PS", "Web-PS page"), (*at, "browse"), self.browse, known_pages
            )
        for index, name in enumerate(self.alter):
            if name not in urls.defects():
                where = (*at, "alter", index)
                problems.unknown(
                    "021", Text("altération", "alteration"), where, name, frozenset(urls.defects())
                )
        for index, rule in enumerate(self.rules or []):
            if rule not in names.rules | names.groups:
                where = (*at, "rules", index)
                problems.unknown("011", Text("règle", "rule"), where, rule, names.rules | names.groups)
        for code in sorted(self.expect.codes()):
            if names.errors and code not in names.errors:
                problems.unknown(
                    "023", Text("code d'erreur", "error code"), (*at, "expect"), code, names.errors
                )
        loading.check_comparisons(self.expect.xpath, (*at, "expect", "xpath"), problems)
        for name, found in self.save.items():
            loading.check_xpath(found, (*at, "save", name), problems)
        if self.expect.location:
            loading.check_pattern(self.expect.location, (*at, "expect", "location"), problems)

    def sides(self, under_test: str) -> tuple[Side, ...]:
        """As the plan says; else both sides of an address that the LPS opens, the answer alone of the rest."""
        if self.judge is not None:
            return tuple(self.judge)
        if self.need:
            return ()
        inside = bool(self.alter or self.follow or self.form) or under_test == "D"
        return ("response",) if inside else ("request", "response")

    def announced(self, context: CaseContext) -> Mapping[str, Any]:
        """Which page, of whom."""
        told = {"transaction": self.transaction}
        patient = context.campaign.patients.get(self.patient, directory.patients().get(self.patient))
        if patient is not None:
            told["patient"] = patient.ins.number
        return told

    def run(self, context: CaseContext) -> Outcome:
        exchange = context.player.browse(self, context).exchange
        resolved: dict[str, Any] = {
            "transaction": self.transaction,
            "sides": list(self.sides(context.case.side)),
            "rules": self.rules,
            "page": to_plain(self.expect.resolved(context.values)),
            "altered": list(self.alter),
        }
        asked = context.judging.expectation(exchange, resolved)
        if self.need and any(finding.status != "PASS" for finding in asked):
            return Outcome((), exchange, resolved, unmet=need_failed(asked))
        findings = (*asked, *context.judging.rules(exchange, resolved))
        if any(finding.status in {"FAIL", "VACUOUS"} for finding in asked):
            return Outcome(findings, exchange, resolved, stop=True)
        try:
            context.values.update(self._captured(exchange, context))
        except Unmet as unmet:
            return Outcome(findings, exchange, resolved, unmet=unmet)
        return Outcome(findings, exchange, resolved)

    def _captured(self, exchange: Exchange, context: CaseContext) -> dict[str, str]:
        view = page_view(exchange.response.body if exchange.response else b"")
        found: dict[str, str] = {}
        for name, path in self.save.items():
            try:
                values = view.values(str(substitute(path, context.values)))
            except etree.XPathError:
                values = []
            if not values or not values[0]:
                raise Unmet(
                    "STEP-012",
                    Text("la valeur à capturer est absente", "the value to capture is missing"),
                    field=name,
                    expected=path,
                )
            found[name] = values[0]
        return found
