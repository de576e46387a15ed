"""Traces of access to a DMP: who did what, when, in which mode and why, with which result.

Append-only, one row an action and document. Traces made in a secret connection carry the flag that hides
them from legal representatives; showing them to anybody is left to others.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Integer, Table, Text, func, insert, select

from mock_dmp.state.schema import METADATA, of_session

traces = Table(
    "traces",
    METADATA,
    of_session(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("transaction", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("ps_id", Text, nullable=False),
    Column("structure_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("access", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("patient", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("result", Text, nullable=False),
)


@dataclass(frozen=True)
class Trace:
    """One line. `at` is ISO 8601 UTC, `patient` the INS, `document` a uniqueId or "", `result` a code."""

    at: str
    exchange: str
    transaction: str
    action: str
    ps_id: str
    structure_id: str
    role: str
    mode: str
    access: str
    reason: str
    secret: bool
    patient: str
    document: str
    result: str


def add(db: Connection, session: str, trace: Trace) -> None:
    """Append one line."""
    last = db.execute(select(func.max(traces.c.seq)).where(traces.c.session == session)).scalar()
    db.execute(insert(traces).values(session=session, seq=1 + int(last or 0), **asdict(trace)))


def listing(db: Connection, session: str, *, patient: str = "") -> list[dict[str, Any]]:
    """The lines, oldest first, as plain JSON values; of one patient when an INS is given."""
    query = select(traces).where(traces.c.session == session).order_by(traces.c.seq)
    if patient:
        query = query.where(traces.c.patient == patient)
    return [{k: v for k, v in row._mapping.items() if k != "session"} for row in db.execute(query)]
