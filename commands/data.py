"""`dmpcompat data`: synthetic data in number."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import ANY_PATH, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import bar, dump, tell


@click.group()
def data() -> None:
    """Synthetic data in number."""


@data.command("patients")
@click.option("--count", type=click.IntRange(0, 5_000_000), required=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same patients.")
@click.option("--out", type=ANY_PATH, help="Folder of files of the shape of datasets/patients.")
@click.option("--into", "data_dir", type=ANY_PATH, help="Folder of a mock (`serve --data`): load them there.")
@click.option("--db", help="SQLAlchemy URL of that mock, when it is not the default SQLite file of --into.")
@click.option("--session", default="default", show_default=True, help="Session of that mock.")
@shown
def data_patients(
    count: int,
    seed: int,
    out: Path | None,
    data_dir: Path | None,
    db: str | None,
    session: str,
    lang: Lang,
    as_json: bool,
) -> int:
    """Make synthetic patients: test INS with right keys, no duplicate, into files or into a mock."""
    from mock_dmp.population import load, make
    from mock_dmp.state.engine import Store

    if (out is None) == (data_dir is None):
        raise UsageError("GEN-003", Text("choisir --out ou --into", "choose --out or --into"))
    several = make.patients(count, seed)
    with bar() as progress:
        if out is not None:
            load.into_files(out, several, lambda done: progress(done, count))
            made = count
        else:
            store = Store(db, data_dir)
            try:
                made = load.into_session(store, session, several, lambda done: progress(done, count))
            finally:
                store.close()
    if as_json:
        dump({"asked": count, "added": made, "seed": seed})
    else:
        tell(lang, f"{made} patients ajoutés sur {count}", f"{made} patients added out of {count}")
    return 0
