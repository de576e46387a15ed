"""The document registry and repository index: sets, entries, associations, contents, statuses, versions.

Two constraints settle races for good: one content a document uniqueId, one set a set uniqueId. The rules of
a submission are elsewhere (`mock_dmp.services.xds`); bytes are in the blobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    or_,
    select,
    update,
)

from mock_dmp.state.schema import METADATA, of_session
from mock_dmp.state.xds_objects import (
    Association,
    Kind,
    RegistryObject,
    association_from_json,
    object_from_json,
)

_BATCH = 400  # below the limit of bound values of SQLite

objects = Table(
    "registry_objects",
    METADATA,
    of_session(),
    Column("id", Text, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("set_claim", Text, nullable=True),
    Column("patient", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("session", "set_claim", name="one_set_a_unique_id"),
    Index("registry_objects_patient", "session", "patient", "kind"),
    Index("registry_objects_unique_id", "session", "unique_id"),
)

associations = Table(
    "registry_associations",
    METADATA,
    of_session(),
    Column("id", Text, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("registry_associations_source", "session", "source"),
    Index("registry_associations_target", "session", "target"),
)

contents = Table(
    "document_contents",
    METADATA,
    of_session(),
    Column("unique_id", Text, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("sha1", String(40), nullable=False),
    Column("size", Integer, nullable=False),
)


@dataclass(frozen=True)
class Content:
    """The bytes of a document: `sha256` is the name of the blob, `sha1` the XDS hash, `size` in bytes."""

    unique_id: str
    sha256: str
    sha1: str
    size: int


@dataclass(frozen=True)
class Registration:
    """All that one accepted submission adds: written whole or not at all. `patient` is the record's key."""

    patient: str
    objects: tuple[RegistryObject, ...]
    associations: tuple[Association, ...]
    contents: tuple[Content, ...]
    deprecated: tuple[str, ...] = ()


def register(db: Connection, session: str, registration: Registration, *, deprecated_status: str) -> None:
    """Write a registration. Raises sqlalchemy IntegrityError when a rival took a uniqueId first."""
    rank = _next_rank(db, session)
    _insert(
        db,
        objects,
        [
            {"session": session, "rank": rank + offset, **_row(item, registration)}
            for offset, item in enumerate(registration.objects)
        ],
    )
    _insert(
        db,
        associations,
        [
            {"session": session, "rank": rank + offset, **_link_row(link)}
            for offset, link in enumerate(registration.associations)
        ],
    )
    _insert(db, contents, [{"session": session, **row} for row in _claimed(db, session, registration)])
    for batch in _batches(registration.deprecated):
        mine = objects.c.session == session
        db.execute(update(objects).where(mine, objects.c.id.in_(batch)).values(status=deprecated_status))


def hold(db: Connection, session: str, ids: Iterable[str]) -> None:
    """Let nobody else change those objects until the transaction ends (SQLite: its one writer already does)."""
    for batch in _batches(tuple(ids)):
        mine = objects.c.session == session
        db.execute(select(objects.c.id).where(mine, objects.c.id.in_(batch)).with_for_update()).all()


def entries(db: Connection, session: str, patient: str) -> list[RegistryObject]:
    """The document entries of a patient, oldest first."""
    return _select(db, _of(session).where(objects.c.patient == patient, objects.c.kind == "entry"))


def sets(db: Connection, session: str, patient: str) -> list[RegistryObject]:
    """The submission sets of a patient, oldest first."""
    return _select(db, _of(session).where(objects.c.patient == patient, objects.c.kind == "set"))


def all_objects(db: Connection, session: str) -> list[RegistryObject]:
    """Everything the session registered, oldest first."""
    return _select(db, _of(session))


def by_id(db: Connection, session: str, ids: Iterable[str]) -> list[RegistryObject]:
    """Sets and entries by entryUUID; unknown ids are left out."""
    found: list[RegistryObject] = []
    for batch in _batches(tuple(ids)):
        found += _select(db, _of(session).where(objects.c.id.in_(batch)))
    return found


def by_unique_id(db: Connection, session: str, kind: Kind, unique_ids: Iterable[str]) -> list[RegistryObject]:
    """Sets or entries by uniqueId; one uniqueId may have several entries."""
    found: list[RegistryObject] = []
    for batch in _batches(tuple(unique_ids)):
        found += _select(db, _of(session).where(objects.c.kind == kind, objects.c.unique_id.in_(batch)))
    return found


def patient_of(db: Connection, session: str, object_id: str) -> str:
    """Key of the patient whom a set or an entry is about; "" when the id is unknown."""
    query = select(objects.c.patient).where(objects.c.session == session, objects.c.id == object_id)
    return str(db.execute(query).scalar() or "")


def links(db: Connection, session: str, ids: Iterable[str]) -> list[Association]:
    """Associations whose source or target is one of the ids."""
    found: dict[str, Association] = {}
    for batch in _batches(tuple(ids)):
        query = (
            select(associations.c.body)
            .where(associations.c.session == session)
            .where(or_(associations.c.source.in_(batch), associations.c.target.in_(batch)))
            .order_by(associations.c.rank)
        )
        for row in db.execute(query):
            link = association_from_json(row.body)
            found.setdefault(link.id, link)
    return list(found.values())


def content(db: Connection, session: str, unique_id: str) -> Content | None:
    """Where the bytes of a document are; None when nobody submitted that uniqueId."""
    row = db.execute(select(contents).filter_by(session=session, unique_id=unique_id)).first()
    return None if row is None else Content(row.unique_id, row.sha256, row.sha1, row.size)


def known_ids(db: Connection, session: str, ids: Iterable[str]) -> set[str]:
    """Those of the ids that an object or an association of the session already bears."""
    known: set[str] = set()
    for batch in _batches(tuple(ids)):
        for table in (objects, associations):
            query = select(table.c.id).where(table.c.session == session, table.c.id.in_(batch))
            known |= {str(row.id) for row in db.execute(query)}
    return known


def summary(db: Connection, session: str) -> list[dict[str, Any]]:
    """Every document entry as plain JSON values, for the control API."""
    query = select(objects).filter_by(session=session, kind="entry").order_by(objects.c.rank)
    listed = []
    for row in db.execute(query):
        entry = object_from_json(row.body)
        listed.append(
            {
                "entry_uuid": entry.id,
                "logical_id": entry.lid,
                "version": entry.version,
                "unique_id": entry.unique_id,
                "patient": row.patient,
                "status": row.status,
                "mime_type": entry.mime_type,
                "title": entry.title,
                "hash": entry.slot("hash"),
                "size": int(entry.slot("size") or 0),
                "signature": entry.is_signature,
            }
        )
    return listed


def _row(item: RegistryObject, registration: Registration) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "unique_id": item.unique_id,
        "set_claim": item.unique_id if item.kind == "set" else None,
        "patient": registration.patient,
        "status": item.status,
        "body": item.to_json(),
    }


def _link_row(link: Association) -> dict[str, Any]:
    return {
        "id": link.id,
        "type": link.type,
        "source": link.source,
        "target": link.target,
        "body": link.to_json(),
    }


def _claimed(db: Connection, session: str, registration: Registration) -> list[dict[str, Any]]:
    """Same uniqueId with the same bytes again is no news; other bytes break the key."""
    wanted = dict.fromkeys(registration.contents)
    return [asdict(one) for one in wanted if content(db, session, one.unique_id) != one]


def _insert(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """All rows in one statement, if any."""
    if rows:
        db.execute(insert(table), rows)


def _of(session: str) -> Select[Any]:
    return (
        select(objects.c.body, objects.c.status).where(objects.c.session == session).order_by(objects.c.rank)
    )


def _select(db: Connection, query: Select[Any]) -> list[RegistryObject]:
    return [replace(object_from_json(row.body), status=row.status) for row in db.execute(query)]


def _next_rank(db: Connection, session: str) -> int:
    last = db.execute(select(func.max(objects.c.rank)).where(objects.c.session == session)).scalar()
    return 1 if last is None else int(last) + 1


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _BATCH):
        yield unique[start : start + _BATCH]
