"""The public door: run a campaign from its file to its evidence and result.

It strings the stages together and decides nothing itself: what is settled before (harness.outset), the folder
(harness.room), the preflight, the runner, the facts (harness.run_facts) and the evidence. Reports are made elsewhere
from the RunResult and the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from harness import evidence, preflight
from harness.campaign import Campaign
from harness.choices import Choices
from harness.control import Control
from harness.deviations import FACT as DEVIATIONS
from harness.deviations import weigh
from harness.drive.clock import Clock, SystemClock
from harness.drive.identity import Keyring
from harness.events import Journal
from harness.inheritance import HERITAGE
from harness.masking import Masker
from harness.observe.running import observing
from harness.observe.scope import preconditions
from harness.observe.stage import Observing
from harness.outset import Outset, outset
from harness.parallel import run_cases, told_again
from harness.results import CaseResult, RunResult
from harness.room import make_room
from harness.run_facts import facts, index
from harness.runner import Runner, describe
from harness.scope import Scoped
from harness.staging import Driven
from harness.stopped import stopped
from harness.verdict import Verdict, exit_code
from protocol import transactions
from protocol.errors import Text

#: States of the scope that give no verdict here.
_NOT_HERE: Final = ("not-selected", "inherited")


def run_campaign(path: Path, choices: Choices) -> RunResult:
    """Run a campaign and leave `run.json` and the evidence tree in `choices.out`.

    What known deviations make of the run is in its facts (see harness.deviations), never in `exit_code`.
    Raises PlanError (66), UsageError (64), ToolError, EvidenceError. A red preflight raises nothing: every case
    is then CONFIG and `exit_code` 65.
    """
    run = outset(path, choices)
    make_room(choices, run.campaign)
    journal = _begun(run)
    items = (*_looked_at(run), *stopped(run.campaign, choices.clock))
    journal.tell("preflight", items=[item.to_plain() for item in items])
    for one in run.heirs:
        journal.tell("case-inherited", one.case.code, **one.told())
    watched = _observed(run, items, journal)
    try:
        results = _results(run, items, journal, watched)
    except (KeyboardInterrupt, SystemExit):
        journal.tell("run-interrupted")
        raise
    code = exit_code(result.verdict for result in results if result.verdict is not Verdict.NOT_APPLICABLE)
    weighed = _weighed(run, results)
    journal.tell("run-finished", exit_code=code, **weighed)
    told = facts(run, items) | weighed | (watched.facts() if watched is not None else {})
    return _sealed(run, RunResult(results, choices.root, code, "", told))


def _begun(run: Outset) -> Journal:
    choices, campaign = run.choices, run.campaign
    journal = Journal(choices.root / evidence.JOURNAL, choices.listener, run.masker.text, choices.events)
    journal.tell("run-started", campaign=campaign.file.id, plan=campaign.plan.plan.id, target=campaign.url)
    return journal


def _looked_at(run: Outset) -> tuple[preflight.Item, ...]:
    """The preflight. Of a software that is observed the keys are its own: only those of our driver are looked at."""
    watched, cases = run.choices.observation, run.included
    if watched is None:
        return preflight.preflight(run.campaign, cases, run.masker)
    if watched.offline:
        return ()
    return preflight.preflight(run.campaign, [preconditions(case) for case in cases], run.masker)


def _observed(run: Outset, items: Sequence[preflight.Item], journal: Journal) -> Observing | None:
    choices = run.choices
    if choices.observation is None or preflight.red(items):
        return None
    return observing(
        choices.observation, run.campaign, run.included, choices.root, journal, resumed=choices.resumed
    )


def _results(
    run: Outset, items: Sequence[preflight.Item], journal: Journal, watched: Observing | None
) -> tuple[CaseResult, ...]:
    choices = run.choices
    asked = [item for item in run.scoped if item.state not in _NOT_HERE]
    if preflight.red(items):
        return tuple(_not_run(item, items) for item in asked)
    done = {item.case.code: _kept(item, choices) if _plays(item) else _not_run(item, ()) for item in asked}
    left = [item.case for item in asked if done[item.case.code] is None]
    if choices.resumed:
        told_again(journal, (one for one in done.values() if one is not None and one.evidence))
    clock = choices.clock or SystemClock()
    make = partial(make_runner, run.campaign, choices.root, clock, choices.seed, watched=watched)
    played = run_cases(make, left, choices.jobs if watched is None else 1, journal)
    if watched is not None:
        watched.leave()
    return tuple(result or played[code] for code, result in done.items())


def _weighed(run: Outset, results: Sequence[CaseResult]) -> dict[str, Any]:
    """What the known deviations make of the results, as facts; nothing when none is known."""
    if not run.known:
        return {}
    return {DEVIATIONS: weigh(run.known, results, run.choices.root, datetime.now(UTC).date())}


def make_runner(
    campaign: Campaign,
    root: Path,
    clock: Clock,
    seed: int | None,
    journal: Journal,
    *,
    watched: Observing | None = None,
) -> Runner:
    """The runner of a campaign, in whatever process."""
    is_mock = campaign.file.target.kind == "mock"
    control = Control(campaign.url, preflight.tls_files(campaign)) if is_mock else None
    masker = Masker(campaign.number)
    return Runner(
        campaign=campaign,
        registry=transactions.load(),
        root=root,
        masker=masker,
        journal=journal,
        keyring=Keyring(campaign.pki) if campaign.pki else None,
        control=control,
        clock=clock,
        seed=seed,
        staging=watched or Driven(campaign, control, clock, seed, root, masker, journal),
    )


def _plays(item: Scoped) -> bool:
    return item.state == "included"


def _kept(item: Scoped, choices: Choices) -> CaseResult | None:
    """The result of a case that an interrupted run had finished; errors of the tool are tried again."""
    test = evidence.finished(choices.root, item.case.code) if choices.resumed else None
    if test is None or test.get("verdict") in {Verdict.ERROR, Verdict.CONFIG}:
        return None
    return CaseResult.from_plain(test)


def _not_run(item: Scoped, items: Sequence[preflight.Item]) -> CaseResult:
    if not _plays(item):
        return describe(item.case, Verdict.NOT_APPLICABLE, item.reason)
    bad = [problem for problem in items if problem.state == "KO"]
    reason = Text(
        " ; ".join(problem.sentence("fr") for problem in bad),
        "; ".join(problem.sentence("en") for problem in bad),
    )
    return describe(item.case, Verdict.CONFIG, reason)


def _sealed(run: Outset, result: RunResult) -> RunResult:
    """Copy what was run and what it inherits, look for leaks, seal the tree and write the result."""
    root, masker = result.evidence, run.masker
    for one in run.heirs:
        evidence.write_atomic(root / HERITAGE / one.reference / "statement.dsse.json", one.envelope)
    evidence.write_atomic(root / "plan.yaml", run.campaign.plan.raw)
    copy, _ = masker.body(run.campaign.raw)
    evidence.write_atomic(root / "campagne.yaml", copy)
    told = index(run, result)
    masker.refuse_leaks(root)
    sealed = replace(result, manifest=evidence.seal(root, told))
    # Only what this run wrote: the folder may hold the user's own keys beside.
    masker.refuse_leaks(sealed.save(run.choices.out))
    return sealed
