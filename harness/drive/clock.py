"""The clock of a driver: the real one, or one that a test sets.

Every date that the driver writes comes from here, so that a message can be made again byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the present moment, always aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class ShiftedClock:
    """Another clock, so much later (or earlier, when `by` is negative)."""

    by: timedelta
    real: Clock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.real.now() + self.by


@dataclass
class SetClock:
    """A clock that stands still unless told to step.

    `moment` must be aware; each call of `now` moves it on by `step` (zero by default).
    """

    moment: datetime
    step: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        present = self.moment.astimezone(UTC)
        self.moment = present + self.step
        return present


def saml_instant(moment: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ`, as SAML dates are written in a VIHF."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dtm(moment: datetime) -> str:
    """`YYYYMMDDhhmmss` in UTC, as XDS slots and HL7 v3 times are written."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")
