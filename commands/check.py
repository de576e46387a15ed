"""`dmpcompat check` and `dmpcompat explain`: the oracle on files, and its rules in words."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, default_lang, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import bar, dump

if TYPE_CHECKING:
    from harness.files.judge import Asked
    from harness.files.state import Ledger
    from harness.files.subject import Kind
    from harness.files.tree import CheckRun, How


@click.command()
@click.argument("paths", nargs=-1, type=ANY_PATH)
@click.option(
    "--kind", type=click.Choice(["auto", "cda", "xds", "exchange"]), default="auto", show_default=True
)
@click.option("--pack", "pack_name", help="Official pack to apply too, registered by `pack add`.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: one a core]")
@click.option(
    "--engine", default="", metavar="dask://HOST:PORT", help="Judge on a Dask cluster (extra `dask`)."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Seconds for one document; 0: no limit.",
)
@click.option(
    "--memory",
    type=click.IntRange(0),
    default=4096,
    show_default=True,
    help="Megabytes for one process; 0: no limit.",
)
@click.option(
    "--state", type=ANY_PATH, metavar="FILE", help="Keep the results in a new file, to resume from."
)
@click.option(
    "--resume", type=ANY_PATH, metavar="FILE", help="Go on with a state file; without PATHS, only show it."
)
@click.option("--only", multiple=True, help="Rules or groups of rules to apply.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ndjson", "junit", "sarif", "html"]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option(
    "--out", type=ANY_PATH, metavar="FILE", help="Write the result there.  [default: standard output]"
)
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang, help="fr or en.")
def check(
    paths: tuple[Path, ...],
    kind: Kind,
    pack_name: str | None,
    jobs: int | None,
    engine: str,
    timeout: float,
    memory: int,
    state: Path | None,
    resume: Path | None,
    only: tuple[str, ...],
    form: str,
    as_json: bool,
    out: Path | None,
    lang: Lang,
) -> int:
    """Judge documents and exchanges: files, folders, zip archives and XDM deliveries, of any size."""
    from harness.files.crew import Limits
    from harness.files.judge import Asked
    from harness.files.state import Ledger
    from harness.files.tree import How, recalled
    from harness.packs import registry as packs

    if bool(state) and bool(resume):
        raise _one_of("--state | --resume")
    if not paths and not resume:
        raise _one_of("PATHS | --resume")
    pack = packs.load(pack_name) if pack_name else None
    asked = Asked(kind=kind, pack=pack, only=only or None, explain=pack is not None)
    how = How(jobs or os.cpu_count() or 1, Limits(timeout, memory), engine)
    with Ledger(state or resume, resume=resume is not None) as ledger:
        run = recalled(ledger) if not paths else _judged(paths, asked, how, ledger, lang, state or resume)
        _write(run, "json" if as_json else form, lang, out)
        return run.exit_code


def _judged(
    paths: tuple[Path, ...], asked: Asked, how: How, ledger: Ledger, lang: Lang, state: Path | None
) -> CheckRun:
    """With a progress bar where somebody looks; what an interruption leaves is told."""
    from harness.files.tree import judge_paths

    try:
        with bar() as progress:
            told = progress if sys.stderr.isatty() else None
            return judge_paths(paths, asked, how, ledger=ledger, progress=told)
    except KeyboardInterrupt:
        if state is not None:
            again = Text(f"Pour reprendre : --resume {state}", f"To go on: --resume {state}")
            click.echo(again.to(lang), err=True)
        raise


def _example(rule: str) -> dict[str, str]:
    """What a rule takes and refuses, when it has an example."""
    from harness import rule_examples

    found = rule_examples.example(rule)
    return {} if found is None else {"good": found.good, "bad": found.bad}


def _one_of(options: str) -> UsageError:
    return UsageError(
        "CHECK-025", Text("il faut l'un des deux", "one of the two is needed"), expected=options
    )


def _write(run: CheckRun, form: str, lang: Lang, out: Path | None) -> None:
    """Piece by piece; a file is complete or is not there."""
    from harness.files.formats.choose import render

    if out is None:
        for piece in render(run, form, lang):
            click.echo(piece, nl=False)
        return
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with half.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(render(run, form, lang))
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)


@click.command()
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
                    **_example(item.id),
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
