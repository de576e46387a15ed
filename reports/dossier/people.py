"""People who act on application files: one key each, with a role, in the trust file of the office.

A person's private key is a file of mode 0600 that only that person should hold; where it lives beyond tests is a matter
of key providers. The agency acts with its seal.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.evidence import write_atomic
from protocol.errors import ConfigError, Text, UsageError
from protocol.trust import TrustedKey, keyid_of, load_trust, trust_document
from reports.dossier.legality import ROLES
from reports.dossier.states import Role
from reports.keys import Seal

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")


@dataclass(frozen=True)
class People:
    """The people of one office. `agency`: its seal; `trust`: the register's trust file, which may say since when one of
    them is distrusted.
    """

    folder: Path
    agency: Seal
    trust: Path | None = None

    def known(self) -> dict[str, TrustedKey]:
        """Every key that may sign an event, by id."""
        path = self.folder / "people.json"
        listed = load_trust(path) if path.exists() else {}
        told = load_trust(self.trust) if self.trust and self.trust.exists() else {}
        return {self.agency.keyid: self.agency.key, **listed, **told}

    def role(self, keyid: str) -> Role:
        """Raises ConfigError for a stranger."""
        key = self.known().get(keyid)
        if key is None or key.role not in ROLES:
            raise _stranger(keyid)
        return ROLES[key.role]

    def name(self, keyid: str) -> str:
        key = self.known().get(keyid)
        return key.name if key else keyid[:12]

    def add(self, name: str, role: Role, at: datetime | None = None) -> Seal:
        """A new person with a new key. Raises UsageError for a name that is taken or can't be a file's."""
        path = self.folder / f"{name}.pem"
        if not _NAME.fullmatch(name) or role == "agency" or path.exists():
            raise UsageError(
                "DOSSIER-010",
                Text("personne refusée", "person refused"),
                field="name",
                found=f"{name} {role}",
                expected=f"{_NAME.pattern}, editor / reviewer",
            )
        private = ec.generate_private_key(ec.SECP256R1())
        key = TrustedKey(
            keyid=keyid_of(private.public_key()),
            role=role,
            name=name,
            issuers=self.agency.key.issuers,
            not_before=(at or datetime.now(UTC)).replace(microsecond=0),
            not_after=None,
            public=private.public_key(),
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        listed = self.folder / "people.json"
        others = load_trust(listed) if listed.exists() else {}
        write_atomic(listed, trust_document([*others.values(), key]))
        return Seal(key, private)

    def person(self, name: str) -> Seal:
        """The key of a person by name; "" is the agency. Raises ConfigError when this office does not hold it."""
        if not name:
            return self.agency
        path = self.folder / f"{name}.pem"
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as problem:
            raise _stranger(name) from problem
        key = self.known().get(keyid_of(cast(ec.EllipticCurvePublicKey, private.public_key())))
        if key is None or not isinstance(private, ec.EllipticCurvePrivateKey):
            raise _stranger(name)
        return Seal(key, private)


def _stranger(found: str) -> ConfigError:
    return ConfigError(
        "DOSSIER-011",
        Text("personne inconnue de ce bureau", "nobody of this office"),
        field="--as",
        found=found,
        mend=Text("dmpcompat homologate person NOM --role …", "dmpcompat homologate person NAME --role …"),
    )
