"""Who is who for the mock: professionals and structures (read-only), wire numbers (their status changes).

Lookups by what travels on the wire; the data themselves come from `protocol.directory`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from sqlalchemy import JSON, Column, Connection, String, Table, delete, insert, select

from mock_dmp.state.schema import METADATA, of_session
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
    return next((one for one in directory.professionals().values() if one.ps_id == ps_id), None)


def structure(struct_id: str) -> Structure | None:
    """The structure of that Struct_IdNat."""
    return next((one for one in directory.structures().values() if one.struct_id == struct_id), None)


def seed(db: Connection, session: str) -> None:
    """Give a new session the wire numbers as the data set has them."""
    for number in directory.numbers().values():
        declare(db, session, number)


def declare(db: Connection, session: str, number: WireNumber) -> None:
    """Add a number to the session, or replace the one that has its key."""
    db.execute(delete(numbers).filter_by(session=session, key=number.key))
    row = {"key": number.key, "value": number.value, "record": directory.number_to_plain(number)}
    db.execute(insert(numbers).values(session=session, **row))


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
    changed = replace(found, status=status)  # type: ignore[arg-type]
    declare(db, session, changed)
    return changed


def _read(db: Connection, session: str, **by: str) -> WireNumber | None:
    record = db.execute(select(numbers.c.record).filter_by(session=session, **by)).scalars().first()
    return None if record is None else directory.number_from(record, "numbers")
