"""Where a private key lives: a file, a PKCS#11 token or HSM, a service; chosen in `registre.json`.

A provider gives what signs like a key in a file: the seal (statements, status lists, events of files), the log's key
(checkpoints), the key of the certificate that seals PDFs (`reports.sealing.documents`). What it answers is verified
under the declared public key before it is used. A secret (PIN, bearer token) is named by `env:NAME` and never written
down. What is asked of a service is in docs/homologation.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field

from protocol.errors import ConfigError, Text
from protocol.trust import ALGORITHM, TrustedKey, keyid_of, load_trust
from reports.keys import Seal, installation_seal, made_once
from reports.sealing import remote, token
from reports.sealing.holding import Described, Public

_NAMED: Final = r"^env:[A-Za-z_][A-Za-z0-9_]*$"
_KEYID: Final = r"^[0-9a-f]{64}$"


class Settings(BaseModel):
    """Members of a configuration: no other is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InFile(Settings):
    """A PEM file beside the register; without one, the test seal of this installation, or a key made for it."""

    provider: Literal["file"] = "file"
    key: str = Field(default="", description="PEM (PKCS#8, mode 0600), from the register's folder")


class InToken(Settings):
    """A PKCS#11 token or HSM (extra `hsm`)."""

    provider: Literal["pkcs11"]
    module: str = Field(min_length=1, description="path of the PKCS#11 library")
    token: str = Field(min_length=1, description="label of the token")
    label: str = Field(min_length=1, description="label of the private key")
    pin: str = Field(pattern=_NAMED)
    keyid: str = Field(pattern=_KEYID)
    public: str = Field(
        default="", description="PEM of its public key: for the log, which no file tells else"
    )


class Remote(Settings):
    """A key behind HTTP."""

    provider: Literal["remote"]
    url: str = Field(pattern=r"^https?://")
    token: str = Field(default="", pattern=rf"^$|{_NAMED}")
    keyid: str = Field(pattern=_KEYID)
    public: str = Field(
        default="", description="PEM of its public key: for the log, which no file tells else"
    )
    authority: str = Field(default="", description="PEM of the authority of its TLS certificate")
    timeout: float = Field(default=10.0, gt=0, le=120, description="seconds")


Provider = Annotated[InFile | InToken | Remote, Field(discriminator="provider")]


class OwnUnit(Settings):
    """A unit of one's own: `timestamp.pem` and `timestamp.key` of the folder."""

    provider: Literal["unit"] = "unit"


class Service(Settings):
    """A time-stamping service (RFC 3161): only digests leave; plain HTTP will do, since an answer proves itself."""

    provider: Literal["service"]
    url: str = Field(pattern=r"^https?://[^/]")
    authority: str = Field(
        default="", description="PEM of the authorities to believe it by; authority.pem by default"
    )
    tls: str = Field(default="", description="PEM of the authority of its TLS certificate")
    timeout: float = Field(default=20.0, gt=0, le=120, description="seconds, for the whole answer")


class Documents(Settings):
    """How documents are sealed and stamped."""

    folder: str = Field(default="", description="certificates; the installation's own folder by default")
    seal: Provider = Field(default=InFile(key="seal.key"), description="key of seal.pem")
    stamps: Annotated[OwnUnit | Service, Field(discriminator="provider")] = OwnUnit()


Elsewhere = InToken | Remote


@dataclass(frozen=True)
class Held:
    """A private key that never leaves its holder, with its public half."""

    configured: Elsewhere
    key: Described
    folder: Path

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes, by the one algorithm of the key. Raises ConfigError, ToolError."""
        if isinstance(self.configured, InToken):
            told = self.configured
            return token.sign(
                token.Place(told.module, told.token, told.label), self.key, _secret(told.pin), data
            )
        authority = self.folder / self.configured.authority if self.configured.authority else None
        service = remote.Service(self.configured.url, self.configured.timeout, authority)
        bearer = _secret(self.configured.token) if self.configured.token else ""
        return remote.sign(service, self.key, bearer, data)


@dataclass(frozen=True)
class HeldLogKey:
    """The log's key where its holder keeps it: signs as a key in a file does."""

    held: Held
    public: Ed25519PublicKey

    def public_key(self) -> Ed25519PublicKey:
        return self.public

    def sign(self, data: bytes) -> bytes:
        """Raises ConfigError, ToolError."""
        return self.held.sign(data)


def seal_of(configured: Provider, folder: Path) -> Seal:
    """The seal that a register's configuration names; `folder` holds its `trust.json`. Raises ConfigError."""
    if isinstance(configured, InFile):
        return _of_file(configured, folder)
    key = _described(folder, configured.keyid)
    return Seal(key, Held(configured, Described(key.public, key.name), folder))


def log_key_of(configured: Provider, folder: Path) -> Ed25519PrivateKey | HeldLogKey:
    """The key that signs checkpoints; one in a file is made on first use (mode 0600). Raises ConfigError (REG-052)."""
    if isinstance(configured, InFile):
        return _log_file(folder / (configured.key or "journal.key"))
    path = folder / configured.public
    try:
        public = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise _no_log_key(path, str(problem)) from problem
    if not isinstance(public, Ed25519PublicKey):
        raise _no_log_key(path, type(public).__name__, "Ed25519")
    if keyid_of(public) != configured.keyid:
        raise _no_log_key(path, keyid_of(public), configured.keyid)
    return HeldLogKey(Held(configured, Described(public, "log"), folder), public)


def held(configured: Elsewhere, public: Public, name: str, folder: Path) -> Held:
    """Whoever holds the private half of this very key. Raises ConfigError for another key, or of a kind unknown."""
    key = Described(public, name)
    try:
        _ = key.algorithm
    except ValueError as problem:
        raise _unusable(name, str(problem)) from problem
    if key.keyid != configured.keyid:
        raise _unusable(name, key.keyid, configured.keyid)
    return Held(configured, key, folder)


def _log_file(path: Path) -> Ed25519PrivateKey:
    try:
        if not path.exists():
            made_once(path, _new_log_key())
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise _no_log_key(path, str(problem)) from problem
    if not isinstance(found, Ed25519PrivateKey):
        raise _no_log_key(path, type(found).__name__)
    return found


def _new_log_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _no_log_key(path: Path, found: str, expected: str = "") -> ConfigError:
    return ConfigError(
        "REG-052",
        Text("la clé du journal est inutilisable", "the key of the log can't be used"),
        field=str(path),
        found=found,
        expected=expected,
    )


def _of_file(configured: InFile, folder: Path) -> Seal:
    if not configured.key:
        return installation_seal()
    path = folder / configured.key
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise _unusable(str(path), str(problem)) from problem
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise _unusable(str(path), type(private).__name__)
    return Seal(_described(folder, keyid_of(private.public_key())), private)


def _described(folder: Path, keyid: str) -> TrustedKey:
    path = folder / "trust.json"
    try:
        found = load_trust(path).get(keyid)
    except OSError as problem:
        raise _unusable(str(path), str(problem.strerror)) from problem
    if found is None or found.role != "seal" or found.algorithm != ALGORITHM:
        raise ConfigError(
            "SEAL-002",
            Text(
                "le fichier de confiance du registre n'a pas ce cachet",
                "the register's trust file has no such seal",
            ),
            field=str(path),
            found=keyid,
            mend=Text(
                "dmpcompat register trust add CLE.pem --role seal",
                "dmpcompat register trust add KEY.pem --role seal",
            ),
        )
    return found


def _secret(name: str, environment: Callable[[str], str | None] = os.environ.get) -> str:
    found = environment(name.removeprefix("env:"))
    if not found:
        raise ConfigError(
            "SEAL-007",
            Text(
                "le secret du cachet n'est pas dans l'environnement",
                "the seal's secret is not in the environment",
            ),
            field=name,
        )
    return found


def _unusable(field: str, found: str, expected: str = "") -> ConfigError:
    return ConfigError(
        "SEAL-001",
        Text("ce cachet est inutilisable", "this seal can't be used"),
        field=field,
        found=found,
        expected=expected,
    )
