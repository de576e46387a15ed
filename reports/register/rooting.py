"""Root keys, and the version of the trust file that waits for their signatures.

Root keys are people's, offline: whoever holds one signs the proposal on a machine of their own, with this file alone.
What is proposed, and its publication, is `reports.register.trusting`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import dsse, trustchain, trustversion
from protocol.errors import Text, UsageError
from protocol.regularfile import read_regular
from protocol.trust import PublicKey, TrustedKey, algorithm_of, keyid_of, pem, public_key, verifies
from protocol.trustversion import RootKey, Signed, Version
from reports.keys import made_once
from reports.register.trustfiles import LARGEST

Private = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True)
class Proposal:
    """The version in force (None: the first is proposed) and the one that waits for signatures."""

    current: Signed | None
    proposed: Signed

    @property
    def version(self) -> Version:
        return self.proposed.version

    @property
    def missing(self) -> tuple[int, int]:
        """How many keys must sign yet: of the root in force, of the root proposed. Raises EvidenceError."""
        old = trustchain.missing(self.proposed, self.current.version.root) if self.current else 0
        return old, trustchain.missing(self.proposed, self.version.root)

    @property
    def complete(self) -> bool:
        return not any(self.missing)

    def roots(self) -> dict[str, RootKey]:
        """Everybody who may sign it."""
        return {**(self.current.version.root.keys if self.current else {}), **self.version.root.keys}

    def data(self) -> bytes:
        """As a file: a chain of one or two versions."""
        return trustversion.lines([*([self.current] if self.current else []), self.proposed])

    def changes(self) -> tuple[tuple[str, TrustedKey], ...]:
        """What it changes, key by key: `+` added, `~` changed, `-` gone."""
        old = self.current.version.keys if self.current else {}
        new = self.version.keys
        return (
            *(("+" if keyid not in old else "~", key) for keyid, key in new.items() if old.get(keyid) != key),
            *(("-", key) for keyid, key in old.items() if keyid not in new),
        )


def read(data: bytes) -> Proposal:
    """Read a proposal strictly. Raises EvidenceError (TRUST-010…), UsageError for a file that is none."""
    listed = trustversion.read(data)
    if len(listed) > 2 or (len(listed) == 1) != (listed[-1].version.number == 1):
        raise refused("PROPOSAL", f"{len(listed)} versions", "1, 2")
    current = listed[0] if len(listed) == 2 else None
    trustchain.fits(listed[:-1], listed[-1].version)
    if current is not None:
        trustchain.check([current])
    found = Proposal(current, listed[-1])
    _ = found.missing  # a signature that is wrong is told now
    return found


def read_file(path: Path) -> Proposal:
    """A proposal on disk. Raises EvidenceError, UsageError, OSError."""
    return read(read_regular(path, LARGEST))


def merged(copies: Sequence[Proposal]) -> Proposal:
    """One proposal with the signatures of all its copies. Raises UsageError when they are not of one proposal."""
    first = copies[0]
    for one in copies[1:]:
        if one.version.digest != first.version.digest:
            raise refused("PROPOSAL", one.version.digest, first.version.digest)
        for signature in one.proposed.signatures:
            first = replace(first, proposed=first.proposed.with_(signature))
    _ = first.missing
    return first


def signed(proposal: Proposal, private: Private) -> Proposal:
    """The proposal with one more signature. Raises UsageError for a key that is no root of it."""
    return attached(proposal, private.public_key(), _sign(private, proposal.proposed.covered))


def attached(proposal: Proposal, public: PublicKey, value: bytes) -> Proposal:
    """The proposal with a signature of its `covered` bytes that was made elsewhere, by a token: DER, or 64 bytes of
    Ed25519. Raises UsageError for a key that is no root of it, and for a signature that it did not make.
    """
    keyid = keyid_of(public)
    if keyid not in proposal.roots():
        raise refused("--key", keyid, " ".join(one[:16] for one in proposal.roots()))
    if not verifies(public, value, proposal.proposed.covered):
        raise refused("--signature", value.hex()[:32], f"{algorithm_of(public)} {keyid[:16]}")
    return replace(proposal, proposed=proposal.proposed.with_(dsse.Signature(keyid, value)))


def new_key(path: Path, passphrase: str = "") -> PublicKey:
    """Make a root key (P-384): `path` is its private half, of mode 0600, `path.pub` its public one.

    Raises UsageError when there is one: a root is never written over.
    """
    public = path.with_name(f"{path.name}.pub")
    if path.exists() or public.exists():
        raise refused("FILE", str(path), "")
    private = ec.generate_private_key(ec.SECP384R1())
    kept = (
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption()
    )
    made_once(
        path, private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept)
    )
    public.write_text(pem(private.public_key()), encoding="ascii")
    return private.public_key()


def public_in(path: Path) -> PublicKey:
    """The public root key of a PEM file. A private one is refused: it has no business here. Raises UsageError."""
    data = read_regular(path, LARGEST)
    if b"PRIVATE KEY" in data:
        raise refused(str(path), "PRIVATE KEY", f"{path.name}.pub")
    try:
        return public_key(data)
    except ValueError as problem:
        raise refused(str(path), str(problem), "PEM: P-384, P-256, Ed25519") from problem


def private_in(path: Path, passphrase: str = "") -> Private:
    """The private key of a PEM file. Raises UsageError."""
    data = read_regular(path, LARGEST)
    try:
        found: object = serialization.load_pem_private_key(
            data, password=passphrase.encode() if passphrase else None
        )
        if isinstance(found, Private):
            algorithm_of(found.public_key())
            return found
        raise ValueError(type(found).__name__)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise refused(str(path), str(problem), "PEM: P-384, P-256, Ed25519") from problem


def passphrase_of(named: str) -> str:
    """The value of `env:NAME`, "" for "": a passphrase is never on a command line. Raises UsageError."""
    if not named:
        return ""
    name = named.removeprefix("env:")
    if name == named or not os.environ.get(name):
        raise refused("--passphrase", named, "env:NAME")
    return os.environ[name]


def refused(field: str, found: str, expected: str) -> UsageError:
    """A change of the trust file that can't be."""
    return UsageError(
        "TRUST-001",
        Text("changement des clés refusé", "change of the keys refused"),
        field=field,
        found=found,
        expected=expected,
    )


def _sign(private: Private, data: bytes) -> bytes:
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(data)
    wide = isinstance(private.curve, ec.SECP384R1)
    return private.sign(data, ec.ECDSA(hashes.SHA384() if wide else hashes.SHA256()))
