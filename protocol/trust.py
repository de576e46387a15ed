"""The trust file: which public key may sign what, and since when.

Whoever verifies a signed thing reads it here: reports, and the status list at the entry of a platform. Private keys are
not here.
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

from protocol import canonical
from protocol.errors import EvidenceError, Text

ALGORITHM: Final = "ecdsa-p256-sha256"


@dataclass(frozen=True)
class TrustedKey:
    """A public key with its role (`seal`), name, the issuers (`TST`…) it may sign for and its dates (UTC)."""

    keyid: str
    role: str
    name: str
    issuers: tuple[str, ...]
    not_before: datetime
    not_after: datetime | None
    public: ec.EllipticCurvePublicKey

    def verifies(self, signature: bytes, data: bytes) -> bool:
        try:
            self.public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def valid_at(self, moment: datetime) -> bool:
        return self.not_before <= moment and (self.not_after is None or moment < self.not_after)


def keyid_of(public: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 (hex) of the SubjectPublicKeyInfo."""
    return hashlib.sha256(_spki(public)).hexdigest()


def load_trust(path: Path) -> dict[str, TrustedKey]:
    """Keys by id. Raises EvidenceError for anything that is not a trust file of ours."""
    raw = canonical.loads(path.read_bytes())
    try:
        if raw["format"] != "dmpcompat-trust/1":
            raise ValueError(f"format {raw['format']!r}")
        keys = [_trusted(entry) for entry in raw["keys"]]
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
            "algorithm": ALGORITHM,
            "notBefore": stamp(key.not_before),
            "notAfter": stamp(key.not_after) if key.not_after else None,
            "public": key.public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ).decode(),
        }
        for key in keys
    ]
    return canonical.dumps({"format": "dmpcompat-trust/1", "keys": entries})


def stamp(moment: datetime) -> str:
    """UTC, seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The inverse of `stamp`. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _trusted(entry: dict[str, Any]) -> TrustedKey:
    public = serialization.load_pem_public_key(entry["public"].encode())
    if not isinstance(public, ec.EllipticCurvePublicKey) or entry["algorithm"] != ALGORITHM:
        raise ValueError(f"algorithm {entry['algorithm']!r}")
    if keyid_of(public) != entry["keyid"]:
        raise ValueError("keyid does not match the key")
    return TrustedKey(
        keyid=entry["keyid"],
        role=str(entry["role"]),
        name=str(entry["name"]),
        issuers=tuple(entry["issuers"]),
        not_before=moment(entry["notBefore"]),
        not_after=moment(entry["notAfter"]) if entry["notAfter"] else None,
        public=public,
    )


def _spki(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
