"""Who is who for the mock: professionals and structures (read-only), wire numbers (their status changes).

Lookups by what travels on the wire; the data themselves come from `protocol.directory`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from sqlalchemy import Column, Connection, String, Table, insert, select, update

from mock_dmp.state.schema import METADATA, of_session
from protocol import directory
from protocol.directory import NumberStatus, Professional, Structure, WireNumber
from protocol.errors import Text, UsageError

numbers = Table(
    "numbers",
    METADATA,
    of_session(),
    Column("key", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
)


def professional(ps_id: str) -> Professional | None:
    """The professional of that PS_IdNat."""
    return next((one for one in directory.professionals().values() if one.ps_id == ps_id), None)


def structure(struct_id: str) -> Structure | None:
    """The structure of that Struct_IdNat."""
    return next((one for one in directory.structures().values() if one.struct_id == struct_id), None)


def seed(db: Connection, session: str) -> None:
    """Give a new session the wire numbers as the data set has them."""
    rows = [
        {"session": session, "key": key, "status": number.status}
        for key, number in directory.numbers().items()
    ]
    if rows:
        db.execute(insert(numbers), rows)


def wire_number(db: Connection, session: str, value: str) -> WireNumber | None:
    """The number that travels as `value`, with its status in the session."""
    known = next((one for one in directory.numbers().values() if one.value == value), None)
    if known is None:
        return None
    status = db.execute(select(numbers.c.status).filter_by(session=session, key=known.key)).scalar_one()
    return replace(known, status=status)


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
    if key not in directory.numbers():
        raise UsageError(
            "NUM-001",
            Text("numéro inconnu de cette session", "number unknown to this session"),
            field="number",
            found=key,
            expected=", ".join(directory.numbers()),
        )
    db.execute(update(numbers).filter_by(session=session, key=key).values(status=status))
    return replace(directory.numbers()[key], status=status)  # type: ignore[arg-type]
