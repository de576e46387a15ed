"""The faults armed in each session: what was planned, how many calls were counted, how often each struck.

`armed` of a session is also a switch of its settings, so that a call knows with what it loaded anyway whether there is
anything to look at. What a fault is, is `mock_dmp.faults`: here it is plain JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, Table, delete, func, insert, select, update

from mock_dmp.state import settings
from mock_dmp.state.schema import METADATA, of_session

#: Switch that counts the faults armed in the session.
ARMED: Final = "faults_armed"

faults = Table(
    "faults",
    METADATA,
    of_session(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("plan", JSON, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("armed", Boolean, nullable=False),
)


@dataclass(frozen=True)
class Kept:
    """One fault of a session. `plan`: as planned; `calls`: those that were counted; `hits`: those that it struck."""

    session: str
    id: int
    plan: dict[str, Any]
    calls: int
    hits: int
    armed: bool


def arm(db: Connection, session: str, plan: dict[str, Any]) -> Kept:
    """Arm a fault in a session that exists."""
    last = db.execute(select(func.max(faults.c.id)).where(faults.c.session == session)).scalar()
    number = 1 if last is None else int(last) + 1
    db.execute(insert(faults).values(session=session, id=number, plan=plan, calls=0, hits=0, armed=True))
    _count(db, session)
    return Kept(session, number, plan, 0, 0, True)


def listing(db: Connection, session: str, *, armed: bool = False) -> list[Kept]:
    """The faults of a session in the order they were armed; only those still `armed` when asked."""
    query = select(faults).where(faults.c.session == session).order_by(faults.c.id)
    if armed:
        query = query.where(faults.c.armed)
    return [Kept(row.session, row.id, row.plan, row.calls, row.hits, row.armed) for row in db.execute(query)]


def every_armed(db: Connection) -> list[Kept]:
    """The armed faults of all sessions, for what comes before a session is known."""
    query = select(faults).where(faults.c.armed).order_by(faults.c.session, faults.c.id)
    return [Kept(row.session, row.id, row.plan, row.calls, row.hits, row.armed) for row in db.execute(query)]


def count(db: Connection, one: Kept, *, calls: int, hits: int, armed: bool) -> None:
    """Write what became of a fault after a call."""
    mine = (faults.c.session == one.session) & (faults.c.id == one.id)
    db.execute(update(faults).where(mine).values(calls=calls, hits=hits, armed=armed))
    if armed != one.armed:
        _count(db, one.session)


def disarm(db: Connection, session: str, number: int | None = None) -> int:
    """Disarm one fault, or all; they stay listed. Returns how many were armed."""
    mine = (faults.c.session == session) & faults.c.armed
    if number is not None:
        mine &= faults.c.id == number
    changed = db.execute(update(faults).where(mine).values(armed=False)).rowcount
    _count(db, session)
    return int(changed)


def forget(db: Connection, session: str) -> None:
    """Drop them all, with what they counted."""
    db.execute(delete(faults).where(faults.c.session == session))
    _count(db, session)


def _count(db: Connection, session: str) -> None:
    armed = db.execute(
        select(func.count()).select_from(faults).where(faults.c.session == session, faults.c.armed)
    ).scalar_one()
    settings.change(db, session, {ARMED: int(armed)})
