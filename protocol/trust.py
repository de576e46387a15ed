"""The trust file: which public key may sign what, and since when.

Whoever verifies a signed thing reads it here: reports, and the status list at the entry of a platform. A key that was
compromised is not removed but distrusted after a moment: what was time-stamped and logged before stays valid. Private
keys are not here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.regularfile import read_regular

ALGORITHM: Final = "ecdsa-p256-sha256"
P384: Final = "ecdsa-p384-sha384"
ED25519: Final = "ed25519"
#: What a key may be for. `root` signs nothing but versions of this file: `protocol.trustchain`.
ROLES: Final = ("root", "seal", "reviewer", "editor", "log", "status", "witness")
_LARGEST: Final = 4 * 1024 * 1024
#: A reader of the first format would overlook a distrust: a file that has one, or an Ed25519 key, is of the second.
#: The third has a version, an end and a root that signs it (`protocol.trustchain`).
_FORMATS: Final = ("dmpcompat-trust/1", "dmpcompat-trust/2", "dmpcompat-trust/3")

PublicKey = ec.EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True)
class TrustedKey:
    """A public key with its role (of `ROLES`), name, the issuers (`TST`…) it may sign for and its dates (UTC).

    `distrust_after`: nothing that it signed later counts; what it signed before counts where that is proven.
    """

    keyid: str
    role: str
    name: str
    issuers: tuple[str, ...]
    not_before: datetime
    not_after: datetime | None
    public: PublicKey
    distrust_after: datetime | None = None

    @property
    def algorithm(self) -> str:
        return algorithm_of(self.public)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        return verifies(self.public, signature, data)

    def valid_at(self, moment: datetime) -> bool:
        """Whether it might sign at that moment. Of a distrusted key a moment that it claims proves nothing: see
        `proven_by`.
        """
        return (
            self.not_before <= moment
            and (self.not_after is None or moment < self.not_after)
            and (self.distrust_after is None or moment <= self.distrust_after)
        )

    def proven_by(self, *witnessed: datetime | None) -> bool:
        """Whether what it signed counts, given when others (time stamp, register) saw it; None: they did not."""
        if self.distrust_after is None:
            return True
        return all(one is not None and one <= self.distrust_after for one in witnessed)


def algorithm_of(public: PublicKey) -> str:
    """The one algorithm that a key signs with. Raises ValueError for a curve that is none of ours."""
    if isinstance(public, Ed25519PublicKey):
        return ED25519
    found = {"secp256r1": ALGORITHM, "secp384r1": P384}.get(public.curve.name)
    if found is None:
        raise ValueError(f"curve {public.curve.name}")
    return found


def verifies(public: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the key made this signature of these bytes, by its own algorithm."""
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(signature, data)
        else:
            wide = isinstance(public.curve, ec.SECP384R1)
            public.verify(signature, data, ec.ECDSA(hashes.SHA384() if wide else hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def keyid_of(public: PublicKey) -> str:
    """SHA-256 (hex) of the SubjectPublicKeyInfo."""
    return hashlib.sha256(_spki(public)).hexdigest()


def load_trust(path: Path) -> dict[str, TrustedKey]:
    """Keys by id. Raises OSError, FileRefused, EvidenceError for anything that is not a trust file of ours."""
    return read_trust(read_regular(path, _LARGEST), str(path))


def read_trust(data: bytes, where: str) -> dict[str, TrustedKey]:
    """Keys by id of a trust file that is no file here; `where` names it in errors. Raises EvidenceError."""
    raw = canonical.loads(data)
    try:
        if raw["format"] not in _FORMATS:
            raise ValueError(f"format {raw['format']!r}")
        keys = [of_entry(entry) for entry in raw["keys"]]
        if len({key.keyid for key in keys}) != len(keys):
            raise ValueError("a key twice")
    except (KeyError, TypeError, ValueError) as problem:
        raise EvidenceError(
            "KEY-003",
            Text("fichier de confiance illisible", "the trust file can't be read"),
            field=where,
            found=str(problem),
        ) from problem
    return {key.keyid: key for key in keys}


def trust_document(keys: list[TrustedKey]) -> bytes:
    """The trust file that lists these keys, which nobody signs."""
    newer = any(key.distrust_after or key.algorithm != ALGORITHM for key in keys)
    return canonical.dumps({"format": _FORMATS[newer], "keys": entries(keys)})


def entries(keys: Iterable[TrustedKey]) -> list[dict[str, Any]]:
    """The keys as a trust file lists them."""
    return [
        {
            "keyid": key.keyid,
            "role": key.role,
            "name": key.name,
            "issuers": list(key.issuers),
            "algorithm": key.algorithm,
            "notBefore": stamp(key.not_before),
            "notAfter": stamp(key.not_after) if key.not_after else None,
            "public": pem(key.public),
            **({"distrustAfter": stamp(key.distrust_after)} if key.distrust_after else {}),
        }
        for key in keys
    ]


def stamp(moment: datetime) -> str:
    """UTC, seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The inverse of `stamp`: one way to write one moment. Raises ValueError."""
    found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if stamp(found) != text:
        raise ValueError(f"{text!r}: 2026-01-31T12:00:00Z is expected")
    return found


def of_entry(entry: dict[str, Any]) -> TrustedKey:
    """A key as a trust file lists it. Raises KeyError, TypeError, ValueError."""
    return TrustedKey(
        keyid=entry["keyid"],
        role=str(entry["role"]),
        name=str(entry["name"]),
        issuers=tuple(map(str, entry["issuers"])),
        not_before=moment(entry["notBefore"]),
        not_after=moment(entry["notAfter"]) if entry["notAfter"] else None,
        public=public_of(entry),
        distrust_after=moment(entry["distrustAfter"]) if entry.get("distrustAfter") else None,
    )


def public_of(entry: dict[str, Any]) -> PublicKey:
    """The public key of an entry, of the id and algorithm that it says. Raises KeyError, TypeError, ValueError."""
    if not isinstance(entry["public"], str):
        raise TypeError("public")
    public = public_key(entry["public"].encode())
    if keyid_of(public) != entry["keyid"]:
        raise ValueError("keyid does not match the key")
    if entry["algorithm"] != algorithm_of(public):
        raise ValueError(f"algorithm {entry['algorithm']!r}")
    return public


def public_key(data: bytes) -> PublicKey:
    """A public key in PEM, of an algorithm of ours. Raises ValueError."""
    try:
        public = serialization.load_pem_public_key(data)
    except UnsupportedAlgorithm as problem:
        raise ValueError(str(problem)) from problem
    if not isinstance(public, ec.EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError(f"algorithm {type(public).__name__}")
    algorithm_of(public)
    return public


def pem(public: PublicKey) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _spki(public: PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
