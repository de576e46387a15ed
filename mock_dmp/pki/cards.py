"""Certificates of any professional or structure of the directory, added to a PKI folder when they are wanted.

Names: `cps:<professional>` (whatever the kind of card) and `org:<structure>`, or `all`; a bare key is a professional.
The usual ones of `init` are always there beside them, under their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mock_dmp.pki import folder, issue, profiles
from mock_dmp.pki.folder import PkiIndex
from mock_dmp.pki.issue import Issued
from mock_dmp.pki.profiles import Profile
from protocol import directory
from protocol.errors import ConfigError, Text, UsageError

ALL: Final = "all"
_CARD: Final = "cps"
_ORGANISATION: Final = "org"


def wanted(names: Iterable[str]) -> tuple[Profile, ...]:
    """The certificates that these names ask for, each once. Raises UsageError for one that has no card."""
    found: dict[str, Profile] = {}
    for name in names:
        for one in _everyone() if name == ALL else [name]:
            found |= {profile.name: profile for profile in _profiles(one)}
    return tuple(found.values())


def add(
    place: Path, names: Iterable[str], *, told: Callable[[int, int], None] = lambda _done, _total: None
) -> tuple[Profile, ...]:
    """Make the missing ones of `names` in the PKI folder `place`; returns those that were made.

    `told` hears how many are done, out of how many. Raises UsageError (unknown name), ConfigError (no PKI there, or
    it can't be written).
    """
    index = folder.load(place)
    there = {entry.name for entry in index.entries}
    missing = tuple(profile for profile in wanted(names) if profile.name not in there)
    authority, now = _authority(index), datetime.now(UTC)
    entries = list(index.entries)
    with _writing(place):
        keys = issue.new_keys(len(missing))
        for done, (profile, key) in enumerate(zip(missing, keys, strict=True), 1):
            issued = issue.leaf(profile, authority, key, now)
            _clear(place, profile.name)
            folder.write_leaf(place, profile.name, issued, authority.certificate)
            entries.append(folder.entry_of(profile, issued))
            told(done, len(missing))
        if missing:
            _replace(place / folder.INDEX, folder.index_text(entries))
    return missing


def _everyone() -> Iterator[str]:
    yield from (f"{_CARD}:{key}" for key, one in directory.professionals().items() if one.card != "none")
    yield from (f"{_ORGANISATION}:{key}" for key in directory.structures())


def _profiles(name: str) -> tuple[Profile, Profile]:
    kind, _, key = name.rpartition(":")
    if kind == _ORGANISATION and key in directory.structures():
        return profiles.organisation_of(key)
    person = directory.professionals().get(key)
    if kind in ("", _CARD) and person is not None and person.card != "none":
        return profiles.card_of(key)
    bearer = person is not None and kind in ("", _CARD)
    raise UsageError(
        "PKI-006",
        Text(
            "cet acteur n'a pas de carte : il agit par un certificat d'organisation", "this actor has no card"
        )
        if bearer
        else Text("carte ou organisation inconnue", "unknown card or organisation"),
        found=name,
        expected=f"{_CARD}:<professionnel>, {_ORGANISATION}:<structure>, {ALL}",
    )


def _authority(index: PkiIndex) -> Issued:
    try:
        certificate = x509.load_pem_x509_certificate(index.ca.read_bytes())
        key = serialization.load_pem_private_key((index.folder / "ca.key").read_bytes(), None)
    except (OSError, ValueError, TypeError) as problem:
        raise _no_authority(index.folder, str(problem)) from problem
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _no_authority(index.folder, type(key).__name__)
    return Issued(certificate, key)


def _no_authority(place: Path, found: str) -> ConfigError:
    return ConfigError(
        "PKI-007",
        Text("la clé de l'autorité de test n'est pas lisible", "the key of the test authority can't be read"),
        field=str(place / "ca.key"),
        found=found,
    )


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise ConfigError(
            "PKI-002",
            Text("le dossier de la PKI ne peut pas être écrit", "the PKI folder can't be written"),
            field=str(place),
            found=problem.strerror or str(problem),
        ) from problem


def _clear(place: Path, name: str) -> None:
    """What an interrupted run left: the index does not list it."""
    for suffix in ("pem", "key", "p12"):
        (place / f"{name}.{suffix}").unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
