"""`dmpcompat stamp`: a time stamp on what has none, or a new one on a sealed PDF before the last one ends."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import EXISTING, default_lang
from protocol.errors import Lang
from reports.console import tell


@click.command()
@click.argument("place", type=EXISTING)
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def stamp(place: Path, lang: Lang) -> int:
    """Time-stamp PLACE: the report of a run that has no stamp, or a sealed PDF once more, to prolong its proof."""
    if place.is_file():
        from reports.sealing.renewing import renew

        until = renew(place)
        tell(lang, f"horodatage prolongé : {place} ({until})", f"time stamp prolonged: {place} ({until})")
        return 0
    from reports import stamped

    folder = next((one for one in (place, place / "rapport") if (one / stamped.STATEMENT).is_file()), place)
    if stamped.add(folder):
        tell(lang, f"déclaration horodatée : {folder}", f"statement time-stamped: {folder}")
    else:
        tell(lang, f"déjà horodatée : {folder}", f"time-stamped already: {folder}")
    return 0
