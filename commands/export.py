"""`dmpcompat export`: the evidence of a run, in the form that an authority asks, or to be kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, EXISTING, shown
from protocol.errors import Lang
from reports.console import dump, tell

if TYPE_CHECKING:
    from harness.export.deliver import Style


@click.command()
@click.argument("run", type=EXISTING)
@click.option(
    "--style",
    type=click.Choice(["officiel", "segur", "bagit"]),
    default="officiel",
    show_default=True,
    help="One directory a test code; one a requirement; everything, to keep.",
)
@click.option("--out", type=ANY_PATH, required=True, help="A new folder, or one archive: a name in .zip.")
@click.option("--exceptions", "listed", type=EXISTING, help="Test identifiers that may leave, with reasons.")
@click.option("--pack", "pack_name", help="Official pack for the report on documents.")
@shown
def export(
    run: Path, style: Style, out: Path, listed: Path | None, pack_name: str | None, lang: Lang, as_json: bool
) -> int:
    """Export the evidence of a RUN, once the guard has looked for secrets and identities in every file.

    0 exported, 1 something in it must not leave.
    """
    from harness.export.deliver import export as delivered
    from harness.packs import registry as packs
    from harness.privacy import exceptions
    from harness.privacy.guard import Withheld

    allowed = exceptions.read(listed) if listed else ()
    pack = packs.load(pack_name) if pack_name else None
    try:
        made = delivered(run, style, out, allowed=allowed, pack=pack, lang=lang)
    except Withheld as stopped:
        if not as_json:
            raise
        dump({"out": None, "style": style, "withheld": [leak.to_plain() for leak in stopped.leaks]})
        return stopped.exit_code
    if as_json:
        dump(
            {
                "out": str(made.out),
                "style": made.style,
                "files": made.files,
                "looked_at": {"files": made.inspection.files, "layers": made.inspection.layers},
                "pictures": list(made.inspection.pictures),
                "exceptions": [item.to_plain() for item in made.inspection.used],
                "over": [item.to_plain() for item in made.over],
            }
        )
        return 0
    tell(
        lang,
        f"{made.out} : {made.files} fichiers, style {style}",
        f"{made.out}: {made.files} files, style {style}",
    )
    looked = made.inspection
    tell(
        lang,
        f"Contrôle avant sortie : {looked.files} fichiers, {looked.layers} contenus ouverts, rien à retenir",
        f"Guard: {looked.files} files, {looked.layers} contents opened, nothing to hold back",
    )
    for item in looked.used:
        tell(
            lang,
            f"  exception : {item.kind}, {item.reason} ({item.by})",
            f"  exception: {item.kind}, {item.reason} ({item.by})",
        )
    for item in made.over:
        tell(
            lang,
            f"  exception échue : {item.kind}, {item.until}",
            f"  exception that is over: {item.kind}, {item.until}",
        )
    if looked.pictures:
        tell(
            lang,
            f"  {len(looked.pictures)} fichier(s) ont des images, qu'aucun outil n'a lues : à regarder",
            f"  {len(looked.pictures)} file(s) have pictures, which no tool has read: look at them",
        )
    return 0
