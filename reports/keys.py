"""Signing keys and the trust file: which key may sign what, and since when.

A default installation makes its own *test* seal on first use and can make nothing that looks official: its
name says so and its issuer is `TST`. An authority brings its own trust file; where its private keys live
(token, HSM, remote seal) is left to later key providers.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.datafolders import home
from protocol.errors import ConfigError, EvidenceError, Text
from reports import canonical

TEST_SEAL: Final = "Cachet de TEST dmpcompat — sans valeur officielle"
_ALGORITHM: Final = "ecdsa-p256-sha256"


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


@dataclass(frozen=True)
class Seal:
    """A private key able to sign, with its public description."""

    key: TrustedKey
    private: ec.EllipticCurvePrivateKey

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))


def keyid_of(public: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 (hex) of the SubjectPublicKeyInfo."""
    return hashlib.sha256(_spki(public)).hexdigest()


def installation_seal(folder: Path | None = None) -> Seal:
    """The test seal of this installation, made on first use (`seal-test.pem`, mode 0600, and `trust.json`).

    Raises ConfigError when the folder can't be written or the key can't be read.
    """
    place = folder or home() / "keys"
    pem = place / "seal-test.pem"
    try:
        if not pem.exists():
            _make_seal(place, pem)
        private = serialization.load_pem_private_key(pem.read_bytes(), password=None)
        trusted = load_trust(place / "trust.json")
    except (OSError, ValueError) as problem:
        raise ConfigError(
            "KEY-001",
            Text("le cachet de test est inutilisable", "the test seal can't be used"),
            field=str(pem),
            found=str(problem),
            mend=Text("supprimer ce dossier : il sera refait", "remove this folder: it is made again"),
        ) from problem
    if not isinstance(private, ec.EllipticCurvePrivateKey) or keyid_of(private.public_key()) not in trusted:
        raise ConfigError(
            "KEY-002",
            Text(
                "la clé et trust.json ne vont pas ensemble", "the key and trust.json do not belong together"
            ),
            field=str(place),
        )
    return Seal(trusted[keyid_of(private.public_key())], private)


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
            "algorithm": _ALGORITHM,
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
    if not isinstance(public, ec.EllipticCurvePublicKey) or entry["algorithm"] != _ALGORITHM:
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


def _make_seal(place: Path, pem: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    key = TrustedKey(
        keyid=keyid_of(public),
        role="seal",
        name=TEST_SEAL,
        issuers=("TST",),
        not_before=datetime.now(UTC).replace(microsecond=0),
        not_after=None,
        public=public,
    )
    data = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".seal-", dir=place.parent))
    (made / "trust.json").write_bytes(trust_document([key]))
    (made / pem.name).touch(mode=0o600)
    (made / pem.name).write_bytes(data)
    try:
        # Both files appear together; when another process was faster, its seal is the one that counts.
        made.rename(place)
    except OSError:
        shutil.rmtree(made)
        if not pem.exists():
            raise


def _spki(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
