"""The one MetaData of the mock's tables, and the table of sessions that the others hang from.

Each module of `mock_dmp.state` declares its tables on `METADATA` with `of_session()`; deleting a session
takes its rows away with it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    inspect,
)

from protocol.errors import ConfigError, Text

METADATA = MetaData()

#: Rows to be, by table, without the session: made once, they may be written into many.
Rows = Mapping[Table, Sequence[Mapping[str, Any]]]

sessions = Table(
    "sessions",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("created", String(32), nullable=False),
)


def of_session(*, primary_key: bool = True) -> Column[Any]:
    """The column `session`, which every table of a session's state has; part of the key unless told."""
    return Column(
        "session",
        String(64),
        ForeignKey("sessions.name", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def write(db: Connection, session: str, rows: Rows) -> None:
    """Insert the rows into the session: one statement a table. Raises sqlalchemy.exc.IntegrityError."""
    for table, several in rows.items():
        if several:
            db.execute(insert(table), [{"session": session, **row} for row in several])


def given(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """`column = :column` for each name: for statements that are made once, and run with the values.

    What every call asks is asked so: making a statement takes several times as long as running it.
    """
    return tuple(table.c[name] == bindparam(name) for name in names)


def install(db: Connection) -> None:
    """Create the tables that are absent. Raises ConfigError (DB-005) when another version of this program made some.

    Nothing is converted: what a mock holds is made again in seconds, and half a conversion would be worse than none.
    """
    whole = complete()
    known = inspect(db).get_multi_columns(filter_names=list(whole.tables))
    for (_, name), columns in sorted(known.items()):
        there, wanted = {column["name"] for column in columns}, set(whole.tables[name].columns.keys())
        if there and there != wanted:
            raise _other_version(
                name, sorted(f"-{one}" for one in wanted - there), sorted(f"+{one}" for one in there - wanted)
            )
    whole.create_all(db)


def _other_version(table: str, absent: list[str], unknown: list[str]) -> ConfigError:
    return ConfigError(
        "DB-005",
        Text(
            "la base du simulateur a été faite par une autre version de dmpcompat",
            "the mock's database was made by another version of dmpcompat",
        ),
        field="--data, --db",
        found=f"{table} ({', '.join((*absent, *unknown))})",
        mend=Text(
            "prendre un dossier neuf (--data) ou une base vide (--db), ou revenir à la version qui l'a faite",
            "take a new folder (--data) or an empty database (--db), or go back to the version that made it",
        ),
    )


def complete() -> MetaData:
    """The MetaData once every module of `mock_dmp.state` has declared its tables."""
    package = importlib.import_module("mock_dmp.state")
    for module in pkgutil.iter_modules(package.__path__, "mock_dmp.state."):
        importlib.import_module(module.name)
    return METADATA
