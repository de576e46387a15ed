"""Rows that every new session starts with, ready for the driver of a database.

They are the same each time but for the name of the session. What SQLAlchemy does to each value on its way (columns
looked up, JSON written) is done once, and is several times what the database itself then asks. Which rows they are is
the business of who makes them; rows that are written once belong to `schema.write`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

from mock_dmp.state.schema import Rows

_SESSION = "session"


@dataclass(frozen=True)
class _Ready:
    """A statement of one table in the driver's words, with its values; the session's are left open."""

    statement: str
    #: By name, or by place: a driver takes the one or the other.
    named: Sequence[Mapping[str, Any]] = ()
    placed: Sequence[tuple[Any, ...]] = ()
    #: Where the session stands among values that go by place.
    place: int = 0

    def of(self, session: str) -> list[Any]:
        at = self.place
        return [{**row, _SESSION: session} for row in self.named] or [
            (*row[:at], session, *row[at:]) for row in self.placed
        ]


@dataclass(frozen=True)
class Sown:
    """`rows`, for any number of sessions; all rows of a table have the same fields, every one of its columns but
    those that have a default."""

    rows: Rows
    _ready: dict[tuple[str, str], tuple[_Ready, ...]] = field(default_factory=dict, compare=False, repr=False)

    def write(self, db: Connection, session: str) -> None:
        """Insert the rows into the session: one statement a table. Raises sqlalchemy.exc.IntegrityError."""
        kind = (db.dialect.name, db.dialect.driver)
        ready = self._ready.get(kind)
        if ready is None:  # two threads may both make it: it is the same
            ready = self._ready[kind] = tuple(
                _made_ready(table, several, db.dialect) for table, several in self.rows.items() if several
            )
        for one in ready:
            db.exec_driver_sql(one.statement, one.of(session))


def _made_ready(table: Table, several: Sequence[Mapping[str, Any]], dialect: Dialect) -> _Ready:
    names = [_SESSION, *several[0]]
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    processors = {
        name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in several[0]
    }

    def value(row: Mapping[str, Any], name: str) -> Any:
        process = processors[name]
        return row[name] if process is None else process(row[name])

    order = compiled.positiontup
    if order is None:
        return _Ready(str(compiled), named=[{name: value(row, name) for name in row} for row in several])
    others = [name for name in order if name != _SESSION]
    placed = [tuple(value(row, name) for name in others) for row in several]
    return _Ready(str(compiled), placed=placed, place=order.index(_SESSION))
