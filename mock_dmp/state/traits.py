"""What patients are found by without their INS: names folded, as they sound, birth date, sex, address, indexed.

One row a patient, kept by `mock_dmp.state.patients`. It proposes candidates; scores and limits are for the
services (TD0.5, INSi).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    String,
    Table,
    Text,
    delete,
    false,
    select,
    union,
)

from mock_dmp.state.schema import METADATA, Rows, of_session
from protocol.directory import Patient
from protocol.folding import fold, sound

#: Candidates looked at for one question: far more than any answer may hold.
MOST: Final = 5000

traits = Table(
    "patient_traits",
    METADATA,
    of_session(),
    Column("patient", Text, primary_key=True),
    Column("family", Text, nullable=False),
    Column("usual", Text, nullable=False),
    Column("family_sound", Text, nullable=False),
    Column("usual_sound", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("born", String(8), nullable=False),
    Column("sex", String(1), nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("status", String(8), nullable=False),
)
# Names with the birth date beside them: many bear a name, few of them were born that day.
for _name in ("family", "usual", "family_sound", "usual_sound"):
    Index(f"patient_traits_{_name}", traits.c.session, traits.c[_name], traits.c.born)
Index("patient_traits_born", traits.c.session, traits.c.born)

_SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Like:
    """What is looked for; "" where nothing is asked. Names and city may be written anyhow.

    `born` is YYYYMMDD. `near_name`: names that sound alike, or that anybody born that day has, are wanted too;
    `near_address`: the address does not choose, it only scores. `statuses`: states of the DMP, () for any.
    """

    family: str = ""
    given: str = ""
    near_name: bool = False
    born: str = ""
    sex: str = ""
    postal_code: str = ""
    city: str = ""
    near_address: bool = False
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traits:
    """One candidate, by its key; texts are folded. `usual` is "" when there is none."""

    patient: str
    family: str
    usual: str
    given: tuple[str, ...]
    born: str
    sex: str
    postal_code: str
    city: str


def find(db: Connection, session: str, like: Like, *, most: int = MOST) -> tuple[Traits, ...]:
    """Those who may be the one, in the order of their keys, `most` at most.

    Exact criteria are held to; a near name or address only proposes. Nobody for a question without a criterion.
    """
    ways, asked = list(_by_name(like)), list(_by_traits(like))
    if not ways and not asked:
        return ()
    base = select(traits).where(traits.c.session == session, *asked, *_by_given(like), *_by_status(like))
    # One question a way to be found: of an OR, SQLite would rather walk the whole session. The same for an order.
    rows = union(*(base.where(way) for way in ways)) if ways else base
    found = (_read(row) for row in db.execute(rows.limit(most)))
    return tuple(sorted(found, key=lambda one: one.patient))


def rows(several: Iterable[Patient]) -> Rows:
    """What indexes those patients."""
    return {traits: [_row(patient) for patient in several]}


def forget(db: Connection, session: str, patients: Sequence[str]) -> None:
    """Take the patients (keys) out of the index."""
    db.execute(delete(traits).where(traits.c.session == session, traits.c.patient.in_(patients)))


def _by_name(like: Like) -> Iterator[ColumnElement[bool]]:
    """The ways to be found by family name, each with an index of its own."""
    family = fold(like.family)
    if like.family and not family:
        yield false()  # a name without a letter is nobody's
    elif family and like.near_name and like.born:
        yield traits.c.born == like.born  # whatever the name: the score tells
    elif family:
        yield traits.c.family == family
        yield traits.c.usual == family
        if like.near_name:
            said = sound(like.family)
            yield traits.c.family_sound == said
            yield traits.c.usual_sound == said


def _by_given(like: Like) -> Iterator[ColumnElement[bool]]:
    if like.given and not like.near_name:
        given = fold(like.given)
        yield traits.c.given.contains(f"{_SEPARATOR}{given}{_SEPARATOR}") if given else false()


def _by_traits(like: Like) -> Iterator[ColumnElement[bool]]:
    if like.born:
        yield traits.c.born == like.born
    if like.sex:
        yield traits.c.sex == like.sex
    if not like.near_address:
        if like.postal_code:
            yield traits.c.postal_code == like.postal_code
        if like.city:
            yield traits.c.city == fold(like.city)


def _by_status(like: Like) -> Iterator[ColumnElement[bool]]:
    if like.statuses:
        yield traits.c.status.in_(like.statuses)


def _row(patient: Patient) -> dict[str, Any]:
    where, usual = patient.address, patient.family_usual or ""
    return {
        "patient": patient.key,
        "family": fold(patient.family_birth),
        "usual": fold(usual),
        "family_sound": sound(patient.family_birth),
        "usual_sound": sound(usual),
        "given": _SEPARATOR + "".join(f"{fold(one)}{_SEPARATOR}" for one in patient.given),
        "born": patient.birth_stamp,
        "sex": patient.sex,
        "postal_code": where.postal_code if where else "",
        "city": fold(where.city) if where else "",
        "status": patient.dmp.status,
    }


def _read(row: Any) -> Traits:
    return Traits(
        row.patient,
        row.family,
        row.usual,
        tuple(one for one in row.given.split(_SEPARATOR) if one),
        row.born,
        row.sex,
        row.postal_code,
        row.city,
    )
