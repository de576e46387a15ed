"""`dmpcompat pack`: official artefacts that the user owns."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import ANY_PATH, shown
from protocol.errors import Lang
from reports.console import dump, tell


@click.group()
def pack() -> None:
    """Official artefacts that you own: schemas, Schematrons, value sets."""


@pack.command("add")
@click.argument("folder", type=ANY_PATH)
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
