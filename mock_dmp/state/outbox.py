"""What the platform sends to patients, kept where a tester can read it: nothing leaves the mock.

One row a message (one-time code, notice). Append-only, ordered. Who sends what, and for how long a code holds, is
for others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Integer, String, Table, Text, func, insert, select

from mock_dmp.state.schema import METADATA, of_session

messages = Table(
    "outbox",
    METADATA,
    of_session(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("patient", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", String(40), nullable=False),
)


class ChannelLike(Protocol):
    """Where a message goes: `type` SMS or EMAIL, `value` a number or an address (an account's `Channel`)."""

    @property
    def type(self) -> str: ...

    @property
    def value(self) -> str: ...


def post(
    db: Connection, session: str, patient_key: str, channel: ChannelLike, text: str, at: datetime
) -> None:
    """Append one message; `at` is the session's clock (UTC)."""
    last = db.execute(select(func.max(messages.c.seq)).where(messages.c.session == session)).scalar()
    db.execute(
        insert(messages).values(
            session=session,
            seq=1 + int(last or 0),
            patient=patient_key,
            channel=channel.type,
            address=channel.value,
            text=text,
            at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
    )


def listing(db: Connection, session: str, patient_key: str = "") -> list[dict[str, Any]]:
    """The messages, oldest first, as plain JSON values; of one patient when its key is given."""
    query = select(messages).where(messages.c.session == session).order_by(messages.c.seq)
    if patient_key:
        query = query.where(messages.c.patient == patient_key)
    return [
        {name: value for name, value in row._mapping.items() if name != "session"}
        for row in db.execute(query)
    ]
