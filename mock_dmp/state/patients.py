"""Patients and the state of their DMP, as one session holds them.

A record is a `protocol.directory.Patient`; its authorisations live in `mock_dmp.state.authorisations`, so the
records given back here carry none.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import JSON, Column, Connection, Table, Text, UniqueConstraint, delete, insert, select

from mock_dmp.state.schema import METADATA, of_session
from protocol import directory
from protocol.directory import Patient

patients = Table(
    "patients",
    METADATA,
    of_session(),
    Column("key", Text, primary_key=True),
    Column("ins_number", Text, nullable=False),
    Column("ins_oid", Text, nullable=False),
    Column("record", JSON, nullable=False),
    UniqueConstraint("session", "ins_number", "ins_oid"),
)


def by_ins(db: Connection, session: str, number: str, oid: str) -> Patient | None:
    """The patient of that INS (15 characters, OID of the domain), whatever the state of the DMP."""
    found = select(patients.c.record).filter_by(session=session, ins_number=number, ins_oid=oid)
    record = db.execute(found).scalar_one_or_none()
    return None if record is None else directory.patient_from(record, "patients")


def by_key(db: Connection, session: str, key: str) -> Patient | None:
    record = db.execute(select(patients.c.record).filter_by(session=session, key=key)).scalar_one_or_none()
    return None if record is None else directory.patient_from(record, "patients")


def every(db: Connection, session: str) -> tuple[Patient, ...]:
    """All patients of the session, by key."""
    rows = db.execute(select(patients.c.record).filter_by(session=session).order_by(patients.c.key))
    return tuple(directory.patient_from(row.record, "patients") for row in rows)


def save(db: Connection, session: str, patient: Patient) -> None:
    """Insert or replace; whoever else held that INS in the session loses it (a record is one identity)."""
    bare = replace(patient, authorisations=())
    db.execute(delete(patients).filter_by(session=session, key=patient.key))
    db.execute(
        delete(patients).filter_by(session=session, ins_number=patient.ins.number, ins_oid=patient.ins.oid)
    )
    db.execute(
        insert(patients).values(
            session=session,
            key=patient.key,
            ins_number=patient.ins.number,
            ins_oid=patient.ins.oid,
            record=directory.patient_to_plain(bare),
        )
    )
