"""Who may consult which DMP: one row for a patient and a holder (a professional or a structure).

Holders are keys of the directory. Expiry depends on the clock of the session: ask `state_at`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Row, String, Table, Text, delete, insert, select

from mock_dmp.state.schema import METADATA, of_session
from protocol.directory import Authorisation, AuthorisationState

authorisations = Table(
    "authorisations",
    METADATA,
    of_session(),
    Column("patient", Text, primary_key=True),
    Column("professional", Text, primary_key=True),
    Column("structure", Text, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("medecin_traitant", Boolean, nullable=False),
    Column("since", String(40), nullable=False),
    Column("until", String(40), nullable=True),
    Column("last_action", String(40), nullable=False),
)


def find(
    db: Connection, session: str, patient: str, *, professional: str = "", structure: str = ""
) -> Authorisation | None:
    """The authorisation of that holder on that patient (keys), whatever its state."""
    rows = select(authorisations).filter_by(
        session=session, patient=patient, professional=professional, structure=structure
    )
    row = db.execute(rows).one_or_none()
    return None if row is None else _read(row)


def of_patient(db: Connection, session: str, patient: str) -> tuple[Authorisation, ...]:
    """All authorisations on that patient (key)."""
    rows = select(authorisations).filter_by(session=session, patient=patient)
    ordered = rows.order_by(authorisations.c.professional, authorisations.c.structure)
    return tuple(_read(row) for row in db.execute(ordered))


def save(db: Connection, session: str, patient: str, given: Authorisation, *, at: datetime) -> None:
    """Insert or replace the holder's authorisation; `at` is the moment of the action (UTC)."""
    remove(db, session, patient, professional=given.professional, structure=given.structure)
    db.execute(
        insert(authorisations).values(
            session=session,
            patient=patient,
            professional=given.professional,
            structure=given.structure,
            state=given.state,
            medecin_traitant=given.medecin_traitant,
            since=given.since.isoformat(),
            until=given.until.isoformat() if given.until else None,
            last_action=at.isoformat(),
        )
    )


def remove(
    db: Connection, session: str, patient: str, *, professional: str = "", structure: str = ""
) -> bool:
    """Remove the holder's authorisation; says whether there was one."""
    gone = db.execute(
        delete(authorisations).filter_by(
            session=session, patient=patient, professional=professional, structure=structure
        )
    )
    return gone.rowcount > 0


def state_at(given: Authorisation, now: datetime) -> AuthorisationState:
    """valid, expired or forbidden at that moment."""
    if given.state == "valid" and given.until is not None and given.until <= now:
        return "expired"
    return given.state


def _read(row: Row[tuple[object, ...]]) -> Authorisation:
    return Authorisation(
        professional=row.professional,
        structure=row.structure,
        state=row.state,
        medecin_traitant=row.medecin_traitant,
        since=datetime.fromisoformat(row.since),
        until=datetime.fromisoformat(row.until) if row.until else None,
    )
