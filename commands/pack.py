"""`dmpcompat pack`: official artefacts that the user owns."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import ANY_PATH, shown
from protocol.errors import Lang
from reports.console import bar, dump, tell


@click.group()
def pack() -> None:
    """Official artefacts that you own: schemas, Schematrons, value sets."""


@pack.command("add")
@click.argument("folder", type=ANY_PATH)
@click.option("--name", default="", help="Name of the pack; the folder's own by default.")
@shown
def pack_add(folder: Path, name: str, lang: Lang, as_json: bool) -> int:
    """Register FOLDER with the digest of its content. Nothing is copied."""
    from harness.packs import registry as packs
    from harness.packs.layout import Layout

    added = packs.add(folder, name)
    layout = Layout(Path(added.folder))
    layers = (*(("XSD",) if layout.schema else ()), *layout.layers)
    if as_json:
        dump(
            {
                **vars(added),
                "layers": list(layers),
                "volets": [volet.name for volet in layout.volets],
            }
        )
    else:
        tell(
            lang,
            f"pack {added.name} : {added.files} fichiers, sha256:{added.digest}\n"
            f"couches : {', '.join(layers) or 'aucune'} ; volets : {len(layout.volets)}\n"
            f"état du kit : dmpcompat pack verify {added.name}",
            f"pack {added.name}: {added.files} files, sha256:{added.digest}\n"
            f"layers: {', '.join(layers) or 'none'}; volets: {len(layout.volets)}\n"
            f"state of the kit: dmpcompat pack verify {added.name}",
        )
    return 0


@pack.command("list")
@shown
def pack_list(lang: Lang, as_json: bool) -> int:
    """List the registered packs."""
    from harness.packs import registry as packs

    known = packs.registered()
    if as_json:
        dump([vars(one) for one in known])
    elif not known:
        tell(lang, "aucun pack enregistré", "no pack registered")
    for one in () if as_json else known:
        click.echo(f"{one.label:40} {one.version:8} {one.files:6}  {one.folder}")
    return 0


@pack.command("verify")
@click.argument("name")
@click.option(
    "--cross",
    "documents",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[DOCS]",
    help="Run both engines over DOCS (the pack's own samples by default) and tell any difference.",
)
@shown
def pack_verify(name: str, documents: str | None, lang: Lang, as_json: bool) -> int:
    """Name every defect of a registered kit, and what can't be run because of it.

    Exit code: 0 sound, 1 a layer can't run (or the engines differ), 2 all runs but something is never checked.
    """
    from harness.packs import registry as packs
    from harness.packs.cross import compare
    from harness.packs.verify import verify
    from reports import kit_report

    known = packs.load(name)
    with bar() as progress:
        report = verify(known, progress=progress)
    crossed = None
    if documents is not None:
        with bar() as progress:
            crossed = compare(known, Path(documents) if documents else None, progress=progress)
    if as_json:
        dump(kit_report.plain(report, lang, crossed))
    else:
        click.echo(kit_report.text(report, lang, crossed), nl=False)
    return kit_report.exit_code(report, crossed)


@pack.command("remove")
@click.argument("name")
@shown
def pack_remove(name: str, lang: Lang, as_json: bool) -> int:
    """Forget a pack. Its folder is left alone."""
    from harness.packs import registry as packs

    removed = packs.remove(name)
    if as_json:
        dump(vars(removed))
    else:
        tell(lang, f"pack {removed.name} oublié", f"pack {removed.name} forgotten")
    return 0
