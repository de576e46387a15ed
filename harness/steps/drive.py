"""`drive`: the LPS sends one message, and both sides are judged as asked.

Who sends it is the player of the context (`harness.players`), judging is the context's. A deliberately wrong message
(`alter`) is judged on its answer only, unless the plan says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from harness import hosts
from harness.checks.judged import Declared, Judged
from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.expectations import Expect, to_plain
from harness.feeding import Fed
from harness.players.api import Made
from harness.players.driver import identity_of
from harness.problems import Problems
from harness.reception import WORDS, described, reception
from harness.steps import loading
from harness.steps.api import Outcome, StepSpec, Unmet, step
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol import directory, safexml
from protocol.errors import Text
from protocol.yamlread import Where

Side = Literal["request", "response"]


class Actor(BaseModel):
    """Who drives: a name of the PKI folder, and what is replaced in it (keys of the test directory,
    certificates).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    user: str = ""
    structure: str = ""
    tls: str = ""
    sign: str = ""
    mode: Literal["", "DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"] = ""


class Product(BaseModel):
    """What this message says of the software instead of the declaration. `number`: a value of the test
    numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    version: str | None = None
    number: str | None = None


class Connection(BaseModel):
    """How the software connects. `host`: `other` is the second name of the platform; no `verify`: to any server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Literal["first", "other"] = "first"
    verify: StrictBool = True


class Save(BaseModel):
    """A value to capture, from exactly one source.

    `xpath` on the envelope of `side` (its text, or with `xml` the element); `fact` of the message that was built;
    `part`: SHA-256 of the part of that rank (from 1, the root not counted) of the request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Side = "response"
    xpath: str = ""
    xml: StrictBool = Field(default=False, description="keep the element itself, as XML")
    fact: str = ""
    part: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Save:
        if sum((bool(self.xpath), bool(self.fact), bool(self.part))) != 1:
            raise ValueError("exactly one of xpath, fact, part")
        if self.xml and not self.xpath:
            raise ValueError("xml goes with xpath")
        return self


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _located(value: Any) -> Any:
    return {"xpath": value} if isinstance(value, str) else value


AnyActor = Annotated[
    Actor,
    BeforeValidator(_named),
    WithJsonSchema({"anyOf": [{"type": "string"}, Actor.model_json_schema()]}),
]
AnySave = Annotated[
    Save, BeforeValidator(_located), WithJsonSchema({"anyOf": [{"type": "string"}, Save.model_json_schema()]})
]


@step
class DriveStep(StepSpec):
    """Send one message as an LPS would, or wrong on purpose."""

    kind: ClassVar[str] = "drive"
    drive: str = Field(description="transaction to send")
    as_: AnyActor = Field(alias="as")
    patient: str = ""
    with_: dict[str, Any] = Field(default={}, alias="with", description="parameters of the message")
    documents: list[Fed] = Field(default=[], description="documents to feed (TD2.1)")
    alter: list[str] = Field(default=[], description="deliberate defects")
    lps: Product = Product()
    connection: Connection = Connection()
    judge: list[Side] | None = Field(default=None, description="sides that the rules judge")
    rules: list[str] | None = Field(default=None, description="rules or groups to apply; all by default")
    expect: Expect = Expect()
    save: dict[str, AnySave] = Field(default={})
    need: StrictBool = Field(
        default=False, description="a precondition: when it fails the case is INCONCLUSIVE"
    )
    seeded: dict[str, Any] = Field(
        default={},
        description="fields of this step that a wrong software has otherwise: for the paired self-play",
    )

    def summary(self) -> Text:
        who = f" {self.as_.name}" + (f" ({', '.join(self.alter)})" if self.alter else "")
        return Text(f"envoyer {self.drive} en tant que{who}", f"send {self.drive} as{who}")

    def used(self) -> frozenset[str]:
        return names_in(
            [
                self.with_,
                self.expect.model_dump(exclude_defaults=True),
                [fed.model_dump() for fed in self.documents],
                [save.xpath for save in self.save.values()],
            ]
        )

    def saved(self) -> frozenset[str]:
        return frozenset(self.save)

    def transactions(self) -> frozenset[str]:
        return frozenset() if self.need else frozenset({self.drive})

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        for field, value, known, number, what in (
            (
                "drive",
                self.drive,
                names.sendable,
                "010",
                Text("transaction à envoyer", "transaction to send"),
            ),
            ("patient", self.patient, names.patients, "013", Text("patient", "patient")),
            ("as", self.as_.name, names.identities, "014", Text("identité", "identity")),
            ("as", self.as_.user, names.professionals, "014", Text("professionnel", "professional")),
            ("as", self.as_.structure, names.structures, "014", Text("structure", "structure")),
        ):
            if value and known and value not in known:
                problems.unknown(number, what, (*at, field), value, known)
        for index, alteration in enumerate(self.alter):
            if names.alterations and alteration not in names.alterations:
                problems.unknown(
                    "021",
                    Text("altération", "alteration"),
                    (*at, "alter", index),
                    alteration,
                    names.alterations,
                )
        for index, rule in enumerate(self.rules or []):
            if rule not in names.rules | names.groups:
                where = (*at, "rules", index)
                problems.unknown("011", Text("règle", "rule"), where, rule, names.rules | names.groups)
        loading.check_parameters(self.drive, self.with_, at, problems)
        for index, fed in enumerate(self.documents):
            if fed.sample and not names_in(fed.sample):
                loading.check_sample(fed.sample, (*at, "documents", index, "sample"), problems)
        self._check_expectations(at, names, problems)

    def _check_expectations(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        for code in sorted(self.expect.codes()):
            if names.errors and code not in names.errors:
                problems.unknown(
                    "023", Text("code d'erreur", "error code"), (*at, "expect"), code, names.errors
                )
        for word in filter(None, self.expect.seen.split("|")):
            if word not in WORDS:
                what = Text("ce qui est vu revenir", "what is seen coming back")
                problems.unknown("031", what, (*at, "expect", "seen"), word, frozenset(WORDS))
        for field, items in (("xpath", self.expect.xpath), ("request", self.expect.request)):
            loading.check_comparisons(items, (*at, "expect", field), problems)
        for name, save in self.save.items():
            if save.xpath:
                loading.check_xpath(save.xpath, (*at, "save", name), problems)
        if self.expect.cause:
            loading.check_pattern(self.expect.cause, (*at, "expect", "cause"), problems)

    def sides(self, under_test: Literal["L", "D"]) -> tuple[Side, ...]:
        """What is judged: as the plan says, else both sides, the answer alone when the platform is tested or
        the message is wrong on purpose, nothing for a precondition."""
        if self.judge is not None:
            return tuple(self.judge)
        if self.need:
            return ()
        wrong_on_purpose = bool(self.alter) or self.lps != Product() or under_test == "D"
        return ("response",) if wrong_on_purpose else ("request", "response")

    def run(self, context: CaseContext) -> Outcome:
        made = context.player.drive(self, context)
        exchange = made.exchange
        resolved = {
            "transaction": self.drive,
            "sides": list(self.sides(context.case.side)),
            "rules": self.rules,
            "expect": to_plain(expected_at(self.expect.resolved(context.values), context)),
            "altered": list(self.alter),
        }
        if self.expect.seen:
            resolved["known"] = dict(context.told)
        view = Judged(exchange, "response", context.judging.registry.by_id(self.drive), Declared())
        if reception(view).word == "answered":
            context.told.update(described(view))
        asked = context.judging.expectation(exchange, resolved)
        if self.need and any(finding.status != "PASS" for finding in asked):
            return Outcome((), exchange, resolved, unmet=need_failed(asked))
        findings = (*asked, *context.judging.rules(exchange, resolved))
        if any(finding.status in {"FAIL", "VACUOUS"} for finding in asked):
            return Outcome(findings, exchange, resolved, stop=True)
        try:
            context.values.update(self._captured(made, context))
        except Unmet as unmet:
            return Outcome(findings, exchange, resolved, unmet=unmet)
        return Outcome(findings, exchange, resolved)

    def announced(self, context: CaseContext) -> Mapping[str, Any]:
        """Who calls, and for whom, as far as it can be told before; nothing of what is wrong on purpose."""
        told = {"transaction": self.drive}
        patient = context.campaign.patients.get(self.patient, directory.patients().get(self.patient))
        if patient is not None:
            told["patient"] = patient.ins.number
        if not self.alter:
            who = identity_of(self.as_, context)
            told |= {"caller": who.user.ps_id, "structure": who.structure.struct_id}
        return told

    def _captured(self, made: Made, context: CaseContext) -> dict[str, str]:
        transaction = context.judging.registry.by_id(self.drive)
        found: dict[str, str] = {}
        for name, save in self.save.items():
            view = Judged(made.exchange, "request" if save.part else save.side, transaction, Declared())
            if save.fact:
                value = made.fact(save.fact)
            elif save.part:
                parts = [part for part in view.parts if part is not view.start]
                rank = save.part - 1
                value = hashlib.sha256(parts[rank].data).hexdigest() if rank < len(parts) else ""
            elif save.xml:
                value = _as_xml(view, str(substitute(save.xpath, context.values)))
            else:
                value = view.value(str(substitute(save.xpath, context.values)))
            if not value:
                raise Unmet(
                    "STEP-012",
                    Text("la valeur à capturer est absente", "the value to capture is missing"),
                    field=name,
                    expected=save.xpath or save.fact or f"part {save.part}",
                )
            found[name] = value
        return found


def expected_at(expect: Expect, context: CaseContext) -> Expect:
    """The same with the host by its name. Raises Unmet when the platform has no other."""
    if expect.host not in (hosts.FIRST, hosts.OTHER):
        return expect
    name = hosts.authority(hosts.at(context.platform.url, expect.host))
    return expect.model_copy(update={"host": name})


def _as_xml(view: Judged, path: str) -> str:
    """The first element of the path with its namespaces, "" when there is none."""
    found = view.nodes(path)
    return safexml.canonical(found[0]).decode("utf-8") if found else ""


def need_failed(asked: tuple[Finding, ...]) -> Unmet:
    first = next(finding for finding in asked if finding.status != "PASS")
    return Unmet(
        "STEP-013",
        Text("la précondition n'a pas pu être établie", "the precondition could not be established"),
        found=first.found,
        expected=first.expected,
    )
