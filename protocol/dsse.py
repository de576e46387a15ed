"""Dead Simple Signing Envelope: the signed form of a statement.

Signing covers the exact payload bytes and their type (pre-authentication encoding), so nothing is re-parsed
between signature and use. Who may sign is decided by `reports.verify` with the trust file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from protocol import canonical
from protocol.errors import EvidenceError, Text

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Signature:
    keyid: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


class Signer(Protocol):
    """Something that signs, and the id of its public key."""

    @property
    def keyid(self) -> str:
        """Id of the public key in the trust file."""

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes."""


def encoding(payload_type: str, payload: bytes) -> bytes:
    """What is signed (DSSE v1 pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signers: Sequence[Signer], payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The envelope as canonical JSON bytes, with one signature a signer."""
    covered = encoding(payload_type, payload)
    return envelope(payload, [Signature(one.keyid, one.sign(covered)) for one in signers], payload_type)


def envelope(payload: bytes, signatures: Sequence[Signature], payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The envelope of signatures that were made elsewhere, as canonical JSON bytes."""
    return canonical.dumps(
        {
            "payloadType": payload_type,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": one.keyid, "sig": base64.b64encode(one.value).decode()} for one in signatures
            ],
        }
    )


def read(data: bytes) -> Envelope:
    """Read an envelope strictly. Raises EvidenceError."""
    raw = canonical.loads(data)
    try:
        if set(raw) != {"payloadType", "payload", "signatures"} or not isinstance(raw["payloadType"], str):
            raise ValueError(f"members {sorted(raw)}")
        return Envelope(
            payload_type=raw["payloadType"],
            payload=_bytes(raw["payload"]),
            signatures=tuple(_signature(entry) for entry in raw["signatures"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as problem:
        raise EvidenceError(
            "DSSE-001",
            Text("enveloppe de signature illisible", "unreadable signature envelope"),
            found=str(problem),
        ) from problem


def _signature(entry: dict[str, Any]) -> Signature:
    return Signature(str(entry["keyid"]), _bytes(entry["sig"]))


def _bytes(text: str) -> bytes:
    """Base64 in its one form: padding bits that say nothing would make two envelopes of one signature."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("base64 that is not canonical")
    return found
