"""Steps on the evidence: its seal, its journal, its verdicts computed again (`reports.verify_evidence`)."""

from __future__ import annotations

from protocol.errors import Text
from reports import verify_evidence
from reports.verification.state import State, step


@step(80, "evidence", "Les preuves sont celles qui ont été signées", "The evidence is the one signed")
def evidence(state: State) -> Text:
    return verify_evidence.evidence(state.evidence, state.statement)


@step(
    90,
    "journal",
    "Le journal est enchaîné, jusqu'à la ligne signée et après",
    "The journal is chained, up to the line signed and after",
)
def journal(state: State) -> Text:
    return verify_evidence.journal(state.evidence, state.statement)


@step(
    200,
    "rejudged",
    "Les verdicts se recalculent à l'identique",
    "Verdicts recompute identically",
    when=lambda state: state.rejudged,
)
def rejudged(state: State) -> Text:
    return verify_evidence.rejudge_all(state.evidence)
