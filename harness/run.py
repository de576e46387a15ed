"""The public door: run a campaign from its file to its evidence and result.

It puts together scope, preflight, runner and evidence, and decides nothing itself. Reports are made
elsewhere from the RunResult and the tree.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from harness import evidence, preflight
from harness.campaign import Campaign, load_campaign
from harness.checks import api
from harness.control import Control
from harness.drive.clock import Clock, SystemClock
from harness.drive.identity import Keyring
from harness.events import Journal, Listener
from harness.masking import Masker
from harness.results import RUN_FILE, CaseResult, RunResult, text_to_plain
from harness.runner import Runner, describe
from harness.scope import Scoped, scope
from harness.verdict import Verdict, exit_code
from protocol import transactions
from protocol.errors import Lang, Text, UsageError

TREE: Final = "preuves"
_EVENTS: Final = evidence.JOURNAL


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
) -> RunResult:
    """Run a campaign and leave `run.json` and the evidence tree in `out`.

    `target` and `pki` replace those of the file; `only` selects cases (see harness.scope); `seed` makes
    identifiers repeatable; `resume` is the `out` of an interrupted run of the same campaign, whose finished
    cases are kept. Raises PlanError (66), UsageError (64), ToolError, EvidenceError. A red preflight raises
    nothing: every case is then CONFIG and `exit_code` 65.
    """
    started = _now()
    campaign = load_campaign(path, environ=environ).at(url=target, pki=pki)
    registry = transactions.load()
    scoped = scope(campaign, registry, only)
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
    journal = Journal(root / _EVENTS, listener, masker.text)
    journal.tell("run-started", campaign=campaign.file.id, plan=campaign.plan.plan.id, target=campaign.url)
    included = [item.case for item in scoped if item.state == "included"]
    items = preflight.preflight(campaign, included, masker)
    journal.tell("preflight", items=[item.to_plain() for item in items])
    try:
        results = _results(
            campaign, scoped, items, root, masker, journal, seed, clock or SystemClock(), resume is not None
        )
    except (KeyboardInterrupt, SystemExit):
        journal.tell("run-interrupted")
        raise
    code = exit_code(result.verdict for result in results if result.verdict is not Verdict.NOT_APPLICABLE)
    journal.tell("run-finished", exit_code=code)
    facts = _facts(campaign, scoped, items, seed, lang or campaign.file.lang, started)
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
    if not resumed and root.exists():
        _discard(out, root)
    root.mkdir(parents=True, exist_ok=True)


def _same_run(campaign: Campaign, root: Path) -> None:
    """Every case that is kept in the tree must be of this plan and this campaign. Raises UsageError."""
    for path in sorted(root.glob("*/test.json")):
        test = evidence.read_json(path)
        if (test.get("plan_sha256"), test.get("campaign_sha256")) != (campaign.plan.sha256, campaign.sha256):
            raise UsageError(
                "RUN-005",
                Text(
                    "le plan ou la campagne n'est pas celui de l'exécution à reprendre",
                    "the plan or the campaign is not that of the run to resume",
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
    masker: Masker,
    journal: Journal,
    seed: int | None,
    clock: Clock,
    resumed: bool,
) -> tuple[CaseResult, ...]:
    if preflight.red(items):
        return tuple(_not_run(item, items) for item in scoped if item.state != "not-selected")
    is_mock = campaign.file.target.kind == "mock"
    control = Control(campaign.url, preflight.tls_files(campaign)) if is_mock else None
    runner = Runner(
        campaign=campaign,
        registry=transactions.load(),
        root=root,
        masker=masker,
        journal=journal,
        keyring=Keyring(campaign.pki) if campaign.pki else None,
        control=control,
        clock=clock,
        seed=seed,
    )
    try:
        return tuple(
            _kept(item, root, resumed) or runner.run(item.case)
            if item.state == "included"
            else _not_run(item, ())
            for item in scoped
            if item.state != "not-selected"
        )
    finally:
        if control is not None:
            control.close()


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
