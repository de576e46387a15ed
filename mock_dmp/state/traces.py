"""Traces of access to a DMP: who did what, when, in which mode and why, with which result.

Append-only, one row an action and document. Traces made in a secret connection carry the flag that hides
them from legal representatives; who may see what is `mock_dmp.trace_rights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Table, Text, func, insert, select

from mock_dmp.state.schema import METADATA, given, of_session

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
    Column("actor", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("assertion", Text, nullable=False),
    Column("software", Text, nullable=False),
    Index("traces_patient", "session", "patient", "seq"),
)


@dataclass(frozen=True)
class Trace:
    """One line. `at` is ISO 8601 UTC, `patient` the INS, `document` a uniqueId or "", `result` a code.

    `actor`: professional, structure, patient or representative; `name`: whom the VIHF or the card names;
    `assertion`: ID of the VIHF ("" on a page); `software`: its name and version.
    """

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
    actor: str = "professional"
    name: str = ""
    assertion: str = ""
    software: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which lines: every field that is not empty must be met.

    `patient`: INS; `ps`: PS_IdNat; `action`: words of the action, whatever their case; `since`: a moment (UTC), that
    one included; `limit`: at most so many, the latest ones.
    """

    patient: str = ""
    ps: str = ""
    action: str = ""
    transaction: str = ""
    since: datetime | None = None
    limit: int = 0


_LAST = select(func.max(traces.c.seq)).where(*given(traces, "session"))
_INSERT = insert(traces)


def add(db: Connection, session: str, trace: Trace) -> None:
    """Append one line."""
    last = db.execute(_LAST, {"session": session}).scalar()
    db.execute(_INSERT, {"session": session, "seq": 1 + int(last or 0), **vars(trace)})


def listing(db: Connection, session: str, wanted: Wanted | None = None) -> list[dict[str, Any]]:
    """The lines, oldest first, as plain JSON values."""
    asked = wanted or Wanted()
    query = select(traces).where(traces.c.session == session)
    for column, value in (
        (traces.c.patient, asked.patient),
        (traces.c.ps_id, asked.ps),
        (traces.c.transaction, asked.transaction),
    ):
        if value:
            query = query.where(column == value)
    if asked.action:
        query = query.where(func.lower(traces.c.action).contains(asked.action.lower(), autoescape=True))
    if asked.since is not None:
        query = query.where(traces.c.at >= stamp(asked.since))
    query = query.order_by(traces.c.seq.desc())
    if asked.limit:
        query = query.limit(asked.limit)
    rows = [{k: v for k, v in row._mapping.items() if k != "session"} for row in db.execute(query)]
    return rows[::-1]


def stamp(moment: datetime) -> str:
    """How `at` is written: UTC, to the second, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
