"""When a DMP was last opened, changed and fed, for many patients at once (TD0.4).

Read off the traces of the calls that were accepted, and off the submission sets for documents that were there
before the first call. What the interface means exactly by these three moments is inferred.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from mock_dmp.state.documents import objects
from mock_dmp.state.traces import traces
from mock_dmp.state.xds_objects import object_from_json
from protocol import catalogue
from protocol.directory import Patient
from protocol.errors import IdentifierError
from protocol.identifiers.dtm import parse_dtm

_FEEDING: Final = ("TD2.1", "TD2.2")
#: Calls that change a DMP, its documents or its administrative data.
_CHANGING: Final = (
    *_FEEDING,
    *("TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d"),
    *("TD1.1", "TD1.2", "TD1.3b", "TD1.4"),
)
_BATCH: Final = 300  # below the limit of bound values of SQLite, with those of the conditions


@dataclass(frozen=True)
class Activity:
    """Moments, UTC, None when it never happened. `access` is that of the caller only."""

    access: datetime | None = None
    update: datetime | None = None
    add: datetime | None = None


def of_patients(
    db: Connection,
    session: str,
    listed: Sequence[Patient],
    *,
    professional: str = "",
    structures: Collection[str] = (),
) -> Mapping[str, Activity]:
    """The activity on each patient, by key.

    The caller is a professional (PS_IdNat), or else the structures (Struct_IdNat) on whose behalf one calls.
    """
    by_ins = {number.number: one.key for one in listed for number in (one.ins, *one.other_ins)}
    found = dict.fromkeys((one.key for one in listed), Activity())
    mine = traces.c.ps_id == professional if professional else traces.c.structure_id.in_(structures)
    for batch in _batches(tuple(by_ins)):
        for ins, seen in _traced(db, session, batch, mine):
            found[by_ins[ins]] = _latest(found[by_ins[ins]], seen)
    for batch in _batches(tuple(found)):
        for key, moment in _submitted(db, session, batch):
            found[key] = _latest(found[key], Activity(update=moment, add=moment))
    return found


def _traced(
    db: Connection, session: str, batch: Sequence[str], mine: ColumnElement[bool]
) -> Iterator[tuple[str, Activity]]:
    refusals = [code for code in catalogue.entries() if code != "DMPOk"]
    columns = [
        func.max(case((condition, traces.c.at)))
        for condition in (
            mine,
            traces.c.transaction.in_(_CHANGING),
            traces.c.transaction.in_(_FEEDING),
        )
    ]
    rows = (
        select(traces.c.patient, *columns)
        .where(traces.c.session == session, traces.c.patient.in_(batch))
        .where(traces.c.result.not_in(refusals))
        .group_by(traces.c.patient)
    )
    for ins, *moments in db.execute(rows):
        yield ins, Activity(*(datetime.fromisoformat(one) if one else None for one in moments))


def _submitted(db: Connection, session: str, batch: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    """The submissionTime of the latest set of each patient; one that can't be read counts for nothing."""
    sets = and_(objects.c.session == session, objects.c.kind == "set")
    latest = (
        select(objects.c.patient, func.max(objects.c.rank).label("rank"))
        .where(sets, objects.c.patient.in_(batch))
        .group_by(objects.c.patient)
        .subquery()
    )
    rows = select(objects.c.patient, objects.c.body).where(
        sets, objects.c.patient == latest.c.patient, objects.c.rank == latest.c.rank
    )
    for key, body in db.execute(rows):
        written = object_from_json(body).slot("submissionTime")
        try:
            yield key, parse_dtm(written).start
        except IdentifierError:
            continue  # kept as sent, by a session that lets formats through


def _latest(one: Activity, other: Activity) -> Activity:
    return Activity(
        access=_later(one.access, other.access),
        update=_later(one.update, other.update),
        add=_later(one.add, other.add),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    moments = [moment.astimezone(UTC) for moment in (one, other) if moment is not None]
    return max(moments, default=None)


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
