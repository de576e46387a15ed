"""Isolated states of the mock, by name: create, find, reset, delete. Seeded from the data sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Connection, bindparam, delete, insert, select

from mock_dmp import journal, seeding
from mock_dmp.context import Session
from mock_dmp.state import accounts, authorisations, certificates, collection, patients, schema, settings
from mock_dmp.state import directory as known
from mock_dmp.state.engine import Store
from mock_dmp.state.schema import Rows, sessions
from mock_dmp.state.sown import Sown
from protocol import directory
from protocol.directory import Patient
from protocol.errors import Text, UsageError

DEFAULT = "default"

_SWEEP_SECONDS = 60.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def create(store: Store, name: str, values: Mapping[str, object] | None = None) -> Session:
    """A new session, seeded, with those settings. Raises UsageError (bad name, name in use, bad setting)."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "SES-001",
            Text("nom de session refusé", "session name refused"),
            field="name",
            found=name,
            expected=_NAME.pattern,
        )
    with store.write() as db:
        if created(db, name):
            raise UsageError(
                "SES-002",
                Text("cette session existe déjà", "this session already exists"),
                field="name",
                found=name,
                mend=Text("choisir un autre nom ou la supprimer", "choose another name or delete it"),
            )
        journal.forget(db, name)  # calls that ended after an earlier session of that name
        _fill(store, db, name)
        settings.change(db, name, values or {})
    return find(store, name)


def find(store: Store, name: str) -> Session:
    """The session with its settings now. Raises UsageError when there is none of that name."""
    if not _NAME.fullmatch(name):  # from the wire: a database may not even take it as a question
        raise unknown(name)
    with store.read() as db:
        born = created(db, name)
        if not born:
            raise unknown(name)
        return Session(name, settings.load(db, name), store, born)


def names(store: Store) -> tuple[str, ...]:
    """The names of all sessions, in order."""
    with store.read() as db:
        return tuple(db.execute(select(sessions.c.name).order_by(sessions.c.name)).scalars())


def ensure_default(store: Store) -> None:
    """Create the session of the root when the database is new."""
    with store.write() as db:
        if not created(db, DEFAULT):
            _fill(store, db, DEFAULT)


def reset(store: Store, name: str, *, keep_exchanges: bool = False) -> Session:
    """Back to the seed, settings by default; its certificates stay, its exchanges are forgotten unless they are to be
    kept. Raises UsageError.
    """
    with store.write() as db:
        bound = certificates.listing(db, name)
        _remove(db, name, keep_exchanges=keep_exchanges)
        _fill(store, db, name)
        certificates.put_back(db, bound)
    _tidy(store)
    return find(store, name)


def remove(store: Store, name: str) -> None:
    """Delete the session and all it holds. Raises UsageError (unknown, or the default one)."""
    if name == DEFAULT:
        raise UsageError(
            "SES-004",
            Text("la session par défaut ne se supprime pas", "the default session can't be deleted"),
            field="name",
            found=name,
            mend=Text("la réinitialiser", "reset it"),
        )
    with store.write() as db:
        _remove(db, name)
    certificates.mark(store)
    _tidy(store)


def seed_patient(db: Connection, session: str, patient: Patient) -> None:
    """Insert or replace one patient with its authorisations and its internet account."""
    patients.save(db, session, patient)
    accounts.seed(db, session, patient)
    for old in authorisations.of_patient(db, session, patient.key):
        authorisations.remove(
            db, session, patient.key, professional=old.professional, structure=old.structure
        )
    for given in patient.authorisations:
        authorisations.save(db, session, patient.key, given, at=given.since)


def add_patients(db: Connection, session: str, several: Iterable[Patient]) -> None:
    """Insert many patients at once, with what their records tell; none may be there yet, by key or INS.

    Raises sqlalchemy.exc.IntegrityError when one is. A few statements for any number of patients: this is how
    a session is filled, and how large sets are loaded.
    """
    all_of_them = list(several)
    schema.write(db, session, _rows(all_of_them))
    accounts.add_seeded(db, session, all_of_them)


def whole(db: Connection, session: str, patient: Patient) -> Patient:
    """The patient with its authorisations."""
    return replace(patient, authorisations=authorisations.of_patient(db, session, patient.key))


def whole_page(db: Connection, session: str, *, after: str = "", limit: int) -> tuple[Patient, ...]:
    """Patients with their authorisations, by key: at most `limit` after that key, in two questions."""
    found = patients.page(db, session, after=after, limit=limit)
    if not found:
        return ()
    held = authorisations.between(db, session, found[0].key, found[-1].key)
    return tuple(replace(one, authorisations=held.get(one.key, ())) for one in found)


def unknown(name: str) -> UsageError:
    """The error for a session that does not exist."""
    return UsageError(
        "SES-003",
        Text("session inconnue", "unknown session"),
        field="name",
        found=name,
        mend=Text("la créer : POST /control/v1/sessions", "create it: POST /control/v1/sessions"),
    )


def _tidy(store: Store) -> None:
    """Remove what only that session named. Sessions that come and go fast do not make it look every time."""
    if store.blobs.sweep_due(_SWEEP_SECONDS):
        collection.collect(store)


_OF_NAME = select(sessions.c.created).where(sessions.c.name == bindparam("name"))


def created(db: Connection, name: str) -> str:
    """When the session was created or last reset, which tells it from another of its name; "" for none."""
    return str(db.execute(_OF_NAME, {"name": name}).scalar() or "")


def _fill(store: Store, db: Connection, name: str) -> None:
    db.execute(insert(sessions).values(name=name, created=datetime.now(UTC).isoformat()))
    known.seed(db, name)
    rows, contents = _seed()
    rows.write(db, name)
    accounts.add_seeded(db, name, directory.patients().values())  # a login depends on the session
    for content in contents:
        store.blobs.put(content)


@cache
def _seed() -> tuple[Sown, tuple[bytes, ...]]:
    """Patients and documents of the data sets, the same in every session: making them is most of filling one."""
    several = tuple(directory.patients().values())
    prepared = seeding.prepare(several)
    return Sown({**_rows(several), **seeding.rows(prepared)}), tuple(one.data for one in prepared)


def _rows(several: Sequence[Patient]) -> Rows:
    return {**patients.rows(several), **authorisations.rows(several)}


def _remove(db: Connection, name: str, *, keep_exchanges: bool = False) -> None:
    if not db.execute(delete(sessions).filter_by(name=name)).rowcount:
        raise unknown(name)
    if not keep_exchanges:
        journal.forget(db, name)
