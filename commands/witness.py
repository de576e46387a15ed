"""`dmpcompat register witness`, for whoever watches a register from outside; `register cosign`, for the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.office import LANG, PLACE
from commands.options import ANY_PATH, EXISTING, shown
from protocol.errors import Lang, Text, UsageError
from protocol.trust import stamp
from reports.console import dump, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.register.checkpoint import Checkpoint

_LARGEST = 1024 * 1024
_OUT = click.option(
    "--out", type=ANY_PATH, help="Where to write the cosigned checkpoint; standard output else."
)


@click.group()
def witness() -> None:
    """Be a witness of a register: cosign its checkpoints as long as it rewrites nothing."""


@witness.command("init")
@click.argument("folder", type=ANY_PATH)
@click.option("--name", required=True, help="Your name in signature lines (federation.example/temoin).")
@LANG
def init(folder: Path, name: str, lang: Lang) -> int:
    """Make a witness in FOLDER, with a key of its own. Run it elsewhere than the register."""
    from reports.register import witness as witnesses

    key = witnesses.init(folder, name)
    tell(
        lang,
        f"témoin : {folder}\nclé du témoin : {key}\nclé publique (PEM) : {folder / witnesses.PUBLIC}",
        f"witness: {folder}\nkey of the witness: {key}\npublic key (PEM): {folder / witnesses.PUBLIC}",
    )
    return 0


@witness.command("follow")
@click.argument("folder", type=EXISTING)
@click.option("--origin", required=True, help="Origin of the log: first line of its checkpoints.")
@click.option(
    "--key", "log_key", required=True, help="Key of the log (name+hint+base64), from the authority."
)
@LANG
def follow(folder: Path, origin: str, log_key: str, lang: Lang) -> int:
    """Follow a log: from now on its checkpoints may be cosigned."""
    from reports.register.checkpoint import NoteKey
    from reports.register.witness import Witness

    Witness(folder).follow(origin, NoteKey.parse(log_key))
    tell(lang, f"journal suivi : {origin}", f"log followed: {origin}")
    return 0


@witness.command("show")
@click.argument("folder", type=EXISTING)
@shown
def show(folder: Path, lang: Lang, as_json: bool) -> int:
    """The key of the witness, the logs that it follows, the last checkpoint of each."""
    from reports.register.witness import Witness

    found = Witness(folder)
    logs = [
        {"origin": one.origin, "key": str(one.key), "last": "" if one.last is None else str(one.last)}
        for one in found.followed()
    ]
    if as_json:
        dump({"name": found.name, "key": str(found.key), "logs": logs})
        return 0
    click.echo(str(found.key))
    for one in found.followed():
        size = 0 if one.last is None else one.last.size
        tell(lang, f"  {one.origin} : {size} entrée(s)", f"  {one.origin}: {size} entries")
    return 0


@witness.command("cosign")
@click.argument("folder", type=EXISTING)
@click.argument("log", type=EXISTING, required=False)
@click.option("--checkpoint", "given", type=EXISTING, help="Another checkpoint than the one of LOG.")
@PLACE
@_OUT
@LANG
def sign(
    folder: Path, log: Path | None, given: Path | None, place: Path | None, out: Path | None, lang: Lang
) -> int:
    """Cosign the checkpoint of the published LOG (its `log` folder), or of a register here.

    1 when the log rolled back or forked: the two signed checkpoints are then kept in FOLDER.
    """
    from reports.register import witness as witnesses

    point, leaves = _shown(log, given, place)
    made = witnesses.Witness(folder).cosign(point, witnesses.growth_of(point, leaves))
    if out is None:
        click.echo(str(made), nl=False)
        return 0
    from harness.evidence import write_atomic

    write_atomic(out, str(made).encode())
    tell(lang, f"cosigné : {made.size} entrée(s), {out}", f"cosigned: {made.size} entries, {out}")
    return 0


@witness.command("check")
@click.argument("proof", type=EXISTING)
@click.option("--key", "log_key", required=True, help="Key of the log (name+hint+base64).")
@LANG
def check(proof: Path, log_key: str, lang: Lang) -> int:
    """Verify a PROOF that a log contradicted itself, with its key alone. 0 proven, 1 not."""
    from protocol.errors import EvidenceError
    from protocol.regularfile import read_regular
    from reports.register import contradiction
    from reports.register.checkpoint import NoteKey

    key = NoteKey.parse(log_key)
    try:
        found = contradiction.proven(read_regular(proof, _LARGEST), key)
    except EvidenceError as problem:
        click.echo(problem.message(lang))
        return 1
    tell(lang, f"prouvé : {found.fr}", f"proven: {found.en}")
    return 0


@witness.command("serve")
@click.argument("folder", type=EXISTING)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8460, show_default=True)
@LANG
def serve(folder: Path, host: str, port: int, lang: Lang) -> int:
    """Cosign over HTTP (C2SP tlog-witness: POST /add-checkpoint), until stopped."""
    from reports.register.witness import Witness
    from reports.register.witness_http import server

    listening = server(Witness(folder), host, port)
    listening.prepare()
    where = "http://{}:{}".format(*listening.bind_addr[:2])
    tell(lang, f"témoin à l'écoute : {where}", f"witness listening: {where}")
    try:
        listening.serve()
    finally:
        listening.stop()
    return 0


@click.command("cosign")
@click.argument("file", type=EXISTING, required=False)
@click.option("--ask", "urls", multiple=True, help="Address of a witness to ask; repeatable.")
@PLACE
@shown
def cosign(file: Path | None, urls: tuple[str, ...], place: Path | None, lang: Lang, as_json: bool) -> int:
    """Keep the cosignatures of the checkpoint in FILE, of witnesses that are known (`trust add --role witness`)."""
    from reports.register import cosignature, trusting
    from reports.register.asking import ask
    from reports.register.opening import open_office

    if (file is None) == (not urls):
        raise UsageError(
            "WITNESS-012", Text("un fichier, ou des témoins", "a file, or witnesses"), field="FILE, --ask"
        )
    office = open_office(place)
    try:
        known = cosignature.witnesses_of(trusting.trusted(office).values())
        points = [_note(file)] if file else [ask(url, office.register) for url in urls]
        found = [(point.size, office.register.cosign(point, known)) for point in points]
    finally:
        office.close()
    if as_json:
        dump(
            [
                {"size": size, "witnesses": {one.key.name: stamp(one.at) for one in kept}}
                for size, kept in found
            ]
        )
    for size, kept in () if as_json else found:
        text = cosignature.told(kept)
        tell(lang, f"{size} entrée(s), {text.fr}", f"{size} entries, {text.en}")
    return 0


def _shown(log: Path | None, given: Path | None, place: Path | None) -> tuple[Checkpoint, Sequence[bytes]]:
    from reports.register import tiles

    leaves: Any
    if log is not None:
        point, leaves = tiles.read(log)
    elif place is not None:
        from reports.register.opening import open_office

        office = open_office(place)
        point, leaves = office.register.checkpoint(), office.register.leaves()
        office.close()
    else:
        raise UsageError(
            "WITNESS-010",
            Text("quel journal ?", "which log?"),
            field="LOG",
            mend=Text("donner le dossier publié, ou --register", "give the published folder, or --register"),
        )
    return (point if given is None else _note(given)), leaves


def _note(path: Path) -> Checkpoint:
    from reports.register.checkpoint import of_file

    return of_file(path)
