"""The PKI folder: `init` writes it whole or not at all, `load` reads its index back.

Layout: `<name>.pem`, `<name>.key` (PEM, unencrypted, mode 0600), `<name>.p12`, `ca.pem`, `other-ca.pem`,
`crl.pem`, and `pki.json` which lists them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_dmp.pki import issue, profiles
from mock_dmp.pki.issue import Issued
from mock_dmp.pki.profiles import Profile
from protocol import jsonread
from protocol.errors import ConfigError, Text

P12_PASSWORD = "dmpcompat-test"  # noqa: S105 - public on purpose: it protects nothing of value
INDEX = "pki.json"
_ALWAYS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Entry:
    """One certificate: `subject` is RFC 4514, `not_after` ISO 8601 UTC, `flaw` "" for the good ones."""

    name: str
    role: str
    subject: str
    structure: str
    professional: str
    not_after: str
    serial: str
    flaw: str


@dataclass(frozen=True)
class PkiIndex:
    """What a PKI folder holds."""

    folder: Path
    entries: tuple[Entry, ...]

    def entry(self, name: str) -> Entry:
        """Raises ConfigError when there is none of that name."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise ConfigError(
            "PKI-004",
            Text("certificat absent du dossier", "no such certificate in the folder"),
            field=str(self.folder),
            found=name,
            expected=", ".join(entry.name for entry in self.entries),
        )

    def certificate(self, name: str) -> Path:
        return self.folder / f"{self.entry(name).name}.pem"

    def key(self, name: str) -> Path:
        return self.folder / f"{self.entry(name).name}.key"

    def p12(self, name: str) -> Path:
        return self.folder / f"{self.entry(name).name}.p12"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def crl(self) -> Path:
        return self.folder / "crl.pem"


def init(
    folder: Path,
    *,
    at: datetime | None = None,
    names: Iterable[str] = (),
    force: bool = False,
) -> PkiIndex:
    """Make a test PKI in `folder`.

    `at`: the moment it is made for (default now); `names`: more DNS names or addresses of the server. Cards of anybody
    else are added by `mock_dmp.pki.cards`.
    Written in a folder beside, then renamed. Raises ConfigError when `folder` can't be written, or holds
    something (`force` replaces an older PKI).
    """
    if folder.exists() and not folder.is_dir():
        raise _in_the_way(folder)
    # Even with `force`, only a PKI folder is replaced: never somebody's documents.
    if folder.is_dir() and any(folder.iterdir()) and not (force and (folder / INDEX).is_file()):
        raise _in_the_way(folder)
    work = folder.parent / f".{folder.name}.{secrets.token_hex(6)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir(mode=0o700)
        _write(work, at or datetime.now(UTC), (*_ALWAYS, *names))
        _replace(folder, work)
    except OSError as problem:
        raise ConfigError(
            "PKI-002",
            Text("le dossier de la PKI ne peut pas être écrit", "the PKI folder can't be written"),
            field=str(folder),
            found=problem.strerror or str(problem),
        ) from problem
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return load(folder)


def load(folder: Path) -> PkiIndex:
    """Read the index of a PKI folder. Raises ConfigError when it is absent, damaged or incomplete."""
    try:
        raw = jsonread.loads((folder / INDEX).read_text(encoding="utf-8"))
        entries = tuple(Entry(**entry) for entry in raw["certificates"])
        missing = [f"{entry.name}.pem" for entry in entries if not (folder / f"{entry.name}.pem").is_file()]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise _unreadable(folder, str(problem)) from problem
    if missing:
        raise _unreadable(folder, ", ".join(missing))
    return PkiIndex(folder, entries)


def _write(work: Path, at: datetime, names: tuple[str, ...]) -> None:
    ca = issue.authority(profiles.authority("TEST AC DMPCOMPAT"), at)
    other = issue.authority(profiles.authority("TEST AC ETRANGERE"), at)
    made: dict[str, Issued] = {}
    wanted = {
        profile.name: profile for profile in (profiles.server(names[0]), *profiles.good(), *profiles.flawed())
    }
    keys = issue.new_keys(sum(not profile.key_of for profile in wanted.values()))
    for profile in wanted.values():
        key = made[profile.key_of].key if profile.key_of else next(keys)
        issuer = other if profile.flaw == "other-ca" else ca
        made[profile.name] = issue.leaf(profile, issuer, key, at, names if profile.role == "server" else ())
    revoked = [made[name].certificate for name, profile in wanted.items() if profile.flaw == "revoked"]
    (work / "crl.pem").write_bytes(issue.revocations(ca, revoked, at))
    for name, authority in (("ca", ca), ("other-ca", other)):
        (work / f"{name}.pem").write_bytes(_pem(authority.certificate))
        _private(work / f"{name}.key", _key(authority))
    for name, issued in made.items():
        issuer = other if wanted[name].flaw == "other-ca" else ca
        write_leaf(work, name, issued, issuer.certificate)
    (work / INDEX).write_text(
        index_text(entry_of(wanted[name], issued) for name, issued in made.items()), encoding="utf-8"
    )


def index_text(entries: Iterable[Entry]) -> str:
    """What pki.json says of these certificates."""
    index = {"certificates": [asdict(entry) for entry in entries]}
    return json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_leaf(work: Path, name: str, issued: Issued, issuer: x509.Certificate) -> None:
    """Certificate, key and PKCS#12 of that name. Raises FileExistsError when its key is there already."""
    (work / f"{name}.pem").write_bytes(_pem(issued.certificate))
    _private(work / f"{name}.key", _key(issued))
    bundle = pkcs12.serialize_key_and_certificates(
        name.encode(),
        issued.key,
        issued.certificate,
        [issuer],
        serialization.BestAvailableEncryption(P12_PASSWORD.encode()),
    )
    _private(work / f"{name}.p12", bundle)


def entry_of(profile: Profile, issued: Issued) -> Entry:
    """The line of the index."""
    return Entry(
        name=profile.name,
        role=profile.role,
        subject=issued.certificate.subject.rfc4514_string(),
        structure=profile.structure,
        professional=profile.professional,
        not_after=issued.certificate.not_valid_after_utc.isoformat().replace("+00:00", "Z"),
        serial=format(issued.certificate.serial_number, "x"),
        flaw=profile.flaw,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(issued: Issued) -> bytes:
    return issued.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, from its first byte."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)


def _replace(folder: Path, work: Path) -> None:
    """Put `work` where `folder` is; an old folder goes away once the new one is in place."""
    old = folder.parent / f"{work.name}.old"
    if folder.exists():
        folder.rename(old)
    work.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _in_the_way(folder: Path) -> ConfigError:
    return ConfigError(
        "PKI-001",
        Text("l'emplacement n'est pas un dossier vide", "the place is not an empty folder"),
        field=str(folder),
        mend=Text(
            "choisir un autre dossier, ou --force pour remplacer", "choose another, or --force to replace"
        ),
    )


def _unreadable(folder: Path, found: str) -> ConfigError:
    return ConfigError(
        "PKI-003",
        Text("le dossier de la PKI est absent ou abîmé", "the PKI folder is absent or damaged"),
        field=str(folder),
        found=found,
        mend=Text(f"dmpcompat pki init {folder}", f"dmpcompat pki init {folder}"),
    )
