"""Signing keys: the private halves of the trust file.

A default installation makes its own *test* seal on first use and can make nothing that looks official: its
name says so and its issuer is `TST`. An authority brings its own trust file and its own keys, in a token, an HSM or
behind a remote seal: `reports.sealing.providers`. What is public of a key is `protocol.trust`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.datafolders import home
from protocol.errors import ConfigError, Text
from protocol.trust import TrustedKey, keyid_of, load_trust, trust_document

TEST_SEAL: Final = "Cachet de TEST dmpcompat — sans valeur officielle"


class Holder(Protocol):
    """Where a private key lives that never leaves it: a token, an HSM, a remote seal."""

    def sign(self, data: bytes) -> bytes:
        """The signature (ECDSA P-256 over SHA-256, DER). Raises ConfigError, ToolError."""


@dataclass(frozen=True)
class Seal:
    """A private key able to sign, here or where its holder keeps it, with its public description."""

    key: TrustedKey
    private: ec.EllipticCurvePrivateKey | Holder

    @property
    def keyid(self) -> str:
        return self.key.keyid

    def sign(self, data: bytes) -> bytes:
        """Raises ConfigError (KEY-004) for a key that is distrusted: nobody would believe what it signs."""
        after = self.key.distrust_after
        if after is not None and datetime.now(UTC) > after:
            raise ConfigError(
                "KEY-004",
                Text("cette clé est révoquée", "this key is distrusted"),
                field=self.key.name,
                found=str(after),
                mend=Text("en configurer une autre", "configure another one"),
            )
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.private.sign(data)


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


def made_once(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole; when another process was faster, its file counts.

    Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_bytes(data)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


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
