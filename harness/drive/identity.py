"""Who the driver is on the wire: certificates and keys of a PKI folder, a user, a structure, a mode.

A `Keyring` reads each certificate and key once (a private key takes tens of milliseconds to check). The
folder is the one that `dmpcompat pki init` makes, with the cards that `dmpcompat pki card` adds; who the user is
comes from the test directory. Whether a certificate is good is not decided here: bad ones are loaded on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from protocol import directory, jsonread
from protocol.coded import Coded
from protocol.errors import ConfigError, Text, UsageError
from protocol.facts import OID_AUTHOR_SPECIALTY, OID_PROFESSIONS
from protocol.x509read import certificate_of

Mode = Literal["DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"]


@dataclass(frozen=True)
class KeyPair:
    """A certificate with its key, loaded, and the PEM files that TLS needs."""

    stem: str
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True)
class Identity:
    """`sign` signs the VIHF and the sets, `tls` opens the connection; `user` acts within `structure`."""

    name: str
    mode: Mode
    sign: KeyPair
    tls: KeyPair
    ca_file: Path
    user: directory.Professional
    structure: directory.Structure


#: Identity by name: TLS pair, signature pair, professional, structure, mode.
_KNOWN: Final[dict[str, tuple[str, str, str, str, Mode]]] = {
    "hopital": ("org-auth-cli", "org-sign", "medecin-hospitalier", "hopital", "INDIRECTE"),
    "cps": ("cps-auth", "cps-sign", "medecin", "cabinet", "DIRECTE"),
    "cps-mt": ("cps-mt-auth", "cps-mt-sign", "medecin-traitant", "cabinet", "DIRECTE"),
    "cpe": ("cpe-auth", "cpe-sign", "secretaire", "cabinet", "DIRECTE"),
}
_AIR: Final = "air"
#: National tables of professions and roles, by their system: what a compound code starts with.
_TABLES: Final = {
    OID_PROFESSIONS: "G15",
    "1.2.250.1.71.1.2.8": "G16",
    "1.2.250.1.213.1.6.1.4": "R94",
    "1.2.250.1.213.1.6.1.109": "R95",
    "1.2.250.1.213.1.6.1.140": "R291",
}
#: Names that a keyring knows in any folder; see `names`.
NAMES: Final = (*_KNOWN, _AIR)
#: Kind of a name `cps:<professional>`, `org:<structure>`, `air:<structure>` -> mode.
_KINDS: Final[dict[str, Mode]] = {"cps": "DIRECTE", "org": "INDIRECTE", "air": "INDIRECTE_RENFORCEE"}


def names() -> tuple[str, ...]:
    """Every name that `Keyring.identity` understands; those with a colon need a card of their own in the folder."""
    people = (f"cps:{key}" for key, one in directory.professionals().items() if one.card != "none")
    places = (f"{kind}:{key}" for kind in ("org", "air") for key in directory.structures())
    return (*NAMES, *people, *places)


class Keyring:
    """The certificates of one PKI folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pairs: dict[str, KeyPair] = {}

    def pair(self, stem: str) -> KeyPair:
        """Certificate and key named `<stem>.pem` and `<stem>.key`. Raises ConfigError."""
        if stem not in self._pairs:
            self._pairs[stem] = _read_pair(self.folder, stem)
        return self._pairs[stem]

    def identity(
        self,
        name: str,
        *,
        mode: Mode | None = None,
        user: str = "",
        structure: str = "",
        tls: str = "",
        sign: str = "",
    ) -> Identity:
        """The identity `hopital`, `air` (hospital, user known by Pro Santé Connect), `cps`, `cps-mt` or `cpe`; or
        `cps:<professional>`, `org:<structure>`, `air:<structure>` for any of the directory.

        Keys of the test directory replace the user or the structure; stems replace the certificates
        (`tls="expired-auth"`). Raises UsageError for an unknown name, ConfigError for unusable files.
        """
        known = _cast(name) if ":" in name else _KNOWN.get("hopital" if name == _AIR else name)
        if known is None:
            raise UsageError(
                "IDENT-001",
                Text("identité inconnue", "unknown identity"),
                found=name,
                expected=" | ".join((*NAMES, "cps:…", "org:…", "air:…")),
            )
        usual: Mode = "INDIRECTE_RENFORCEE" if name == _AIR else known[4]
        return Identity(
            name=name,
            mode=mode or usual,
            sign=self.pair(sign or known[1]),
            tls=self.pair(tls or known[0]),
            ca_file=self.folder / "ca.pem",
            user=professional(user or known[2]),
            structure=structure_of(structure or known[3]),
        )

    def stems(self) -> tuple[str, ...]:
        """Names of the pairs that pki.json lists, or that the folder holds when it has none."""
        listing = self.folder / "pki.json"
        if not listing.exists():
            return tuple(sorted(path.stem for path in self.folder.glob("*.key")))
        return _names(listing)


def part_of(name: str) -> tuple[str, str, Mode] | None:
    """Professional, structure and mode of an identity's name, without its keys; None for an unknown name."""
    known = _cast(name) if ":" in name else _KNOWN.get("hopital" if name == _AIR else name)
    if known is None:
        return None
    return known[2], known[3], "INDIRECTE_RENFORCEE" if name == _AIR else known[4]


def _cast(name: str) -> tuple[str, str, str, str, Mode] | None:
    """TLS pair, signature pair, professional, structure and mode of a name with a colon; None when unknown."""
    kind, _, key = name.partition(":")
    if kind == "cps" and key in directory.professionals():
        place = directory.professionals()[key].structures[0]
        return f"card-{key}-auth", f"card-{key}-sign", key, place, _KINDS[kind]
    if kind in ("org", "air") and key in directory.structures():
        return f"org-{key}-auth", f"org-{key}-sign", _somebody(key), key, _KINDS[kind]
    return None


def _somebody(structure: str) -> str:
    """A professional who acts for a structure: the first whose usual place it is, else the first linked to it."""
    people = [one for one in directory.professionals().values() if structure in one.structures]
    usual = [one for one in people if one.structures[0] == structure]
    return (usual or people or [directory.professionals()["medecin-hospitalier"]])[0].key


def professional(key: str) -> directory.Professional:
    """A professional of the test directory. Raises UsageError."""
    found = directory.professionals().get(key)
    if found is None:
        raise _unknown("IDENT-002", Text("professionnel inconnu", "unknown professional"), key)
    return found


def structure_of(key: str) -> directory.Structure:
    """A structure of the test directory. Raises UsageError."""
    found = directory.structures().get(key)
    if found is None:
        raise _unknown("IDENT-003", Text("structure inconnue", "unknown structure"), key)
    return found


def with_user(identity: Identity, user: directory.Professional) -> Identity:
    """The same certificates in the hands of another user."""
    return replace(identity, user=user)


def specialty_of(user: directory.Professional) -> Coded:
    """Compound profession and specialty of CDA authors: `G15_10/SM26`, `G15_60`, `R94_41`, `SECRETARIAT_MEDICAL`."""
    table = _TABLES.get(user.role.system)
    code, label = (f"{table}_{user.role.code}" if table else user.role.code), user.role.label
    if user.specialty is not None:
        code, label = f"{code}/{user.specialty.code}", f"{label} - {user.specialty.label}"
    return Coded(code, OID_AUTHOR_SPECIALTY if table else user.role.system, label)


def signer_name(certificate: x509.Certificate) -> str:
    """Subject of the certificate as `Issuer` of a VIHF writes it: RFC 4514, most specific name first."""
    return certificate.subject.rfc4514_string()


def _unknown(code: str, text: Text, key: str) -> UsageError:
    return UsageError(code, text, found=key)


def _read_pair(folder: Path, stem: str) -> KeyPair:
    certificate_file, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
    try:
        certificate = certificate_of(certificate_file.read_bytes())
        # Proving each RSA key sound takes 40 ms; that it belongs to its certificate is told by the preflight.
        key = serialization.load_pem_private_key(
            key_file.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except (OSError, ValueError, TypeError) as problem:
        raise ConfigError(
            "IDENT-004",
            Text("certificat ou clé illisible", "certificate or key unreadable"),
            field=str(folder / stem),
            found=str(problem),
            mend=_how_to_get(folder, stem),
        ) from problem
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError(
            "IDENT-005",
            Text("une clé RSA est attendue", "an RSA key is expected"),
            field=str(key_file),
            found=type(key).__name__,
        )
    return KeyPair(stem, certificate, key, certificate_file, key_file)


def _how_to_get(folder: Path, stem: str) -> Text:
    kind, _, rest = stem.partition("-")
    wanted = {"card": "cps", "org": "org"}.get(kind, "")
    key = rest.rpartition("-")[0]
    if wanted and (key in directory.professionals() or key in directory.structures()):
        command = f"dmpcompat pki card {folder} {wanted}:{key}"
        return Text(command, command)
    return Text("refaire la PKI : dmpcompat pki init", "make the PKI again: dmpcompat pki init")


def _names(listing: Path) -> tuple[str, ...]:
    try:
        index = jsonread.loads(listing.read_text(encoding="utf-8"))
        return tuple(str(entry["name"]) for entry in index["certificates"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ConfigError(
            "IDENT-006", Text("pki.json est illisible", "pki.json is unreadable"), found=str(problem)
        ) from problem
