"""A register where it lives: one folder with its configuration, its database, its keys.

`registre.json` says issuer, origin and schemes of numbers. A default folder is made on first use, for the issuer `TST`:
nothing that it issues looks official. An authority makes its own with `dmpcompat register init`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from harness.evidence import to_json, write_atomic
from protocol.datafolders import home
from protocol.errors import ConfigError, Text
from protocol.trust import load_trust
from reports import numbers
from reports.keys import Seal, made_once
from reports.register import store
from reports.register.checkpoint import NoteKey
from reports.register.database import CHECKPOINTS, REFERENCES, Database
from reports.register.numbering import Numbering, Secret
from reports.register.schemes import reference_scheme, wire_scheme
from reports.register.store import LogKey, Register
from reports.sealing.providers import InFile, Provider, seal_of

CONFIG: Final = "registre.json"
#: The two keys of a register's folder: of its log, of its secrets.
KEYS: Final = ("journal.key", "secrets.key")


class Configuration(BaseModel):
    """What a register is: who issues, under which origin, with which schemes of numbers, in which database."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = Field(default="dmpcompat-register-config/1", pattern=r"^dmpcompat-register-config/1$")
    issuer: str = Field(default=numbers.TEST_ISSUER, pattern=r"^[A-Z]{3}$")
    name: str = Field(default="Autorité de TEST — sans valeur officielle", min_length=1)
    origin: str = Field(default="dmpcompat.test/homologations", pattern=r"^[^\s+]{1,150}$")
    reference_scheme: str = "mod1271"
    wire_scheme: str = "mod97"
    wire_prefix: str = Field(default=numbers.TEST_ISSUER, pattern=r"^[A-Z]{3}$")
    database: str = Field(default="", description="SQLAlchemy URL; a file of the folder by default")
    seal: Provider = Field(default=InFile(), description="where the private key of the seal lives")


@dataclass(frozen=True)
class Office:
    """A register with what it takes to write in it: numbers, keys, configuration."""

    folder: Path
    configuration: Configuration
    register: Register
    numbering: Numbering
    seal: Seal

    def stamp(self, data: bytes) -> dict[str, bytes]:
        """A time stamp over some bytes, with the authority to believe it by; nothing without the extra `sign`."""
        try:
            from reports.sealing import pades, stamping, testauthority
        except ImportError:
            return {}
        place = testauthority.folder()
        response = stamping.OfUnit(pades.of_folder(place).stamper).stamp(data)
        told = {name: (place / name).read_bytes() for name in (f"{testauthority.CA}.pem", testauthority.CRL)}
        return {"timestamp.tsr": response, **told}

    @property
    def log_key(self) -> NoteKey:
        return self.register.key.public

    def close(self) -> None:
        self.register.database.close()


def default_folder() -> Path:
    """The user's own: `registre` in the user's data folder."""
    return home() / "registre"


def init(folder: Path, configuration: Configuration) -> None:
    """Make a register's folder. Raises ConfigError when there is one."""
    path = folder / CONFIG
    if path.exists():
        raise ConfigError(
            "REG-050",
            Text("ce dossier a déjà un registre", "this folder has a register"),
            field=str(path),
            mend=Text("choisir un autre dossier", "choose another folder"),
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, to_json(configuration.model_dump()))


def open_office(
    folder: Path | None = None, *, clock: Callable[[], datetime] | None = None, seal: Seal | None = None
) -> Office:
    """The register of that folder (the user's own by default, made on first use). Raises ConfigError."""
    place = folder or default_folder()
    if folder is None and not (place / CONFIG).exists():
        init(place, Configuration())
    configuration = _configuration(place / CONFIG)
    url = configuration.database or f"sqlite:///{place / 'registre.db'}"
    database = Database(url)
    _refuse_orphan(database, place)
    key = LogKey(
        configuration.origin, configuration.origin.partition("/")[0], _log_key(place / "journal.key")
    )
    register = Register(database, key, clock or store.now)
    numbering = Numbering(
        register,
        reference_scheme(configuration.reference_scheme, configuration.issuer),
        wire_scheme(configuration.wire_scheme, configuration.wire_prefix),
        Secret.of_file(place / "secrets.key"),
    )
    own = _dated(seal or seal_of(configuration.seal, place), place / "trust.json")
    return Office(place, configuration, register, numbering, own)


def _dated(seal: Seal, trust: Path) -> Seal:
    """The seal with the dates that the register's trust file gives it."""
    known = load_trust(trust) if trust.exists() else {}
    return replace(seal, key=known.get(seal.keyid, seal.key))


def _configuration(path: Path) -> Configuration:
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return Configuration.model_validate(raw)
    except (OSError, ValueError) as problem:
        told = problem.errors()[0] if isinstance(problem, ValidationError) else None
        raise ConfigError(
            "REG-051",
            Text("pas de registre utilisable ici", "no register that can be used here"),
            field=".".join(map(str, told["loc"])) if told else str(path),
            found=str(told["msg"]) if told else str(problem),
            mend=Text("dmpcompat register init DOSSIER", "dmpcompat register init FOLDER"),
        ) from problem


def _refuse_orphan(database: Database, place: Path) -> None:
    """A register that holds something never gets new keys: its checkpoints and sealed numbers are of the old ones."""
    missing = [name for name in KEYS if not (place / name).exists()]
    if not missing:
        return
    with database.read() as db:
        used = db.execute(select(REFERENCES.c.reference).limit(1)).scalar()
        used = used or db.execute(select(CHECKPOINTS.c.size).limit(1)).scalar()
    if used is not None:
        database.close()
        raise ConfigError(
            "REG-056",
            Text(
                "ce registre contient des entrées et ses clés manquent",
                "this register has entries and its keys are missing",
            ),
            field=str(place),
            found=" ".join(missing),
            mend=Text("y remettre les clés sauvegardées à part", "put back the keys that were kept apart"),
        )


def _log_key(path: Path) -> Ed25519PrivateKey:
    """The key that signs checkpoints, made on first use with mode 0600."""
    try:
        if not path.exists():
            made_once(path, _new_key())
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as problem:
        raise _unusable(path, str(problem)) from problem
    if not isinstance(found, Ed25519PrivateKey):
        raise _unusable(path, type(found).__name__)
    return found


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "REG-052",
        Text("la clé du journal est inutilisable", "the key of the log can't be used"),
        field=str(path),
        found=found,
    )
