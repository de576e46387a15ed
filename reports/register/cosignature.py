"""Cosignatures of checkpoints: what a witness says of a log, and who counts as one (C2SP tlog-cosignature, Ed25519).

A witness signs the text of a checkpoint with the moment at which it saw it as the largest consistent one. Its key is
of a kind of its own: it signs no checkpoint, and the key of a log cosigns none. Keeping its word is
`reports.register.witness`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.errors import EvidenceError, Text
from protocol.trust import TrustedKey
from reports.register.checkpoint import Checkpoint, NoteKey, NoteSignature, Signer, nameable, wrong_signature

#: The role of a witness in a trust file; its name there is the name that its lines carry.
ROLE: Final = "witness"
#: How far a clock may be ahead of ours.
AHEAD: Final = timedelta(minutes=10)
_STAMP: Final = 8
_SIGNATURE: Final = 64
_LAST: Final = int(datetime.max.replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class WitnessKey(Signer):
    """The key of a witness: a moment and the text of a note (kind 0x04). Its dates, if any, are of the trust file."""

    KIND: ClassVar[bytes] = b"\x04"
    not_before: datetime | None = None
    not_after: datetime | None = None

    def believed_at(self, moment: datetime) -> bool:
        return (self.not_before is None or self.not_before <= moment) and (
            self.not_after is None or moment < self.not_after
        )

    def seen(self, point: Checkpoint) -> tuple[datetime, ...]:
        """The moments at which it cosigned this checkpoint. Raises EvidenceError when a line of its own is wrong."""
        return tuple(self._moment(line, point) for line in self.lines(point))

    def _moment(self, line: NoteSignature, point: Checkpoint) -> datetime:
        when = int.from_bytes(line.value[:_STAMP])
        if len(line.value) != _STAMP + _SIGNATURE or when > _LAST:
            raise wrong_signature(self)
        try:
            self.public.verify(line.value[_STAMP:], message(point, when))
        except InvalidSignature as problem:
            raise wrong_signature(self) from problem
        return datetime.fromtimestamp(when, UTC)


@dataclass(frozen=True)
class Cosigned:
    """A witness and the last moment at which it cosigned."""

    key: WitnessKey
    at: datetime


def message(point: Checkpoint, when: int) -> bytes:
    """What a witness signs; `when`: seconds since 1970."""
    return f"cosignature/v1\ntime {when}\n{point.text}".encode()


def cosign(point: Checkpoint, name: str, private: Ed25519PrivateKey, at: datetime) -> Checkpoint:
    """The checkpoint with one more line. Whether it may be cosigned is the caller's question. Raises EvidenceError."""
    key, when = WitnessKey(nameable(name), private.public_key()), int(at.timestamp())
    value = when.to_bytes(_STAMP) + private.sign(message(point, when))
    return replace(point, signatures=(*point.signatures, NoteSignature(key.name, key.hint, value)))


def cosigned(
    point: Checkpoint,
    known: Iterable[WitnessKey],
    logs: Iterable[NoteKey] = (),
    *,
    until: datetime | None = None,
) -> tuple[Cosigned, ...]:
    """Who of the known witnesses cosigned: each key once, whatever its names and lines; never a log itself.

    Lines of unknown keys are not looked at; a cosignature outside the dates of its key or after `until` does not
    count. Raises EvidenceError when a line of a known witness is wrong.
    """
    found: dict[bytes, Cosigned] = {}
    own = {log.raw for log in logs}
    for key in known:
        moments = [
            one for one in key.seen(point) if key.believed_at(one) and (until is None or one <= until + AHEAD)
        ]
        if moments and key.raw not in own:
            found.setdefault(key.raw, Cosigned(key, max(moments)))
    return tuple(found.values())


def merged(own: Checkpoint, given: Checkpoint, keys: Iterable[WitnessKey]) -> Checkpoint:
    """`own` with the last line that each of these keys has in either; both say the same and were verified."""
    kept, added = list(own.signatures), []
    for key in keys:
        lines = [*key.lines(own), *key.lines(given)]
        added.append(max(lines, key=lambda line: line.value[:_STAMP]))
        kept = [line for line in kept if line not in lines]
    return replace(own, signatures=(*kept, *added))


def witnesses_of(keys: Iterable[TrustedKey]) -> tuple[WitnessKey, ...]:
    """The witnesses of a trust file that nobody distrusts, with their dates.

    Whoever has a key that is distrusted writes any moment: none of its cosignatures counts.
    """
    return tuple(
        WitnessKey(key.name, key.public, key.not_before, key.not_after)
        for key in keys
        if key.role == ROLE and isinstance(key.public, Ed25519PublicKey) and key.distrust_after is None
    )


def refuse_useless(key: TrustedKey, log: NoteKey) -> None:
    """Raises EvidenceError for a key that is listed as a witness and can't be one: another algorithm (COSIGN-002), a
    name that no line carries (CHKPT-001), the log itself (COSIGN-001).
    """
    if not isinstance(key.public, Ed25519PublicKey):
        raise EvidenceError(
            "COSIGN-002",
            Text("la clé d'un témoin est Ed25519", "the key of a witness is Ed25519"),
            field=key.name,
            found=key.algorithm,
        )
    refuse_log(WitnessKey(nameable(key.name), key.public), [log])


def refuse_log(key: WitnessKey, logs: Iterable[NoteKey]) -> None:
    """Raises EvidenceError (COSIGN-001) for a witness that is the log itself: it would witness its own word."""
    if any(key.raw == log.raw for log in logs):
        raise EvidenceError(
            "COSIGN-001",
            Text("le journal n'est pas son propre témoin", "the log is no witness of itself"),
            found=key.name,
        )


def told(found: Iterable[Cosigned]) -> Text:
    """Who cosigned and when, as one sentence."""
    listed = ", ".join(f"{one.key.name} ({one.at:%Y-%m-%d %H:%M:%S}Z)" for one in found)
    return Text(f"cosigné par {listed}", f"cosigned by {listed}")
