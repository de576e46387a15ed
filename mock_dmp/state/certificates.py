"""Client certificates bound to sessions: whoever presents one and names no session is in that one.

A certificate is named by its SHA-256 or by its subject; one name belongs to one session. A file beside the blobs says
that there are some: without it nothing is asked of the database. Reset keeps them, they go with their session.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from sqlalchemy import Column, Connection, Integer, Row, String, Table, Text, delete, func, insert, select

from mock_dmp.state.engine import Store
from mock_dmp.state.schema import METADATA, of_session
from protocol.dn import same_dn, signer_dn
from protocol.errors import Text as Words
from protocol.errors import UsageError

_FLAG: Final = "session-certificates"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

certificates = Table(
    "certificates",
    METADATA,
    Column("id", Integer, primary_key=True),
    of_session(primary_key=False),
    Column("sha256", String(64), nullable=False),
    Column("subject", Text, nullable=False),
)


@dataclass(frozen=True)
class Bound:
    """A certificate of a session, by its SHA-256 (hex) or its subject; the other one is ""."""

    id: int
    session: str
    sha256: str
    subject: str


def bind(db: Connection, session: str, *, sha256: str = "", subject: str = "") -> Bound:
    """Bind a certificate to a session that exists, by its fingerprint or by its subject.

    Fingerprints with colons or in capitals are read too. The same again changes nothing.
    Raises UsageError: neither or both (CRT-001), unreadable (CRT-002), of another session (CRT-003).
    """
    wanted = _checked(sha256, subject)
    for known in every(db):
        if _same(known, *wanted):
            if known.session != session:
                raise UsageError(
                    "CRT-003",
                    Words(
                        "ce certificat est celui d'une autre session",
                        "this certificate belongs to another session",
                    ),
                    field="sha256" if sha256 else "subject",
                    found=f"{sha256 or subject} ({known.session})",
                    mend=Words(
                        f"DELETE …/sessions/{known.session}/certificates/{known.id}",
                        f"DELETE …/sessions/{known.session}/certificates/{known.id}",
                    ),
                )
            return known
    last = db.execute(select(func.max(certificates.c.id))).scalar()
    made = Bound(int(last or 0) + 1, session, *wanted)
    _add(db, made)
    return made


def listing(db: Connection, session: str) -> tuple[Bound, ...]:
    """The certificates of a session, in the order they were bound."""
    rows = select(certificates).filter_by(session=session).order_by(certificates.c.id)
    return tuple(_read(row) for row in db.execute(rows))


def every(db: Connection) -> tuple[Bound, ...]:
    """Those of all sessions."""
    return tuple(_read(row) for row in db.execute(select(certificates).order_by(certificates.c.id)))


def put_back(db: Connection, several: tuple[Bound, ...]) -> None:
    """Bind again what a reset took away."""
    for one in several:
        _add(db, one)


def unbind(db: Connection, session: str, number: int) -> bool:
    """Unbind one certificate of a session; says whether it had it."""
    return db.execute(delete(certificates).filter_by(session=session, id=number)).rowcount > 0


def mark(store: Store) -> None:
    """Say beside the blobs whether any certificate is bound. At start, and after every change."""
    flag = _flag(store)
    with store.write() as db:  # in turn: the last to look is the last to say
        if db.execute(select(certificates.c.id).limit(1)).scalar() is None:
            flag.unlink(missing_ok=True)
        else:
            flag.touch()


def session_of(store: Store, der: bytes) -> str:
    """The session of a client certificate (DER), "" for none: by its fingerprint first, then by its subject."""
    if not der or not _flag(store).exists():
        return ""
    with store.read() as db:
        known = every(db)
    sha256, subject = _names(der)
    by_print = [one.session for one in known if one.sha256 == sha256]
    by_name = (one.session for one in known if one.subject and same_dn(one.subject, subject))
    return next(iter(by_print), "") or next(by_name, "")


def _checked(sha256: str, subject: str) -> tuple[str, str]:
    if bool(sha256) == bool(subject):
        raise UsageError(
            "CRT-001",
            Words("une empreinte ou un sujet, et un seul", "a fingerprint or a subject, and only one"),
            field="sha256, subject",
            found="∅" if not sha256 else f"{sha256}, {subject}",
            expected='{"sha256": "…"} | {"subject": "CN=…"}',
        )
    digest = sha256.replace(":", "").replace(" ", "").lower()
    if sha256 and not _SHA256.fullmatch(digest):
        raise _unreadable("sha256", sha256, "64 [0-9a-f]")
    if subject and not same_dn(subject, subject):
        raise _unreadable("subject", subject, "CN=…,OU=…,O=…,C=FR (RFC 2253)")
    return digest, subject


def _unreadable(field: str, found: str, expected: str) -> UsageError:
    return UsageError(
        "CRT-002",
        Words("nom de certificat illisible", "certificate name can't be read"),
        field=field,
        found=found[:200],
        expected=expected,
    )


def _same(known: Bound, sha256: str, subject: str) -> bool:
    if sha256:
        return known.sha256 == sha256
    return bool(known.subject) and same_dn(known.subject, subject)


@lru_cache(maxsize=1024)
def _names(der: bytes) -> tuple[str, str]:
    """Fingerprint and subject; a client sends the same certificate with every call."""
    return hashlib.sha256(der).hexdigest(), signer_dn(x509.load_der_x509_certificate(der))


def _add(db: Connection, one: Bound) -> None:
    values = {"id": one.id, "session": one.session, "sha256": one.sha256, "subject": one.subject}
    db.execute(insert(certificates).values(values))


def _read(row: Row[Any]) -> Bound:
    return Bound(row.id, row.session, row.sha256, row.subject)


def _flag(store: Store) -> Path:
    return store.blobs.root.parent / _FLAG
