"""The X.509 side of an installation or of a register: who seals PDFs, who stamps the time, where their keys live.

Certificates are files of one folder: `authority.pem` (the authorities to believe, one or several), their revocation
lists (`*.crl`, DER), `seal.pem`, and `timestamp.pem` for a unit of one's own. Keys are files beside, unless
`registre.json` (member `documents`) or `documents.json` of the installation's folder says where else they live. Without
anything, it is the test authority, which is made on first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from protocol import jsonread
from protocol.errors import ConfigError, Text
from reports.sealing import stamping, testauthority
from reports.sealing.providers import Documents, Service
from reports.sealing.stamping import Stamper
from reports.sealing.unit import unit_of

CONFIG: Final = "documents.json"


@dataclass(frozen=True)
class Folder:
    """One X.509 side: its certificates here, its keys where `documents` says."""

    place: Path
    documents: Documents = field(default_factory=Documents)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The authorities to believe for seals and time stamps."""
        told = self.documents.stamps
        own = self.place / f"{testauthority.CA}.pem"
        if isinstance(told, Service) and told.authority:
            return (own, self.place / told.authority)
        return (own,)

    @property
    def stamper(self) -> Stamper:
        """Raises ConfigError."""
        told = self.documents.stamps
        if isinstance(told, Service):
            tls = self.place / told.tls if told.tls else None
            return Stamper(stamping.Service(told.url, told.timeout, tls), self.roots, revoked(self.place))
        unit = unit_of(self.place / f"{testauthority.TSA}.pem", self.place / f"{testauthority.TSA}.key")
        return Stamper(unit, self.roots, revoked(self.place))

    def public(self) -> Mapping[str, bytes]:
        """What a verifier needs to believe it: authorities and revocation list, by the names of a bundle."""
        told = b"".join(path.read_bytes() for path in self.roots)
        return {
            f"{testauthority.CA}.pem": told,
            testauthority.CRL: (self.place / testauthority.CRL).read_bytes(),
        }


def stamped(response: bytes, data: bytes, place: Path) -> datetime:
    """The moment that a time stamp proves for these bytes, believed by the authorities of that folder and what they
    revoked. Raises EvidenceError, ConfigError.
    """
    return stamping.verify(response, data, of_folder(place).roots, revoked(place))


def revoked(place: Path) -> Sequence[Path]:
    """The revocation lists of a folder."""
    return sorted(place.glob("*.crl"))


def installation() -> Folder:
    """The installation's own, made on first use. Raises ConfigError."""
    return of_folder(testauthority.folder())


def of_folder(place: Path) -> Folder:
    """The X.509 side of a folder, as its own `documents.json` says when it has one. Raises ConfigError."""
    path = place / CONFIG
    return Folder(place, _read(path)) if path.is_file() else Folder(place)


def of(documents: Documents | None, place: Path) -> Folder:
    """What a configuration in the folder `place` names; without one, the installation's own. Raises ConfigError."""
    if documents is None:
        return installation()
    return Folder(place / documents.folder if documents.folder else testauthority.folder(), documents)


def _read(path: Path) -> Documents:
    try:
        raw: Any = jsonread.loads(path.read_bytes())
        return Documents.model_validate(raw)
    except (OSError, ValueError) as problem:
        told = problem.errors()[0] if isinstance(problem, ValidationError) else None
        raise ConfigError(
            "SEAL-015",
            Text("la façon de sceller les documents ne se lit pas", "how documents are sealed can't be read"),
            field=".".join(map(str, told["loc"])) if told else str(path),
            found=str(told["msg"]) if told else str(problem),
            mend=Text("corriger ce fichier (docs/homologation.md)", "mend this file (docs/homologation.md)"),
        ) from problem
