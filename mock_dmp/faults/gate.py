"""Faults of the TLS handshake: who is refused, who is shown a bad server certificate.

A handshake names no session: these faults belong to the session that armed them, and strike the client certificate or
the address that they name. A certificate that is bound to a session is refused by the faults of that session alone. A
file beside the blobs says that some are armed: without it nothing is asked of the database.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mock_dmp import journal
from mock_dmp.faults import plan
from mock_dmp.faults.badserver import bad_context
from mock_dmp.faults.plan import Planned
from mock_dmp.faults.striking import Strike
from mock_dmp.journal import Record
from mock_dmp.pki import PkiIndex
from mock_dmp.state import certificates, faults
from mock_dmp.state.engine import Store

_FLAG: Final = "handshake-faults"


def mark(store: Store) -> None:
    """Say beside the blobs whether a fault of the handshake is armed. After every change of the faults."""
    flag = _flag(store)
    with store.read() as db:
        armed = any(plan.read(kept.plan).kind.stage == "handshake" for kept in faults.every_armed(db))
    if armed:
        flag.touch()
    else:
        flag.unlink(missing_ok=True)


class Gate:
    """Asked by each connection at its handshake."""

    def __init__(self, store: Store, index: PkiIndex) -> None:
        self._store = store
        self._flag = _flag(store)
        self._index = index
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    @property
    def armed(self) -> bool:
        """Is there any such fault?"""
        return self._flag.exists()

    def context(self, address: str) -> tuple[ssl.SSLContext, dict[str, Any]] | None:
        """The context of the bad server certificate that this client gets, and what the journal says of it."""
        found = self._strike("stale-certificate", lambda _, given: _from(given, address))
        if found is None:
            return None
        flaw = str(found.planned.parameters["flaw"])
        with self._lock:
            if flaw not in self._contexts:
                self._contexts[flaw] = bad_context(self._index, flaw)
        return self._contexts[flaw], found.told() | {"session": found.kept.session}

    def refusal(self, der: bytes, address: str, remote: str) -> int | None:
        """Description of the TLS alert that refuses this client, None to let it in.

        The refusal is then in the journal of the session that armed the fault.
        """
        shown = hashlib.sha256(der).hexdigest()
        owner = certificates.session_of(self._store, der)

        def concerned(session: str, planned: Planned) -> bool:
            wanted = str(planned.parameters["certificate"]).lower().replace(":", "")
            ours = owner in ("", session)
            return bool(der) and ours and _from(planned, address) and wanted in ("", shown)

        found = self._strike("tls-refusal", concerned)
        if found is None:
            return None
        record = Record(
            session=found.kept.session,
            remote=remote,
            outcome="handshake",
            code="fault",
            detail=f"panne {found.planned.kind.name} : certificat {shown}",
            faults=[found.told()],
        )
        journal.write(self._store, record)
        return ALERTS[str(found.planned.parameters["alert"])]

    def _strike(self, name: str, concerned: Callable[[str, Planned], bool]) -> Strike | None:
        """The first armed fault of that name that concerns the connection and strikes it; counted."""
        with self._store.write() as db:
            found = None
            for kept in faults.every_armed(db):
                planned = plan.read(kept.plan)
                if found is not None or planned.kind.name != name or not concerned(kept.session, planned):
                    continue
                rank = kept.calls + 1
                hit = planned.when.strikes(rank, kept.hits)
                hits = kept.hits + hit
                armed = not planned.when.spent(rank, hits)
                faults.count(db, kept, calls=rank, hits=hits, armed=armed)
                found = Strike(kept, planned, rank) if hit else None
        mark(self._store)
        return found


#: Alert descriptions (RFC 5246 7.2.2).
ALERTS: Final = {
    "handshake_failure": 40,
    "bad_certificate": 42,
    "certificate_revoked": 44,
    "certificate_expired": 45,
    "unknown_ca": 48,
    "access_denied": 49,
}


def _flag(store: Store) -> Path:
    return store.blobs.root.parent / _FLAG


def _from(planned: Planned, address: str) -> bool:
    wanted = str(planned.parameters["address"])
    return wanted in ("", address)
