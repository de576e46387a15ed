"""The test plan: its models, and its reading with every mistake coded and placed (PLAN-0xx, file:line).

A plan is data: cases with French and English titles, requirement ids, filters and steps. Which cases apply
to a campaign is `harness.scope`; what a step does is `harness.steps`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from harness import plan_parts
from harness.checks.rule import Severity
from harness.problems import Problems
from harness.steps.api import AnyStep
from harness.vocabulary import Vocabulary
from harness.wording import Model, Words
from protocol.errors import PlanError, Text
from protocol.yamlread import Where, YamlDocument, parse_yaml, read_yaml

PLAN_SCHEMA: Literal["dmpcompat-plan/1"] = "dmpcompat-plan/1"

Code = Annotated[str, Field(pattern=r"^[A-Z]{2,4}-[A-Za-z0-9.]+-[0-9]{3}[a-z]?$", examples=["CT-0.2-010"])]
Authentication = Literal["direct", "indirect", "air"]
#: `frames`, `tls`, `vihf`, `findings` are kept by the run itself; `report`: what a validator said of a document;
#: `identifiers`: uniqueId and INS, for whoever looks on the server; `screen` and `declaration` come from the operator.
EvidenceKind = Literal["frames", "tls", "vihf", "findings", "report", "identifiers", "screen", "declaration"]


class Filters(Model):
    """What a campaign must declare for the case to apply. An empty list filters nothing."""

    profiles: list[str] = Field(default=[])
    authentication: list[Authentication] = Field(default=[])
    transactions: list[str] = Field(min_length=1)
    options: list[str] = Field(default=[])


class Case(Model):
    """One test. `type`: N nominal, E error, L limit, S security; `side`: L the LPS, D the platform is under
    test.
    """

    code: Code
    official: str = Field(default="", description="code of the official test, when it is known")
    origin: str = Field(default="", description="where the case comes from when it has no requirement")
    title: Words
    purpose: Words
    type: Literal["N", "E", "L", "S"]
    side: Literal["L", "D"]
    requirements: list[str] = Field(default=[])
    filters: Filters
    preconditions: list[Words] = Field(default=[])
    operate: Words | None = Field(
        default=None, description="what the operator does; made from the steps when it is left out"
    )
    data: list[Words] = Field(
        default=[], description="data that the operator types, and what may replace them"
    )
    linked: list[Code] = Field(
        default=[], description="cases whose result this one goes on from, or completes"
    )
    catches: list[str] = Field(
        default=[], description="seeded defects that must make it fail (docs/plans.md); proved by self-play"
    )
    steps: list[AnyStep] = Field(min_length=1)
    evidence: list[EvidenceKind] = Field(default=["frames", "tls", "vihf", "findings"], min_length=1)


class Plan(Model):
    """A test plan. `severity` says what a breach of a rule becomes in every case."""

    schema_: Literal["dmpcompat-plan/1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: Words
    guide: list[str] = Field(default=[], description="editions of the integration guide it was written for")
    severity: dict[str, Severity] = Field(default={})
    include: list[str] = Field(default=[], description="files of more cases, beside the plan")
    cases: list[Case] = Field(min_length=1)


@dataclass(frozen=True)
class LoadedPlan:
    """A plan with its bytes; `sha256` (hex) is over them. Of a plan in several files, they are those of the whole."""

    plan: Plan
    path: Path
    raw: bytes
    sha256: str

    def case(self, code: str) -> Case:
        """Raises PlanError when the plan has no such case."""
        for case in self.plan.cases:
            if case.code == code:
                return case
        raise PlanError("PLAN-040", Text("cas absent du plan", "case not in the plan"), found=code)


def load_plan(path: Path, names: Vocabulary | None = None) -> LoadedPlan:
    """Read and check a plan, with the files it includes. Raises PlanError (InvalidFile) with every mistake found."""
    main = read_yaml(path, error=PlanError)  # size and readability, with its own codes
    known = names or Vocabulary.of_installation()
    loaded = parse_plan(path.read_bytes(), path, known)
    if not loaded.plan.include:
        return loaded

    def check(document: YamlDocument, problems: Problems) -> None:
        _check_cases(_structure(document, problems), known, problems)

    return stored_plan(plan_parts.whole(main, path, check), path)


def parse_plan(raw: bytes, path: Path, names: Vocabulary | None = None) -> LoadedPlan:
    """Check the bytes of a plan; `path` names them in errors. Raises PlanError (InvalidFile)."""
    document = parse_yaml(raw, str(path), error=PlanError)
    problems = Problems(document, "PLAN")
    plan = _structure(document, problems)
    _check_cases(plan, names or Vocabulary.of_installation(), problems)
    problems.raise_if_any()
    return _loaded(plan, path, raw)


def stored_plan(raw: bytes, path: Path) -> LoadedPlan:
    """Read a plan kept with evidence: its structure is checked, its names were when it ran. Raises PlanError."""
    document = parse_yaml(raw, str(path), error=PlanError)
    return _loaded(_structure(document, Problems(document, "PLAN")), path, raw)


def _structure(document: YamlDocument, problems: Problems) -> Plan:
    try:
        return Plan.model_validate(document.data)
    except ValidationError as error:
        problems.from_pydantic(error, Plan)
        problems.raise_if_any()
        raise


def _loaded(plan: Plan, path: Path, raw: bytes) -> LoadedPlan:
    return LoadedPlan(plan, path, raw, hashlib.sha256(raw).hexdigest())


def _check_cases(plan: Plan, names: Vocabulary, problems: Problems) -> None:
    for rule in plan.severity:
        if rule not in names.rules and not rule.startswith("EXPECT-"):
            problems.unknown("011", Text("règle", "rule"), ("severity", rule), rule, names.rules)
    counted = Counter(case.code for case in plan.cases)
    for index, case in enumerate(plan.cases):
        at: Where = ("cases", index)
        if counted[case.code] > 1:
            problems.add(
                "016", Text("code de cas en double", "case code used twice"), (*at, "code"), found=case.code
            )
        if not (case.requirements or case.official or case.origin):
            problems.add(
                "017",
                Text(
                    "un cas porte une exigence, un code officiel ou son origine",
                    "a case carries a requirement, an official code or its origin",
                ),
                at,
                found=case.code,
                mend=Text("ajouter requirements, official ou origin", "add requirements, official or origin"),
            )
        _check_filters(case, at, names, problems)
        _check_steps(case, at, names, problems)


def _check_filters(case: Case, at: Where, names: Vocabulary, problems: Problems) -> None:
    sets = (
        (
            "transactions",
            case.filters.transactions,
            names.transactions,
            "010",
            Text("transaction", "transaction"),
        ),
        ("profiles", case.filters.profiles, names.profiles, "012", Text("profil", "profile")),
        ("options", case.filters.options, names.options, "035", Text("option", "option")),
    )
    for field, values, known, number, what in sets:
        for position, value in enumerate(values):
            if value not in known and (known or field != "options"):
                problems.unknown(number, what, (*at, "filters", field, position), value, known)
    for position, value in enumerate(case.requirements):
        if names.requirements and value not in names.requirements:
            problems.unknown(
                "018",
                Text("exigence", "requirement"),
                (*at, "requirements", position),
                value,
                names.requirements,
            )


def _check_steps(case: Case, at: Where, names: Vocabulary, problems: Problems) -> None:
    known: set[str] = set()
    for position, step in enumerate(case.steps):
        here = (*at, "steps", position)
        step.check_names(here, names, problems)
        for missing in sorted(step.used() - known):
            problems.unknown("019", Text("valeur capturée", "captured value"), here, missing, known)
        known |= step.saved()
        for sent in sorted(step.transactions() - set(case.filters.transactions)):
            problems.add(
                "020",
                Text(
                    "transaction envoyée mais absente des filtres du cas",
                    "transaction sent but missing from the filters of the case",
                ),
                here,
                found=sent,
                expected=", ".join(case.filters.transactions),
            )
