"""`call`: a call of the software that is not of the DMP: the INSi service, the parameter file.

Our driver makes it, or a software that is observed (`harness.players.attended`). What comes back is judged by
`harness.call_expectations`; no rule of the DMP applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness import hosts
from harness.call_expectations import CallExpect, judge_call, to_plain
from harness.checks.judged import Declared, Judged
from harness.context import CaseContext
from harness.drive import neighbours
from harness.drive.clock import ShiftedClock
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.players.api import Made
from harness.players.attended import Calling
from harness.players.driver import identity_of, sent
from harness.problems import Problems
from harness.steps import loading
from harness.steps.api import Outcome, StepSpec, Unmet, step
from harness.steps.drive import AnyActor, AnySave, Connection
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol import directory, transactions
from protocol.directory import Patient
from protocol.errors import Text
from protocol.exchange import header
from protocol.yamlread import Where

_PARAMETERS: Final = "parameters"
_NAMES: Final[Mapping[str, Text]] = {
    "insi-traits": Text("chercher un INS par les traits", "search an INS by traits"),
    "insi-card": Text("chercher un INS par la carte Vitale", "search an INS by the Vitale card"),
    _PARAMETERS: Text("lire le fichier de paramètres", "fetch the parameter file"),
}


class CallWith(BaseModel):
    """What the call says; what is left out comes from the patient. `path`: where a redirection led."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str | None = None
    given: list[str] | None = None
    sex: str | None = None
    birth: str | None = None
    place: str = ""
    number: str | None = None
    idam: str = neighbours.IDAM
    assertion: str = Field(default="", description="id of an assertion that is used again")
    issued: str = Field(default="", description="when that assertion was made")
    path: str = ""


@step
class CallStep(StepSpec):
    """One call of a neighbour of the DMP."""

    kind: ClassVar[str] = "call"
    call: Literal["insi-traits", "insi-card", "parameters"]
    as_: AnyActor = Field(alias="as")
    patient: str = ""
    with_: CallWith = Field(default=CallWith(), alias="with")
    delay: int = Field(
        default=0, ge=0, description="seconds that the clock of the software goes on by before it calls"
    )
    connection: Connection = Connection()
    expect: CallExpect = CallExpect()
    save: dict[str, AnySave] = Field(
        default={}, description="facts: assertion_id, issued, sent_at, location; or an XPath"
    )
    seeded: dict[str, Any] = Field(
        default={},
        description="fields of this step that a wrong software has otherwise: for the paired self-play",
    )

    @property
    def neighbour(self) -> str:
        """Which neighbour it calls (protocol.transactions.NEIGHBOURS)."""
        return "param-lps" if self.call == _PARAMETERS else "INSi"

    def summary(self) -> Text:
        return _NAMES[self.call]

    def used(self) -> frozenset[str]:
        return names_in([self.with_.model_dump(), self.expect.model_dump(exclude_defaults=True)])

    def saved(self) -> frozenset[str]:
        return frozenset(self.save)

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        for field, value, known, number, what in (
            ("patient", self.patient, names.patients, "013", Text("patient", "patient")),
            ("as", self.as_.name, names.identities, "014", Text("identité", "identity")),
        ):
            if value and known and value not in known:
                problems.unknown(number, what, (*at, field), value, known)
        if self.call != _PARAMETERS and not self.patient:
            what = Text("un patient est attendu", "a patient is expected")
            problems.add("033", what, at, expected="patient")
        loading.check_comparisons(self.expect.request, (*at, "expect", "request"), problems)
        for name, save in self.save.items():
            if save.xpath:
                loading.check_xpath(save.xpath, (*at, "save", name), problems)

    def run(self, context: CaseContext) -> Outcome:
        if self.delay:
            context.clock = ShiftedClock(timedelta(seconds=self.delay), context.clock)
        player = context.player
        made = player.call(self, context) if isinstance(player, Calling) else self._made(context)
        exchange = made.exchange
        expect = self.expect.resolved(context.values)
        resolved: dict[str, Any] = {
            "transaction": self.neighbour,
            "sides": [],
            "rules": None,
            "call": to_plain(expect),
        }
        findings = judge_call(expect, exchange, self.neighbour)
        if any(finding.status == "FAIL" for finding in findings):
            return Outcome(findings, exchange, resolved, stop=True)
        try:
            context.values.update(self._captured(made))
        except Unmet as unmet:
            return Outcome(findings, exchange, resolved, unmet=unmet)
        return Outcome(findings, exchange, resolved)

    def _made(self, context: CaseContext) -> Made:
        """The call of our driver."""
        identity = identity_of(self.as_, context)
        message = self._message(context)
        url = hosts.at(context.platform.url, self.connection.host)
        exchange = sent(message, identity, context, url, verify=self.connection.verify)
        return Made(exchange, message.fact)

    def _message(self, context: CaseContext) -> OutgoingMessage:
        told = CallWith.model_validate(substitute(self.with_.model_dump(), context.values))
        if self.call == _PARAMETERS:
            return neighbours.parameters(_inside(told.path))
        asked = neighbours.Asked(**told.model_dump(exclude={"path"}))
        software = context.campaign.file.software
        lps = Lps(software.name, software.version, context.campaign.number)
        identity, patient = identity_of(self.as_, context), self._patient(context)
        return neighbours.insi(self.call, patient, asked, identity, lps, clock=context.clock, ids=context.ids)

    def _patient(self, context: CaseContext) -> Patient:
        return context.campaign.patients.get(self.patient) or directory.patients()[self.patient]

    def _captured(self, made: Made) -> dict[str, str]:
        exchange = made.exchange
        facts = {
            **{name: made.fact(name) for name in ("assertion_id", "issued")},
            "sent_at": exchange.started.isoformat(timespec="milliseconds"),
            "location": header(exchange.response.headers, "Location") if exchange.response else "",
        }
        found: dict[str, str] = {}
        transaction = transactions.NEIGHBOURS[self.neighbour]
        for name, save in self.save.items():
            view = Judged(exchange, save.side, transaction, Declared())
            value = facts.get(save.fact, "") if save.fact else view.value(save.xpath)
            if not value:
                raise Unmet(
                    "STEP-012",
                    Text("la valeur à capturer est absente", "the value to capture is missing"),
                    field=name,
                    expected=save.xpath or save.fact,
                )
            found[name] = value
        return found


def _inside(path: str) -> str:
    """The part of a redirection's address that is inside the session."""
    return path[path.index(neighbours.PARAMETERS_PATH) :] if neighbours.PARAMETERS_PATH in path else path
