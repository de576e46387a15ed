"""The patient's internet account: a login, a password, and the channels of its one-time codes.

One row a patient that has one. Neither login nor password is kept as such: both are computed from the session,
the patient and how many times credentials were issued, so that a session replayed gives the same ones. Who may
ask for what is left to the services; the flag that TD0.2 shows is of the patient's record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from mock_dmp.state import patients
from mock_dmp.state.schema import METADATA, of_session
from protocol import errors
from protocol.directory import Patient
from protocol.errors import UsageError

ChannelType = Literal["SMS", "EMAIL"]

accounts = Table(
    "accounts",
    METADATA,
    of_session(),
    Column("patient", Text, primary_key=True),
    Column("login", String(8), nullable=False),
    Column("login_issue", Integer, nullable=False),
    Column("password_issue", Integer, nullable=False),
    Column("channels", JSON, nullable=False),
    Index("accounts_by_login", "session", "login"),
)

#: Without the signs that are read one for another on paper (0 and O, 1, I and l).
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LOWER: Final = "abcdefghijkmnopqrstuvwxyz"
_SYMBOLS: Final = "!#$%*+-./:=?@_"
_LENGTH: Final = 8
_OF_TELECOM: Final[dict[str, ChannelType]] = {"MC": "SMS", "MAIL": "EMAIL"}


@dataclass(frozen=True)
class Channel:
    """Where one-time codes go: SMS and a number, EMAIL and an address."""

    type: ChannelType
    value: str

    def same(self, other: Channel) -> bool:
        """The same destination: case and the spaces or dots of a number do not count."""
        return self.type == other.type and _bare(self) == _bare(other)


@dataclass(frozen=True)
class Account:
    """What the patient was given. `login`: 8 letters and digits; `password`: 8 printable characters."""

    login: str
    password: str = field(repr=False)
    channels: tuple[Channel, ...] = ()

    def has(self, channel: Channel) -> bool:
        return any(channel.same(one) for one in self.channels)

    def of_type(self, kind: ChannelType) -> tuple[Channel, ...]:
        return tuple(one for one in self.channels if one.type == kind)


def find(db: Connection, session: str, patient: str) -> Account | None:
    """The account of that patient (key), None when there is none."""
    row = db.execute(select(accounts).filter_by(session=session, patient=patient)).one_or_none()
    return None if row is None else _read(row)


def by_login(db: Connection, session: str, login: str) -> str | None:
    """Key of the patient who has that login (exact, case included)."""
    found = select(accounts.c.patient).filter_by(session=session, login=login)
    return db.execute(found).scalars().first()


def seed(db: Connection, session: str, patient: Patient) -> None:
    """Give a patient just put in the session the account that its record tells of, and no other."""
    db.execute(delete(accounts).filter_by(session=session, patient=patient.key))
    add_seeded(db, session, [patient])


def add_seeded(db: Connection, session: str, several: Iterable[Patient]) -> None:
    """The accounts of patients new to the session, in one statement.

    The channels are their mobile numbers and electronic addresses.
    """
    rows = [
        _row(session, patient.key, _of_telecom(patient))
        for patient in several
        if patient.dmp.internet_account
    ]
    if rows:
        db.execute(insert(accounts), rows)


def create(db: Connection, session: str, patient: Patient, channel: Channel) -> Account:
    """Open the account with its first channel, and say so in the patient's record.

    Raises UsageError when there is one already.
    """
    if find(db, session, patient.key) is not None:
        raise UsageError(
            "ACC-001",
            errors.Text(
                "ce patient a déjà un compte internet", "this patient already has an internet account"
            ),
            field=patient.key,
        )
    db.execute(insert(accounts), [_row(session, patient.key, [channel])])
    patients.save(db, session, replace(patient, dmp=replace(patient.dmp, internet_account=True)))
    return _needed(db, session, patient.key)


def reissue(db: Connection, session: str, patient: str, *, new_login: bool = False) -> Account:
    """Give a new password, and a new login when told so. Raises UsageError without an account."""
    _needed(db, session, patient)
    row = db.execute(select(accounts).filter_by(session=session, patient=patient)).one()
    values: dict[str, Any] = {"password_issue": row.password_issue + 1}
    if new_login:
        values["login_issue"] = row.login_issue + 1
        values["login"] = _login(session, patient, row.login_issue + 1)
    db.execute(update(accounts).filter_by(session=session, patient=patient).values(**values))
    return _needed(db, session, patient)


def add(db: Connection, session: str, patient: str, channel: Channel) -> bool:
    """Add a channel; False when it is there already. Raises UsageError without an account."""
    held = _needed(db, session, patient)
    if held.has(channel):
        return False
    _keep(db, session, patient, (*held.channels, channel))
    return True


def change(db: Connection, session: str, patient: str, channel: Channel) -> bool:
    """Put the channel in the place of those of its type; False when there is none to replace.

    Raises UsageError without an account.
    """
    held = _needed(db, session, patient)
    if not held.of_type(channel.type):
        return False
    _keep(db, session, patient, (*(one for one in held.channels if one.type != channel.type), channel))
    return True


def remove(db: Connection, session: str, patient: str, channel: Channel) -> bool:
    """Remove a channel; False when it is not there. Raises UsageError without an account."""
    held = _needed(db, session, patient)
    if not held.has(channel):
        return False
    _keep(db, session, patient, tuple(one for one in held.channels if not one.same(channel)))
    return True


def close(db: Connection, session: str, patient: Patient) -> None:
    """Take the account away, and say so in the patient's record; nothing happens when there is none."""
    db.execute(delete(accounts).filter_by(session=session, patient=patient.key))
    if patient.dmp.internet_account:
        patients.save(db, session, replace(patient, dmp=replace(patient.dmp, internet_account=False)))


def _needed(db: Connection, session: str, patient: str) -> Account:
    held = find(db, session, patient)
    if held is None:
        raise UsageError(
            "ACC-002",
            errors.Text("ce patient n'a pas de compte internet", "this patient has no internet account"),
            field=patient,
        )
    return held


def _row(session: str, patient: str, channels: Iterable[Channel]) -> dict[str, Any]:
    return {
        "session": session,
        "patient": patient,
        "login": _login(session, patient, 0),
        "login_issue": 0,
        "password_issue": 0,
        "channels": _plain(channels),
    }


def _of_telecom(patient: Patient) -> Iterator[Channel]:
    for one in patient.telecom:
        if one.use in _OF_TELECOM:
            yield Channel(_OF_TELECOM[one.use], one.value)


def _keep(db: Connection, session: str, patient: str, channels: tuple[Channel, ...]) -> None:
    rows = update(accounts).filter_by(session=session, patient=patient)
    db.execute(rows.values(channels=_plain(channels)))


def _plain(channels: Iterable[Channel]) -> list[list[str]]:
    return [[one.type, one.value] for one in channels]


def _read(row: Row[Any]) -> Account:
    return Account(
        login=row.login,
        password=_password(row.session, row.patient, row.password_issue),
        channels=tuple(Channel(kind, value) for kind, value in row.channels),
    )


def _login(session: str, patient: str, issue: int) -> str:
    return _drawn(f"login/{session}/{patient}/{issue}", (_LETTERS,) * _LENGTH)


def _password(session: str, patient: str, issue: int) -> str:
    """Every kind of sign is there, whatever is drawn."""
    both = _LETTERS + _LOWER + _SYMBOLS
    kinds = (_LETTERS, _LOWER, _SYMBOLS, both, both, _SYMBOLS, _LOWER, both)
    return _drawn(f"password/{session}/{patient}/{issue}", kinds)


def _drawn(seed: str, alphabets: tuple[str, ...]) -> str:
    """One sign of each alphabet, chosen by the digest of the seed (two bytes each: next to no bias)."""
    digest = hashlib.sha256(seed.encode()).digest()
    places = (int.from_bytes(digest[2 * rank : 2 * rank + 2]) for rank in range(len(alphabets)))
    return "".join(alphabet[place % len(alphabet)] for alphabet, place in zip(alphabets, places, strict=True))


def _bare(channel: Channel) -> str:
    value = "".join(channel.value.split()).lower()
    return value.replace(".", "") if channel.type == "SMS" else value
