"""`dmpcompat run` and its preflight, `dmpcompat doctor`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from commands import observing
from commands.options import ANY_PATH, EXISTING, lines_to, moment, shown
from protocol.errors import ConfigError, Lang
from reports.console import Progress, dump, show_deviations, show_preflight, show_red, tell


@click.command()
@click.argument("campaign", type=ANY_PATH)
@click.option("--out", type=ANY_PATH, help="Folder of the results.  [default: campagne-out]")
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=ANY_PATH, help="Certificates, instead of the campaign's.")
@click.option(
    "--only",
    multiple=True,
    help="Cases to run: a code, a pattern ('CT-2.1-*'), a transaction, 'failed' (of the last run); may be repeated.",
)
@click.option(
    "--from", "earlier", type=EXISTING, help="With --only failed: the run whose failures are played again."
)
@click.option("--junit", type=ANY_PATH, help="Copy the JUnit file there.")
@click.option("--resume", type=EXISTING, help="Continue the interrupted run of that folder.")
@click.option("--seed", type=int, help="Make identifiers repeatable.")
@click.option(
    "--clock",
    "clock_at",
    metavar="MOMENT",
    type=moment,
    help="Stop the clocks of LPS and mock there: 2026-01-15T10:00:00Z.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), help="Cases side by side, on a mock.  [default: one a core]"
)
@click.option(
    "--pack",
    help="Official pack to judge documents by too, registered by `pack add`, instead of the campaign's.",
)
@click.option(
    "--locked", is_flag=True, help="Run only what `plan lock` froze; a lock that is there is honoured anyway."
)
@click.option("--deviations", type=EXISTING, help="File of known deviations, instead of the campaign's.")
@click.option("--events", metavar="FILE|-", help="Write the events of the run there, one line of JSON each.")
@observing.observing
@shown
def run(
    campaign: Path,
    out: Path | None,
    target: str | None,
    pki_folder: Path | None,
    only: tuple[str, ...],
    junit: Path | None,
    resume: Path | None,
    seed: int | None,
    clock_at: datetime | None,
    jobs: int | None,
    pack: str | None,
    locked: bool,
    deviations: Path | None,
    events: str | None,
    earlier: Path | None,
    lang: Lang,
    as_json: bool,
    **observe: Any,
) -> int:
    """Run the plan of a CAMPAIGN, keep the evidence, issue the signed report."""
    from harness import again
    from harness.deviations import leaves_with
    from harness.drive.clock import SetClock
    from harness.results import RunResult
    from harness.run import run_campaign
    from reports import inheriting, issue

    asking = observing.Asking(**observe)
    observing.refuse(asking, seed=seed)
    place = out or resume or Path("campagne-out")
    if again.FAILED in only:
        before = RunResult.load(earlier or again.last_run(place))
        if not again.unsettled(before):
            tell(lang, "Aucun cas à rejouer.", "No case to play again.")
            return leaves_with(before)
        only, place = again.selection(only, before), again.next_place(place)
    issue.refuse_issued(place)
    alone = as_json or events == "-"
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)  # told now rather than after the run
    again_with = observing.again(campaign, place, target, pki_folder, only, asking)
    progress = Progress(lang, quiet=alone, again=again_with)
    with (
        lines_to(events) as told,
        observing.desk(
            asking, campaign, target=target, pki=pki_folder, only=only, place=place, lang=lang, quiet=alone
        ) as desk,
    ):
        result = run_campaign(
            campaign,
            out=place,
            target=target,
            pki=pki_folder,
            only=only,
            seed=seed,
            lang=lang,
            resume=resume,
            listener=desk.beside(progress),
            clock=SetClock(clock_at) if clock_at else None,
            jobs=jobs or os.cpu_count() or 1,
            deviations=deviations,
            events=told,
            prove=inheriting.prove,
            pack=pack,
            locked=locked,
            observation=desk.observation,
        )
    issued = issue.issue(place, lang=lang)
    if junit is not None:
        junit.write_bytes((issued.folder / "junit.xml").read_bytes())
    if as_json:
        dump({**result.to_plain(), "reference": issued.report.reference, "report": str(issued.folder)})
    elif not alone:
        show_red(result.verdicts, lang)
        show_deviations(result.facts, lang)
        counts = ", ".join(f"{name} {count}" for name, count in result.counts().items())
        tell(lang, f"Verdicts : {counts}", f"Verdicts: {counts}")
        if heirs := len(issued.report.inherited):
            tell(
                lang,
                f"Hérités d'un connecteur : {heirs} cas, non joués",
                f"Inherited from a connector: {heirs} cases, not played",
            )
        if left_out := len(issued.report.left_out):
            tell(
                lang,
                f"Exécution partielle : {left_out} cas du périmètre n'ont pas été joués",
                f"Partial run: {left_out} cases of the scope were not played",
            )
        page = issued.folder / "report.html"
        tell(lang, f"Rapport {issued.report.reference} : {page}", f"Report {issued.report.reference}: {page}")
    return leaves_with(result)


@click.command()
@click.argument("campaign", type=ANY_PATH)
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=ANY_PATH, help="Certificates, instead of the campaign's.")
@click.option("--probe", is_flag=True, help="Send one TD0.2 too, and judge it.")
@click.option(
    "--patient", default="", metavar="KEY", help="Patient of the probe.  [default: the campaign's first]"
)
@shown
def doctor(
    campaign: Path,
    target: str | None,
    pki_folder: Path | None,
    probe: bool,
    patient: str,
    lang: Lang,
    as_json: bool,
) -> int:
    """Preflight of a CAMPAIGN: certificates, network, number, scope, data. No business call without --probe."""
    from harness import preflight
    from harness.campaign import load_campaign
    from harness.masking import Masker
    from harness.scope import scope
    from protocol import transactions

    loaded = load_campaign(campaign).at(url=target, pki=pki_folder)
    cases = [item.case for item in scope(loaded, transactions.load(), ()) if item.state == "included"]
    items = preflight.preflight(loaded, cases, Masker(loaded.number), thorough=True)
    if probe and not preflight.red(items):
        from harness.preflight.probe import probe as send_probe

        items += tuple(send_probe(loaded, cases, patient))
    if as_json:
        dump([item.to_plain() for item in items])
    else:
        show_preflight(items, lang)
    return ConfigError.exit_code if preflight.red(items) else 0
