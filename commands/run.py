"""`dmpcompat run` and its preflight, `dmpcompat doctor`."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands import observing
from commands.options import ANY_PATH, EXISTING, FILE, lines_to, moment, shown
from protocol.errors import ConfigError, Lang
from reports.console import Progress, dump, show_deviations, show_preflight, show_red, tell, tell_unstamped

if TYPE_CHECKING:
    from harness.results import RunResult
    from reports.issue import Issued


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
@click.option("--deviations", type=FILE, help="File of known deviations, instead of the campaign's.")
@click.option("--events", metavar="FILE|-", help="Write the events of the run there, one line of JSON each.")
@observing.observing
@shown
def run(**options: Any) -> int:
    """Run the plan of a CAMPAIGN, keep the evidence, issue the signed report."""
    from harness import again
    from harness.deviations import leaves_with
    from harness.results import RunResult
    from reports import issue

    asked = _Asked(**{one.name: options.pop(one.name) for one in fields(_Asked)})
    asking = observing.Asking(**options)
    observing.refuse(asking, seed=asked.seed)
    if again.FAILED in asked.only:
        before = RunResult.load(asked.earlier or again.last_run(asked.place))
        if not again.unsettled(before):
            tell(asked.lang, "Aucun cas à rejouer.", "No case to play again.")
            return leaves_with(before)
        only = again.selection(asked.only, before)
        asked = replace(asked, only=only, out=again.next_place(asked.place))
    issue.refuse_issued(asked.place)
    if asked.junit is not None:
        asked.junit.parent.mkdir(parents=True, exist_ok=True)  # told now rather than after the run
    result = _played(asked, asking)
    issued = issue.issue(asked.place, lang=asked.lang)
    tell_unstamped(issued.unstamped, issued.folder, asked.lang)
    if asked.junit is not None:
        asked.junit.write_bytes((issued.folder / "junit.xml").read_bytes())
    _show(asked, result, issued)
    return leaves_with(result)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What `run` is given, but for what observes a real software (commands.observing)."""

    campaign: Path
    out: Path | None
    target: str | None
    pki_folder: Path | None
    only: tuple[str, ...]
    earlier: Path | None
    junit: Path | None
    resume: Path | None
    seed: int | None
    clock_at: datetime | None
    jobs: int | None
    pack: str | None
    locked: bool
    deviations: Path | None
    events: str | None
    lang: Lang
    as_json: bool

    @property
    def place(self) -> Path:
        return self.out or self.resume or Path("campagne-out")

    @property
    def alone(self) -> bool:
        """Whether the standard output is for a program."""
        return self.as_json or self.events == "-"


def _played(asked: _Asked, asking: observing.Asking) -> RunResult:
    """Run the campaign, with the desk open for the time of it where a software is observed."""
    from harness.choices import Choices
    from harness.drive.clock import SetClock
    from harness.run import run_campaign
    from reports import inheriting

    place, only = asked.place, asked.only
    again_with = observing.again(asked.campaign, place, asked.target, asked.pki_folder, only, asking)
    progress = Progress(asked.lang, quiet=asked.alone, again=again_with)
    about: dict[str, Any] = {
        "target": asked.target,
        "pki": asked.pki_folder,
        "only": only,
        "lang": asked.lang,
    }
    with (
        lines_to(asked.events) as told,
        observing.desk(asking, asked.campaign, place=place, quiet=asked.alone, **about) as desk,
    ):
        choices = Choices(
            **about,
            out=place,
            seed=asked.seed,
            resume=asked.resume,
            listener=desk.beside(progress),
            clock=SetClock(asked.clock_at) if asked.clock_at else None,
            jobs=asked.jobs or os.cpu_count() or 1,
            deviations=asked.deviations,
            events=told,
            prove=inheriting.prove,
            pack=asked.pack,
            locked=asked.locked,
            observation=desk.observation,
        )
        return run_campaign(asked.campaign, choices)


def _show(asked: _Asked, result: RunResult, issued: Issued) -> None:
    """What came of the run, for a reader or for a program."""
    lang, reference = asked.lang, issued.report.reference
    if asked.as_json:
        dump({**result.to_plain(), "reference": reference, "report": str(issued.folder)})
    if asked.alone:
        return
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
    tell(lang, f"Rapport {reference} : {page}", f"Report {reference}: {page}")


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
    from harness.preflight.heritage import heritage
    from harness.scope import scope
    from protocol import transactions
    from reports import inheriting

    loaded = load_campaign(campaign).at(url=target, pki=pki_folder)
    cases = [item.case for item in scope(loaded, transactions.load(), ()) if item.state == "included"]
    items = preflight.preflight(loaded, cases, Masker(loaded.number), thorough=True)
    items += heritage(loaded, inheriting.prove, datetime.now(UTC))
    if probe and not preflight.red(items):
        from harness.preflight.probe import probe as send_probe

        items += tuple(send_probe(loaded, cases, patient))
    if as_json:
        dump([item.to_plain() for item in items])
    else:
        show_preflight(items, lang)
    return ConfigError.exit_code if preflight.red(items) else 0
