"""Command line of dmpcompat: a thin composition root, one sub-command a screen, no logic.

Exit codes: 0 conform or valid, 1 non-conform or invalid, 2 something left undecided, 3 our own failure,
64 usage, 65 configuration (red preflight), 66 plan or campaign that can't be used.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from protocol.errors import ConfigError, DmpcompatError, Lang, Text, UsageError
from reports.console import (
    Progress,
    bar,
    dump,
    show_demo_end,
    show_preflight,
    show_red,
    show_verification,
    tell,
)

if TYPE_CHECKING:
    from harness.check_subject import Kind

Command = TypeVar("Command", bound=Callable[..., Any])


def default_lang() -> Lang:
    """`DMPCOMPAT_LANG`, else the locale of the environment, else French."""
    names = ("DMPCOMPAT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "en" if asked.lower().startswith("en") else "fr"


def shown(command: Command) -> Command:
    """Options of every command that prints a result."""
    with_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    with_lang = click.option(
        "--lang", type=click.Choice(["fr", "en"]), default=default_lang, help="fr or en."
    )
    return with_lang(with_json(command))


existing = click.Path(path_type=Path, exists=True)
any_path = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="dmpcompat")
def commands() -> None:
    """Conformance harness and mock platform of the French DMP (Dossier Médical Partagé)."""


@commands.command()
@click.option("--out", type=any_path, default=Path("demo-out"), help="Folder of the results; made anew.")
@shown
def demo(out: Path, lang: Lang, as_json: bool) -> int:
    """Run the whole main job on embedded defaults: PKI, mock, plan, evidence, signed report, verification."""
    from harness.run import run_campaign
    from mock_dmp import pki
    from mock_dmp.server import MockServer
    from protocol.datafolders import folder
    from reports import issue, verify

    _fresh(out)
    progress = Progress(lang, quiet=as_json)
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        progress.line("1/5  PKI de test", "1/5  Test PKI")
        certificates = Path(scratch) / "pki"
        pki.init(certificates)
        with MockServer(pki_folder=certificates, data_dir=Path(scratch) / "data", console=0) as mock:
            progress.line(
                f"2/5  DMP bouchonné sur {mock.url}, TLS mutuel", f"2/5  Mock DMP on {mock.url}, mutual TLS"
            )
            view = f"{mock.console_url}/ui/"
            progress.line(
                f"     vue en direct, le temps du plan : {view}", f"     live view, during the plan: {view}"
            )
            progress.line("3/5  Plan de tests", "3/5  Test plan")
            run = run_campaign(
                folder("test_plans") / "campagne-demo.yaml",
                out=out,
                target=mock.url,
                pki=certificates,
                lang=lang,
                listener=progress,
            )
    issued = issue.issue(out, lang=lang)
    progress.line(
        f"4/5  Rapport signé {issued.report.reference}", f"4/5  Signed report {issued.report.reference}"
    )
    checked = verify.verify(out, rejudged=True)
    progress.line("5/5  Vérification hors ligne", "5/5  Offline verification")
    if as_json:
        dump({"run": run.to_plain(), "reference": issued.report.reference, "verification": checked.as_json()})
    else:
        show_verification(checked, lang)
        show_demo_end(out, issued.folder, run.counts(), lang)
    return run.exit_code or checked.exit_code


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0: a free one.")
@click.option(
    "--pki", "pki_folder", type=any_path, help="Folder made by `pki init`; a temporary one by default."
)
@click.option("--db", help="SQLAlchemy URL, with --data; a SQLite file in that folder by default.")
@click.option(
    "--data", "data_dir", type=any_path, help="Folder of the documents and of the default database."
)
@click.option("--plain-http", is_flag=True, help="No TLS, loopback only: for clients that can't.")
@click.option("--tls13", is_flag=True, help="Accept TLS 1.3 beside the documented TLS 1.2 suites.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that serve, each on a core of its own: for load.  [default: this one, on any]",
)
@click.option(
    "--console",
    type=click.IntRange(0, 65535),
    is_flag=False,
    flag_value=8480,
    metavar="[PORT]",
    help="Live view and control for a browser: plain HTTP, this machine only; port 8480, 0: a free one.",
)
@click.option(
    "--ready-file", type=any_path, help="Written (JSON: url, pid, console) once requests are served."
)
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def serve(
    host: str,
    port: int,
    pki_folder: Path | None,
    db: str | None,
    data_dir: Path | None,
    plain_http: bool,
    tls13: bool,
    workers: int | None,
    console: int | None,
    ready_file: Path | None,
    lang: Lang,
) -> int:
    """Start the mock DMP. SIGTERM drains and stops."""
    from mock_dmp import pki
    from mock_dmp.crew import Crew
    from mock_dmp.server import MockServer

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        if pki_folder is None and not plain_http:
            pki_folder = Path(scratch) / "pki"
            pki.init(pki_folder)
        start = MockServer if workers is None else partial(Crew, workers)
        server = start(
            host=host,
            port=port,
            pki_folder=pki_folder,
            db_url=db,
            data_dir=data_dir or (None if db else Path(scratch) / "data"),
            plain_http=plain_http,
            tls13=tls13,
            console=console,
        )

        def ready(url: str) -> None:
            tell(lang, f"DMP bouchonné : {url}", f"Mock DMP: {url}")
            if pki_folder is not None:
                tell(lang, f"certificats : {pki_folder}", f"certificates: {pki_folder}")
            if server.console_url:
                tell(
                    lang, f"vue en direct : {server.console_url}/ui/", f"live view: {server.console_url}/ui/"
                )

        server.serve_forever(ready_file, ready)
    return 0


@commands.command()
@click.argument("campaign", type=any_path)
@click.option("--out", type=any_path, help="Folder of the results.  [default: campagne-out]")
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=any_path, help="Certificates, instead of the campaign's.")
@click.option(
    "--only",
    multiple=True,
    help="Cases to run: a code, a pattern ('CT-2.1-*'), a transaction; may be repeated.",
)
@click.option("--junit", type=any_path, help="Copy the JUnit file there.")
@click.option("--resume", type=existing, help="Continue the interrupted run of that folder.")
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


@commands.command()
@click.argument("campaign", type=any_path)
@click.option("--target", help="Address of the platform, instead of the campaign's.")
@click.option("--pki", "pki_folder", type=any_path, help="Certificates, instead of the campaign's.")
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


@commands.command()
@click.argument("report", type=existing)
@click.option("--trust", type=existing, help="Trust file of the issuer; this installation's by default.")
@click.option("--evidence", type=existing, help="Evidence folder; `preuves` beside the report by default.")
@click.option("--rejudge", is_flag=True, help="Compute every verdict again from the captured bytes.")
@shown
def verify(
    report: Path, trust: Path | None, evidence: Path | None, rejudge: bool, lang: Lang, as_json: bool
) -> int:
    """Verify a REPORT offline, in numbered steps. 0 valid, 1 invalid, 2 something was not checked."""
    from reports.verify import verify as verification

    checked = verification(report, trust=trust, evidence=evidence, rejudged=rejudge)
    if as_json:
        dump(checked.as_json())
    else:
        show_verification(checked, lang)
    return checked.exit_code


@commands.command()
@click.argument("evidence", type=existing)
@shown
def rejudge(evidence: Path, lang: Lang, as_json: bool) -> int:
    """Judge stored EVIDENCE again and say what changed."""
    from harness.rejudge import rejudge as again

    root = evidence / "preuves" if (evidence / "preuves").is_dir() else evidence
    outcome = again(root)
    changed = [case for case in outcome.cases if not case.holds]
    if as_json:
        dump(
            {
                "holds": outcome.holds,
                "rules_changed": outcome.rules_changed,
                "tree": list(outcome.tree),
                "cases": [
                    {"code": case.code, "before": case.before, "after": case.after, "holds": case.holds}
                    for case in outcome.cases
                ],
            }
        )
        return 0 if outcome.holds else 1
    for line in outcome.tree:
        click.echo(line)
    for case in changed:
        click.echo(f"{case.code}: {case.before} → {case.after}")
    tell(
        lang,
        f"{len(outcome.cases)} cas rejugés, {len(changed)} différent(s)",
        f"{len(outcome.cases)} cases judged again, {len(changed)} different",
    )
    return 0 if outcome.holds else 1


@commands.command()
@click.argument("rule", required=False)
@shown
def explain(rule: str | None, lang: Lang, as_json: bool) -> int:
    """Explain a RULE of the oracle: what it asks, of what, by which text. A group lists its rules; nothing, all."""
    from harness.checks import api

    group = rule in api.groups()
    chosen = [item for item in api.rules() if not group or item.group == rule]
    chosen = chosen if group or not rule else [api.rule(rule)]
    if as_json:
        dump(
            [
                {
                    "id": item.id,
                    "group": item.group,
                    "title": item.title.to(lang),
                    "mend": item.mend.to(lang),
                    "clause": item.clause,
                    "requirements": list(item.requirements),
                    "confidence": item.confidence,
                    "default": item.default,
                }
                for item in chosen
            ]
        )
    elif rule and not group:
        click.echo(api.explain(rule, lang))
    else:
        for item in chosen:
            click.echo(f"{item.id:28} {item.default:8} {item.title.to(lang)}")
    return 0


@commands.command()
@click.argument("paths", nargs=-1, required=True, type=any_path)
@click.option(
    "--kind", type=click.Choice(["auto", "cda", "xds", "exchange"]), default="auto", show_default=True
)
@click.option("--pack", "pack_name", help="Official pack to apply too, registered by `pack add`.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--only", multiple=True, help="Rules or groups of rules to apply.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ndjson", "junit", "sarif"]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang, help="fr or en.")
def check(
    paths: tuple[Path, ...],
    kind: Kind,
    pack_name: str | None,
    jobs: int,
    only: tuple[str, ...],
    form: str,
    as_json: bool,
    lang: Lang,
) -> int:
    """Judge documents and exchanges: files or whole trees."""
    from harness import packs
    from harness.check_formats.choose import render
    from harness.judge_files import Asked, judge_paths

    pack = packs.load(pack_name) if pack_name else None
    asked = Asked(kind=kind, pack=pack, only=only or None, explain=pack is not None)
    with bar() as progress:
        outcome = judge_paths(paths, asked, jobs=jobs, progress=progress)
    click.echo(render(outcome, "json" if as_json else form, lang), nl=False)
    return outcome.exit_code


@commands.group()
def pack() -> None:
    """Official artefacts that you own: schemas, Schematrons, value sets."""


@pack.command("add")
@click.argument("folder", type=any_path)
@click.option("--name", default="", help="Name of the pack; the folder's own by default.")
@shown
def pack_add(folder: Path, name: str, lang: Lang, as_json: bool) -> int:
    """Register FOLDER with the digest of its content. Nothing is copied."""
    from harness import packs

    added = packs.add(folder, name)
    if as_json:
        dump(vars(added))
    else:
        tell(
            lang,
            f"pack {added.name} : {added.files} fichiers, sha256:{added.digest}",
            f"pack {added.name}: {added.files} files, sha256:{added.digest}",
        )
    return 0


@pack.command("list")
@shown
def pack_list(lang: Lang, as_json: bool) -> int:
    """List the registered packs."""
    from harness import packs

    known = packs.registered()
    if as_json:
        dump([vars(one) for one in known])
    elif not known:
        tell(lang, "aucun pack enregistré", "no pack registered")
    for one in () if as_json else known:
        click.echo(f"{one.label:40} {one.files:6}  {one.folder}")
    return 0


@pack.command("remove")
@click.argument("name")
@shown
def pack_remove(name: str, lang: Lang, as_json: bool) -> int:
    """Forget a pack. Its folder is left alone."""
    from harness import packs

    removed = packs.remove(name)
    if as_json:
        dump(vars(removed))
    else:
        tell(lang, f"pack {removed.name} oublié", f"pack {removed.name} forgotten")
    return 0


@commands.group()
def data() -> None:
    """Synthetic data in number."""


@data.command("patients")
@click.option("--count", type=click.IntRange(0, 5_000_000), required=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same patients.")
@click.option("--out", type=any_path, help="Folder of files of the shape of datasets/patients.")
@click.option("--into", "data_dir", type=any_path, help="Folder of a mock (`serve --data`): load them there.")
@click.option("--db", help="SQLAlchemy URL of that mock, when it is not the default SQLite file of --into.")
@click.option("--session", default="default", show_default=True, help="Session of that mock.")
@shown
def data_patients(
    count: int,
    seed: int,
    out: Path | None,
    data_dir: Path | None,
    db: str | None,
    session: str,
    lang: Lang,
    as_json: bool,
) -> int:
    """Make synthetic patients: test INS with right keys, no duplicate, into files or into a mock."""
    from mock_dmp.population import load, make
    from mock_dmp.state.engine import Store

    if (out is None) == (data_dir is None):
        raise UsageError("GEN-003", Text("choisir --out ou --into", "choose --out or --into"))
    several = make.patients(count, seed)
    with bar() as progress:
        if out is not None:
            load.into_files(out, several, lambda done: progress(done, count))
            made = count
        else:
            store = Store(db, data_dir)
            try:
                made = load.into_session(store, session, several, lambda done: progress(done, count))
            finally:
                store.close()
    if as_json:
        dump({"asked": count, "added": made, "seed": seed})
    else:
        tell(lang, f"{made} patients ajoutés sur {count}", f"{made} patients added out of {count}")
    return 0


@commands.group()
def pki() -> None:
    """Test certificates."""


@pki.command("init")
@click.argument("folder", type=any_path)
@click.option("--force", is_flag=True, help="Replace what is in FOLDER.")
@click.option("--name", "names", multiple=True, help="Further host name or address of the server.")
@click.option(
    "--cards", multiple=True, help="More cards: 'all', cps:<professional>, org:<structure>; may be repeated."
)
@shown
def pki_init(
    folder: Path, force: bool, names: tuple[str, ...], cards: tuple[str, ...], lang: Lang, as_json: bool
) -> int:
    """Make a test PKI in FOLDER: CA, server, organisations, cards, and bad ones on purpose."""
    from mock_dmp import pki as authority

    authority.cards.wanted(cards)  # a wrong name is told before anything is made
    authority.init(folder, names=names, force=force)
    if cards:
        _add_cards(folder, cards)
    index = authority.load(folder)
    if as_json:
        dump([asdict(entry) for entry in index.entries])
    else:
        tell(
            lang,
            f"{len(index.entries)} certificats dans {folder}",
            f"{len(index.entries)} certificates in {folder}",
        )
    return 0


@pki.command("card")
@click.argument("folder", type=any_path)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@shown
def pki_card(folder: Path, names: tuple[str, ...], lang: Lang, as_json: bool) -> int:
    """Add cards to the PKI of FOLDER. NAME: a professional, cps:<professional>, org:<structure> or all."""
    made = _add_cards(folder, names)
    if as_json:
        dump(list(made))
    else:
        tell(lang, f"{len(made)} certificats ajoutés", f"{len(made)} certificates added")
    return 0


def _add_cards(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Make the cards that are not there yet."""
    from mock_dmp import pki as authority

    with bar() as progress:
        return tuple(profile.name for profile in authority.cards.add(folder, names, told=progress))


def _fresh(out: Path) -> None:
    """Empty the folder of an earlier demo; anything else that is there is not ours to remove."""
    import shutil

    marker = out / ".dmpcompat-demo"
    if out.exists() and any(out.iterdir()):
        if not marker.is_file():
            raise UsageError(
                "DEMO-001",
                Text("ce dossier contient autre chose qu'une démonstration", "this folder is not a demo's"),
                field="--out",
                found=str(out),
                mend=Text("choisir un dossier vide ou neuf", "choose an empty or new folder"),
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    marker.touch()


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: runs a command and leaves with the exit code of its outcome."""
    # As with Ctrl-C, what is open is closed and what is temporary removed; `serve` has its own way to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run_command(sys.argv[1:] if arguments is None else arguments))


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors are told on standard error, without a traceback."""
    lang = _asked_lang(arguments)
    # Without a handler of ours, the standard library would print warnings over the result.
    logging.getLogger("dmpcompat").addHandler(logging.NullHandler())
    try:
        outcome = commands.main(arguments, prog_name="dmpcompat", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(Text("interrompu", "interrupted").to(lang), err=True)
        return 130
    except click.ClickException as problem:
        problem.show()
        return UsageError.exit_code
    except DmpcompatError as problem:
        click.echo(problem.message(lang), err=True)
        return problem.exit_code
    except BrokenPipeError:
        # The reader of our output went away; point it elsewhere so that closing it says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except OSError as problem:
        click.echo(f"OS-001: {problem}", err=True)
        return ConfigError.exit_code
    # The last resort: our own failure is told as ours, and where to look.
    except Exception as problem:  # noqa: BLE001
        click.echo(_internal(problem, lang), err=True)
        return 3
    return outcome if isinstance(outcome, int) else 0


def _internal(problem: Exception, lang: Lang) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="dmpcompat-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(problem, file=log)
    return Text(
        f"TOOL-001: défaillance interne de dmpcompat ({type(problem).__name__}) ; détail dans {log.name}",
        f"TOOL-001: internal failure of dmpcompat ({type(problem).__name__}); details in {log.name}",
    ).to(lang)


def _asked_lang(arguments: list[str]) -> Lang:
    for place, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else ""
        if argument == "--lang" and place + 1 < len(arguments):
            value = arguments[place + 1]
        if value in ("fr", "en"):
            return cast(Lang, value)
    return default_lang()


if __name__ == "__main__":
    main()
