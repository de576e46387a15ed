"""What somebody waits for in a session, and what became of each exchange since (`mock_dmp.expectations` decides).

Settled when somebody looks, never while an exchange is served: recording costs nothing more. An exchange is held
against what waited when it was recorded. Exchanges from before the first expectation have no verdict.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, Integer, String, Table, delete, func, insert, select, update

from mock_dmp import observed
from mock_dmp.expectations import Difference, Expectation, Facts, Verdict, match
from mock_dmp.journal import journal
from mock_dmp.state.engine import Store
from mock_dmp.state.schema import METADATA, of_session
from protocol.errors import Text, UsageError

#: Exchanges read in one go, and what one session may wait for at most.
_BATCH: Final = 200
MOST: Final = 1000
LONGEST_ID: Final = 64

_waiting = Table(
    "expectations",
    METADATA,
    of_session(),
    Column("id", String(LONGEST_ID), primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("record", JSON, nullable=False),
    Column("exchange", String(64), nullable=False),
)
_verdicts = Table(
    "expectation_verdicts",
    METADATA,
    of_session(),
    Column("exchange", String(64), primary_key=True),
    Column("record", JSON, nullable=False),
)
#: The last exchange of each session that has been looked at.
_marks = Table("expectation_marks", METADATA, of_session(), Column("seq", Integer, nullable=False))


@dataclass(frozen=True)
class Awaited:
    """An expectation of a session. `at`: when it was posted (ISO 8601 UTC); `exchange`: what answered it, "" so far."""

    expectation: Expectation
    at: str
    exchange: str


def post(store: Store, session: str, asked: Sequence[Expectation]) -> list[str]:
    """Wait for these, in that order, from now on. An empty id gets one; returns the ids.

    Raises UsageError: too many, or an id that is taken.
    """
    settle(store, session)
    with store.write() as db:
        known = set(db.execute(select(_waiting.c.id).filter_by(session=session)).scalars())
        rank = int(db.execute(select(func.max(_waiting.c.rank)).filter_by(session=session)).scalar() or 0)
        now, seq = datetime.now(UTC).isoformat(timespec="milliseconds"), _last(db, session)
        ids = []
        for number, one in enumerate(asked, rank + 1):
            identifier = one.id or str(uuid.uuid4())
            if identifier in known or len(known) >= MOST:
                raise _refused(identifier, taken=identifier in known)
            known.add(identifier)
            ids.append(identifier)
            row = {"session": session, "id": identifier, "rank": number, "after": seq, "at": now}
            db.execute(insert(_waiting).values(**row, record=_plain(one), exchange=""))
        if db.execute(select(_marks.c.seq).filter_by(session=session)).first() is None:
            db.execute(insert(_marks).values(session=session, seq=seq))
    return ids


def withdraw(store: Store, session: str, identifier: str = "") -> int:
    """Wait no more for that one, or for any; returns how many there were. Verdicts already given stay."""
    settle(store, session)
    with store.write() as db:
        gone = delete(_waiting).filter_by(session=session)
        if identifier:
            gone = gone.filter_by(id=identifier)
        return int(db.execute(gone).rowcount)


def listing(db: Connection, session: str) -> list[Awaited]:
    """What the session waits or waited for, in the order in which it was posted."""
    rows = db.execute(select(_waiting).filter_by(session=session).order_by(_waiting.c.rank))
    return [Awaited(_expectation(row.id, row.record), row.at, row.exchange) for row in rows]


def verdicts(db: Connection, session: str, exchanges: Sequence[str]) -> dict[str, Verdict]:
    """Verdicts of these exchanges, by id; those that have none are left out."""
    found: dict[str, Verdict] = {}
    for start in range(0, len(exchanges), _BATCH):
        few = exchanges[start : start + _BATCH]
        query = select(_verdicts).where(_verdicts.c.session == session, _verdicts.c.exchange.in_(few))
        found |= {row.exchange: _verdict(row.record) for row in db.execute(query)}
    return found


def settle(store: Store, session: str) -> None:
    """Hold the exchanges recorded since the last time against what waited. Costs one question when nothing does."""
    while True:
        with store.read() as db:
            lines = _pending(db, session)
        if not lines:
            return
        seen = [
            (line, observed.observe(store, line)) for line in lines
        ]  # outside of the transaction: it takes time
        with store.write() as db:
            _settle(db, session, seen)


def _settle(db: Connection, session: str, seen: Iterable[tuple[dict[str, Any], Facts]]) -> None:
    mark = db.execute(select(_marks.c.seq).filter_by(session=session)).scalar()
    if mark is None:  # reset meanwhile
        return
    rows = db.execute(
        select(_waiting).filter_by(session=session, exchange="").order_by(_waiting.c.rank)
    ).all()
    waiting = [(row.after, _expectation(row.id, row.record)) for row in rows]
    for line, facts in seen:
        if line["seq"] <= mark:  # somebody else was faster
            continue
        mark = line["seq"]
        verdict = match(facts, [one for after, one in waiting if after < mark])
        record = asdict(verdict) | {"sentence": list(verdict.sentence)}
        db.execute(insert(_verdicts).values(session=session, exchange=line["id"], record=record))
        if verdict.expected:
            waiting = [(after, one) for after, one in waiting if one.id != verdict.id]
            met = update(_waiting).filter_by(session=session, id=verdict.id)
            db.execute(met.values(exchange=line["id"]))
    db.execute(update(_marks).filter_by(session=session).values(seq=mark))


def _pending(db: Connection, session: str) -> list[dict[str, Any]]:
    mark = db.execute(select(_marks.c.seq).filter_by(session=session)).scalar()
    if mark is None:
        return []
    query = select(
        journal.c.seq,
        journal.c.id,
        journal.c.transaction,
        journal.c.target,
        journal.c.request_headers,
        journal.c.request_body,
    ).where(journal.c.session == session, journal.c.seq > mark, journal.c.outcome != "handshake")
    rows = db.execute(query.order_by(journal.c.seq).limit(_BATCH))
    return [dict(row._mapping) for row in rows]


def _last(db: Connection, session: str) -> int:
    query = select(func.max(journal.c.seq)).where(journal.c.session == session)
    return int(db.execute(query).scalar() or 0)


def _plain(one: Expectation) -> dict[str, Any]:
    return {**asdict(one.facts), "case": one.case, "step": one.step, "sentence": list(one.sentence)}


def _expectation(identifier: str, record: dict[str, Any]) -> Expectation:
    rest = dict(record)
    case, step, sentence = rest.pop("case"), rest.pop("step"), Text(*rest.pop("sentence"))
    return Expectation(identifier, Facts(**rest), case, step, sentence)


def _verdict(record: dict[str, Any]) -> Verdict:
    found = tuple(Difference(**one) for one in record["differences"])
    return Verdict(**(record | {"sentence": Text(*record["sentence"]), "differences": found}))


def _refused(identifier: str, *, taken: bool) -> UsageError:
    if taken:
        words = Text("cette attente existe déjà", "this expectation already exists")
        return UsageError("EXP-001", words, field="id", found=identifier)
    return UsageError(
        "EXP-002",
        Text("trop d'attentes dans la session", "too many expectations in the session"),
        field="expectations",
        expected=f"<= {MOST}",
        mend=Text("retirer celles qui ne servent plus", "withdraw those that serve no more"),
    )
