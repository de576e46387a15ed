"""The store: one SQL database (SQLite by default, PostgreSQL by URL) and one folder of blobs.

One writer at a time, whatever the database and however many servers share it (BEGIN IMMEDIATE on SQLite, an
advisory lock on PostgreSQL): writers queue up instead of failing half-way, and those of one process that wait share
a commit (`mock_dmp.state.turns`). Readers see one moment, and wait for nobody. Knows no table.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from mock_dmp.state import schema
from mock_dmp.state.blobs import Blobs
from mock_dmp.state.changes import Changes
from mock_dmp.state.shelf import Shelf
from mock_dmp.state.turns import Door, Turns, Writing, busy
from protocol.errors import ConfigError, Text

__all__ = ["Store", "Writing"]

_WRITER = "dmp_writer"
_BUSY_MS = 20_000
_MOST_WAITING = 8 * 1024 * 1024
#: Pages of the log that SQLite folds into the file at once: rarer and larger than its default of 1000.
_CHECKPOINT_PAGES = 8000
_WRITER_LOCK = 0x444D50  # any number that other users of the same database leave alone


def _begun(engine: Engine) -> Connection:
    try:
        connection = engine.connect().execution_options(**{_WRITER: True})
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
    except OperationalError as problem:
        raise busy(str(problem.orig)) from problem
    return connection


class Store:
    """Database and blobs of one mock. Without arguments both live in a temporary folder that `close` removes.

    `url` is an SQLAlchemy URL, which needs `data_dir`: its rows must not outlive the blobs that they name;
    `data_dir` holds the blobs (and the default database `mock.db`).
    Raises ConfigError when either can't be opened, or the database was made by another version.
    """

    def __init__(
        self, url: str | None = None, data_dir: Path | None = None, *, connections: int = 32
    ) -> None:
        if url and not data_dir:
            raise ConfigError(
                "DB-003",
                Text(
                    "une base choisie demande un dossier : les documents n'y sont pas",
                    "a database of your choice needs a folder: the documents are not in it",
                ),
                field="--data",
                mend=Text("ajouter --data DOSSIER", "add --data FOLDER"),
            )
        self.changes = Changes()
        self._temporary = None if data_dir else Path(tempfile.mkdtemp(prefix="dmpcompat-mock-"))
        folder = data_dir or self._temporary
        assert folder is not None  # noqa: S101 - one of the two
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.engine = _engine(url or f"sqlite:///{folder / 'mock.db'}", connections)
            self._door = _door(self.engine)
            # Writers queue here rather than in the database, which polls: fair, and no waiting for nothing.
            self._turns = Turns(self._begin, self._end)
            self._shelf = Shelf(self.engine)
            self.blobs = Blobs(folder / "blobs", self._shelf)
            with self.read():
                pass  # what can't be reached at all is told as such
            with self.write() as db:  # two servers may start at once on one database
                schema.install(db)
        except ConfigError:
            self.close()
            raise
        except (OSError, DBAPIError, ArgumentError, NoSuchModuleError, ModuleNotFoundError) as problem:
            self._remove()
            raise ConfigError(
                "DB-001",
                Text(
                    "la base de données du simulateur ne s'ouvre pas", "the mock's database can't be opened"
                ),
                field="--db",
                found=str(problem).splitlines()[0],
                expected="sqlite:///fichier.db, postgresql+psycopg://…",
            ) from problem

    def begin_write(self) -> Writing:
        """Begin a write transaction; the caller ends it with `commit` or `rollback`."""
        return Writing(self._turns)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction of its own: committed at the end, rolled back on any exception.

        Not to be opened while the same thread holds another one (`Call.db`): there is one writer at a time.
        """
        writing = self.begin_write()
        try:
            yield writing.connection
            writing.commit()
        finally:
            writing.rollback()

    def relieve(self) -> None:
        """Commit small blobs when too many wait for somebody's commit: bodies that nobody keeps a line of.

        Not while the thread writes (see `write`).
        """
        if self._shelf.waiting > _MOST_WAITING:
            with self.write():
                pass

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading."""
        with self.engine.connect() as connection:
            yield connection

    def _begin(self) -> Connection:
        if self._door is not None:
            self._door.enter()
        try:
            return _begun(self.engine)
        except BaseException:
            if self._door is not None:
                self._door.leave()
            raise

    def _end(self, connection: Connection, keep: bool) -> None:
        """Commit with the small blobs that wait, or roll back; let the next one write."""
        try:
            if keep:
                written = self._shelf.flush(connection)
                _require_open(connection)
                connection.commit()
                self._shelf.flushed(written)
                self.changes.tell()
        finally:
            try:
                connection.close()  # rolls back what was not committed
            finally:
                if self._door is not None:
                    self._door.leave()

    def close(self) -> None:
        """Give the files back; the temporary folder goes away."""
        self.engine.dispose()
        if self._door is not None:
            self._door.close()
        self._remove()

    def _remove(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _require_open(connection: Connection) -> None:
    """Raises OperationalError when SQLite ended the transaction by itself: a commit would do nothing, and succeed."""
    if not getattr(connection.connection.dbapi_connection, "in_transaction", True):
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("no transaction is open any more"))


def _door(engine: Engine) -> Door | None:
    """The queue between processes, for an SQLite file; PostgreSQL has its own."""
    file = engine.url.database or ""
    if engine.dialect.name != "sqlite" or file in ("", ":memory:") or file.startswith("file:"):
        return None
    return Door(Path(file))


def _engine(url: str, connections: int) -> Engine:
    target = make_url(url)
    # A call may read through a second connection while it writes: leave room for both.
    backend = target.get_backend_name()
    engine = create_engine(
        target,
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=30,
        pool_pre_ping=backend != "sqlite",  # a file does not hang up
    )
    if backend == "sqlite":
        event.listen(engine, "connect", _pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    elif backend == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # our own BEGIN, below
    for pragma in (
        f"busy_timeout={_BUSY_MS}",  # first: the others may have to wait too
        "journal_mode=WAL",
        "synchronous=FULL",  # what was acknowledged survives a power cut
        "foreign_keys=ON",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITER, False))


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """What SQLite gives: one writer, who sees all that was committed before; readers on one snapshot."""
    if _writes(connection):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_BUSY_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
