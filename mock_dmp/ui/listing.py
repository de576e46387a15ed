"""What the lists show: sessions with their counts, exchanges of a session that pass a filter, newest first.

Counts come from the indexes of the journal, so that they stay cheap when it is long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, Select, func, or_, select

from mock_dmp.journal import Outcome, journal
from mock_dmp.state.schema import sessions
from mock_dmp.state.settings import settings_table
from mock_dmp.ui import armed
from protocol import transactions
from protocol.errors import NO_TEXT, Lang, Text

OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
#: Exchanges on one page, and in one go of the live feed.
PAGE: Final = 100
_LONGEST_TEXT: Final = 200
_SEARCHED: Final = ("id", "message_id", "transaction", "code", "rule", "detail", "target")


@dataclass(frozen=True)
class Filter:
    """What a reader wants to see. "" for everything; `text` is looked for in ids, codes, sentences and paths."""

    transaction: str = ""
    outcome: str = ""
    text: str = ""

    @classmethod
    def asked(cls, values: Mapping[str, str]) -> Filter:
        """From the parameters of a URL: `transaction`, `outcome`, `q`. What is not known filters nothing."""
        outcome = values.get("outcome", "")
        return cls(
            transaction=values.get("transaction", "")[:_LONGEST_TEXT],
            outcome=outcome if outcome in OUTCOMES else "",
            text=values.get("q", "").strip().replace("\0", "")[:_LONGEST_TEXT],
        )

    def parameters(self) -> dict[str, str]:
        """The parameters of a URL that asks for the same."""
        named = {"transaction": self.transaction, "outcome": self.outcome, "q": self.text}
        return {name: value for name, value in named.items() if value}

    def apply(self, query: Select[Any]) -> Select[Any]:
        if self.transaction:
            query = query.where(journal.c.transaction == self.transaction)
        if self.outcome:
            query = query.where(journal.c.outcome == self.outcome)
        if self.text:
            columns = (journal.c[name] for name in _SEARCHED)
            query = query.where(or_(*(column.icontains(self.text, autoescape=True) for column in columns)))
        return query


@dataclass(frozen=True)
class Line:
    """One exchange in a list. `started` is ISO 8601 UTC; `milliseconds` until its answer was recorded."""

    seq: int
    id: str
    started: str
    milliseconds: int
    method: str
    target: str
    transaction: str
    title: str
    outcome: str
    status: int | None
    code: str
    rule: str
    warnings: int
    faults: int


@dataclass(frozen=True)
class SessionLine:
    """One session in the list. `last` is when its last exchange began, "" when it has none."""

    name: str
    created: str
    exchanges: int
    refused: int
    failed: int
    last: str
    settings: int
    armed: int


_COLUMNS: Final = (
    journal.c.seq,
    journal.c.id,
    journal.c.started,
    journal.c.ended,
    journal.c.method,
    journal.c.target,
    journal.c.transaction,
    journal.c.outcome,
    journal.c.status,
    journal.c.code,
    journal.c.rule,
    journal.c.warnings,
    journal.c.faults,
)


def newest(
    db: Connection, session: str, wanted: Filter, *, before: int = 0, lang: Lang = "fr", limit: int = PAGE
) -> list[Line]:
    """Exchanges with seq < `before` (0: all), newest first."""
    query = wanted.apply(select(*_COLUMNS).where(journal.c.session == session))
    if before:
        query = query.where(journal.c.seq < before)
    return _lines(db.execute(query.order_by(journal.c.seq.desc()).limit(limit)), lang)


def since(
    db: Connection, session: str, wanted: Filter, after: int, *, lang: Lang = "fr", limit: int = PAGE
) -> list[Line]:
    """Exchanges with seq > `after`, oldest first."""
    query = wanted.apply(select(*_COLUMNS).where(journal.c.session == session, journal.c.seq > after))
    return _lines(db.execute(query.order_by(journal.c.seq).limit(limit)), lang)


def last_seq(db: Connection, session: str) -> int:
    """The seq of the session's last exchange, 0 when it has none."""
    return int(db.execute(select(func.max(journal.c.seq)).where(journal.c.session == session)).scalar() or 0)


def neighbours(db: Connection, session: str, seq: int) -> tuple[str, str]:
    """Ids of the exchanges just before and just after in the session, "" for none."""
    mine = select(journal.c.id).where(journal.c.session == session)
    before = db.execute(mine.where(journal.c.seq < seq).order_by(journal.c.seq.desc()).limit(1)).scalar()
    after = db.execute(mine.where(journal.c.seq > seq).order_by(journal.c.seq).limit(1)).scalar()
    return str(before or ""), str(after or "")


def created(db: Connection, session: str) -> str:
    """When the session was made or reset; "" when it is gone."""
    return str(db.execute(select(sessions.c.created).where(sessions.c.name == session)).scalar() or "")


def all_sessions(db: Connection) -> list[SessionLine]:
    """Every session, the most recently active first."""
    counts = {
        row.session: row
        for row in db.execute(
            select(
                journal.c.session, func.count().label("n"), func.max(journal.c.seq).label("last")
            ).group_by(journal.c.session)
        )
    }
    bad: dict[tuple[str, str], int] = {}
    wrong = select(journal.c.session, journal.c.outcome, func.count().label("n")).where(
        journal.c.outcome.in_([name for name in OUTCOMES if name != "answered"])
    )
    for row in db.execute(wrong.group_by(journal.c.session, journal.c.outcome)):
        bad[row.session, row.outcome] = row.n
    stamps = _stamps(db, [row.last for row in counts.values()])
    usual = select(settings_table.c.session, func.count()).where(settings_table.c.name.not_in(armed.SETTINGS))
    changed = {row[0]: row[1] for row in db.execute(usual.group_by(settings_table.c.session))}
    wrongs: dict[str, dict[str, object]] = {}
    for row in db.execute(select(settings_table).where(settings_table.c.name.in_(armed.SETTINGS))):
        wrongs.setdefault(row.session, {})[row.name] = row.value
    lines = []
    for row in db.execute(select(sessions.c.name, sessions.c.created)):
        count = counts.get(row.name)
        lines.append(
            SessionLine(
                name=row.name,
                created=row.created,
                exchanges=count.n if count else 0,
                refused=bad.get((row.name, "refused"), 0),
                failed=sum(bad.get((row.name, one), 0) for one in OUTCOMES[2:]),
                last=stamps.get(count.last, "") if count else "",
                settings=changed.get(row.name, 0),
                armed=armed.count(wrongs.get(row.name, {})),
            )
        )
    return sorted(lines, key=lambda line: (line.last or line.created, line.name), reverse=True)


def _stamps(db: Connection, seqs: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(seqs), 500):  # databases bound the number of values
        query = select(journal.c.seq, journal.c.started).where(journal.c.seq.in_(seqs[start : start + 500]))
        found |= {row.seq: row.started for row in db.execute(query)}
    return found


def _lines(rows: Iterable[Row[Any]], lang: Lang) -> list[Line]:
    return [
        Line(
            seq=row.seq,
            id=row.id,
            started=row.started,
            milliseconds=elapsed(row.started, row.ended),
            method=row.method,
            target=row.target,
            transaction=row.transaction,
            title=title_of(row.transaction).to(lang),
            outcome=row.outcome,
            status=row.status,
            code=row.code,
            rule=row.rule,
            warnings=len(row.warnings),
            faults=len(row.faults or ()),
        )
        for row in rows
    ]


def title_of(transaction: str) -> Text:
    """The title of a transaction, nothing for what is none."""
    registry = transactions.load()
    return registry.by_id(transaction).title if transaction in registry else NO_TEXT


def elapsed(started: str, ended: str) -> int:
    """Milliseconds between two stamps of the journal."""
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() * 1000)
