"""Browser sessions of the web sites, and the counting of wrong guesses.

A browser holds a random token; only its digest is here. Moments are of the session's clock. What a stage means is
for the site; `secret` is what forms are sealed with.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, Integer, String, Table, Text, delete, insert, select, update

from mock_dmp.state.schema import METADATA, of_session

#: A browser that does nothing for so long is forgotten.
IDLE: Final = timedelta(minutes=30)

browsers = Table(
    "web_browsers",
    METADATA,
    of_session(),
    Column("token", String(64), primary_key=True),
    Column("site", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("until", String(40), nullable=False),
)

guesses = Table(
    "web_guesses",
    METADATA,
    of_session(),
    Column("of", Text, primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("until", String(40), nullable=False),
)

seals = Table("web_seals", METADATA, of_session(), Column("secret", String(64), nullable=False))


@dataclass(frozen=True)
class Browser:
    """One browser session. `subject`: key of a patient or PS_IdNat, "" before login."""

    token: str
    site: str
    stage: str
    subject: str
    facts: dict[str, Any]


def open_browser(
    db: Connection,
    session: str,
    *,
    site: str,
    stage: str,
    now: datetime,
    subject: str = "",
    facts: dict[str, Any] | None = None,
) -> Browser:
    """A new browser session with a fresh token: one for each change of stage, so that none can be planted."""
    token = secrets.token_urlsafe(32)
    db.execute(
        insert(browsers).values(
            session=session,
            token=_digest(token),
            site=site,
            stage=stage,
            subject=subject,
            facts=facts or {},
            until=(now + IDLE).isoformat(),
        )
    )
    return Browser(token, site, stage, subject, facts or {})


def browser(db: Connection, session: str, site: str, token: str, now: datetime) -> Browser | None:
    """The browser session of that token, None when there is none or it was idle too long."""
    row = db.execute(
        select(browsers).filter_by(session=session, token=_digest(token), site=site)
    ).one_or_none()
    if row is None or datetime.fromisoformat(row.until) <= now:
        return None
    return Browser(token, row.site, row.stage, row.subject, dict(row.facts))


def keep(db: Connection, session: str, one: Browser, now: datetime) -> None:
    """Write its facts, and let it live on."""
    of = update(browsers).filter_by(session=session, token=_digest(one.token))
    db.execute(of.values(facts=one.facts, until=(now + IDLE).isoformat()))


def close_browser(db: Connection, session: str, token: str) -> None:
    """Forget it."""
    db.execute(delete(browsers).filter_by(session=session, token=_digest(token)))


def wrong_guess(db: Connection, session: str, of: str, now: datetime, window: timedelta) -> int:
    """Count one more wrong guess of that secret; returns how many there were within the window."""
    count = 1 + guessed(db, session, of, now)
    clear_guesses(db, session, of)
    db.execute(insert(guesses).values(session=session, of=of, wrong=count, until=(now + window).isoformat()))
    return count


def guessed(db: Connection, session: str, of: str, now: datetime) -> int:
    """How many wrong guesses count now."""
    row = db.execute(select(guesses).filter_by(session=session, of=of)).one_or_none()
    return int(row.wrong) if row is not None and now < datetime.fromisoformat(row.until) else 0


def clear_guesses(db: Connection, session: str, of: str) -> None:
    db.execute(delete(guesses).filter_by(session=session, of=of))


def sealed(db: Connection, session: str, *bound: str) -> str:
    """A value that only this session can make for those words: what a form carries against forgery (CSRF)."""
    secret = db.execute(select(seals.c.secret).filter_by(session=session)).scalar()
    if secret is None:
        secret = secrets.token_hex(32)
        db.execute(insert(seals).values(session=session, secret=secret))
    message = "\0".join(bound).encode()
    return hmac.new(bytes.fromhex(str(secret)), message, hashlib.sha256).hexdigest()


def digest(text: str) -> str:
    """SHA-256 (hex) of a secret that is kept to be compared."""
    return _digest(text)


def same(one: str, other: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
