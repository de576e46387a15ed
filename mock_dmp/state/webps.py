"""What the Web-PS pages remember of a professional: the practice situation in use, and emergency accesses.

Keys are PS_IdNat and keys of structures and patients. How long an emergency access lasts is told by who opens it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, Text, delete, insert, select

from mock_dmp.state.schema import METADATA, of_session

situations = Table(
    "web_ps_situations",
    METADATA,
    of_session(),
    Column("ps_id", Text, primary_key=True),
    Column("structure", Text, nullable=False),
)

emergencies = Table(
    "web_ps_emergencies",
    METADATA,
    of_session(),
    Column("ps_id", Text, primary_key=True),
    Column("patient", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("until", String(40), nullable=False),
)


def situation(db: Connection, session: str, ps_id: str) -> str:
    """Key of the structure that the professional chose, "" when none was."""
    return str(
        db.execute(select(situations.c.structure).filter_by(session=session, ps_id=ps_id)).scalar() or ""
    )


def choose(db: Connection, session: str, ps_id: str, structure: str) -> None:
    """Remember the situation."""
    db.execute(delete(situations).filter_by(session=session, ps_id=ps_id))
    db.execute(insert(situations).values(session=session, ps_id=ps_id, structure=structure))


def break_glass(db: Connection, session: str, ps_id: str, patient: str, reason: str, until: datetime) -> None:
    """Open an emergency access until that moment (UTC)."""
    db.execute(delete(emergencies).filter_by(session=session, ps_id=ps_id, patient=patient))
    db.execute(
        insert(emergencies).values(
            session=session, ps_id=ps_id, patient=patient, reason=reason, until=until.isoformat()
        )
    )


def emergency(db: Connection, session: str, ps_id: str, patient: str, now: datetime) -> str:
    """The reason of the emergency access that is open now, "" when none is."""
    row = db.execute(
        select(emergencies).filter_by(session=session, ps_id=ps_id, patient=patient)
    ).one_or_none()
    return row.reason if row is not None and now < datetime.fromisoformat(row.until) else ""
