"""`dmpcompat compare`: what changed from one run to another."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from commands.options import EXISTING, shown
from protocol.errors import Lang


@click.command()
@click.argument("before", type=EXISTING, metavar="RUN_A")
@click.argument("after", type=EXISTING, metavar="RUN_B")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "junit"]),
    default="text",
    show_default=True,
    help="How to tell it.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["changed", "worse", "never"]),
    default="changed",
    show_default=True,
    help="What makes the exit code 1: any verdict that changed, those for the worse, nothing.",
)
@shown
def compare(before: Path, after: Path, form: str, fail_on: str, lang: Lang, as_json: bool) -> int:
    """Compare two runs: the verdicts that changed and why, new and gone cases. 0 none changed, 1 some did."""
    from harness import compare as comparing
    from reports.comparison import FORMATS

    minded = cast(Literal["changed", "worse", "never"], fail_on)
    found = comparing.compare(before, after)
    click.echo(FORMATS["json" if as_json else form](found, lang, minded), nl=False)
    return found.exit_code(minded)
