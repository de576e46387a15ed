"""How near a patient is to what is looked for: candidates with a score, best first (TD0.5).

The national server's own formula is not known: this one is ours (confidence C), its threshold is a switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from mock_dmp.context import Session
from mock_dmp.state import traits
from mock_dmp.state.traits import Like, Traits
from protocol.folding import likeness
from protocol.pdq import Criteria

#: What each criterion weighs in a score.
_FAMILY: Final = 50
_GIVEN: Final = 25
_EXACT: Final = 15  # birth date, sex
_POSTAL_CODE: Final = 5
_CITY: Final = 5
#: A postal code of the same department is half of one.
_DEPARTMENT: Final = 2


@dataclass(frozen=True)
class Scored:
    """A candidate by its key; `score` is per cent."""

    patient: str
    score: int


def candidates(db: Connection, session: Session, asked: Criteria) -> tuple[Scored, ...]:
    """Those who match, best first, then by key: those whose DMP is active, closed ones too when the session says."""
    least = int(session.settings.switch("pdq_least_score"))
    found = [
        Scored(one.patient, score(one, asked)) for one in traits.find(db, session.name, _like(session, asked))
    ]
    return tuple(
        sorted((one for one in found if one.score >= least), key=lambda one: (-one.score, one.patient))
    )


def score(who: Traits, asked: Criteria) -> int:
    """Per cent of what was asked that the patient has; 100 for an exact question."""
    marks = list(_marks(who, asked))
    whole = sum(weight for weight, _ in marks)
    return round(100 * sum(weight * mark for weight, mark in marks) / whole) if whole else 0


def _like(session: Session, asked: Criteria) -> Like:
    closed = session.settings.on("pdq_closed_found")
    return Like(
        family=asked.family,
        given=asked.given,
        near_name=asked.approximate_name,
        born=asked.birth,
        sex=asked.sex,
        postal_code=asked.postal_code,
        city=asked.city,
        near_address=asked.approximate_address,
        statuses=("active", "closed") if closed else ("active",),
    )


def _marks(who: Traits, asked: Criteria) -> Iterator[tuple[int, float]]:
    """(weight, from 0 to 1) of each criterion; what was held to exactly is there in full."""
    if asked.family:
        yield _FAMILY, max(likeness(asked.family, name) for name in (who.family, who.usual))
    if asked.given:
        yield _GIVEN, max((likeness(asked.given, name) for name in who.given), default=0.0)
    if asked.birth:
        yield _EXACT, 1.0
    if asked.sex:
        yield _EXACT, 1.0
    if asked.postal_code:
        yield _POSTAL_CODE, _same_place(asked.postal_code, who.postal_code)
    if asked.city:
        yield _CITY, likeness(asked.city, who.city)


def _same_place(one: str, other: str) -> float:
    if one == other:
        return 1.0
    return 0.5 if one[:_DEPARTMENT] == other[:_DEPARTMENT] != "" else 0.0
