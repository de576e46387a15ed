"""The trust file: which public key may sign what, and since when.

Whoever verifies a signed thing reads it here: reports, and the status list at the entry of a platform. A key that was
compromised is not removed but distrusted after a moment: what was time-stamped and logged before stays valid. Private
keys are not here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import canonical
from protocol.errors import EvidenceError, Text

ALGORITHM: Final = "ecdsa-p256-sha256"
ED25519: Final = "ed25519"
#: What a key may be for. `root` signs no document of ours: it is there for an authority's own ceremony.
ROLES: Final = ("root", "seal", "reviewer", "editor", "log", "status")
#: A reader of the first format would overlook a distrust: a file that has one, or an Ed25519 key, is of the second.
_FORMATS: Final = ("dmpcompat-trust/1", "dmpcompat-trust/2")

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
        return ED25519 if isinstance(self.public, Ed25519PublicKey) else ALGORITHM

    def verifies(self, signature: bytes, data: bytes) -> bool:
        try:
            if isinstance(self.public, Ed25519PublicKey):
                self.public.verify(signature, data)
            else:
                self.public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

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


def keyid_of(public: PublicKey) -> str:
    """SHA-256 (hex) of the SubjectPublicKeyInfo."""
    return hashlib.sha256(_spki(public)).hexdigest()


def load_trust(path: Path) -> dict[str, TrustedKey]:
    """Keys by id. Raises EvidenceError for anything that is not a trust file of ours."""
    raw = canonical.loads(path.read_bytes())
    try:
        if raw["format"] not in _FORMATS:
            raise ValueError(f"format {raw['format']!r}")
        keys = [_trusted(entry) for entry in raw["keys"]]
        if len({key.keyid for key in keys}) != len(keys):
            raise ValueError("a key twice")
    except (KeyError, TypeError, ValueError) as problem:
        raise EvidenceError(
            "KEY-003",
            Text("fichier de confiance illisible", "the trust file can't be read"),
            field=str(path),
            found=str(problem),
        ) from problem
    return {key.keyid: key for key in keys}


def trust_document(keys: list[TrustedKey]) -> bytes:
    """The trust file that lists these keys."""
    entries = [
        {
            "keyid": key.keyid,
            "role": key.role,
            "name": key.name,
            "issuers": list(key.issuers),
            "algorithm": key.algorithm,
            "notBefore": stamp(key.not_before),
            "notAfter": stamp(key.not_after) if key.not_after else None,
            "public": key.public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ).decode(),
            **({"distrustAfter": stamp(key.distrust_after)} if key.distrust_after else {}),
        }
        for key in keys
    ]
    newer = any(key.distrust_after or key.algorithm != ALGORITHM for key in keys)
    return canonical.dumps({"format": _FORMATS[newer], "keys": entries})


def stamp(moment: datetime) -> str:
    """UTC, seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The inverse of `stamp`. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _trusted(entry: dict[str, Any]) -> TrustedKey:
    public = serialization.load_pem_public_key(entry["public"].encode())
    if not isinstance(public, ec.EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError(f"algorithm {entry['algorithm']!r}")
    if keyid_of(public) != entry["keyid"]:
        raise ValueError("keyid does not match the key")
    found = TrustedKey(
        keyid=entry["keyid"],
        role=str(entry["role"]),
        name=str(entry["name"]),
        issuers=tuple(entry["issuers"]),
        not_before=moment(entry["notBefore"]),
        not_after=moment(entry["notAfter"]) if entry["notAfter"] else None,
        public=public,
        distrust_after=moment(entry["distrustAfter"]) if entry.get("distrustAfter") else None,
    )
    if entry["algorithm"] != found.algorithm:
        raise ValueError(f"algorithm {entry['algorithm']!r}")
    return found


def _spki(public: PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
