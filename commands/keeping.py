"""`dmpcompat register backup` and `restore`: a register and its files in one file, proven whole both ways."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.office import PLACE
from commands.options import ANY_PATH, EXISTING, FILE, shown
from protocol.errors import Lang
from reports.console import dump, tell

if TYPE_CHECKING:
    from reports.keeping.backup import Kept


@click.command()
@click.argument("file", type=ANY_PATH)
@click.option(
    "--with-keys", is_flag=True, help="Put the private keys in too: whoever reads FILE can then sign."
)
@click.option(
    "--evidence", "runs", type=EXISTING, multiple=True, help="Folder of a run to keep along; may be repeated."
)
@PLACE
@shown
def backup(
    file: Path, with_keys: bool, runs: tuple[Path, ...], place: Path | None, lang: Lang, as_json: bool
) -> int:
    """Write the register, its files and statements into FILE, while others go on; read it again and prove it whole."""
    from reports.keeping.backup import make
    from reports.register.opening import open_office

    office = open_office(place)
    kept = make(office, file, datetime.now(UTC), with_keys=with_keys, runs=runs)
    office.close()
    _shown(kept, lang, as_json)
    if as_json:
        return 0
    if with_keys:
        tell(
            lang,
            "ATTENTION : les clés privées SONT dans ce fichier ; qui le lit peut signer et ouvrir les numéros secrets",
            "BEWARE: the private keys ARE in this file; whoever reads it can sign and open the secret numbers",
        )
    else:
        tell(
            lang,
            "ATTENTION : les clés privées n'y sont PAS (journal.key, secrets.key, personnes/*.pem, racine/*.pem, "
            "cachet) ; les garder à part, sans elles rien ne se signe et les numéros secrets ne s'ouvrent plus",
            "BEWARE: the private keys are NOT in it (journal.key, secrets.key, personnes/*.pem, racine/*.pem, seal); "
            "keep them apart, without them nothing can be signed and the secret numbers don't open any more",
        )
    return 0


@click.command()
@click.argument("file", type=FILE)
@click.option("--to", "folder", type=ANY_PATH, required=True, help="A new folder.")
@click.option(
    "--checkpoint", type=FILE, help="A checkpoint that you kept: proves that FILE is not an older one."
)
@click.option("--key", default="", help="Key of the log (name+hint+base64), as you know it.")
@click.option("--keys", type=EXISTING, help="Folder of the private keys that were kept apart.")
@click.option(
    "--db", default="", help="SQLAlchemy URL of an empty database; a SQLite file of the folder by default."
)
@shown
def restore(
    file: Path,
    folder: Path,
    checkpoint: Path | None,
    key: str,
    keys: Path | None,
    db: str,
    lang: Lang,
    as_json: bool,
) -> int:
    """Restore FILE. Nothing is put in place before it is proven that nothing is missing."""
    from reports.keeping.restore import Wanted
    from reports.keeping.restore import restore as put_back
    from reports.register.checkpoint import NoteKey, of_file

    kept = put_back(
        file,
        Wanted(
            folder=folder,
            key=NoteKey.parse(key) if key else None,
            kept=of_file(checkpoint) if checkpoint else None,
            keys=keys,
            database=db,
        ),
    )
    _shown(kept, lang, as_json)
    if as_json:
        return 0
    if not key:
        tell(
            lang,
            "la clé du journal n'est connue que par la sauvegarde ; donner --key pour ne pas la croire sur parole",
            "the key of the log is known from the back-up only; give --key not to take its word for it",
        )
    if checkpoint is None:
        tell(
            lang,
            "rien ne dit qu'il n'y a pas de sauvegarde plus récente ; donner --checkpoint",
            "nothing says that there is no newer back-up; give --checkpoint",
        )
    return 0


def _shown(kept: Kept, lang: Lang, as_json: bool) -> None:
    if as_json:
        dump(
            {
                **{name: value for name, value in vars(kept).items() if name != "lines"},
                "proof": [
                    {"outcome": one.outcome, "text": one.text._asdict(), "detail": one.detail}
                    for one in kept.lines
                ],
            }
        )
        return
    for one in kept.lines:
        tell(
            lang,
            f"{one.outcome}  {one.text.fr} ({one.detail})",
            f"{one.outcome}  {one.text.en} ({one.detail})",
        )
    tell(
        lang,
        f"{kept.entries} entrées, {kept.references} références, {kept.dossiers} dossiers, {kept.runs} exécutions",
        f"{kept.entries} entries, {kept.references} references, {kept.dossiers} files, {kept.runs} runs",
    )
    for name in kept.lacking:
        tell(
            lang,
            f"les preuves du dossier {name} n'y sont pas (--evidence)",
            f"the evidence of the file {name} is not in it (--evidence)",
        )
