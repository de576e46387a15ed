"""Puts many patients where they are wanted: into a session of a mock's database, or into files of datasets' shape.

Loading goes by batches, each one whole; patients who are there already are passed over, so that a load that was cut
can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from mock_dmp.state import patients as table
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol.directory import Patient, patient_to_plain
from protocol.errors import ConfigError, Text

Told = Callable[[int], None]

BATCH: Final = 2000
#: Patients a file: what a reader of data sets takes at once (2 MB), with room.
_A_FILE: Final = 1000
_HEAD: Final = (
    "# Données entièrement fictives, fabriquées : INS du domaine de test, communes et adresses inexistantes.\n"
    "source: dmpcompat data patients\n"
    "confidence: C\n"
    "patients:\n"
)


def into_session(store: Store, session: str, several: Iterable[Patient], told: Told = lambda _: None) -> int:
    """Add the patients to a session; returns how many were new. `told` hears how many were looked at so far.

    Raises UsageError for an unknown session.
    """
    if session == sessions.DEFAULT:
        sessions.ensure_default(store)
    sessions.find(store, session)
    added = seen = 0
    for batch in _batches(several, BATCH):
        with store.write() as db:
            new = _new(db, session, batch)
            sessions.add_patients(db, session, new)
        added, seen = added + len(new), seen + len(batch)
        told(seen)
    return added


def into_files(place: Path, several: Iterable[Patient], told: Told = lambda _: None) -> tuple[Path, ...]:
    """Write files of the shape of datasets/patients; returns them. `told` hears how many patients are written.

    Raises ConfigError when the folder holds something already or can't be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise _unusable(place, "le dossier n'est pas vide")
        made, written = [], 0
        for rank, batch in enumerate(_batches(several, _A_FILE), 1):
            path = place / f"patients-{rank:04d}.yaml"
            # JSON is YAML, and much faster to write.
            lines = (f"  - {json.dumps(patient_to_plain(one), ensure_ascii=False)}\n" for one in batch)
            path.write_text(_HEAD + "".join(lines), encoding="utf-8")
            made.append(path)
            written += len(batch)
            told(written)
    except OSError as problem:
        raise _unusable(place, problem.strerror or str(problem)) from problem
    return tuple(made)


def _new(db: Connection, session: str, batch: list[Patient]) -> list[Patient]:
    """Those whose key and INS neither the session nor an earlier one of the batch has."""
    rows = table.patients.c
    keys, numbers = {one.key for one in batch}, {one.ins.number for one in batch}
    held = select(rows.key, rows.ins_number).where(
        rows.session == session, rows.key.in_(keys) | rows.ins_number.in_(numbers)
    )
    found = db.execute(held).all()
    keys_held, numbers_held = {row.key for row in found}, {row.ins_number for row in found}
    new = []
    for one in batch:
        if one.key not in keys_held and one.ins.number not in numbers_held:
            new.append(one)
            keys_held.add(one.key)
            numbers_held.add(one.ins.number)
    return new


def _batches(several: Iterable[Patient], size: int) -> Iterator[list[Patient]]:
    waiting = iter(several)
    while batch := list(islice(waiting, size)):
        yield batch


def _unusable(place: Path, found: str) -> ConfigError:
    return ConfigError(
        "GEN-002",
        Text("le dossier de sortie n'est pas utilisable", "the output folder can't be used"),
        field=str(place),
        found=found,
        mend=Text("choisir un dossier vide ou neuf", "choose an empty or new folder"),
    )
