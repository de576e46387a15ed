"""Memory of the VIHF that were seen, so that a replayed one is known. Judges nothing."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Column, Connection, Index, String, Table, bindparam, delete, insert, select

from mock_dmp.state.schema import METADATA, given, of_session

_ID_LENGTH = 256  # a longer one is remembered by its digest

assertions = Table(
    "assertions",
    METADATA,
    of_session(),
    Column("id", String(_ID_LENGTH), primary_key=True),
    Column("exchange", String(64), nullable=False),
    Column("until", String(40), nullable=False),
    Index("assertions_until", "session", "until"),
)


_FORGET = delete(assertions).where(*given(assertions, "session"), assertions.c.until < bindparam("now"))
_USED = select(assertions.c.exchange).where(
    *given(assertions, "session", "id"), assertions.c.until >= bindparam("now")
)
_INSERT = insert(assertions)


def known(db: Connection, session: str, assertion_id: str, *, now: datetime) -> str | None:
    """The id of the exchange that used that assertion, None when it is not remembered at that moment."""
    asked = {"session": session, "id": _kept(assertion_id), "now": now.isoformat()}
    found = db.execute(_USED, asked).scalar_one_or_none()
    return None if found is None else str(found)


def remember(
    db: Connection, session: str, assertion_id: str, exchange_id: str, *, until: datetime, now: datetime
) -> str | None:
    """Note the ID of an assertion until `until`; the id of the exchange that used it before, None if new.

    What lapsed before `now` is forgotten. Call it inside the call's transaction: two parallel replays
    then queue up, and one of them sees the other.
    """
    db.execute(_FORGET, {"session": session, "now": now.isoformat()})
    before = known(db, session, assertion_id, now=now)
    if before is None:
        own = _kept(assertion_id)
        db.execute(
            _INSERT, {"session": session, "id": own, "exchange": exchange_id, "until": until.isoformat()}
        )
    return before


def _kept(assertion_id: str) -> str:
    if len(assertion_id) <= _ID_LENGTH:
        return assertion_id
    return hashlib.sha256(assertion_id.encode()).hexdigest()
