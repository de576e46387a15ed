"""The public door: run a campaign from its file to its evidence and result.

It puts together scope, preflight, runner and evidence, and decides nothing itself. Reports are made
elsewhere from the RunResult and the tree.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from harness import evidence, preflight
from harness.campaign import Campaign, load_campaign
from harness.checks import api
from harness.control import Control
from harness.deviations import FACT as DEVIATIONS
from harness.deviations import load_deviations, weigh
from harness.drive.clock import Clock, SystemClock
from harness.drive.identity import Keyring
from harness.events import Journal, Listener
from harness.evidence import sealing
from harness.inheritance import HERITAGE, Prove, fingerprint, inherited
from harness.masking import Masker
from harness.observe.running import Observation, observing
from harness.observe.scope import observable, preconditions
from harness.observe.stage import Observing
from harness.packs.pinned import facts_of
from harness.parallel import run_cases, told_again
from harness.plan import Case
from harness.plans import lock
from harness.results import RUN_FILE, CaseResult, RunResult, text_to_plain
from harness.runner import Runner, describe
from harness.scope import Scoped, scope
from harness.staging import Driven
from harness.stopped import stopped
from harness.verdict import Verdict, exit_code
from protocol import transactions
from protocol.errors import Lang, Text, UsageError

TREE: Final = "preuves"
_EVENTS: Final = evidence.JOURNAL
#: States of the scope that give no verdict here.
_NOT_HERE: Final = ("not-selected", "inherited")


def run_campaign(
    path: Path,
    *,
    out: Path,
    target: str | None = None,
    pki: Path | None = None,
    only: Sequence[str] = (),
    seed: int | None = None,
    lang: Lang | None = None,
    resume: Path | None = None,
    listener: Listener | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    jobs: int = 1,
    deviations: Path | None = None,
    events: Callable[[bytes], None] | None = None,
    prove: Prove | None = None,
    observation: Observation | None = None,
    pack: str | None = None,
    locked: bool = False,
) -> RunResult:
    """Run a campaign and leave `run.json` and the evidence tree in `out`.

    `target` and `pki` replace those of the file; `only` selects cases (see harness.scope); `seed` makes
    identifiers repeatable; `resume` is the `out` of an interrupted run of the same campaign, whose finished
    cases are kept. A `clock` that is set is that of the mock too. `jobs` cases are played side by side on a mock.
    `deviations` replaces the campaign's file of known ones; what they make of the run is in its facts (see
    harness.deviations), never in `exit_code`. `events` is handed each line of the journal. With an
    `observation`, a software is observed instead of played by our driver (see harness.observe.running).
    `prove` verifies the reports that the campaign inherits from (see harness.inheritance). `pack` replaces the
    official pack of the campaign (see harness.packs.pinned). A lock beside the campaign is honoured; `locked` asks for
    one (see harness.plans.lock).
    Raises PlanError (66), UsageError (64), ToolError, EvidenceError. A red preflight raises nothing: every case
    is then CONFIG and `exit_code` 65.
    """
    started = _now()
    campaign = load_campaign(path, environ=environ).at(url=target, pki=pki).judged_by(pack)
    frozen = lock.honour(campaign, required=locked)
    registry = transactions.load()
    heritage = inherited(campaign, prove, datetime.now(UTC), observed=observation is not None)
    scoped = scope(campaign, registry, only, heritage)
    if observation is not None:
        scoped = observable(scoped, staged=observation.staged(campaign))
    named = deviations or (path.parent / campaign.file.deviations if campaign.file.deviations else None)
    known = load_deviations(named, campaign.plan.plan) if named is not None else ()
    if resume is not None and resume.resolve() != out.resolve():
        raise UsageError(
            "RUN-002",
            Text(
                "la reprise se fait dans le dossier de la première exécution",
                "a run resumes in its own folder",
            ),
            field="--resume",
            found=str(resume),
            expected=str(out),
        )
    root = out / TREE
    _make_room(out, resumed=resume is not None)
    _same_run(campaign, root)
    masker = Masker(campaign.number)
    journal = Journal(root / _EVENTS, listener, masker.text, events)
    journal.tell("run-started", campaign=campaign.file.id, plan=campaign.plan.plan.id, target=campaign.url)
    included = [item.case for item in scoped if item.state == "included"]
    items = (*_looked_at(campaign, included, masker, observation), *stopped(campaign, clock))
    journal.tell("preflight", items=[item.to_plain() for item in items])
    heirs = [heritage.cases[item.case.code] for item in scoped if item.state == "inherited"]
    for one in heirs:
        journal.tell("case-inherited", one.case.code, **one.told())
    watched = _observed(observation, campaign, included, items, root, journal, resumed=resume is not None)
    try:
        results = _results(
            campaign,
            scoped,
            items,
            root,
            journal,
            seed,
            clock or SystemClock(),
            resume is not None,
            jobs,
            watched,
        )
    except (KeyboardInterrupt, SystemExit):
        journal.tell("run-interrupted")
        raise
    code = exit_code(result.verdict for result in results if result.verdict is not Verdict.NOT_APPLICABLE)
    weighed: dict[str, Any] = (
        {DEVIATIONS: weigh(known, results, root, datetime.now(UTC).date())} if known else {}
    )
    journal.tell("run-finished", exit_code=code, **weighed)
    facts = _facts(campaign, scoped, items, seed, lang or campaign.file.lang, started) | weighed
    facts |= watched.facts() if watched is not None else {}
    facts["inherited"] = [one.to_plain() for one in heirs]
    facts["campaign"] |= {"lock_sha256": frozen, "guide": campaign.file.guide}
    for one in heirs:
        evidence.write_atomic(root / HERITAGE / one.reference / "statement.dsse.json", one.envelope)
    return _sealed(campaign, RunResult(results, root, code, "", facts), masker, out)


def _make_room(out: Path, *, resumed: bool) -> None:
    """A tree without any case (red preflight, interrupted at once) holds no evidence: it may be made anew."""
    root = out / TREE
    if resumed and not root.is_dir():
        raise UsageError(
            "RUN-003", Text("aucune exécution à reprendre ici", "no run to resume here"), field=str(root)
        )
    if not resumed and any(root.glob("*/test.json")):
        raise UsageError(
            "RUN-004",
            Text("le dossier contient déjà des preuves", "the folder already holds evidence"),
            field=str(root),
            mend=Text("choisir un autre dossier, ou --resume", "choose another folder, or --resume"),
        )
    if resumed and sealing.history(root):
        raise UsageError(
            "RUN-008",
            Text("des pièces ont été déposées après cette exécution", "pieces were lodged after this run"),
            field=str(root),
            mend=Text("relancer dans un nouveau dossier", "run again in a new folder"),
        )
    if not resumed and root.exists():
        _discard(out, root)
    root.mkdir(parents=True, exist_ok=True)


def _same_run(campaign: Campaign, root: Path) -> None:
    """Every case that is kept in the tree must be of this plan, this campaign and this pack. Raises UsageError."""
    same = (campaign.plan.sha256, campaign.sha256, campaign.pack.digest if campaign.pack else None)
    for path in sorted(root.glob("*/test.json")):
        test = evidence.read_json(path)
        if tuple(test.get(f"{name}_sha256") for name in ("plan", "campaign", "pack")) != same:
            raise UsageError(
                "RUN-005",
                Text(
                    "le plan, la campagne ou le paquet n'est pas celui de l'exécution à reprendre",
                    "the plan, the campaign or the pack is not that of the run to resume",
                ),
                field=path.parent.name,
                mend=Text("relancer dans un nouveau dossier", "run again in a new folder"),
            )


def _discard(out: Path, root: Path) -> None:
    """Remove an empty tree of ours. Raises UsageError for a folder with this name that is not."""
    if any(root.iterdir()) and not (root / _EVENTS).is_file():
        raise UsageError(
            "RUN-007",
            Text("ce dossier n'est pas un dossier de preuves", "this folder is no folder of evidence"),
            field=str(root),
            mend=Text("choisir un autre dossier", "choose another folder"),
        )
    shutil.rmtree(root)
    (out / RUN_FILE).unlink(missing_ok=True)


def _results(
    campaign: Campaign,
    scoped: Sequence[Scoped],
    items: Sequence[preflight.Item],
    root: Path,
    journal: Journal,
    seed: int | None,
    clock: Clock,
    resumed: bool,
    jobs: int,
    watched: Observing | None,
) -> tuple[CaseResult, ...]:
    if preflight.red(items):
        return tuple(_not_run(item, items) for item in scoped if item.state not in _NOT_HERE)
    done = {
        item.case.code: _kept(item, root, resumed) if item.state == "included" else _not_run(item, ())
        for item in scoped
        if item.state not in _NOT_HERE
    }
    left = [item.case for item in scoped if item.case.code in done and done[item.case.code] is None]
    if resumed:
        told_again(journal, (one for one in done.values() if one is not None and one.evidence))
    make = partial(make_runner, campaign, root, clock, seed, watched=watched)
    played = run_cases(make, left, jobs if watched is None else 1, journal)
    if watched is not None:
        watched.leave()
    return tuple(result or played[code] for code, result in done.items())


def _looked_at(
    campaign: Campaign, cases: Sequence[Case], masker: Masker, observation: Observation | None
) -> tuple[preflight.Item, ...]:
    """The preflight. Of a software that is observed the keys are its own: only those of our driver are looked at."""
    if observation is None:
        return preflight.preflight(campaign, cases, masker)
    if observation.offline:
        return ()
    return preflight.preflight(campaign, [preconditions(case) for case in cases], masker)


def _observed(
    observation: Observation | None,
    campaign: Campaign,
    cases: Sequence[Case],
    items: Sequence[preflight.Item],
    root: Path,
    journal: Journal,
    *,
    resumed: bool,
) -> Observing | None:
    if observation is None or preflight.red(items):
        return None
    return observing(observation, campaign, cases, root, journal, resumed=resumed)


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


def _kept(item: Scoped, root: Path, resumed: bool) -> CaseResult | None:
    """The result of a case that an interrupted run had finished; errors of the tool are tried again."""
    test = evidence.finished(root, item.case.code) if resumed else None
    if test is None or test.get("verdict") in {Verdict.ERROR, Verdict.CONFIG}:
        return None
    return CaseResult.from_plain(test)


def _not_run(item: Scoped, items: Sequence[preflight.Item]) -> CaseResult:
    if item.state != "included":
        return describe(item.case, Verdict.NOT_APPLICABLE, item.reason)
    bad = [problem for problem in items if problem.state == "KO"]
    reason = Text(
        " ; ".join(problem.sentence("fr") for problem in bad),
        "; ".join(problem.sentence("en") for problem in bad),
    )
    return describe(item.case, Verdict.CONFIG, reason)


def _facts(
    campaign: Campaign,
    scoped: Sequence[Scoped],
    items: Sequence[preflight.Item],
    seed: int | None,
    lang: Lang,
    started: str,
) -> dict[str, Any]:
    """Everything a report says of the run, plain and without the wire number."""
    read, plan = campaign.file, campaign.plan
    software = read.software.model_dump(exclude={"number"}) | {"number": "•••"}
    return {
        "campaign": {
            "id": read.id,
            "title": read.title.model_dump(),
            "sha256": campaign.sha256,
            "software": software,
            "vendor": read.vendor.model_dump(),
            "executor": read.executor.model_dump(),
            "profiles": list(read.profiles),
            "authentication": list(read.authentication),
            "options": list(read.options),
            "datasets": list(read.datasets),
        },
        "plan": {
            "id": plan.plan.id,
            "version": plan.plan.version,
            "title": plan.plan.title.model_dump(),
            "guide": list(plan.plan.guide),
            "sha256": plan.sha256,
        },
        "rules": {"sha256": api.rule_bundle_digest(), "count": len(api.rules())},
        **facts_of(campaign.pack),
        "tool": {"name": "dmpcompat", "version": tool_version()},
        "target": {"kind": read.target.kind, "url": campaign.url},
        "frames": "driver",
        "seed": seed,
        "lang": lang,
        "started": started,
        "ended": _now(),
        "scope": [
            {"code": item.case.code, "state": item.state, "reason": text_to_plain(item.reason)}
            for item in scoped
        ],
        "preflight": [item.to_plain() for item in items],
    }


def _sealed(campaign: Campaign, result: RunResult, masker: Masker, out: Path) -> RunResult:
    """Copy what was run, look for leaks, seal the tree and write the result."""
    root = result.evidence
    evidence.write_atomic(root / "plan.yaml", campaign.plan.raw)
    copy, _ = masker.body(campaign.raw)
    evidence.write_atomic(root / "campagne.yaml", copy)
    index = {
        "schema": "dmpcompat-evidence/1",
        **result.facts,
        "number_masked": not masker.intact,
        "declared_number": campaign.number if masker.intact else "",
        "number_fingerprint": fingerprint(campaign.number, campaign.sha256),
        "tests": [
            {
                "code": case.code,
                "official": case.official,
                "verdict": str(case.verdict),
                "folder": case.evidence,
            }
            for case in result.verdicts
        ],
    }
    masker.refuse_leaks(root)
    sealed = replace(result, manifest=evidence.seal(root, index))
    # Only what this run wrote: the folder may hold the user's own keys beside.
    masker.refuse_leaks(sealed.save(out))
    return sealed


def tool_version() -> str:
    """Version of the installed distribution, "0+checkout" when it runs from a checkout."""
    try:
        return metadata.version("dmpcompat")
    except metadata.PackageNotFoundError:
        return "0+checkout"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
