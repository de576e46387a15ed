"""Memory of the VIHF that were seen, so that a replayed one is known. Judges nothing."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, delete, insert, select

from mock_dmp.state.schema import METADATA, of_session

_ID_LENGTH = 256  # a longer one is remembered by its digest

assertions = Table(
    "assertions",
    METADATA,
    of_session(),
    Column("id", String(_ID_LENGTH), primary_key=True),
    Column("exchange", String(64), nullable=False),
    Column("until", String(40), nullable=False),
)


def remember(
    db: Connection, session: str, assertion_id: str, exchange_id: str, *, until: datetime, now: datetime
) -> str | None:
    """Note the ID of an assertion until `until`; the id of the exchange that used it before, None if new.

    What lapsed before `now` is forgotten. Call it inside the call's transaction: two parallel replays
    then queue up, and one of them sees the other.
    """
    db.execute(
        delete(assertions).where(assertions.c.session == session, assertions.c.until < now.isoformat())
    )
    if len(assertion_id) > _ID_LENGTH:
        assertion_id = hashlib.sha256(assertion_id.encode()).hexdigest()
    known = select(assertions.c.exchange).filter_by(session=session, id=assertion_id)
    before = db.execute(known).scalar_one_or_none()
    if before is None:
        row = {"session": session, "id": assertion_id, "exchange": exchange_id, "until": until.isoformat()}
        db.execute(insert(assertions).values(row))
    return before
