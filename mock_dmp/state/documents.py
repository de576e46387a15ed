"""The document registry and repository index: sets, entries, associations, contents, statuses, versions.

Two constraints settle races for good: one content a document uniqueId, one set a set uniqueId. The rules of
a submission are elsewhere (`mock_dmp.services.xds`); bytes are in the blobs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)

from mock_dmp.state.schema import METADATA, Rows, given, of_session
from mock_dmp.state.xds_objects import (
    Association,
    Kind,
    RegistryObject,
    association_from_json,
    object_from_json,
)

_BATCH = 400  # below the limit of bound values of SQLite
_REMEMBERED = 4096  # objects, some 15 KB each
_FIRST_RANK = 1

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
    # Of an entry: `code^^scheme` of its type, "" unless it has exactly one; whether it signs its set.
    Column("type_code", Text, nullable=False, default=""),
    Column("signature", Boolean, nullable=False, default=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("session", "set_claim", name="one_set_a_unique_id"),
    Index("registry_objects_patient", "session", "patient", "kind", "signature", "type_code"),
    Index("registry_objects_rank", "session", "rank"),
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
    Column("sha256", String(64), nullable=False, index=True),
    Column("sha1", String(40), nullable=False),
    Column("size", Integer, nullable=False),
)


#: As text, which is enough to know an object that was read before.
_BODY = cast(objects.c.body, Text).label("body")
_SESSION: BindParameter[str] = bindparam("session")
_IDS: BindParameter[Sequence[str]] = bindparam("ids", expanding=True)


def _of(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Objects of a session. Statements are made once: making one costs more than running it."""
    mine = objects.c.session == _SESSION
    return select(objects.c.rank, _BODY, objects.c.status).where(mine, *conditions)


def _links(end: Column[Any]) -> Select[Any]:
    """Associations one end of which is among the ids."""
    mine = associations.c.session == _SESSION
    return select(associations.c.rank, associations.c.body).where(mine, end.in_(_IDS))


_EVERYTHING = _of().order_by(objects.c.rank)
#: Put in order by us: told to sort by rank, SQLite walks through the whole session rather than look up the ids.
_OF_PATIENT = _of(*given(objects, "patient", "kind"))
_DOCUMENTS = _of(*given(objects, "patient", "kind", "signature"))
_TYPED = _of(*given(objects, "patient", "kind", "signature"), objects.c.type_code.in_(_IDS))
_BY_ID = _of(objects.c.id.in_(_IDS))
_BY_UNIQUE_ID = _of(*given(objects, "kind"), objects.c.unique_id.in_(_IDS))
_LINKS = (_links(associations.c.source), _links(associations.c.target))
_PATIENT = select(objects.c.patient).where(*given(objects, "session", "id"))
_CONTENT = select(contents).where(*given(contents, "session", "unique_id"))
_CONTENTS = select(contents).where(*given(contents, "session"), contents.c.unique_id.in_(_IDS))
_LAST_RANK = select(func.max(objects.c.rank)).where(objects.c.session == _SESSION)
_KNOWN = tuple(
    select(table.c.id).where(table.c.session == _SESSION, table.c.id.in_(_IDS))
    for table in (objects, associations)
)
_HOLD = _KNOWN[0].with_for_update()
_INSERT = {table: insert(table) for table in (objects, associations, contents)}


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
    register_all(db, session, [registration], deprecated_status=deprecated_status)


def register_all(
    db: Connection, session: str, several: Sequence[Registration], *, deprecated_status: str
) -> None:
    """Write registrations, in order, with as many statements as one takes. Raises as `register` does."""
    first, mine = _next_rank(db, session), {"session": session}
    _insert(db, objects, [mine | row for row in _object_rows(several, first)])
    _insert(db, associations, [mine | row for row in _link_rows(several, first)])
    wanted = [content for one in several for content in one.contents]
    _insert(db, contents, [mine | row for row in _claimed(db, session, wanted)])
    for batch in _batches([identifier for one in several for identifier in one.deprecated]):
        named = (objects.c.session == session, objects.c.id.in_(batch))
        db.execute(update(objects).where(*named).values(status=deprecated_status))


def rows(several: Sequence[Registration], *, deprecated_status: str) -> Rows:
    """What `register_all` writes, for any session that holds nothing yet."""
    fallen = {identifier for one in several for identifier in one.deprecated}
    now = {"status": deprecated_status}
    wanted = dict.fromkeys(content for one in several for content in one.contents)
    return {
        objects: [row | now if row["id"] in fallen else row for row in _object_rows(several, _FIRST_RANK)],
        associations: _link_rows(several, _FIRST_RANK),
        contents: [asdict(one) for one in wanted],
    }


def set_status(db: Connection, session: str, object_id: str, status: str) -> None:
    """Change the availability status of one object (ITI-57 UpdateAvailabilityStatus); its version stays."""
    mine = (objects.c.session == session, objects.c.id == object_id)
    db.execute(update(objects).where(*mine).values(status=status))


def hold(db: Connection, session: str, ids: Iterable[str]) -> None:
    """Let nobody else change those objects until the transaction ends (SQLite: its one writer already does)."""
    for batch in _batches(tuple(ids)):
        db.execute(_HOLD, {"session": session, "ids": batch}).all()


def entries(db: Connection, session: str, patient: str) -> list[RegistryObject]:
    """The document entries of a patient, oldest first."""
    return _select(db, _OF_PATIENT, session=session, patient=patient, kind="entry")


def documents(
    db: Connection, session: str, patient: str, *, types: Collection[str] = ()
) -> list[RegistryObject]:
    """The same without the signature documents; with `types` (`code^^scheme`), those that may be of one of them."""
    asked = {"session": session, "patient": patient, "kind": "entry", "signature": False}
    if not types:
        return _select(db, _DOCUMENTS, **asked)
    return _select(db, _TYPED, **asked, ids=[*types, ""])


def sets(db: Connection, session: str, patient: str) -> list[RegistryObject]:
    """The submission sets of a patient, oldest first."""
    return _select(db, _OF_PATIENT, session=session, patient=patient, kind="set")


def all_objects(db: Connection, session: str) -> list[RegistryObject]:
    """Everything the session registered, oldest first."""
    return _select(db, _EVERYTHING, session=session)


def by_id(db: Connection, session: str, ids: Iterable[str]) -> list[RegistryObject]:
    """Sets and entries by entryUUID; unknown ids are left out."""
    found: list[RegistryObject] = []
    for batch in _batches(tuple(ids)):
        found += _select(db, _BY_ID, session=session, ids=batch)
    return found


def by_unique_id(db: Connection, session: str, kind: Kind, unique_ids: Iterable[str]) -> list[RegistryObject]:
    """Sets or entries by uniqueId; one uniqueId may have several entries."""
    found: list[RegistryObject] = []
    for batch in _batches(tuple(unique_ids)):
        found += _select(db, _BY_UNIQUE_ID, session=session, kind=kind, ids=batch)
    return found


def versions(db: Connection, session: str, lid: str) -> list[RegistryObject]:
    """Every version of the entry with that logical id, first one first; none when there is none.

    The first version's id is the logical id, and a version never changes its uniqueId.
    """
    first = next((item for item in by_id(db, session, [lid]) if item.kind == "entry"), None)
    if first is None:
        return []
    every = by_unique_id(db, session, "entry", [first.unique_id])
    return sorted((item for item in every if item.lid == lid), key=lambda item: item.version)


def latest(db: Connection, session: str, lid: str) -> RegistryObject | None:
    """The highest version of the entry with that logical id, None when there is none."""
    return next(reversed(versions(db, session, lid)), None)


def only_latest(items: Iterable[RegistryObject]) -> list[RegistryObject]:
    """Of each logical id the highest version among the items, in their order."""
    highest: dict[str, RegistryObject] = {}
    for item in items:
        if item.lid not in highest or item.version > highest[item.lid].version:
            highest[item.lid] = item
    return list(highest.values())


def current_entries(db: Connection, session: str, patient: str) -> list[RegistryObject]:
    """The latest version of each document of a patient, oldest document first, whatever its status."""
    return only_latest(entries(db, session, patient))


def patient_of(db: Connection, session: str, object_id: str) -> str:
    """Key of the patient whom a set or an entry is about; "" when the id is unknown."""
    return str(db.execute(_PATIENT, {"session": session, "id": object_id}).scalar() or "")


def links(db: Connection, session: str, ids: Iterable[str]) -> list[Association]:
    """Associations whose source or target is one of the ids."""
    found: dict[str, tuple[int, Association]] = {}
    for batch in _batches(tuple(ids)):
        for query in _LINKS:  # one end at a time: each has its index
            for rank, body in db.execute(query, {"session": session, "ids": batch}):
                found[body["id"]] = (rank, association_from_json(body))
    return [link for _, link in sorted(found.values(), key=lambda ranked: ranked[0])]


def content(db: Connection, session: str, unique_id: str) -> Content | None:
    """Where the bytes of a document are; None when nobody submitted that uniqueId."""
    row = db.execute(_CONTENT, {"session": session, "unique_id": unique_id}).first()
    return None if row is None else Content(row.unique_id, row.sha256, row.sha1, row.size)


def known_ids(db: Connection, session: str, ids: Iterable[str]) -> set[str]:
    """Those of the ids that an object or an association of the session already bears."""
    known: set[str] = set()
    for batch in _batches(tuple(ids)):
        for query in _KNOWN:
            known |= {str(row.id) for row in db.execute(query, {"session": session, "ids": batch})}
    return known


def summary(db: Connection, session: str, patient: str = "") -> list[dict[str, Any]]:
    """Every document entry, of one patient when a key is given, as plain JSON values for the control API."""
    query = select(objects).filter_by(session=session, kind="entry").order_by(objects.c.rank)
    if patient:
        query = query.filter_by(patient=patient)
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


def _object_rows(several: Iterable[Registration], first: int) -> list[dict[str, Any]]:
    added = ((item, one) for one in several for item in one.objects)
    return [{"rank": rank, **_row(item, one)} for rank, (item, one) in enumerate(added, first)]


def _link_rows(several: Iterable[Registration], first: int) -> list[dict[str, Any]]:
    links = (link for one in several for link in one.associations)
    return [{"rank": rank, **_link_row(link)} for rank, link in enumerate(links, first)]


def _row(item: RegistryObject, registration: Registration) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "unique_id": item.unique_id,
        "set_claim": item.unique_id if item.kind == "set" else None,
        "patient": registration.patient,
        "status": item.status,
        "type_code": item.type_code,
        "signature": item.is_signature,
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


def _claimed(db: Connection, session: str, several: Iterable[Content]) -> list[dict[str, Any]]:
    """Same uniqueId with the same bytes again is no news; other bytes break the key."""
    wanted = dict.fromkeys(several)
    known: set[Content] = set()
    for batch in _batches([one.unique_id for one in wanted]):
        rows = db.execute(_CONTENTS, {"session": session, "ids": batch})
        known |= {Content(row.unique_id, row.sha256, row.sha1, row.size) for row in rows}
    return [asdict(one) for one in wanted if one not in known]


def _insert(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """All rows in one statement, if any."""
    if rows:
        db.execute(_INSERT[table], rows)


def _select(db: Connection, query: Select[Any], **values: object) -> list[RegistryObject]:
    rows = sorted(db.execute(query, values), key=lambda row: row.rank)
    return [_object(row.body, row.status) for row in rows]


@lru_cache(maxsize=_REMEMBERED)
def _object(body: str, status: str) -> RegistryObject:
    """Objects never change, so one that was read is not read again: patients are searched more than once."""
    return object_from_json(json.loads(body), status=status)


def _next_rank(db: Connection, session: str) -> int:
    last = db.execute(_LAST_RANK, {"session": session}).scalar()
    return _FIRST_RANK if last is None else int(last) + 1


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _BATCH):
        yield unique[start : start + _BATCH]
