"""Signed trust files as tests make them: a pool of root keys, versions one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import dsse
from protocol.trust import TrustedKey, keyid_of
from protocol.trustversion import Root, RootKey, Signed, Version

START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
#: Root keys 0 to 5, then keys that sign other things.
POOL = tuple(Ed25519PrivateKey.from_private_bytes(bytes([number + 1]) * 32) for number in range(9))
IDS = tuple(keyid_of(one.public_key()) for one in POOL)


def root(numbers: Iterable[int], threshold: int = 1) -> Root:
    return Root.of(threshold, [RootKey(f"racine {number}", POOL[number].public_key()) for number in numbers])


def key(number: int, role: str = "log", **changes: Any) -> TrustedKey:
    public = POOL[number].public_key()
    made = TrustedKey(IDS[number], role, f"clé {number}", ("TST",), START, None, public)
    return replace(made, **changes)


def version(number: int = 1, **changes: Any) -> Version:
    made = Version(
        number=number,
        previous="",
        issuer="TST",
        origin="registre.test/homologations",
        issued=START,
        expires=START + timedelta(days=365),
        reason="essai",
        root=root([0]),
        keys={IDS[7]: key(7)},
    )
    return replace(made, **changes)


def after(old: Version, **changes: Any) -> Version:
    """The next version, which changes this."""
    return replace(old, number=old.number + 1, previous=old.digest, **changes)


def signed(one: Version, numbers: Iterable[int]) -> Signed:
    made = Signed(one)
    for number in numbers:
        made = made.with_(dsse.Signature(IDS[number], POOL[number].sign(made.covered)))
    return made
