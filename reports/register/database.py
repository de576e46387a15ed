"""The register's database: SQLite by default, PostgreSQL by URL; one writer at a time, durable when acknowledged.

Knows the tables and how a transaction begins; what is written there is `reports.register.store`. The leaves are the
register: everything else can be made again from them, save the reservations and the sealed wire numbers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from protocol import errors
from protocol.errors import ConfigError

METADATA: Final = MetaData()

#: The leaves, in order: canonical bytes and their hash.
LEAVES: Final = Table(
    "register_leaves",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("reference", String(24), nullable=False, index=True),
)
#: The signed checkpoint of each size that was acknowledged.
CHECKPOINTS: Final = Table(
    "register_checkpoints",
    METADATA,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
#: One row: complete subtrees of the tree, to append without reading the leaves again.
FRONTIER: Final = Table(
    "register_frontier",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("subtrees", Text, nullable=False),
)
#: Every reference that was ever drawn. One that no entry names is a hole, to be logged VOID.
REFERENCES: Final = Table(
    "register_references",
    METADATA,
    Column("reference", String(24), primary_key=True),
    Column("reserved", String(20), nullable=False),
)
#: Wire numbers, sealed. `tag` tells two equal numbers without telling the number.
WIRE_NUMBERS: Final = Table(
    "register_wire_numbers",
    METADATA,
    Column("reference", String(24), primary_key=True),
    Column("tag", String(64), nullable=False, unique=True),
    Column("commitment", String(64), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
)

_WRITER: Final = "register_writer"
_BUSY_MS: Final = 30_000
_WRITER_LOCK: Final = 0x444D5052  # any number that other users of the same database leave alone


class Database:
    """One register's database. Raises ConfigError (REG-020) when it can't be opened."""

    def __init__(self, url: str) -> None:
        try:
            target = make_url(url)
            if target.get_backend_name() == "sqlite" and target.database:
                Path(target.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.engine = _engine(url)
            with self.write() as db:
                METADATA.create_all(db)
        except (OSError, DBAPIError, ArgumentError, NoSuchModuleError, ModuleNotFoundError) as problem:
            raise ConfigError(
                "REG-020",
                errors.Text("la base du registre ne s'ouvre pas", "the register's database can't be opened"),
                field="--db",
                found=str(problem).splitlines()[0],
                expected="sqlite:///registre.db, postgresql+psycopg://…",
            ) from problem

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one write transaction of the moment: committed at the end, rolled back on any exception."""
        with self.engine.connect().execution_options(**{_WRITER: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent moment."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # our own BEGIN, below
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITER, False))


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if _writes(connection):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_BUSY_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
