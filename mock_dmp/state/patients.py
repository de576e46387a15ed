"""Patients and the state of their DMP, as one session holds them.

A record is a `protocol.directory.Patient`; its authorisations live in `mock_dmp.state.authorisations`, so the
records given back here carry none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Index,
    Table,
    Text,
    UniqueConstraint,
    delete,
    select,
)

from mock_dmp.state import schema, traits
from mock_dmp.state.schema import METADATA, Rows, given, of_session
from protocol import directory
from protocol.directory import InsNumber, Patient

_BATCH = 400  # below the limit of bound values of SQLite

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

#: Older INS of a record, which still lead to it.
older = Table(
    "patient_older_ins",
    METADATA,
    of_session(),
    Column("ins_number", Text, primary_key=True),
    Column("ins_oid", Text, primary_key=True),
    Column("key", Text, nullable=False),
)
Index("patient_older_ins_of", older.c.session, older.c.key)


_BY_INS = select(patients.c.record).where(*given(patients, "session", "ins_number", "ins_oid"))
_BY_OLDER_INS = select(older.c.key).where(*given(older, "session", "ins_number", "ins_oid"))


def by_ins(db: Connection, session: str, number: str, oid: str) -> Patient | None:
    """The patient of that INS (15 characters, OID of the domain), older ones too, whatever the DMP's state."""
    held = {"session": session, "ins_number": number, "ins_oid": oid}
    record = db.execute(_BY_INS, held).scalar_one_or_none()
    if record is not None:
        return directory.patient_from(record, "patients")
    key = db.execute(_BY_OLDER_INS, held).scalar_one_or_none()
    return None if key is None else by_key(db, session, key)


def by_key(db: Connection, session: str, key: str) -> Patient | None:
    record = db.execute(select(patients.c.record).filter_by(session=session, key=key)).scalar_one_or_none()
    return None if record is None else directory.patient_from(record, "patients")


def by_keys(db: Connection, session: str, keys: Sequence[str]) -> tuple[Patient, ...]:
    """The patients of those keys, by key; unknown ones are left out."""
    found: list[Patient] = []
    for start in range(0, len(keys), _BATCH):
        some = patients.c.key.in_(keys[start : start + _BATCH])
        rows = db.execute(select(patients.c.record).where(patients.c.session == session, some))
        found += [directory.patient_from(row.record, "patients") for row in rows]
    return tuple(sorted(found, key=lambda one: one.key))


def every(db: Connection, session: str) -> tuple[Patient, ...]:
    """All patients of the session, by key."""
    rows = db.execute(select(patients.c.record).filter_by(session=session).order_by(patients.c.key))
    return tuple(directory.patient_from(row.record, "patients") for row in rows)


def page(db: Connection, session: str, *, after: str, limit: int) -> tuple[Patient, ...]:
    """At most `limit` patients whose keys come after that one, by key."""
    mine = select(patients.c.record).where(patients.c.session == session, patients.c.key > after)
    rows = db.execute(mine.order_by(patients.c.key).limit(limit))
    return tuple(directory.patient_from(row.record, "patients") for row in rows)


def save(db: Connection, session: str, patient: Patient) -> None:
    """Insert or replace; whoever else held one of its INS in the session loses it (a record is one identity)."""
    _remove(db, session, patient.key)
    for ins in {patient.ins, *patient.other_ins}:
        held = {"session": session, "ins_number": ins.number, "ins_oid": ins.oid}
        for key in db.execute(select(patients.c.key).filter_by(**held)).scalars().all():
            _remove(db, session, key)
        for key in db.execute(select(older.c.key).filter_by(**held)).scalars().all():
            _forget(db, session, key, ins)
    add(db, session, [patient])


def add(db: Connection, session: str, several: Iterable[Patient]) -> None:
    """Insert patients whom the session does not hold yet, by their keys and INS, in a few statements.

    Raises sqlalchemy.exc.IntegrityError when it holds one of them.
    """
    schema.write(db, session, rows(list(several)))


def rows(several: Sequence[Patient]) -> Rows:
    """What `add` writes, for any session."""
    return {
        patients: [_row(patient) for patient in several],
        older: [_older_row(patient.key, ins) for patient in several for ins in _older(patient)],
        **traits.rows(several),
    }


def _remove(db: Connection, session: str, key: str) -> None:
    db.execute(delete(patients).filter_by(session=session, key=key))
    db.execute(delete(older).filter_by(session=session, key=key))
    traits.forget(db, session, [key])


def _forget(db: Connection, session: str, key: str, ins: InsNumber) -> None:
    """That record does not have that older INS any more."""
    holder = by_key(db, session, key)
    _remove(db, session, key)
    if holder is not None:
        add(db, session, [replace(holder, other_ins=tuple(one for one in holder.other_ins if one != ins))])


def _row(patient: Patient) -> dict[str, Any]:
    return {
        "key": patient.key,
        "ins_number": patient.ins.number,
        "ins_oid": patient.ins.oid,
        "record": directory.patient_to_plain(replace(patient, authorisations=())),
    }


def _older(patient: Patient) -> list[InsNumber]:
    """The older ones, each once, without the one that counts now."""
    return [ins for ins in dict.fromkeys(patient.other_ins) if ins != patient.ins]


def _older_row(key: str, ins: InsNumber) -> dict[str, Any]:
    return {"key": key, "ins_number": ins.number, "ins_oid": ins.oid}
