"""The report as values, independent of language and of form: what the statement signs and every rendering shows.

It says what happened, never more: verdicts come from the run, texts from the plan and the requirement
catalogue. The wire number is here only in its masked form.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from harness.results import INHERITED
from protocol.errors import Text
from protocol.trust import stamp

#: Result of a report by exit code of the run it tells.
RESULTS: Final = {
    0: "CONFORM",
    1: "NON_CONFORM",
    2: "INCONCLUSIVE",
    3: "TOOL_ERROR",
    65: "CONFIGURATION",
}


@dataclass(frozen=True)
class Named:
    """A thing with its version and the SHA-256 of its bytes (plan, rules, data sets)."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Software:
    vendor: str
    name: str
    version: str
    wire_number: str


@dataclass(frozen=True)
class FindingLine:
    """One finding as shown: `title`, `mend`, `clause` and `requirements` come from the rule, `cause` from the error
    catalogue, the rest is data."""

    rule: str
    status: str
    title: Text
    where: str
    found: str
    expected: str
    cause: Text
    mend: Text
    clause: str
    requirements: tuple[str, ...]
    exchange: str


@dataclass(frozen=True)
class PassedLine:
    """A rule that held in a case, and at how many places; each place is in the evidence (assertions.json)."""

    rule: str
    title: Text
    count: int


@dataclass(frozen=True)
class CaseLine:
    """One case. `type`: nominal, error, limit or security (N E L S); `side`: who is judged, the software (L) or the
    platform (D). `reason` says why it is not applicable, inconclusive or in error; "" otherwise. `findings`: what a
    reader must look at; `vacuous`: how many rules found nothing to look at."""

    code: str
    official: str
    title: Text
    type: str
    side: str
    transactions: tuple[str, ...]
    requirements: tuple[str, ...]
    verdict: str
    reason: Text
    findings: tuple[FindingLine, ...]
    passed: tuple[PassedLine, ...]
    vacuous: int
    exchanges: tuple[str, ...]
    evidence: str


@dataclass(frozen=True)
class RequirementLine:
    """A requirement with the worst verdict of the cases that carry it; INHERITED when a connector proves them all,
    NOT_TESTED when none ran.
    """

    id: str
    text: Text
    verdict: str
    cases: tuple[str, ...]


@dataclass(frozen=True)
class JournalHead:
    """SHA-256 of the last line of the journal of events, and its number."""

    head: str
    lines: int


@dataclass(frozen=True)
class InheritedLine:
    """A case that this run did not play, since a connector's report proves it. `reference`: that report, `connector`:
    the software it is about, `verdict`: what it found there; `requirements`: those that it proves here;
    `homologation`: public reference of the decision that rests on that report, "" without one.
    """

    code: str
    title: Text
    reference: str
    connector: str
    verdict: str
    requirements: tuple[str, ...]
    report_sha256: str
    homologation: str = ""

    @property
    def proof(self) -> str:
        """Connector, homologation and report, as one line."""
        return " — ".join(filter(None, (self.connector, self.homologation, self.reference)))


@dataclass(frozen=True)
class DeviationLine:
    """A known deviation of the campaign, as the run met it. `state`: holds, expired, unused, not-run; `cases`: those
    that it explains. It changes no verdict.
    """

    case: str
    rule: str
    reason: Text
    expires: str
    ticket: str
    state: str
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything a reader needs; `evidence` is the SHA-256 of the manifest of the evidence tree.

    `frames`: where the bytes come from, as the origin of an Exchange. `left_out`: codes of the cases in scope that
    this run was told not to play; then `result` is at best PARTIAL.
    """

    reference: str
    issued: datetime
    started: datetime
    ended: datetime
    result: str
    software: Software
    frames: str
    target: str
    profiles: tuple[str, ...]
    modes: tuple[str, ...]
    guide: str
    plan: Named
    rules: Named
    pack: Named | None
    tool: Named
    cases: tuple[CaseLine, ...]
    left_out: tuple[str, ...]
    requirements: tuple[RequirementLine, ...]
    evidence: str
    journal: JournalHead | None = None
    inherited: tuple[InheritedLine, ...] = ()
    deviations: tuple[DeviationLine, ...] = ()

    def known(self, case: CaseLine) -> tuple[DeviationLine, ...]:
        """The deviations that hold for a case."""
        return tuple(one for one in self.deviations if one.state == "holds" and case.code in one.cases)

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases by verdict, the verdicts that occur only, in the order of `ORDER`; INHERITED: those that a
        connector proves.
        """
        seen = Counter(case.verdict for case in self.cases)
        seen[INHERITED] = len(self.inherited)
        return {verdict: seen[verdict] for verdict in ORDER if seen[verdict]}

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values (integers and strings), both languages, dates in UTC."""
        raw: dict[str, Any] = asdict(self) | {"format": "dmpcompat-report/1", "counts": self.counts}
        for name in ("issued", "started", "ended"):
            raw[name] = stamp(getattr(self, name))
        return _plain(raw)  # type: ignore[no-any-return]


#: Verdicts from the gravest to the best.
ORDER: Final = (
    "FAIL",
    "ERROR",
    "CONFIG",
    "INCONCLUSIVE",
    "MANUAL",
    "WARN",
    "PASS",
    INHERITED,
    "NOT_APPLICABLE",
)


def worst(verdicts: list[str]) -> str:
    """The gravest of these verdicts, NOT_TESTED when there is none or all are NOT_APPLICABLE."""
    known = [verdict for verdict in ORDER if verdict in verdicts and verdict != "NOT_APPLICABLE"]
    return known[0] if known else "NOT_TESTED"


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return {"fr": value.fr, "en": value.en}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
