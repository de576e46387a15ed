"""The clock of a session: set, moved, stopped, started again. Everything that the mock dates follows it.

It stands on two switches of the session, `clock_offset_seconds` and `clock_frozen_at`, which may be changed as any
other. Exchanges of the journal keep the real time: they are a record of what crossed the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from mock_dmp.context import Session
from protocol.errors import Text, UsageError

_FIELDS: Final = ("set", "move", "freeze", "release")
#: What `set` takes to come back to the real time.
REAL: Final = "real"


@dataclass(frozen=True)
class Reading:
    """The clock at one moment. `offset`: seconds ahead of the real time; `frozen`: it stands still."""

    now: datetime
    real: datetime
    frozen: bool

    @property
    def offset(self) -> int:
        return round((self.now - self.real).total_seconds())

    def to_plain(self) -> dict[str, Any]:
        return {
            "now": _stamp(self.now),
            "real": _stamp(self.real),
            "offset_seconds": self.offset,
            "frozen": self.frozen,
        }


def read(session: Session) -> Reading:
    """What the session's clock shows."""
    return Reading(session.now(), datetime.now(UTC), bool(session.settings.switch("clock_frozen_at")))


def turned(reading: Reading, asked: Mapping[str, Any]) -> dict[str, str | int]:
    """The switches after `set` (moment, or "real"), then `move` (seconds), then `freeze` or `release` (true).

    Raises UsageError: a value refused, `freeze` and `release` together, nothing asked, no such moment.
    """
    if not asked or not set(asked) <= set(_FIELDS):
        raise _wrong("body", sorted(asked), ", ".join(_FIELDS))
    freeze, release = _flag(asked, "freeze"), _flag(asked, "release")
    if freeze and release:
        raise _wrong("release", True, "freeze | release")
    moment, frozen = _start(reading, asked.get("set"))
    try:
        moment += timedelta(seconds=_seconds(asked.get("move", 0)))
    except OverflowError as problem:
        raise _wrong("move", asked["move"], "secondes / seconds") from problem
    if freeze or (frozen and not release):
        return {"clock_frozen_at": _exact(moment), "clock_offset_seconds": 0}
    offset = ceil((moment - reading.real).total_seconds())  # never earlier than what was asked
    return {"clock_frozen_at": "", "clock_offset_seconds": offset}


def _start(reading: Reading, value: object) -> tuple[datetime, bool]:
    """The moment before it is moved, and whether the clock stands still."""
    if value is None:
        return reading.now, reading.frozen
    if value == REAL:
        return reading.real, False
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        utc = moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise _wrong("set", value, f"2026-01-31T08:30:00Z, {REAL}")
    return utc, reading.frozen


def _seconds(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong("move", value, "secondes / seconds")
    return value


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    value = asked.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(name, value, "true, false")
    return value


def _wrong(field: str, found: object, expected: str) -> UsageError:
    return UsageError(
        "CLK-001",
        Text("réglage d'horloge refusé", "clock setting refused"),
        field=field,
        found=repr(found)[:200],
        expected=expected,
    )


def _exact(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
