"""`dmpcompat run` and its preflight, `dmpcompat doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import ANY_PATH, EXISTING, shown
from protocol.errors import ConfigError, Lang
from reports.console import Progress, dump, show_preflight, show_red, tell


@click.command()
@click.argument("campaign", type=ANY_PATH)
@click.option("--out", type=ANY_PATH, help="Folder of the results.  [default: campagne-out]")
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=ANY_PATH, help="Certificates, instead of the campaign's.")
@click.option(
    "--only",
    multiple=True,
    help="Cases to run: a code, a pattern ('CT-2.1-*'), a transaction; may be repeated.",
)
@click.option("--junit", type=ANY_PATH, help="Copy the JUnit file there.")
@click.option("--resume", type=EXISTING, help="Continue the interrupted run of that folder.")
@click.option("--seed", type=int, help="Make identifiers repeatable.")
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
    lang: Lang,
    as_json: bool,
) -> int:
    """Run the plan of a CAMPAIGN, keep the evidence, issue the signed report."""
    from harness.run import run_campaign
    from reports import issue

    place = out or resume or Path("campagne-out")
    issue.refuse_issued(place)
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)  # told now rather than after the run
    result = run_campaign(
        campaign,
        out=place,
        target=target,
        pki=pki_folder,
        only=only,
        seed=seed,
        lang=lang,
        resume=resume,
        listener=Progress(lang, quiet=as_json, again=f"dmpcompat run {campaign} --resume {place}"),
    )
    issued = issue.issue(place, lang=lang)
    if junit is not None:
        junit.write_bytes((issued.folder / "junit.xml").read_bytes())
    if as_json:
        dump({**result.to_plain(), "reference": issued.report.reference, "report": str(issued.folder)})
    else:
        show_red(result.verdicts, lang)
        counts = ", ".join(f"{name} {count}" for name, count in result.counts().items())
        tell(lang, f"Verdicts : {counts}", f"Verdicts: {counts}")
        if left_out := len(issued.report.left_out):
            tell(
                lang,
                f"Exécution partielle : {left_out} cas du périmètre n'ont pas été joués",
                f"Partial run: {left_out} cases of the scope were not played",
            )
        page = issued.folder / "report.html"
        tell(lang, f"Rapport {issued.report.reference} : {page}", f"Report {issued.report.reference}: {page}")
    return result.exit_code


@click.command()
@click.argument("campaign", type=ANY_PATH)
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=ANY_PATH, help="Certificates, instead of the campaign's.")
@shown
def doctor(campaign: Path, target: str | None, pki_folder: Path | None, lang: Lang, as_json: bool) -> int:
    """Preflight of a CAMPAIGN: certificates, address, clock, number. Sends no business call."""
    from harness import preflight
    from harness.campaign import load_campaign
    from harness.masking import Masker
    from harness.scope import scope
    from protocol import transactions

    loaded = load_campaign(campaign).at(url=target, pki=pki_folder)
    cases = [item.case for item in scope(loaded, transactions.load(), ()) if item.state == "included"]
    items = preflight.preflight(loaded, cases, Masker(loaded.number))
    if as_json:
        dump([item.to_plain() for item in items])
    else:
        show_preflight(items, lang)
    return ConfigError.exit_code if preflight.red(items) else 0
