"""The journal: every exchange as raw bytes, committed before its answer leaves; refused handshakes too.

Bodies are blobs; the row holds the facts of a `protocol.exchange.Exchange` and what the mock made of it. Rows
of a session go away when it is reset or deleted, by `forget`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, Connection, Integer, Row, String, Table, Text, delete, insert, select

from mock_dmp.state.engine import Store
from mock_dmp.state.schema import METADATA
from protocol.exchange import Exchange, Headers, Request, Response, Tls

#: answered: as asked; refused: by a rule; error: our own failure; transport: not a whole HTTP request;
#: handshake: no HTTP at all.
Outcome = Literal["answered", "refused", "error", "transport", "handshake"]

_SESSION_LENGTH = 64  # an exchange for a longer name, which no session can have, is recorded all the same

journal = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    # No foreign key: an exchange is recorded even when its session went away meanwhile.
    Column("session", String(_SESSION_LENGTH), nullable=False, index=True),
    Column("started", String(40), nullable=False),
    Column("ended", String(40), nullable=False),
    Column("method", String(32), nullable=False),
    Column("target", Text, nullable=False),
    Column("request_headers", JSON, nullable=False),
    Column("request_body", String(64), nullable=False, index=True),
    Column("status", Integer, nullable=True),
    Column("response_headers", JSON, nullable=False),
    Column("response_body", String(64), nullable=False, index=True),
    Column("tls_version", String(32), nullable=True),
    Column("tls_cipher", String(64), nullable=True),
    Column("certificate", Text, nullable=True),
    Column("remote", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("outcome", String(16), nullable=False, index=True),
    Column("transaction", String(16), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("code", String(64), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("faults", JSON(none_as_null=True), nullable=True),  # those that were injected into the exchange
    sqlite_autoincrement=True,  # a seq is never given twice: clients ask for what came after one
)


_INSERT = insert(journal)


@dataclass
class Record:
    """One line of the journal being filled. Bodies are SHA-256 of blobs, "" for none.

    `code` is the error's (or the reason of a handshake), `detail` its sentence.
    """

    session: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    method: str = ""
    target: str = ""
    request_headers: Headers = ()
    request_body: str = ""
    status: int | None = None
    response_headers: Headers = ()
    response_body: str = ""
    tls: Tls | None = None
    remote: str = ""
    detail: str = ""
    outcome: Outcome = "answered"
    transaction: str = ""
    message_id: str = ""
    code: str = ""
    rule: str = ""
    warnings: list[dict[str, str]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)


def write(store: Store, record: Record) -> None:
    """Commit the record by itself."""
    with store.write() as db:
        add(db, record)


def add(db: Connection, record: Record) -> None:
    """Write the record inside a transaction, which must be committed before the answer leaves."""
    tls = record.tls
    row: dict[str, Any] = {
        "id": record.id,
        "session": _storable(record.session)[:_SESSION_LENGTH],
        "started": _stamp(record.started),
        "ended": _stamp(datetime.now(UTC)),
        "method": record.method,
        "target": record.target,
        "request_headers": [list(pair) for pair in record.request_headers],
        "request_body": record.request_body,
        "status": record.status,
        "response_headers": [list(pair) for pair in record.response_headers],
        "response_body": record.response_body,
        "tls_version": tls.version if tls else None,
        "tls_cipher": tls.cipher if tls else None,
        "certificate": tls.certificate.hex() if tls else None,
        "remote": record.remote,
        "detail": _storable(record.detail),
        "outcome": record.outcome,
        "transaction": record.transaction,
        "message_id": _storable(record.message_id),
        "code": record.code,
        "rule": record.rule,
        "warnings": record.warnings,
        "faults": record.faults or None,
    }
    db.execute(_INSERT, row)


def listing(
    db: Connection,
    session: str,
    *,
    after: int = 0,
    transaction: str = "",
    message_id: str = "",
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """Facts of the session's exchanges with seq > `after`, oldest first, without bodies.

    Handshakes that failed belong to no session: they are listed with the default one.
    """
    rows = select(journal).where(journal.c.seq > after, journal.c.session == session)
    if transaction:
        rows = rows.where(journal.c.transaction == transaction)
    if message_id:
        rows = rows.where(journal.c.message_id == message_id)
    return [_facts(row) for row in db.execute(rows.order_by(journal.c.seq).limit(limit))]


def latest(db: Connection, session: str, number: int) -> list[dict[str, Any]]:
    """Facts of the session's last exchanges, oldest first, without bodies."""
    rows = select(journal).where(journal.c.session == session).order_by(journal.c.seq.desc()).limit(number)
    return [_facts(row) for row in reversed(db.execute(rows).all())]


def find(db: Connection, session: str, exchange_id: str) -> dict[str, Any] | None:
    """Facts of one exchange, with `request_body` and `response_body`: SHA-256 of its blobs."""
    row = db.execute(select(journal).filter_by(session=session, id=exchange_id)).one_or_none()
    if row is None:
        return None
    return _facts(row) | {"request_body": row.request_body, "response_body": row.response_body}


def exchange(store: Store, session: str, exchange_id: str) -> Exchange | None:
    """One exchange with its bytes."""
    with store.read() as db:
        row = db.execute(select(journal).filter_by(session=session, id=exchange_id)).one_or_none()
    if row is None:
        return None
    answer = None
    if row.status is not None:
        answer = Response(row.status, _pairs(row.response_headers), _bytes(store, row.response_body))
    return Exchange(
        id=row.id,
        origin="mock",
        session=row.session,
        started=datetime.fromisoformat(row.started),
        ended=datetime.fromisoformat(row.ended),
        request=Request(row.method, row.target, _pairs(row.request_headers), _bytes(store, row.request_body)),
        response=answer,
        tls=_tls(row),
        failure=_failure(row),
    )


def forget(db: Connection, session: str) -> None:
    """Drop the session's rows; the blobs stay, others may share them."""
    db.execute(delete(journal).filter_by(session=session))


def _facts(row: Row[Any]) -> dict[str, Any]:
    tls = _tls(row)
    return {
        "seq": row.seq,
        "id": row.id,
        "origin": "mock",
        "session": row.session,
        "started": row.started,
        "ended": row.ended,
        "request": {"method": row.method, "target": row.target, "headers": row.request_headers},
        "response": None if row.status is None else {"status": row.status, "headers": row.response_headers},
        "tls": None
        if tls is None
        else {"version": tls.version, "cipher": tls.cipher, "certificate": tls.certificate.hex()},
        "failure": _failure(row),
        "detail": row.detail,
        "remote": row.remote,
        "outcome": row.outcome,
        "transaction": row.transaction,
        "message_id": row.message_id,
        "code": row.code,
        "rule": row.rule,
        "warnings": row.warnings,
        "faults": row.faults or [],
    }


def _failure(row: Row[Any]) -> str:
    """Why no answer left; an answer that refuses is no failure of the exchange."""
    return str(row.detail or row.code) if row.status is None else ""


def _tls(row: Row[Any]) -> Tls | None:
    if row.tls_version is None:
        return None
    return Tls(row.tls_version, row.tls_cipher, bytes.fromhex(row.certificate))


def _pairs(raw: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in raw)


def _bytes(store: Store, digest: str) -> bytes:
    return store.blobs.read(digest) if digest else b""


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
