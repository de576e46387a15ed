"""`dmpcompat check` and `dmpcompat explain`: the oracle on files, and its rules in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, default_lang, shown
from protocol.errors import Lang
from reports.console import bar, dump

if TYPE_CHECKING:
    from harness.check_subject import Kind


@click.command()
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
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
