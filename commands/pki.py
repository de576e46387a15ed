"""`dmpcompat pki`: test certificates and cards."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from commands.options import ANY_PATH, moment, shown
from protocol.errors import Lang
from reports.console import bar, dump, tell


@click.group()
def pki() -> None:
    """Test certificates."""


@pki.command("init")
@click.argument("folder", type=ANY_PATH)
@click.option("--force", is_flag=True, help="Replace what is in FOLDER.")
@click.option("--name", "names", multiple=True, help="Further host name or address of the server.")
@click.option(
    "--cards", multiple=True, help="More cards: 'all', cps:<professional>, org:<structure>; may be repeated."
)
@click.option("--at", "made_at", metavar="MOMENT", type=moment, help="Made as if then: 2026-01-15T10:00:00Z.")
@shown
def pki_init(
    folder: Path,
    force: bool,
    names: tuple[str, ...],
    cards: tuple[str, ...],
    made_at: datetime | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Make a test PKI in FOLDER: CA, server, organisations, cards, and bad ones on purpose."""
    from mock_dmp import pki as authority

    authority.cards.wanted(cards)  # a wrong name is told before anything is made
    authority.init(folder, at=made_at, names=names, force=force)
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
@click.argument("folder", type=ANY_PATH)
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
