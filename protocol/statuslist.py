"""The signed status list: what each homologation is worth now, as a platform and a verifier read it offline.

The register writes it (`reports.register.status`); whoever holds the trust file believes it, until its next update. It
names references, which are public; wire numbers are in it as keyed tags, which tell nothing without the platform's key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from protocol import canonical, dsse
from protocol.errors import EvidenceError, Text
from protocol.regularfile import read_regular
from protocol.trust import TrustedKey, moment, stamp

FORMAT: Final = "dmpcompat-status/1"
PAYLOAD_TYPE: Final = "application/vnd.dmpcompat.status+json"
#: Roles of the trust file that may sign one.
ROLES: Final = ("status", "seal")

State = Literal["ACTIVE", "NOTICE", "SUSPENDED", "WITHDRAWN", "SUPERSEDED", "EXPIRED"]
_LARGEST: Final = 64 * 1024 * 1024
_ENDS: Final = ("ACTIVE", "NOTICE", "SUSPENDED")
_MEMBERS: Final = frozenset(
    (
        "reference",
        "state",
        "since",
        "withdrawnAt",
        "expiresAt",
        "reason",
        "statementDigest",
        "numberTag",
        "software",
        "versions",
        "profiles",
    )
)


@dataclass(frozen=True)
class Listed:
    """One homologation. Moments are UTC; `tag` is "" when it has no wire number."""

    reference: str
    state: State
    since: datetime
    reason: str
    statement: str
    tag: str
    software: str
    versions: tuple[str, ...]
    profiles: tuple[str, ...]
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None

    def state_at(self, at: datetime) -> State:
        """Its state at a moment that is not before the list: a decided withdrawal or an expiry may have come since."""
        if self.state not in _ENDS:
            return self.state
        ends: list[tuple[datetime, State]] = []
        if self.withdrawn_at is not None and self.withdrawn_at <= at:
            ends.append((self.withdrawn_at, "WITHDRAWN"))
        if self.expires_at is not None and self.expires_at <= at:
            ends.append((self.expires_at, "EXPIRED"))
        return min(ends)[1] if ends else self.state

    def to_plain(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "state": self.state,
            "since": stamp(self.since),
            "withdrawnAt": stamp(self.withdrawn_at) if self.withdrawn_at else None,
            "expiresAt": stamp(self.expires_at) if self.expires_at else None,
            "reason": self.reason,
            "statementDigest": self.statement,
            "numberTag": self.tag,
            "software": self.software,
            "versions": list(self.versions),
            "profiles": list(self.profiles),
        }


@dataclass(frozen=True)
class StatusList:
    """All homologations of one issuer. `checkpoint`: the note of the register that it was made from."""

    issuer: str
    issued: datetime
    next_update: datetime
    checkpoint: str
    entries: tuple[Listed, ...]

    def fresh(self, at: datetime) -> bool:
        return at < self.next_update

    def of(self, reference: str) -> Listed | None:
        return next((one for one in self.entries if one.reference == reference), None)

    def of_tag(self, tag: str) -> Listed | None:
        """The homologation whose wire number has that tag; the newest when there are several."""
        found = [
            one for one in self.entries if one.tag and hmac.compare_digest(one.tag.encode(), tag.encode())
        ]
        return max(found, key=lambda one: one.since, default=None)

    def payload(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical.dumps(
            {
                "format": FORMAT,
                "issuer": self.issuer,
                "issuedAt": stamp(self.issued),
                "nextUpdate": stamp(self.next_update),
                "checkpoint": self.checkpoint,
                "entries": [one.to_plain() for one in self.entries],
            }
        )


def tag_of(number: str, key: bytes) -> str:
    """The tag of a wire number (hex): the same for the same number, and no way back without the key."""
    return hmac.new(key, number.encode(), hashlib.sha256).hexdigest()


def of_file(path: Path, trusted: Mapping[str, TrustedKey]) -> StatusList:
    """The signed list of a file. Raises OSError, FileRefused, and as `read` does."""
    return read(read_regular(path, _LARGEST), trusted)


def read(data: bytes, trusted: Mapping[str, TrustedKey]) -> StatusList:
    """Read and verify a signed list. Raises EvidenceError: STATUS-001 unreadable, STATUS-002 not signed by a key that
    may, STATUS-003 signed but malformed.
    """
    if not canonical.is_canonical(data):
        raise _refused("STATUS-001", Text("JSON non canonique", "JSON that is not canonical"))
    envelope = dsse.read(data)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise _refused(
            "STATUS-001",
            Text("ce n'est pas une liste de statuts", "this is no status list"),
            found=envelope.payload_type,
            expected=PAYLOAD_TYPE,
        )
    found = _parsed(envelope.payload)
    if not any(_signs(trusted.get(one.keyid), one, envelope, found) for one in envelope.signatures):
        raise _refused(
            "STATUS-002",
            Text(
                "la liste n'est pas signée par une clé de confiance de cet émetteur",
                "the list is not signed by a trusted key of this issuer",
            ),
            found=" ".join(one.keyid for one in envelope.signatures),
            expected=f"{' / '.join(ROLES)} {found.issuer}",
        )
    return found


def _signs(key: TrustedKey | None, one: dsse.Signature, envelope: dsse.Envelope, found: StatusList) -> bool:
    if (
        key is None
        or key.role not in ROLES
        or found.issuer not in key.issuers
        or not key.valid_at(found.issued)
        or key.distrust_after is not None  # nothing witnesses the date that the list claims
    ):
        return False
    return key.verifies(one.value, dsse.encoding(envelope.payload_type, envelope.payload))


def _parsed(payload: bytes) -> StatusList:
    if not canonical.is_canonical(payload):
        raise _refused("STATUS-003", Text("contenu non canonique", "the content is not canonical"))
    raw = canonical.loads(payload)
    try:
        if raw["format"] != FORMAT or len(raw) != 6:
            raise ValueError(str(raw["format"]))
        entries = tuple(_listed(one) for one in raw["entries"])
        if len({one.reference for one in entries}) != len(entries):
            raise ValueError("a reference twice")
        return StatusList(
            issuer=str(raw["issuer"]),
            issued=moment(raw["issuedAt"]),
            next_update=moment(raw["nextUpdate"]),
            checkpoint=str(raw["checkpoint"]),
            entries=entries,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise _refused(
            "STATUS-003",
            Text("liste de statuts mal formée", "malformed status list"),
            found=f"{type(problem).__name__}: {problem}",
        ) from problem


def _listed(raw: dict[str, Any]) -> Listed:
    if set(raw) != _MEMBERS or raw["state"] not in get_args(State):
        raise ValueError(" ".join(sorted(raw)))
    return Listed(
        reference=str(raw["reference"]),
        state=raw["state"],
        since=moment(raw["since"]),
        reason=str(raw["reason"]),
        statement=str(raw["statementDigest"]),
        tag=str(raw["numberTag"]),
        software=str(raw["software"]),
        versions=tuple(map(str, raw["versions"])),
        profiles=tuple(map(str, raw["profiles"])),
        withdrawn_at=moment(raw["withdrawnAt"]) if raw["withdrawnAt"] else None,
        expires_at=moment(raw["expiresAt"]) if raw["expiresAt"] else None,
    )


def _refused(code: str, text: Text, *, found: str = "", expected: str = "") -> EvidenceError:
    return EvidenceError(code, text, field="status", found=found, expected=expected)
