"""Runs the cases of a campaign one by one, each in a session of its own when the platform is the mock.

A case goes: session, steps, judgement, evidence. A failure of the tool is ERROR and never FAIL; a
precondition that is not met is INCONCLUSIVE. Which cases run is `harness.scope`; what a step does is
`harness.steps`.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.announcing import announce
from harness.campaign import Campaign
from harness.checks.judged import Declared
from harness.checks.rule import Finding
from harness.consequences import Played, consequences
from harness.context import CaseContext
from harness.control import Control, Platform
from harness.drive.clock import Clock
from harness.drive.identity import Keyring
from harness.drive.ids import Ids, RandomIds, SeededIds
from harness.events import Journal
from harness.evidence import CaseFolder, keep
from harness.expectation_words import title
from harness.judging import Judging, changed_rules
from harness.masking import Masker, public_numbers
from harness.plan import Case
from harness.results import CaseResult, finding_to_plain, text_to_plain
from harness.steps.api import Outcome, Seen, StepSpec, Unmet
from harness.verdict import Verdict, of_case
from harness.vocabulary import MODES
from protocol.errors import NO_TEXT, DmpcompatError, Text, ToolError
from protocol.exchange import Exchange
from protocol.patientrecord import patient_to_plain
from protocol.transactions import Registry

#: Longest value quoted in the reason of a verdict; the findings hold it whole.
_LONGEST: Final = 200
#: Steps of the record that judge several frames together, after those of the plan and the sequence of requests.
_TOGETHER: Final = ("answers", "aftermath")


@dataclass(frozen=True)
class Runner:
    """What every case of a run shares. `seed` makes identifiers repeatable; None draws them."""

    campaign: Campaign
    registry: Registry
    root: Path
    masker: Masker
    journal: Journal
    keyring: Keyring | None
    control: Control | None
    clock: Clock
    seed: int | None

    def run(self, case: Case) -> CaseResult:
        """Run one case to its end and keep its evidence. Raises EvidenceError when it can't be written."""
        self.journal.tell("case-started", case.code, title=text_to_plain(case.title.text()))
        attempt = _Attempt(self, case, CaseFolder(self.root, case.code, self.masker))
        result = attempt.go()
        self.journal.tell(
            "case-finished", case.code, verdict=str(result.verdict), reason=text_to_plain(result.reason)
        )
        return result

    def ids(self, case: Case) -> Ids:
        return RandomIds() if self.seed is None else SeededIds(f"{self.seed}/{case.code}")

    def judging(self, case: Case) -> Judging:
        return Judging(self.registry, declared(self.campaign), self.campaign.plan.plan.severity, case.side)


def declared(campaign: Campaign) -> Declared:
    """What the campaign declares, as the rules compare it."""
    software = campaign.file.software
    return Declared(
        software=software.name,
        version=software.version,
        wire_number=campaign.number,
        modes=tuple(MODES[mode] for mode in campaign.file.authentication),
    )


def _homologated(campaign: Campaign) -> dict[str, Any]:
    """The campaign's number as the mock would hold it, had the declared software been homologated."""
    software = campaign.file.software
    return {
        "key": "campagne",
        "value": campaign.number,
        "family": software.name,
        "products": [{"name": software.name, "versions": [software.version]}],
        "profiles": list(campaign.file.profiles),
        "status": "active",
    }


@dataclass
class _Attempt:
    """One case while it runs."""

    runner: Runner
    case: Case
    folder: CaseFolder
    findings: list[Finding] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    judged: list[tuple[str, Exchange]] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    trouble: DmpcompatError | None = None

    def go(self) -> CaseResult:
        started = _now()
        session = self._session_name() if self.runner.control else ""
        try:
            self._open(session)
            context = self._context(session)
            announce(context, self.runner.journal)
            for number, step in enumerate(self.case.steps, 1):
                if not self._step(number, step, context):
                    break
            else:
                self._sequence(len(self.case.steps) + 1, context)
                self._answers(context)
            self._aftermath(context)
        except DmpcompatError as problem:
            self.trouble = problem
        # Whatever else goes wrong is a fault of ours: shown as such, never as a verdict on the software.
        except Exception as problem:  # noqa: BLE001
            self.trouble = ToolError(
                "RUN-020",
                Text("défaut interne de l'outil", "internal fault of the tool"),
                found=f"{type(problem).__name__}: {problem}",
            )
        finally:
            self._close(session)
        return self._result(started)

    def _step(self, number: int, step: StepSpec, context: CaseContext) -> bool:
        """Run one step; False when the case can't go on."""
        journal, code = self.runner.journal, self.case.code
        summary = text_to_plain(step.summary())
        journal.tell("step-started", code, step=number, step_kind=step.kind, summary=summary)
        outcome = step.run(context)
        entry: dict[str, Any] = {"step": number, "kind": step.kind, "summary": summary}
        if outcome.resolved is not None:
            entry["resolved"] = dict(outcome.resolved)
        if outcome.exchange is not None:
            entry |= self._keep(number, outcome.exchange, outcome, context)
        if outcome.seen is not None:
            entry["frames"] = [self._keep_seen(number, seen) for seen in outcome.seen]
        self.steps.append(entry)
        self.findings += outcome.findings
        self.lines += [finding_to_plain(finding, number) for finding in outcome.findings]
        counted = Counter(finding.status for finding in outcome.findings)
        journal.tell("step-finished", code, step=number, findings=dict(counted))
        self.trouble = outcome.unmet
        return outcome.unmet is None and not outcome.stop

    def _sequence(self, number: int, context: CaseContext) -> None:
        """Judge together the requests that were judged one by one: a step of its own in the record."""
        if len(self.judged) < 2:
            return
        findings = context.judging.sequence([exchange for _, exchange in self.judged])
        self.steps.append({"step": number, "kind": "sequence", "frames": [stem for stem, _ in self.judged]})
        self.findings += findings
        self.lines += [finding_to_plain(finding, number) for finding in findings]

    def _answers(self, context: CaseContext) -> None:
        """Judge together the answers that were judged one by one, knowing all that the case exchanged."""
        judged = [rank for rank, one in enumerate(self.played) if one.stem in self.answered]
        if len(self.played) < 2 or not judged:
            return
        told = {"transactions": [one.transaction for one in self.played], "judged": judged}
        findings = context.judging.answers([one.exchange for one in self.played], told)
        self._together("answers", [one.stem for one in self.played], told, findings)

    def _aftermath(self, context: CaseContext) -> None:
        """Judge what was sent after each fault that the case armed, wherever the case stopped."""
        after = len(self.case.steps) + len(_TOGETHER)

        def keep_observed(exchange: Exchange, transaction: str) -> str:
            kept = keep(exchange, self.runner.masker)
            return self.folder.add(kept, after, self.runner.registry.by_id(transaction))

        for one in consequences(context, self.played, keep_observed):
            findings = context.judging.aftermath([exchange for _, exchange in one.frames], one.told)
            self._together("aftermath", [stem for stem, _ in one.frames], dict(one.told), findings)

    def _together(
        self, kind: str, frames: list[str], told: dict[str, Any], findings: tuple[Finding, ...]
    ) -> None:
        """Keep the judgement of several frames as a step of its own."""
        number = len(self.case.steps) + 2 + sum(step["kind"] in _TOGETHER for step in self.steps)
        self.steps.append({"step": number, "kind": kind, "frames": frames, "resolved": told})
        self.findings += findings
        self.lines += [finding_to_plain(finding, number) for finding in findings]

    def _keep(
        self, number: int, exchange: Exchange, outcome: Outcome, context: CaseContext
    ) -> dict[str, Any]:
        """Write the exchange; when a secret was overwritten, find which rules can't be judged again without
        it.
        """
        resolved = outcome.resolved or {}
        transaction = self.runner.registry.by_id(str(resolved["transaction"]))
        kept = keep(exchange, self.runner.masker)
        stem = self.folder.add(kept, number, transaction)
        self.played.append(Played(stem, exchange, transaction.id))
        if "response" in resolved.get("sides", ()):
            self.answered.add(stem)
        if "request" in resolved.get("sides", ()):
            self.judged.append((stem, exchange))
        self.runner.journal.tell(
            "exchange",
            self.case.code,
            step=number,
            frame=stem,
            transaction=transaction.id,
            status=exchange.response.status if exchange.response else None,
            digest=exchange.digest(),
        )
        entry: dict[str, Any] = {"frame": stem}
        if kept.redacted and outcome.findings:
            again = context.judging.all(kept.exchange, resolved)
            entry["not_rejudgeable"] = list(changed_rules(outcome.findings, again))
        return entry

    def _keep_seen(self, number: int, seen: Seen) -> str:
        """Write an exchange that a step saw; its stem."""
        transaction = self.runner.registry.by_id(seen.transaction)
        stem = self.folder.add(keep(seen.exchange, self.runner.masker), number, transaction)
        self.played.append(Played(stem, seen.exchange, transaction.id))
        return stem

    def _session_name(self) -> str:
        return f"{self.case.code.lower().replace('.', '-')}-{secrets.token_hex(4)}"

    def _open(self, session: str) -> None:
        control = self.runner.control
        if control is None:
            return
        control.create(session, {})
        for patient in self.runner.campaign.patients.values():
            control.patient(session, patient_to_plain(patient))
        if self.runner.campaign.number not in public_numbers():
            # The mock knows its test numbers only; here it stands for a DMP that homologated this software.
            control.declare_number(session, _homologated(self.runner.campaign))

    def _close(self, session: str) -> None:
        if self.runner.control is None:
            return
        try:
            self.runner.control.delete(session)
        except ToolError as problem:
            # The case is over: what failed is only the cleaning, which changes no verdict but must be seen.
            self.runner.journal.tell("cleaning-failed", self.case.code, problem=problem.message("en"))

    def _context(self, session: str) -> CaseContext:
        runner = self.runner
        url = runner.campaign.url + (f"/s/{session}" if session else "")
        return CaseContext(
            case=self.case,
            campaign=runner.campaign,
            platform=Platform(url, session, runner.control),
            judging=runner.judging(self.case),
            keyring=runner.keyring,
            clock=runner.clock,
            ids=runner.ids(self.case),
        )

    def _result(self, started: str) -> CaseResult:
        verdict, said = conclusion(self.findings, self.trouble)
        reason = Text(self.runner.masker.text(said.fr), self.runner.masker.text(said.en))
        result = describe(
            self.case,
            verdict,
            reason,
            findings=dict(sorted(Counter(finding.status for finding in self.findings).items())),
            started=started,
            ended=_now(),
            evidence=self.case.code,
        )
        campaign = self.runner.campaign
        test = {
            **result.to_plain(),
            "steps": self.steps,
            "expected_evidence": list(self.case.evidence),
            "preconditions": [text_to_plain(item.text()) for item in self.case.preconditions],
            "plan_sha256": campaign.plan.sha256,
            "campaign_sha256": campaign.sha256,
            "target": campaign.url,
            "trouble": None if self.trouble is None else self.trouble.message(campaign.file.lang),
        }
        self.folder.finish(test, self.lines)
        return result


def conclusion(findings: list[Finding], trouble: DmpcompatError | None) -> tuple[Verdict, Text]:
    """Verdict and reason of a case. A non-conformity that was proven stands, whatever stopped the case
    after it.
    """
    verdict = of_case(findings)
    if verdict is not Verdict.FAIL and trouble is not None:
        stopped = Verdict.INCONCLUSIVE if isinstance(trouble, Unmet) else Verdict.ERROR
        return stopped, Text(trouble.message("fr"), trouble.message("en"))
    return verdict, _reason(verdict, findings)


def _reason(verdict: Verdict, findings: list[Finding]) -> Text:
    if verdict is Verdict.PASS:
        return NO_TEXT
    wanted = {Verdict.FAIL: "FAIL", Verdict.ERROR: "ERROR", Verdict.WARN: "WARN"}.get(verdict, "")
    seen = [finding for finding in findings if finding.status == (wanted or "AMBIGUOUS")]
    if not wanted and seen:
        first = seen[0]
        return Text(
            f"deux lecteurs ne lisent pas la même chose ({first.rule}, {first.where}) : {_short(first.found)}",
            f"two readers don't read the same ({first.rule}, {first.where}): {_short(first.found)}",
        )
    if not seen:
        return Text("aucun contrôle n'a rien trouvé à regarder", "no check found anything to look at")
    first, more = seen[0], len(seen) - 1
    found, expected, what = _short(first.found), _short(first.expected), title(first.rule)
    return Text(
        f"{what.fr} ({first.rule}, {first.where}) : trouvé « {found or 'rien'} », attendu « {expected} »"
        + (f" ; et {more} autre(s)" if more else ""),
        f"{what.en} ({first.rule}, {first.where}): found “{found or 'nothing'}”, expected “{expected}”"
        + (f"; and {more} more" if more else ""),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe(
    case: Case,
    verdict: Verdict,
    reason: Text,
    *,
    findings: dict[str, int] | None = None,
    started: str = "",
    ended: str = "",
    evidence: str = "",
) -> CaseResult:
    """The result of a case, with what the plan says of it."""
    return CaseResult(
        code=case.code,
        official=case.official,
        title=case.title.text(),
        purpose=case.purpose.text(),
        type=case.type,
        side=case.side,
        requirements=tuple(case.requirements),
        transactions=tuple(case.filters.transactions),
        verdict=verdict,
        reason=reason,
        findings=findings or {},
        started=started,
        ended=ended,
        evidence=evidence,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
