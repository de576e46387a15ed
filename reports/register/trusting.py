"""The trust file of a register: adding a key, rotating one with an overlap, distrusting one; each change is an entry.

The new file is written beside, the register gets an entry TRUST with its digest, then the file takes its name: after a
crash the next change, or `settle`, finishes or forgets the one that was interrupted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.evidence import write_atomic
from protocol.errors import Text, UsageError
from protocol.trust import ROLES, PublicKey, TrustedKey, keyid_of, load_trust, trust_document
from reports.register.opening import Office
from reports.register.store import Draft, Receipt

TRUST: Final = "trust.json"
_NEXT: Final = "trust.json.next"
_LOCK: Final = ".trust.lock"

Keys = Mapping[str, TrustedKey]


def trusted(office: Office) -> dict[str, TrustedKey]:
    """The keys of the register's trust file; the seal alone while there is none. Raises EvidenceError."""
    path = office.folder / TRUST
    listed = load_trust(path) if path.exists() else {}
    return {office.seal.keyid: office.seal.key, **listed}


def add(
    office: Office, key: TrustedKey, reason: str, *, replaces: str = "", overlap_days: int = 90
) -> Receipt:
    """Add a key. `replaces`: id of the key that it takes over from, which stops `overlap_days` after this one begins.

    Raises UsageError for a key that is there, a role that is none, a replaced key of another role or unknown.
    """
    if key.role not in ROLES:
        raise _refused("--role", key.role, " ".join(ROLES))

    def changed(known: Keys) -> dict[str, TrustedKey]:
        if key.keyid in known:
            raise _refused("KEY", key.keyid, "")
        listed = {**known, key.keyid: key}
        if replaces:
            old = known[one_of(known, replaces)]
            if old.role != key.role:
                raise _refused("--replaces", old.role, key.role)
            end = key.not_before + timedelta(days=overlap_days)
            listed[old.keyid] = replace(old, not_after=min(end, old.not_after or end))
        return listed

    return _change(office, changed, reason)


def distrust(office: Office, keyid: str, after: datetime, reason: str) -> Receipt:
    """Distrust a key after a moment, which may be brought forward later and never back. Raises UsageError."""

    def changed(known: Keys) -> dict[str, TrustedKey]:
        key = known[one_of(known, keyid)]
        if key.distrust_after is not None and after > key.distrust_after:
            raise _refused("--after", str(after), f"<= {key.distrust_after}")
        return {**known, key.keyid: replace(key, distrust_after=after.replace(microsecond=0))}

    return _change(office, changed, reason)


def one_of(known: Keys, keyid: str) -> str:
    """The one key whose id begins so. Raises UsageError."""
    found = [one for one in known if one.startswith(keyid)]
    if len(found) != 1 or len(keyid) < 8:
        raise _refused("KEYID", keyid, " ".join(one[:16] for one in known))
    return found[0]


def described(
    path: Path, role: str, name: str, issuers: tuple[str, ...], begins: datetime, ends: datetime | None
) -> TrustedKey:
    """A key from its PEM file, public or private (of which only the public half is read). Raises UsageError."""
    return TrustedKey(
        keyid=keyid_of(found := _public(path)),
        role=role,
        name=name,
        issuers=issuers,
        not_before=begins.replace(microsecond=0),
        not_after=ends,
        public=found,
    )


def settle(office: Office) -> None:
    """Finish or forget a change that a crash interrupted: the register says which."""
    with _locked(office):
        _settled(office)


def _change(office: Office, changed: Callable[[Keys], dict[str, TrustedKey]], reason: str) -> Receipt:
    with _locked(office):
        _settled(office)
        document = trust_document(list(changed(trusted(office)).values()))
        coming = office.folder / _NEXT
        write_atomic(coming, document)
        facts = {"digest": hashlib.sha256(document).hexdigest()}
        try:
            receipt = office.register.append([Draft("TRUST", "", office.seal.keyid, reason, facts)])[0]
        except Exception:
            coming.unlink(missing_ok=True)  # the register refused: nothing changed
            raise
        coming.replace(office.folder / TRUST)
        return receipt


def _settled(office: Office) -> None:
    coming = office.folder / _NEXT
    if not coming.exists():
        return
    digest = hashlib.sha256(coming.read_bytes()).hexdigest()
    last = next((one for one in reversed(office.register.entries()) if one.kind == "TRUST"), None)
    if last is not None and last.facts["digest"] == digest:
        coming.replace(office.folder / TRUST)
    else:
        coming.unlink()


def _public(path: Path) -> PublicKey:
    data = path.read_bytes()
    try:
        found: object = (
            serialization.load_pem_private_key(data, password=None).public_key()
            if b"PRIVATE KEY" in data
            else serialization.load_pem_public_key(data)
        )
    except (ValueError, TypeError) as problem:
        raise _refused(str(path), str(problem), "PEM") from problem
    if isinstance(found, Ed25519PublicKey) or (
        isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1)
    ):
        return found
    raise _refused(str(path), type(found).__name__, "P-256, Ed25519")


@contextmanager
def _locked(office: Office) -> Iterator[None]:
    descriptor = os.open(office.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refused(field: str, found: str, expected: str) -> UsageError:
    return UsageError(
        "TRUST-001",
        Text("changement des clés refusé", "change of the keys refused"),
        field=field,
        found=found,
        expected=expected,
    )
