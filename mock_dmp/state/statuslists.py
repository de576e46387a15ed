"""The status list that a session was given, as it came: signed envelope, trust file, key of the numbers.

Kept and given back; what it says, and whether it is to be believed, is `mock_dmp.acceptance.official`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, String, Table, Text, delete, insert, select

from mock_dmp.state.schema import METADATA, given, of_session

_lists = Table(
    "status_lists",
    METADATA,
    of_session(),
    Column("envelope", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("tag_key", String(128), nullable=False),
)


@dataclass(frozen=True)
class Given:
    """A signed list, the trust file of its issuer, and the key (hex) that knows the numbers in it."""

    envelope: str
    trust: str
    tag_key: str = field(repr=False)


_OF_SESSION = select(_lists.c.envelope, _lists.c.trust, _lists.c.tag_key).where(*given(_lists, "session"))


def of(db: Connection, session: str) -> Given | None:
    """The list of the session, None when it was given none."""
    row = db.execute(_OF_SESSION, {"session": session}).first()
    return None if row is None else Given(row.envelope, row.trust, row.tag_key)


def put(db: Connection, session: str, one: Given) -> None:
    """Give the session this list, instead of the one it has."""
    remove(db, session)
    db.execute(insert(_lists).values(session=session, **vars(one)))


def remove(db: Connection, session: str) -> bool:
    """Take its list away; whether there was one."""
    return bool(db.execute(delete(_lists).filter_by(session=session)).rowcount)
