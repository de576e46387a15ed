"""Where a register keeps its trust file, its signed versions and the version that waits for signatures.

A change is written beside, the register gets an entry TRUST with its digest, then the files take their names: after a
crash the next change, or `settle`, finishes or forgets the one that was interrupted. What changes is
`reports.register.trusting`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.evidence import write_atomic
from protocol import trustversion
from protocol.regularfile import read_regular
from protocol.trust import TrustedKey, load_trust, trust_document
from protocol.trustversion import Signed
from reports.register.opening import Office
from reports.register.store import Draft, Receipt

TRUST: Final = "trust.json"
#: Every signed version, an envelope a line; its last one is what `trust.json` says.
CHAIN: Final = "trust-chain.ndjson"
#: The last version alone, as it is published.
SIGNED: Final = "trust.dsse.json"
#: The version in force and the one that waits for signatures, as a chain.
PROPOSAL: Final = "trust-proposal.ndjson"
#: Folder of the root keys of a rehearsal: a real root is kept elsewhere, by people.
ROOTS: Final = "racine"
PEOPLE: Final = "personnes/people.json"
LARGEST: Final = 16 * 1024 * 1024
_NEXT: Final = ".next"
_LOCK: Final = ".trust.lock"


def chain(office: Office) -> tuple[Signed, ...]:
    """The signed versions of the register; none when it has no root. Raises EvidenceError."""
    path = office.folder / CHAIN
    return trustversion.read(read_regular(path, LARGEST)) if path.exists() else ()


def trusted(office: Office) -> dict[str, TrustedKey]:
    """The keys of the register's trust file; the seal alone while there is none. Raises EvidenceError."""
    path = office.folder / TRUST
    listed = load_trust(path) if path.exists() else {}
    return {office.seal.keyid: office.seal.key, **listed}


def people(office: Office) -> dict[str, TrustedKey]:
    """The keys of the people of the office. Raises EvidenceError."""
    path = office.folder / PEOPLE
    return load_trust(path) if path.exists() else {}


def published(office: Office) -> Iterator[tuple[str, bytes]]:
    """What an authority publishes of it, by name: the trust file, its signed form and the chain when it has a root."""
    settle(office)
    path, versions = office.folder / TRUST, chain(office)
    whole = path.exists() and office.seal.keyid in load_trust(path)
    yield TRUST, path.read_bytes() if whole else trust_document(list(trusted(office).values()))
    if versions:
        yield SIGNED, versions[-1].line()
        yield CHAIN, trustversion.lines(versions)


@dataclass(frozen=True)
class Logged:
    """The trust file that the register logged, the proof of its entry, its chain (empty without a root)."""

    document: bytes
    receipt: Receipt
    chain: bytes


def logged(office: Office, needed: Collection[str] = (), size: int | None = None) -> Logged | None:
    """The trust file of now; None when the register never logged it, or it lacks one of these keys. `size`: of the
    checkpoint to prove its entry by, if that has it; else that of now.
    """
    settle(office)
    path = office.folder / TRUST
    if not path.exists() or not {office.seal.keyid, *needed} <= set(load_trust(path)):
        return None
    document = path.read_bytes()
    digest = hashlib.sha256(document).hexdigest()
    seqs = [
        one.seq for one in office.register.entries() if one.kind == "TRUST" and one.facts["digest"] == digest
    ]
    if not seqs:
        return None
    there = size is not None and seqs[-1] < size
    receipt = office.register.receipt(seqs[-1], size if there else None)
    return Logged(document, receipt, trustversion.lines(chain(office)))


def commit(office: Office, document: bytes, reason: str, versions: tuple[Signed, ...] = ()) -> Receipt:
    """Log a trust file, then put it in place, with its chain. The lock is held. Raises what the register raises."""
    name, data = (CHAIN, trustversion.lines(versions)) if versions else (TRUST, document)
    coming = office.folder / f"{name}{_NEXT}"
    write_atomic(coming, data)
    facts = {"digest": hashlib.sha256(document).hexdigest()}
    try:
        receipt = office.register.append([Draft("TRUST", "", office.seal.keyid, reason, facts)])[0]
    except Exception:
        coming.unlink(missing_ok=True)  # the register refused: nothing changed
        raise
    _placed(coming)
    return receipt


def settle(office: Office) -> None:
    """Finish or forget a change that a crash interrupted: the register says which."""
    with locked(office):
        settled(office)


def settled(office: Office) -> None:
    """The same for who holds the lock."""
    for name in (TRUST, CHAIN):
        coming = office.folder / f"{name}{_NEXT}"
        if not coming.exists():
            continue
        digest = hashlib.sha256(_document(coming)).hexdigest()
        last = next((one for one in reversed(office.register.entries()) if one.kind == "TRUST"), None)
        if last is not None and last.facts["digest"] == digest:
            _placed(coming)
        else:
            coming.unlink()


@contextmanager
def locked(office: Office) -> Iterator[None]:
    """One change at a time."""
    descriptor = os.open(office.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _document(coming: Path) -> bytes:
    data = coming.read_bytes()
    return trustversion.read(data)[-1].version.payload if coming.name == f"{CHAIN}{_NEXT}" else data


def _placed(coming: Path) -> None:
    """The trust file first: while the chain bears its other name, what was begun can be finished."""
    target = coming.with_name(coming.name.removesuffix(_NEXT))
    if target.name == CHAIN:
        write_atomic(coming.with_name(TRUST), _document(coming))
    coming.replace(target)
