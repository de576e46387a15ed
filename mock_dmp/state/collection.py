"""Removes the blobs that no row names any more: after a session went away, and when a server starts.

Safe beside calls under way, of other servers on the same data too. A blob is left alone for `GRACE_SECONDS` after
somebody wrote it or took it up, much longer than a call may last; and it goes only while nobody writes, after a
look at the rows: whoever names a blob and finds it there inside a write transaction keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, select

from mock_dmp.journal import journal
from mock_dmp.state.documents import contents
from mock_dmp.state.engine import Store

#: A call waits at most a minute for its turns and lasts a few seconds.
GRACE_SECONDS = 600.0
#: What an upload writes comes in pieces, which may wait in memory.
LEFTOVER_SECONDS = 24 * 3600.0

_NAMES = (journal.c.request_body, journal.c.response_body, contents.c.sha256)
_BATCH = 200


def collect(store: Store, *, grace: float = GRACE_SECONDS) -> int:
    """Remove what nothing names and nobody touched for `grace` seconds; returns the number of blobs removed."""
    before = time.time() - grace
    store.blobs.clear_leftovers(before=time.time() - max(grace, LEFTOVER_SECONDS))
    removed = 0
    for batch in _batches(store.blobs.old(before=before, named=_NAMES)):
        with store.read() as db:
            named = _named(db, batch)
        if len(named) == len(set(batch)):
            continue
        with store.write() as db:  # nobody names a blob now
            still = _named(db, batch)
            removed += store.blobs.remove(db, (one for one in batch if one not in still), before=before)
    return removed


def _named(db: Connection, digests: list[str]) -> set[str]:
    """Those of the digests that a row names."""
    return {
        digest
        for column in _NAMES
        for digest in db.execute(select(column).where(column.in_(digests))).scalars()
    }


def _batches(digests: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(digests)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
