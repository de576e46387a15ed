"""One signed version of the trust file: the keys to believe, the root that signs, until when it counts.

Its payload is canonical JSON of format `dmpcompat-trust/3`, its envelope is DSSE under a payload type of its own: a
root's signature of it passes for no other document. Versions one after the other are a chain, a line each; which of
them a verifier believes is `protocol.trustchain`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from protocol import canonical, dsse
from protocol.errors import EvidenceError, Text
from protocol.trust import (
    ROLES,
    PublicKey,
    TrustedKey,
    algorithm_of,
    entries,
    keyid_of,
    moment,
    of_entry,
    pem,
    public_of,
    stamp,
    verifies,
)

FORMAT: Final = "dmpcompat-trust/3"
PAYLOAD_TYPE: Final = "application/vnd.dmpcompat.trust+json"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MEMBERS: Final = frozenset(
    (
        "format",
        "version",
        "previous",
        "issuer",
        "origin",
        "issuedAt",
        "expiresAt",
        "reason",
        "root",
        "keys",
    )
)
_MOST_ROOTS: Final = 16
_MOST_VERSIONS: Final = 1_000
#: Of a whole chain, in bytes.
LARGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class RootKey:
    """A key that signs versions of the trust file and nothing else. `name`: whose it is."""

    name: str
    public: PublicKey

    @property
    def keyid(self) -> str:
        return keyid_of(self.public)


@dataclass(frozen=True)
class Root:
    """Who signs: any `threshold` of these keys, by id."""

    threshold: int
    keys: Mapping[str, RootKey]

    @classmethod
    def of(cls, threshold: int, keys: Iterable[RootKey]) -> Root:
        return cls(threshold, {key.keyid: key for key in keys})


@dataclass(frozen=True)
class Version:
    """What one version says. `previous`: digest of the one before, "" of the first. `expires`: None when it has no end.

    `origin`: the log of the register that it is published in; `keys`: those to believe, none of them a root.
    """

    number: int
    previous: str
    issuer: str
    origin: str
    issued: datetime
    expires: datetime | None
    reason: str
    root: Root
    keys: Mapping[str, TrustedKey]

    @cached_property
    def payload(self) -> bytes:
        """The canonical bytes that the roots sign."""
        return canonical.dumps(
            {
                "format": FORMAT,
                "version": self.number,
                "previous": self.previous,
                "issuer": self.issuer,
                "origin": self.origin,
                "issuedAt": stamp(self.issued),
                "expiresAt": stamp(self.expires) if self.expires else None,
                "reason": self.reason,
                "root": {
                    "threshold": self.root.threshold,
                    "keys": [
                        {
                            "keyid": keyid,
                            "name": key.name,
                            "algorithm": algorithm_of(key.public),
                            "public": pem(key.public),
                        }
                        for keyid, key in self.root.keys.items()
                    ],
                },
                "keys": entries(self.keys.values()),
            }
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the payload: what the register logs, and what the next version names."""
        return hashlib.sha256(self.payload).hexdigest()


@dataclass(frozen=True)
class Signed:
    """A version in its envelope."""

    version: Version
    signatures: tuple[dsse.Signature, ...] = ()

    @property
    def covered(self) -> bytes:
        """What a root signs."""
        return dsse.encoding(PAYLOAD_TYPE, self.version.payload)

    def by(self, root: Root) -> frozenset[str]:
        """Ids of the keys of that root that signed. Raises EvidenceError (TRUST-013) when one is named and did not."""
        named = [one for one in self.signatures if one.keyid in root.keys]
        for one in named:
            if not verifies(root.keys[one.keyid].public, one.value, self.covered):
                raise EvidenceError(
                    "TRUST-013",
                    Text(
                        "signature fausse sous le fichier de confiance",
                        "wrong signature under the trust file",
                    ),
                    field=f"version {self.version.number}",
                    found=one.keyid,
                )
        return frozenset(one.keyid for one in named)

    def with_(self, signature: dsse.Signature) -> Signed:
        """The same with one more signature; one of the same key is replaced."""
        others = tuple(one for one in self.signatures if one.keyid != signature.keyid)
        return Signed(self.version, (*others, signature))

    def line(self) -> bytes:
        """The envelope as canonical JSON, without an end of line."""
        return dsse.envelope(self.version.payload, self.signatures, PAYLOAD_TYPE)


def lines(chain: Iterable[Signed]) -> bytes:
    """A chain as a file: an envelope a line."""
    return b"".join(one.line() + b"\n" for one in chain)


def is_signed(data: bytes) -> bool:
    """Whether this is a signed trust file, alone or in a chain; else it may be a plain one."""
    try:
        first = canonical.loads(data.partition(b"\n")[0])
    except EvidenceError:
        return False
    return isinstance(first, dict) and "payloadType" in first


def read(data: bytes) -> tuple[Signed, ...]:
    """The versions of a chain, or the one of an envelope, as they are: who signed is not looked at.

    Raises EvidenceError (TRUST-010).
    """
    listed = data.removesuffix(b"\n").split(b"\n")
    if len(listed) > _MOST_VERSIONS or len(data) > LARGEST:
        raise _unreadable(f"{len(listed)} / {len(data)}", f"<= {_MOST_VERSIONS} / {LARGEST}")
    return tuple(read_one(line) for line in listed)


def read_one(line: bytes) -> Signed:
    """One envelope. Raises EvidenceError (TRUST-010)."""
    if not canonical.is_canonical(line):
        raise _unreadable("JSON")
    envelope = dsse.read(line)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise _unreadable(envelope.payload_type, PAYLOAD_TYPE)
    ids = [one.keyid for one in envelope.signatures]
    if len(set(ids)) != len(ids) or len(ids) > 2 * _MOST_ROOTS:
        raise _unreadable(" ".join(ids)[:200])
    return Signed(_version(envelope.payload), envelope.signatures)


def _version(payload: bytes) -> Version:
    raw = canonical.loads(payload)
    try:
        found = _parsed(raw)
        if found.payload != payload:
            raise ValueError("not canonical")
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise _unreadable(f"{type(problem).__name__}: {problem}") from problem
    return found


def _parsed(raw: Any) -> Version:
    if set(raw) != _MEMBERS or raw["format"] != FORMAT:
        raise ValueError(" ".join(sorted({*raw} ^ _MEMBERS)) or str(raw["format"]))
    number, previous = raw["version"], raw["previous"]
    if type(number) is not int or number < 1:
        raise ValueError("version")
    if not (previous == "" if number == 1 else _SHA256.fullmatch(previous)):
        raise ValueError("previous")
    keys = [of_entry(entry) for entry in raw["keys"]]
    if wrong := {key.role for key in keys} - set(ROLES):
        raise ValueError(" ".join(sorted(wrong)))
    if len({key.keyid for key in keys}) != len(keys):
        raise ValueError("a key twice")
    return Version(
        number=number,
        previous=previous,
        issuer=_text(raw["issuer"]),
        origin=_text(raw["origin"]),
        issued=moment(raw["issuedAt"]),
        expires=moment(raw["expiresAt"]) if raw["expiresAt"] is not None else None,
        reason=_text(raw["reason"]),
        root=_root(raw["root"]),
        keys={key.keyid: key for key in keys},
    )


def _root(raw: dict[str, Any]) -> Root:
    keys = [RootKey(_text(entry["name"]), public_of(entry)) for entry in raw["keys"]]
    found = Root.of(raw["threshold"], keys)
    if len(found.keys) != len(keys) or len(keys) > _MOST_ROOTS:
        raise ValueError("root.keys")
    if type(found.threshold) is not int or not 1 <= found.threshold <= len(keys):
        raise ValueError("root.threshold")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{value!r}: text")
    return value


def _unreadable(found: str, expected: str = "") -> EvidenceError:
    return EvidenceError(
        "TRUST-010",
        Text("fichier de confiance signé illisible", "the signed trust file can't be read"),
        found=found,
        expected=expected,
    )
