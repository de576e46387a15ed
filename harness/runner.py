"""Runs the cases of a campaign one by one, each in a session of its own when the platform is the mock.

A case goes: session, steps, judgement, evidence. A failure of the tool is ERROR and never FAIL; a
precondition that is not met is INCONCLUSIVE. Which cases run is `harness.scope`; what a step does is
`harness.steps`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from harness.evidence.facts import conditions
from harness.expectation_words import title
from harness.judging import Judging, changed_rules
from harness.masking import Masker
from harness.packs.schema import schemas_of
from harness.plan import Case
from harness.players.api import Player
from harness.progress import Progress
from harness.results import CaseResult, finding_to_plain, text_to_plain
from harness.staging import Stage, Staging
from harness.steps.api import Impossible, Outcome, Seen, StepSpec, Unmet
from harness.verdict import Verdict, of_case
from harness.vocabulary import MODES
from protocol.errors import NO_TEXT, DmpcompatError, Text, ToolError
from protocol.exchange import RESERIALISED, Exchange
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
    staging: Staging

    def run(self, case: Case) -> CaseResult:
        """Run one case to its end and keep its evidence. Raises EvidenceError when it can't be written."""
        self.journal.tell("case-started", case.code, title=text_to_plain(case.title.text()))
        stage = self.staging.stage(case)
        result = _Attempt(self, case, stage, stage.folder()).go()
        self.journal.tell(
            "case-finished", case.code, verdict=str(result.verdict), reason=text_to_plain(result.reason)
        )
        return result

    def ids(self, case: Case) -> Ids:
        return RandomIds() if self.seed is None else SeededIds(f"{self.seed}/{case.code}")

    def judging(self, case: Case) -> Judging:
        return judging(self.campaign, self.registry, case)


def judging(campaign: Campaign, registry: Registry, case: Case) -> Judging:
    """How the exchanges of a case are judged: rules, plan, and the campaign's pack when it has one."""
    pack = schemas_of(campaign.pack) if campaign.pack else None
    return Judging(registry, declared(campaign), campaign.plan.plan.severity, case.side, pack)


def declared(campaign: Campaign) -> Declared:
    """What the campaign declares, as the rules compare it."""
    software = campaign.file.software
    return Declared(
        software=software.name,
        version=software.version,
        wire_number=campaign.number,
        modes=tuple(MODES[mode] for mode in campaign.file.authentication),
    )


@dataclass
class _Attempt:
    """One case while it runs."""

    runner: Runner
    case: Case
    stage: Stage
    folder: CaseFolder
    progress: Progress = field(default_factory=Progress)

    def go(self) -> CaseResult:
        self.progress.started = _now()
        over, more = False, dict[str, Any]()
        try:
            self._play()
            over = True
        except DmpcompatError as problem:
            self.progress.trouble, over = problem, True
        # Whatever else goes wrong is a fault of ours: shown as such, never as a verdict on the software.
        except Exception as problem:  # noqa: BLE001 - told as ERROR
            over = True
            self.progress.trouble = ToolError(
                "RUN-020",
                Text("défaut interne de l'outil", "internal fault of the tool"),
                found=f"{type(problem).__name__}: {problem}",
            )
        finally:
            more = self.stage.close(over=over)
        return self._result(more)

    def _play(self) -> None:
        """The steps that are left, then what is judged of all of them together."""
        context = self._context(*self.stage.open())
        recalled = self.stage.recall(context)
        self.progress = replace(recalled, started=recalled.started or self.progress.started)
        announce(context, self.runner.journal)
        for number, step in enumerate(self.case.steps, 1):
            if number <= self.progress.done:
                continue
            if self.progress.over or not self._step(number, step, context):
                break
        else:
            self._sequence(len(self.case.steps) + 1, context)
            self._answers(context)
        self.progress.missing = self.stage.ready(context, self.progress)
        self._aftermath(context)

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
        self.progress.steps.append(entry)
        self.progress.findings += outcome.findings
        self.progress.lines += [finding_to_plain(finding, number) for finding in outcome.findings]
        counted = Counter(finding.status for finding in outcome.findings)
        journal.tell("step-finished", code, step=number, findings=dict(counted))
        self.progress.trouble = outcome.unmet
        self.progress.done, self.progress.over = number, outcome.unmet is not None or outcome.stop
        self.stage.settle(number, step, context, self.progress, outcome)
        return not self.progress.over

    def _sequence(self, number: int, context: CaseContext) -> None:
        """Judge together the requests that were judged one by one: a step of its own in the record."""
        if len(self.progress.judged) < 2:
            return
        findings = context.judging.sequence([exchange for _, exchange in self.progress.judged])
        stems = [stem for stem, _ in self.progress.judged]
        self.progress.steps.append({"step": number, "kind": "sequence", "frames": stems})
        self.progress.findings += findings
        self.progress.lines += [finding_to_plain(finding, number) for finding in findings]

    def _answers(self, context: CaseContext) -> None:
        """Judge together the answers that were judged one by one, knowing all that the case exchanged."""
        judged = [rank for rank, one in enumerate(self.progress.played) if one.stem in self.progress.answered]
        if len(self.progress.played) < 2 or not judged:
            return
        told = {"transactions": [one.transaction for one in self.progress.played], "judged": judged}
        findings = context.judging.answers([one.exchange for one in self.progress.played], told)
        self._together("answers", [one.stem for one in self.progress.played], told, findings)

    def _aftermath(self, context: CaseContext) -> None:
        """Judge what was sent after each fault that the case armed, wherever the case stopped."""
        after = len(self.case.steps) + len(_TOGETHER)

        def keep_observed(exchange: Exchange, transaction: str) -> str:
            kept = keep(exchange, self.runner.masker)
            return self.folder.add(kept, after, self.runner.registry.by_id(transaction))

        for one in consequences(context, self.progress.played, keep_observed):
            findings = context.judging.aftermath([exchange for _, exchange in one.frames], one.told)
            self._together("aftermath", [stem for stem, _ in one.frames], dict(one.told), findings)

    def _together(
        self, kind: str, frames: list[str], told: dict[str, Any], findings: tuple[Finding, ...]
    ) -> None:
        """Keep the judgement of several frames as a step of its own."""
        number = len(self.case.steps) + 2 + sum(step["kind"] in _TOGETHER for step in self.progress.steps)
        self.progress.steps.append({"step": number, "kind": kind, "frames": frames, "resolved": told})
        self.progress.findings += findings
        self.progress.lines += [finding_to_plain(finding, number) for finding in findings]

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
        self.progress.played.append(Played(stem, exchange, transaction.id))
        if "response" in resolved.get("sides", ()):
            self.progress.answered.add(stem)
        if "request" in resolved.get("sides", ()):
            self.progress.judged.append((stem, exchange))
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
        self.progress.played.append(Played(stem, seen.exchange, transaction.id))
        return stem

    def _context(self, platform: Platform, player: Player) -> CaseContext:
        runner = self.runner
        return CaseContext(
            case=self.case,
            campaign=runner.campaign,
            platform=platform,
            judging=runner.judging(self.case),
            keyring=runner.keyring,
            clock=runner.clock,
            ids=runner.ids(self.case),
            player=player,
        )

    def _result(self, more: dict[str, Any]) -> CaseResult:
        verdict, said = conclusion(self.progress.findings, self.progress.trouble, self.progress.missing)
        reason = Text(self.runner.masker.text(said.fr), self.runner.masker.text(said.en))
        result = describe(
            self.case,
            verdict,
            reason,
            findings=dict(sorted(Counter(finding.status for finding in self.progress.findings).items())),
            started=self.progress.started,
            ended=_now(),
            evidence=self.case.code,
        )
        campaign = self.runner.campaign
        test = {
            **result.to_plain(),
            "steps": self.progress.steps,
            "expected_evidence": list(self.case.evidence),
            "preconditions": [text_to_plain(item.text()) for item in self.case.preconditions],
            "plan_sha256": campaign.plan.sha256,
            "campaign_sha256": campaign.sha256,
            **({"pack_sha256": campaign.pack.digest} if campaign.pack else {}),
            "target": campaign.url,
            **conditions(self.case, campaign),
            "trouble": None
            if self.progress.trouble is None
            else self.progress.trouble.message(campaign.file.lang),
            **({"missing": self.progress.missing} if self.progress.missing else {}),
            **more,
        }
        self.folder.finish(test, self.progress.lines)
        self.stage.finished()
        return result


def conclusion(
    findings: list[Finding], trouble: DmpcompatError | None, missing: Sequence[str] = ()
) -> tuple[Verdict, Text]:
    """Verdict and reason of a case. A non-conformity that was proven stands, whatever stopped the case
    after it. `missing`: kinds of evidence that a human did not give.
    """
    verdict = of_case(findings)
    if verdict is not Verdict.FAIL and trouble is not None:
        if isinstance(trouble, Impossible):
            return Verdict.NOT_APPLICABLE, Text(trouble.found, trouble.found)
        stopped = Verdict.INCONCLUSIVE if isinstance(trouble, Unmet) else Verdict.ERROR
        return stopped, Text(trouble.message("fr"), trouble.message("en"))
    if missing and verdict in (Verdict.PASS, Verdict.WARN):
        listed = ", ".join(missing)
        return Verdict.MANUAL, Text(
            f"les trames sont conformes ; il manque ce que l'opérateur doit donner : {listed}",
            f"the frames conform; what the operator has to give is missing: {listed}",
        )
    return verdict, _reason(verdict, findings)


def _reason(verdict: Verdict, findings: list[Finding]) -> Text:
    if verdict is Verdict.PASS:
        return NO_TEXT
    wanted = {Verdict.FAIL: "FAIL", Verdict.ERROR: "ERROR", Verdict.WARN: "WARN"}.get(verdict, "")
    seen = [finding for finding in findings if finding.status == (wanted or "AMBIGUOUS")]
    if not wanted and seen:
        first = seen[0]
        if first.found.startswith(f"{RESERIALISED}:"):
            return Text(
                f"la trame vient d'un journal, qui a pu changer ces octets ({first.rule}, {first.where})",
                f"the frame comes from a log, which may have changed these bytes ({first.rule}, {first.where})",
            )
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
