"""DTM: `YYYY[MM[DD[hh[mm[ss]]]]]` in UTC, with its precision and the period it stands for.

Used by XDS slots, HL7 v3 times and stored queries. No zone, no fraction: those belong to other types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from protocol.errors import IdentifierError, Text

Precision = Literal["year", "month", "day", "hour", "minute", "second"]
_PRECISION: dict[int, Precision] = {
    4: "year",
    6: "month",
    8: "day",
    10: "hour",
    12: "minute",
    14: "second",
}
_STEP = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}
_FORM = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")
_START = "00000101000000"
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dtm:
    """A moment as written. Build it with `parse_dtm` or `dtm_of`; `text` is then valid."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def precision(self) -> Precision:
        return _PRECISION[len(self.text)]

    @property
    def start(self) -> datetime:
        """First instant of the period, UTC, inclusive: a short DTM is completed downwards."""
        full = self.text + _START[len(self.text) :]
        month, day, hour, minute, second = (int(full[at : at + 2]) for at in range(4, 14, 2))
        return datetime(int(full[:4]), month, day, hour, minute, second, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant after the period, UTC, exclusive; the calendar stops with 9999."""
        try:
            return self._next()
        except (OverflowError, ValueError):
            return _LAST

    def _next(self) -> datetime:
        start, precision = self.start, self.precision
        if precision == "year":
            return start.replace(year=start.year + 1)
        if precision == "month":
            return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return start + _STEP[precision]

    def between(self, since: Dtm | None = None, until: Dtm | None = None) -> bool:
        """The rule of stored queries: `since` inclusive, `until` exclusive, None for no bound.

        The three count from the start of their period (ITI TF-2, 3.18.4.1.2.3).
        """
        moment = self.start
        return (since is None or since.start <= moment) and (until is None or moment < until.start)


def parse_dtm(text: str) -> Dtm:
    """Read a DTM that exists in the calendar. Raises IdentifierError."""
    if not _FORM.fullmatch(text):
        raise IdentifierError(
            "DTM-001",
            Text("date mal formée", "malformed date"),
            field="DTM",
            found=text[:40],
            expected="YYYY[MM[DD[hh[mm[ss]]]]]",
        )
    value = Dtm(text)
    try:
        _ = value.start
    except ValueError as problem:
        raise IdentifierError(
            "DTM-002",
            Text("date absente du calendrier", "date that isn't in the calendar"),
            field="DTM",
            found=text,
            expected=str(problem),
        ) from problem
    return value


def dtm_of(moment: datetime) -> Dtm:
    """The DTM to the second of an aware datetime, turned into UTC. Raises IdentifierError for a naive one."""
    if moment.tzinfo is None:
        raise IdentifierError(
            "DTM-003",
            Text("instant sans fuseau horaire", "moment without a time zone"),
            field="DTM",
            found=moment.isoformat(),
        )
    utc = moment.astimezone(UTC)
    return Dtm(f"{utc.year:04d}{utc:%m%d%H%M%S}")
