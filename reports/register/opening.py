"""A register where it lives: one folder with its configuration, its database, its keys.

`registre.json` says issuer, origin and schemes of numbers. A default folder is made on first use, for the issuer `TST`:
nothing that it issues looks official. An authority makes its own with `dmpcompat register init`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from harness.evidence import to_json, write_atomic
from protocol import jsonread
from protocol.datafolders import home
from protocol.errors import ConfigError, Text
from protocol.trust import load_trust
from reports import numbers
from reports.keys import Seal
from reports.register import store
from reports.register.checkpoint import NoteKey
from reports.register.database import CHECKPOINTS, REFERENCES, Database
from reports.register.numbering import Numbering, Secret
from reports.register.schemes import reference_scheme, wire_scheme
from reports.register.store import LogKey, Register
from reports.sealing.providers import Documents, InFile, Provider, log_key_of, seal_of

if TYPE_CHECKING:
    from reports.sealing.documents import Folder

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
    plans: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        default=(), description="SHA-256 of the plans that it homologates on; those installed by default"
    )
    seal: Provider = Field(default=InFile(), description="where the private key of the seal lives")
    log: Provider = Field(default=InFile(key=KEYS[0]), description="where the key of the log lives (Ed25519)")
    documents: Documents | None = Field(default=None, description="who seals PDFs and stamps the time")


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
        folder = self.documents
        return {} if folder is None else {"timestamp.tsr": folder.stamper.stamp(data), **folder.public()}

    @property
    def documents(self) -> Folder | None:
        """Who seals PDFs and stamps the time here; None without the extra `sign`. Raises ConfigError."""
        try:
            from reports.sealing import documents
        except ImportError:
            return None
        return documents.of(self.configuration.documents, self.folder)

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
    _refuse_orphan(database, place, configuration)
    key = LogKey(
        configuration.origin, configuration.origin.partition("/")[0], log_key_of(configuration.log, place)
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
        raw: Any = jsonread.loads(path.read_text(encoding="utf-8"))
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


def key_files(configuration: Configuration) -> tuple[str, ...]:
    """The private keys that a register's folder must have: of its log, unless that lives elsewhere; of its secrets."""
    log = configuration.log
    return ((log.key or KEYS[0], KEYS[1])) if isinstance(log, InFile) else (KEYS[1],)


def public_of_log(configuration: Configuration) -> str | None:
    """The file of the log's public key, when its private half lives elsewhere."""
    log = configuration.log
    return None if isinstance(log, InFile) else log.public


def _refuse_orphan(database: Database, place: Path, configuration: Configuration) -> None:
    """A register that holds something never gets new keys: its checkpoints and sealed numbers are of the old ones."""
    missing = [name for name in key_files(configuration) if not (place / name).exists()]
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
