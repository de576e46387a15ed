"""Who may consult which DMP: one row for a patient and a holder (a professional or a structure).

Holders are keys of the directory. Expiry depends on the clock of the session: ask `state_at`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Row,
    String,
    Table,
    Text,
    delete,
    or_,
    select,
)

from mock_dmp.state import schema
from mock_dmp.state.schema import METADATA, Rows, given, of_session
from protocol.directory import Authorisation, AuthorisationState, Patient

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
    Index("authorisations_professional", "session", "professional"),
    Index("authorisations_structure", "session", "structure"),
)


@dataclass(frozen=True)
class Held:
    """An authorisation with the patient (key) it is on, and the moment of the last action on it (UTC)."""

    patient: str
    given: Authorisation
    last_action: datetime


_OF_HOLDER = select(authorisations).where(
    *given(authorisations, "session", "patient", "professional", "structure")
)


def find(
    db: Connection, session: str, patient: str, *, professional: str = "", structure: str = ""
) -> Authorisation | None:
    """The authorisation of that holder on that patient (keys), whatever its state."""
    held = {"session": session, "patient": patient, "professional": professional, "structure": structure}
    row = db.execute(_OF_HOLDER, held).one_or_none()
    return None if row is None else _read(row)


def of_patient(db: Connection, session: str, patient: str) -> tuple[Authorisation, ...]:
    """All authorisations on that patient (key)."""
    rows = select(authorisations).filter_by(session=session, patient=patient)
    ordered = rows.order_by(authorisations.c.professional, authorisations.c.structure)
    return tuple(_read(row) for row in db.execute(ordered))


def between(db: Connection, session: str, first: str, last: str) -> Mapping[str, tuple[Authorisation, ...]]:
    """All authorisations on the patients from one key to another, as `of_patient`; who has none is left out."""
    mine = (authorisations.c.session == session, authorisations.c.patient.between(first, last))
    ordered = select(authorisations).where(*mine).order_by(*authorisations.primary_key)
    found: dict[str, list[Authorisation]] = {}
    for row in db.execute(ordered):
        found.setdefault(row.patient, []).append(_read(row))
    return {patient: tuple(held) for patient, held in found.items()}


def listing(db: Connection, session: str, patient: str) -> tuple[Held, ...]:
    """All authorisations on that patient (key), the latest action first."""
    rows = select(authorisations).filter_by(session=session, patient=patient)
    return tuple(sorted(map(_held, db.execute(rows)), key=lambda one: one.last_action, reverse=True))


def held_by(
    db: Connection, session: str, *, professionals: Collection[str] = (), structures: Collection[str] = ()
) -> tuple[Held, ...]:
    """The authorisations of any of those holders (keys), whatever their state, by patient."""
    wanted = []
    if professionals:
        wanted.append(authorisations.c.professional.in_(professionals))
    if structures:
        wanted.append(authorisations.c.structure.in_(structures))
    if not wanted:
        return ()
    rows = select(authorisations).where(authorisations.c.session == session, or_(*wanted))
    return tuple(_held(row) for row in db.execute(rows.order_by(authorisations.c.patient)))


def save(db: Connection, session: str, patient: str, given: Authorisation, *, at: datetime) -> None:
    """Insert or replace the holder's authorisation; `at` is the moment of the action (UTC)."""
    remove(db, session, patient, professional=given.professional, structure=given.structure)
    schema.write(db, session, {authorisations: [_row(patient, given, at)]})


def rows(several: Iterable[Patient]) -> Rows:
    """The authorisations that records tell, for sessions that hold none of those patients.

    Their last action is the moment since which they run.
    """
    return {
        authorisations: [
            _row(patient.key, given, given.since) for patient in several for given in patient.authorisations
        ]
    }


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


def _row(patient: str, given: Authorisation, at: datetime) -> dict[str, Any]:
    return {
        "patient": patient,
        "professional": given.professional,
        "structure": given.structure,
        "state": given.state,
        "medecin_traitant": given.medecin_traitant,
        "since": given.since.isoformat(),
        "until": given.until.isoformat() if given.until else None,
        "last_action": at.isoformat(),
    }


def _read(row: Row[tuple[object, ...]]) -> Authorisation:
    return Authorisation(
        professional=row.professional,
        structure=row.structure,
        state=row.state,
        medecin_traitant=row.medecin_traitant,
        since=datetime.fromisoformat(row.since),
        until=datetime.fromisoformat(row.until) if row.until else None,
    )


def _held(row: Row[Any]) -> Held:
    return Held(row.patient, _read(row), datetime.fromisoformat(row.last_action))
