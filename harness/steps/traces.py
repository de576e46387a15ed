"""`traces`: the traces of access that the platform kept, or that one reader of them sees, are as expected.

Read through the mock's control API; what was read is kept in the evidence, so that it can be judged again. On a
platform without control API it raises Unmet: the page HistoriqueAcces is then the only way to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.problems import Problems
from harness.steps import loading
from harness.steps.api import Outcome, StepSpec, step
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol import directory
from protocol.errors import Text
from protocol.yamlread import Where

#: Fields that a trace has.
FIELDS = frozenset(
    {
        "at",
        "exchange",
        "transaction",
        "action",
        "ps_id",
        "structure_id",
        "role",
        "mode",
        "access",
        "reason",
        "secret",
        "patient",
        "document",
        "result",
        "actor",
        "name",
        "assertion",
        "software",
    }
)
_PATTERN = re.compile(r"/(.+)/")
_SHOWN = 8


class Reading(BaseModel):
    """Which traces, and what must be among them. Values are compared as texts; between slashes, as a pattern."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: str = Field(default="", description="key of the patient")
    ps: str = Field(default="", description="key of the professional")
    action: str = Field(default="", description="words of the action")
    transaction: str = ""
    since: str = Field(default="", description="moment, ISO 8601 with zone")
    viewer: Literal["", "professional", "medecin-traitant", "patient", "representative"] = ""
    viewer_ps: str = Field(default="", description="key of the professional who looks")
    has: list[dict[str, str]] = Field(default=[], description="each is met by one trace at least")
    lacks: list[dict[str, str]] = Field(default=[], description="none is met by any trace")
    count: int | None = Field(default=None, ge=0)


@step
class TracesStep(StepSpec):
    """Traces that exist, or do not."""

    kind: ClassVar[str] = "traces"
    traces: Reading

    def summary(self) -> Text:
        whose = f" {self.traces.patient}" if self.traces.patient else ""
        return Text(f"lire les traces{whose}", f"read the traces{whose}")

    def used(self) -> frozenset[str]:
        return names_in(self.traces.model_dump())

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        where = (*at, "traces")
        for field, value, known, number, what in (
            ("patient", self.traces.patient, names.patients, "013", Text("patient", "patient")),
            ("ps", self.traces.ps, names.professionals, "014", Text("professionnel", "professional")),
            (
                "viewer_ps",
                self.traces.viewer_ps,
                names.professionals,
                "014",
                Text("professionnel", "professional"),
            ),
            (
                "transaction",
                self.traces.transaction,
                names.transactions,
                "010",
                Text("transaction", "transaction"),
            ),
        ):
            if value and known and value not in known:
                problems.unknown(number, what, (*where, field), value, known)
        for side, wanted in (("has", self.traces.has), ("lacks", self.traces.lacks)):
            for index, one in enumerate(wanted):
                for name, value in one.items():
                    if name not in FIELDS:
                        problems.unknown(
                            "032",
                            Text("champ d'une trace", "field of a trace"),
                            (*where, side, index),
                            name,
                            FIELDS,
                        )
                    pattern = _PATTERN.fullmatch(value)
                    if pattern:
                        loading.check_pattern(pattern[1], (*where, side, index, name), problems)

    def run(self, context: CaseContext) -> Outcome:
        control, session = context.platform.need(), context.platform.session
        asked = Reading.model_validate(substitute(self.traces.model_dump(), context.values))
        patient = context.campaign.patients.get(asked.patient) or directory.patients().get(asked.patient)
        people = directory.professionals()
        query = {
            "patient": patient.ins.number if patient else "",
            "ps": people[asked.ps].ps_id if asked.ps else "",
            "action": asked.action,
            "transaction": asked.transaction,
            "since": asked.since,
            "viewer": asked.viewer,
            "viewer_ps": people[asked.viewer_ps].ps_id if asked.viewer_ps else "",
        }
        read = control.traces(session, {name: value for name, value in query.items() if value})
        told = {"traces": {"read": read, "has": asked.has, "lacks": asked.lacks, "count": asked.count}}
        return Outcome(tuple(self.again(told)), resolved=told)

    @classmethod
    def again(cls, resolved: Mapping[str, Any]) -> list[Finding]:
        told = resolved.get("traces", {})
        read: Sequence[Mapping[str, Any]] = told.get("read", ())
        found = [_finding(_met(read, one), _shown(read), _said(one)) for one in told.get("has", ())]
        found += [
            _finding(not _met(read, one), _shown(read), f"≠ {_said(one)}") for one in told.get("lacks", ())
        ]
        if told.get("count") is not None:
            found.append(_finding(len(read) == told["count"], str(len(read)), str(told["count"])))
        return found


def _met(read: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> bool:
    return any(all(_same(line.get(name, ""), value) for name, value in wanted.items()) for line in read)


def _same(found: object, wanted: str) -> bool:
    text = str(found).lower() if isinstance(found, bool) else str(found)
    pattern = _PATTERN.fullmatch(wanted)
    return re.search(pattern[1], text) is not None if pattern else text == wanted


def _shown(read: Sequence[Mapping[str, Any]]) -> str:
    """The last lines, in short."""
    lines = [
        f"{one.get('transaction')} {one.get('ps_id')} {one.get('action')}".strip() for one in read[-_SHOWN:]
    ]
    return f"{len(read)} : " + " | ".join(lines)


def _said(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(wanted.items()))


def _finding(good: bool, found: str, expected: str) -> Finding:
    return Finding("EXPECT-TRACE", "PASS" if good else "FAIL", "traces:", found, expected)
