"""`dmpcompat report`: an issued report on paper."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import EXISTING, default_lang
from protocol.errors import Lang
from reports.console import tell


@click.command()
@click.argument("run", type=EXISTING)
@click.option(
    "--lang", type=click.Choice(["fr", "en"]), default=default_lang, help="Language of the document."
)
def report(run: Path, lang: Lang) -> int:
    """Put the report of RUN on paper: a sealed PDF/A-3 that carries the signed statement (extra `sign`)."""
    from reports.paper.issue import on_paper

    path = on_paper(run, lang=lang)
    tell(lang, f"rapport scellé : {path}", f"sealed report: {path}")
    return 0
