"""Where the seal's private key lives: a file, a PKCS#11 token or HSM, a remote seal; chosen in `registre.json`.

A provider gives a `Seal` like any other: it signs status lists, statements and events of files. What it answers is
verified under the public key of the trust file before it is used, so a token that holds another key is found out. A
secret (PIN, bearer token) is named by `env:NAME` and never written down. The remote contract is in
docs/homologation.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pydantic import BaseModel, ConfigDict, Field

from protocol.errors import ConfigError, Text, ToolError
from protocol.trust import ALGORITHM, TrustedKey, keyid_of, load_trust
from reports.keys import Holder, Seal, installation_seal

_NAMED: Final = r"^env:[A-Za-z_][A-Za-z0-9_]*$"
_KEYID: Final = r"^[0-9a-f]{64}$"
_LARGEST: Final = 64 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class _Provider(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InFile(_Provider):
    """A PEM file beside the register; without one, the test seal of this installation."""

    provider: Literal["file"] = "file"
    key: str = Field(default="", description="PEM (PKCS#8, mode 0600), from the register's folder")


class InToken(_Provider):
    """A PKCS#11 token or HSM (extra `hsm`)."""

    provider: Literal["pkcs11"]
    module: str = Field(min_length=1, description="path of the PKCS#11 library")
    token: str = Field(min_length=1, description="label of the token")
    label: str = Field(min_length=1, description="label of the private key")
    pin: str = Field(pattern=_NAMED)
    keyid: str = Field(pattern=_KEYID)


class Remote(_Provider):
    """A seal behind HTTP: only digests leave."""

    provider: Literal["remote"]
    url: str = Field(pattern=r"^https?://")
    token: str = Field(default="", pattern=rf"^$|{_NAMED}")
    keyid: str = Field(pattern=_KEYID)
    authority: str = Field(default="", description="PEM of the authority of its TLS certificate")
    timeout: float = Field(default=10.0, gt=0, le=120, description="seconds")


Provider = Annotated[InFile | InToken | Remote, Field(discriminator="provider")]


def seal_of(configured: Provider, folder: Path) -> Seal:
    """The seal that a register's configuration names; `folder` holds its `trust.json`. Raises ConfigError."""
    if isinstance(configured, InFile):
        return _of_file(configured, folder)
    key = _described(folder, configured.keyid)
    holder: Holder = (
        Token(configured, key) if isinstance(configured, InToken) else RemoteSeal(configured, key, folder)
    )
    return Seal(key, holder)


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


@dataclass(frozen=True)
class Token:
    """A key of a PKCS#11 token: one session a signature, so that nothing stays open between two."""

    configured: InToken
    key: TrustedKey

    def sign(self, data: bytes) -> bytes:
        """Raises ConfigError without the library or the PIN, ToolError when the token refuses."""
        try:
            import pkcs11
        except ImportError as problem:
            raise ConfigError(
                "SEAL-003",
                Text("l'extra « hsm » n'est pas installé", "the extra `hsm` is not installed"),
                field="seal.provider",
                mend=Text("pip install dmpcompat[hsm]", "pip install dmpcompat[hsm]"),
            ) from problem
        pin, digest = _secret(self.configured.pin), hashlib.sha256(data).digest()
        try:
            token = pkcs11.lib(self.configured.module).get_token(token_label=self.configured.token)
            with token.open(user_pin=pin) as session:
                private: Any = session.get_key(
                    object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self.configured.label
                )
                raw = bytes(private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as problem:
            raise ToolError(
                "SEAL-004",
                Text("le jeton n'a pas signé", "the token did not sign"),
                field=f"{self.configured.token} / {self.configured.label}",
                found=f"{type(problem).__name__} {problem}".strip(),
            ) from problem
        half = len(raw) // 2
        made = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        return _checked(made, data, self.key)


@dataclass(frozen=True)
class RemoteSeal:
    """A seal behind HTTP. `POST URL/sign` with keyid, algorithm and digest; the answer has the signature."""

    configured: Remote
    key: TrustedKey
    folder: Path

    def sign(self, data: bytes) -> bytes:
        """Raises ConfigError for an address without TLS, ToolError when no signature of this key comes in time."""
        asked = {
            "keyid": self.key.keyid,
            "algorithm": ALGORITHM,
            "digest": base64.b64encode(hashlib.sha256(data).digest()).decode(),
        }
        answer = self._posted(asked)
        try:
            if set(answer) != {"keyid", "signature"} or answer["keyid"] != self.key.keyid:
                raise ValueError(str(sorted(answer))[:80])
            made = base64.b64decode(answer["signature"], validate=True)
        except (TypeError, ValueError, binascii.Error) as problem:
            raise self._failed(f"answer: {problem}") from problem
        return _checked(made, data, self.key)

    def _posted(self, asked: dict[str, str]) -> dict[str, Any]:
        url = urlsplit(self.configured.url)
        if url.scheme != "https" and url.hostname not in _LOOPBACK:
            raise _unusable(self.configured.url, url.scheme, "https://")
        headers = (
            {"Authorization": f"Bearer {_secret(self.configured.token)}"} if self.configured.token else {}
        )
        authority = str(self.folder / self.configured.authority) if self.configured.authority else True
        seconds = self.configured.timeout
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy and no password file of the account that runs this
                with session.post(
                    f"{self.configured.url.rstrip('/')}/sign",
                    json=asked,
                    headers=headers,
                    timeout=(seconds, seconds),
                    verify=authority,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    if response.status_code != requests.codes.ok:
                        raise self._failed(f"HTTP {response.status_code}")
                    body = response.raw.read(_LARGEST + 1, decode_content=True)
            if len(body) > _LARGEST:
                raise self._failed(f"> {_LARGEST} bytes")
            answer = json.loads(body)
        except (requests.RequestException, OSError, ValueError) as problem:
            raise self._failed(type(problem).__name__) from problem
        if not isinstance(answer, dict):
            raise self._failed(type(answer).__name__)
        return answer

    def _failed(self, found: str) -> ToolError:
        return ToolError(
            "SEAL-005",
            Text("le cachet distant n'a pas signé", "the remote seal did not sign"),
            field=self.configured.url,
            found=found,
        )


def _checked(signature: bytes, data: bytes, key: TrustedKey) -> bytes:
    if not key.verifies(signature, data):
        raise ToolError(
            "SEAL-006",
            Text(
                "la signature rendue n'est pas celle du cachet déclaré",
                "the signature that came back is not that of the declared seal",
            ),
            field=key.name,
            found=key.keyid,
        )
    return signature


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
