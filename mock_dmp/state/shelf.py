"""Small blobs: held in memory until a commit takes them along, rows of the database from then on.

One sync then settles rows and bytes together. What a row names is written by the transaction that writes the row, at
the latest; a blob that nothing names yet may go with any commit, and is removed as other blobs are
(`mock_dmp.state.collection`).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import Column, Connection, Engine, Float, LargeBinary, String, Table, bindparam, func, select
from sqlalchemy import text as sql

from mock_dmp.state.schema import METADATA

#: Bytes beyond which a blob is a file of its own: SQLite reads smaller ones faster from a row.
LARGEST: Final = 128 * 1024
#: Bytes kept in memory of what is in the database already: an answer is read back as soon as it is committed.
_RECENT: Final = 4 * 1024 * 1024

rows = Table(
    "blobs",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("touched", Float, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

_DATA = select(rows.c.data).where(rows.c.digest == bindparam("digest"))
_SIZE = select(func.length(rows.c.data)).where(rows.c.digest == bindparam("digest"))
_HELD = select(rows.c.digest).where(rows.c.digest == bindparam("digest"))
_OLD = (
    select(rows.c.digest)
    .where(rows.c.digest > bindparam("after"), rows.c.touched < bindparam("before"))
    .order_by(rows.c.digest)
    .limit(1000)
)
_GONE = rows.delete().where(rows.c.digest == bindparam("one"), rows.c.touched < bindparam("before"))
#: Both databases take this form. Taken up again: whoever collects must leave it alone for a while.
_KEPT = sql(
    "INSERT INTO blobs (digest, touched, data) VALUES (:digest, :touched, :data)"
    " ON CONFLICT (digest) DO UPDATE SET touched = excluded.touched"
).bindparams(bindparam("data", type_=LargeBinary))


class Shelf:
    """The rows of blobs of one database, and those that wait for a commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[str, bytes] = {}
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._recent_size = 0

    def put(self, digest: str, data: bytes) -> None:
        """Have the next commit write it. Whoever names it commits afterwards, and so finds it written."""
        with self._lock:
            self._waiting[digest] = data

    @property
    def waiting(self) -> int:
        """Bytes that wait for a commit."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def get(self, digest: str) -> bytes | None:
        """The bytes, None when they are not here."""
        with self._lock:
            known = self._waiting.get(digest, self._recent.get(digest))  # not `or`: a blob may be empty
        if known is not None:
            return known
        with self._engine.connect() as db:
            data = db.execute(_DATA, {"digest": digest}).scalar()
        return None if data is None else bytes(data)

    def holds(self, digest: str) -> bool:
        """Whether a commit wrote it, or the next one will."""
        with self._lock:
            if digest in self._waiting:
                return True
        with self._engine.connect() as db:
            return db.execute(_HELD, {"digest": digest}).first() is not None

    def size(self, digest: str) -> int | None:
        """Bytes of the blob, None when it is not here."""
        with self._lock:
            waiting = self._waiting.get(digest)
        if waiting is not None:
            return len(waiting)
        with self._engine.connect() as db:
            found = db.execute(_SIZE, {"digest": digest}).scalar()
        return None if found is None else int(found)

    def flush(self, db: Connection) -> Mapping[str, bytes]:
        """Write what waits, inside a transaction about to be committed; `flushed` is told of it afterwards."""
        with self._lock:
            written = dict(self._waiting)
        if written:
            now = time.time()
            db.execute(
                _KEPT,
                [
                    {"digest": digest, "touched": now, "data": data}
                    for digest, data in sorted(written.items())
                ],
            )
        return written

    def flushed(self, written: Mapping[str, bytes]) -> None:
        """Those are committed: they need not wait any more."""
        with self._lock:
            for digest, data in written.items():
                if self._waiting.get(digest) is data:
                    del self._waiting[digest]
                if self._recent.setdefault(digest, data) is data:
                    self._recent_size += len(data)
            while self._recent_size > _RECENT:
                self._recent_size -= len(self._recent.popitem(last=False)[1])

    def old(self, *, before: float, named: Iterable[Column[str]] = ()) -> Iterator[str]:
        """The rows that nobody wrote or took up again since `before` (seconds since the epoch).

        Without those that one of the columns `named` holds.
        """
        query = _OLD.where(*(~select(column).where(column == rows.c.digest).exists() for column in named))
        after = ""
        while True:
            with self._engine.connect() as db:
                page = db.execute(query, {"after": after, "before": before}).scalars().all()
            if not page:
                return
            yield from page
            after = page[-1]

    def remove(self, db: Connection, digests: Iterable[str], *, before: float) -> int:
        """Remove those rows that nobody took up since `before`; says how many went."""
        gone = [digest for digest in digests if db.execute(_GONE, {"one": digest, "before": before}).rowcount]
        with self._lock:
            for digest in gone:
                data = self._recent.pop(digest, b"")
                self._recent_size -= len(data)
        return len(gone)
