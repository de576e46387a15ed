"""The patient's login: identifier and password, then a one-time code of six digits that lands in the outbox.

A code is good once, for three minutes of the session's clock and a few guesses; too many wrong passwords lock the
identifier for a while. Source: three minutes and strong login of 2010-era pages; the limits are inferred.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from mock_dmp.context import Session
from mock_dmp.state import accounts, logins, outbox
from protocol.errors import Text, UsageError

CODE_LASTS: Final = timedelta(minutes=3)
CODE_GUESSES: Final = 3
PASSWORD_GUESSES: Final = 5
LOCKED: Final = timedelta(minutes=15)


def with_password(db: Connection, session: Session, login: str, password: str) -> str | None:
    """Key of the patient, None when identifier or password is wrong; the wrong guess is counted.

    Raises UsageError (LOG-001) while the identifier is locked.
    """
    of, now = f"password/{login}", session.now()
    if logins.guessed(db, session.name, of, now) >= PASSWORD_GUESSES:
        raise UsageError(
            "LOG-001",
            Text(
                f"Trop d'essais : réessayez dans {LOCKED.seconds // 60} minutes.",
                f"Too many attempts: try again in {LOCKED.seconds // 60} minutes.",
            ),
        )
    key = accounts.by_login(db, session.name, login) if login else None
    account = accounts.find(db, session.name, key) if key else None
    if key is None or account is None or not logins.same(account.password, password):
        logins.wrong_guess(db, session.name, of, now, LOCKED)
        return None
    logins.clear_guesses(db, session.name, of)
    return key


def send_code(db: Connection, session: Session, key: str) -> dict[str, Any]:
    """Send a code by the patient's first channel, SMS before e-mail; what to keep of it, without the code.

    Raises UsageError (LOG-002) when the patient has no channel.
    """
    account, now = accounts.find(db, session.name, key), session.now()
    channels = sorted(account.channels if account else (), key=lambda one: one.type != "SMS")
    if not channels:
        raise UsageError(
            "LOG-002",
            Text("Aucun canal pour le code à usage unique.", "No channel for the one-time code."),
            field=key,
        )
    code = f"{secrets.randbelow(10**6):06d}"
    text = f"Votre code d'accès au DMP : {code}. Il est valable {CODE_LASTS.seconds // 60} minutes."
    outbox.post(db, session.name, key, channels[0], text, now)
    return {
        "code": logins.digest(f"{key}/{code}"),
        "until": (now + CODE_LASTS).isoformat(),
        "guesses": CODE_GUESSES,
        "channel": channels[0].type,
    }


def with_code(facts: dict[str, Any], key: str, code: str, now: datetime) -> bool:
    """Is it the code? One guess less is left in `facts` when it is not."""
    if int(facts["guesses"]) <= 0 or now >= datetime.fromisoformat(facts["until"]):
        return False
    if logins.same(str(facts["code"]), logins.digest(f"{key}/{code}")):
        facts["guesses"] = 0  # good once
        return True
    facts["guesses"] = int(facts["guesses"]) - 1
    return False
