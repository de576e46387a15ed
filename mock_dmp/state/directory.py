"""Who is who for the mock: professionals and structures (read-only), wire numbers (their status changes).

Lookups by what travels on the wire; the data themselves come from `protocol.directory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, get_args

from sqlalchemy import JSON, Column, Connection, String, Table, delete, insert, select

from mock_dmp.state.schema import METADATA, given, of_session
from protocol import directory
from protocol.directory import NumberStatus, Professional, Structure, WireNumber
from protocol.errors import Text, UsageError

#: `record`: the whole number, as plain data (protocol.directory.number_to_plain).
numbers = Table(
    "numbers",
    METADATA,
    of_session(),
    Column("key", String(64), primary_key=True),
    Column("value", String(64), nullable=False),
    Column("record", JSON, nullable=False),
)


def professional(ps_id: str) -> Professional | None:
    """The professional of that PS_IdNat."""
    return _professionals().get(ps_id)


def structure(struct_id: str) -> Structure | None:
    """The structure of that Struct_IdNat."""
    return _structures().get(struct_id)


@cache
def _professionals() -> Mapping[str, Professional]:
    return {one.ps_id: one for one in directory.professionals().values()}


@cache
def _structures() -> Mapping[str, Structure]:
    return {one.struct_id: one for one in directory.structures().values()}


def seed(db: Connection, session: str) -> None:
    """Give a new session the wire numbers as the data set has them."""
    db.execute(insert(numbers), [_row(session, number) for number in directory.numbers().values()])


def declare(db: Connection, session: str, number: WireNumber) -> None:
    """Add a number to the session, or replace the one that has its key."""
    db.execute(delete(numbers).filter_by(session=session, key=number.key))
    db.execute(insert(numbers), [_row(session, number)])


def wire_number(db: Connection, session: str, value: str) -> WireNumber | None:
    """The number that travels as `value`, compared exactly, with its status in the session."""
    return _read(db, session, value=value)


def declared(db: Connection, session: str) -> list[WireNumber]:
    """Every number of the session, by key."""
    query = select(numbers.c.record).filter_by(session=session).order_by(numbers.c.key)
    return [directory.number_from(record, "numbers") for record in db.execute(query).scalars()]


def set_status(db: Connection, session: str, key: str, status: str) -> WireNumber:
    """Change the status (active, suspended, revoked) of the number with that key.

    Raises UsageError (unknown number, unknown status).
    """
    if status not in get_args(NumberStatus):
        raise UsageError(
            "NUM-002",
            Text("statut inconnu", "unknown status"),
            field="status",
            found=status,
            expected=", ".join(get_args(NumberStatus)),
        )
    found = _read(db, session, key=key)
    if found is None:
        raise UsageError(
            "NUM-001",
            Text("numéro inconnu de cette session", "number unknown to this session"),
            field="number",
            found=key,
            expected=", ".join(one.key for one in declared(db, session)),
        )
    changed = replace(found, status=status)  # type: ignore[arg-type]  # it was just compared
    declare(db, session, changed)
    return changed


def _row(session: str, number: WireNumber) -> dict[str, Any]:
    plain = directory.number_to_plain(number)
    return {"session": session, "key": number.key, "value": number.value, "record": plain}


_BY_VALUE = select(numbers.c.record).where(*given(numbers, "session", "value"))
_BY_KEY = select(numbers.c.record).where(*given(numbers, "session", "key"))


def _read(db: Connection, session: str, **by: str) -> WireNumber | None:
    query = _BY_VALUE if "value" in by else _BY_KEY
    record = db.execute(query, {"session": session, **by}).scalars().first()
    return None if record is None else directory.number_from(record, "numbers")
