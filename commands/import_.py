"""`dmpcompat import`: frames that another tool captured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, shown
from protocol.errors import Lang, Text, UsageError
from protocol.visible import visible
from reports.console import dump, tell

if TYPE_CHECKING:
    from harness.capture.importing import Imported

#: Lines of a kind on the screen; the files of the recording have them all.
_SHOWN = 20


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=ANY_PATH, metavar="SOURCE...")
@click.option(
    "--to", "folder", required=True, type=ANY_PATH, help="Folder of the recording; continued if it is one."
)
@click.option(
    "--format", "name", default="auto", show_default=True, help="auto, or one reader for all: see the docs."
)
@shown
def import_(sources: tuple[Path, ...], folder: Path, name: str, lang: Lang, as_json: bool) -> int:
    """Read frames that another tool captured into a recording. 0 all was read, 2 something was not."""
    from harness.capture.importing import import_into, names
    from harness.capture.recording import Recorder

    if name not in names():
        raise UsageError(
            "IMPORT-004",
            Text("format inconnu", "unknown format"),
            field="--format",
            found=name,
            expected=" | ".join(names()),
        )
    _refuse_missing(sources)
    with Recorder(folder, origin="import", source=", ".join(map(str, sources)), sure=False) as recorder:
        done = import_into(recorder, sources, name)
    if as_json:
        dump(done.to_plain())
    else:
        _show(done, folder, lang)
    return 2 if done.unread or not done.keys else 0


def _refuse_missing(sources: Sequence[Path]) -> None:
    """Before a folder is made."""
    for path in sources:
        if not path.exists():
            missing = Text("source introuvable", "no such source")
            raise UsageError("IMPORT-001", missing, field="SOURCE", found=str(path))


def _show(done: Imported, folder: Path, lang: Lang) -> None:
    formats = ", ".join(f"{name} {count}" for name, count in sorted(done.formats.items()))
    inside = f" ({formats})" if formats else ""
    tell(
        lang,
        f"{len(done.keys)} trame(s) dans {folder}{inside}",
        f"{len(done.keys)} frame(s) in {folder}{inside}",
    )
    if done.marked:
        tell(
            lang,
            f"{done.marked} trame(s) ne sont pas à l'octet près : les règles sur les octets ne concluent pas",
            f"{done.marked} frame(s) are not exact to the byte: rules over bytes do not conclude",
        )
    _lines(Text("Sans réponse", "Without response"), [f"{key}  {place}" for key, place in done.alone], lang)
    _lines(
        Text("Non lu", "Not read"),
        [f"{item.source}: {item.place}: {item.why.to(lang)}".replace(": : ", ": ") for item in done.unread],
        lang,
    )


def _lines(title: Text, lines: Sequence[str], lang: Lang) -> None:
    if lines:
        click.echo(f"{title.to(lang)} : {len(lines)}" if lang == "fr" else f"{title.to(lang)}: {len(lines)}")
    for line in lines[:_SHOWN]:
        click.echo(f"  {visible(line)}")
    if len(lines) > _SHOWN:
        click.echo(f"  … (+{len(lines) - _SHOWN})")
