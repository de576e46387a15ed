"""Events of an application file: who said what, when and why; signed, chained, added, never edited.

Each is one line of `evenements.ndjson`: a DSSE envelope in canonical JSON whose payload names the SHA-256 of the line
before. What an event means for the file is `reports.dossier.view`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from protocol import canonical, dsse
from protocol.dsse import Signer
from protocol.errors import EvidenceError, Text
from protocol.shape import ANY, Members, Named, fit
from protocol.trust import TrustedKey, moment, stamp
from reports.dossier.facts import refuse_misshapen

FORMAT: Final = "dmpcompat-dossier/1"
PAYLOAD_TYPE: Final = "application/vnd.dmpcompat.dossier+json"
#: Kinds of events beside the moves (`MOVE`): facts that each must have.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "OPEN": ("holder", "family", "products", "profiles", "modes", "kind"),
    "MOVE": ("move",),
    "PIECE": ("what", "name", "sha256"),
    "BUILD": ("version",),
    "VERDICT": ("case", "verdict"),
    "OVERRIDE": ("case", "verdict"),
    "COMMENT": ("case",),
    "ANOMALY": ("id", "case", "requirement"),
    "MENDED": ("id",),
    "ACCEPT_NA": ("case", "accepted"),
    "APPROVE": (),
    "DISPUTE": ("id", "case", "rule", "exchange"),
    "RESOLVE": ("id", "outcome"),
    "RESERVED": ("reference",),
    "REGISTERED": ("reference", "seq"),
    "NOTICE": ("deadline",),
}
_LONGEST: Final = 4000
_MEMBERS: Final = Members(
    {
        "format": str,
        "dossier": str,
        "seq": int,
        "at": str,
        "type": str,
        "reason": str,
        "facts": Named(ANY),
        "previous": str,
    }
)


@dataclass(frozen=True)
class Event:
    """One event. `actor`: id of the key that signed; `at`: UTC to the second; `line`: SHA-256 of the whole line, ""
    before it is written.
    """

    dossier: str
    seq: int
    at: datetime
    kind: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    previous: str = ""
    actor: str = ""
    line: str = ""

    def payload(self) -> bytes:
        """What is signed."""
        return canonical.dumps(
            {
                "format": FORMAT,
                "dossier": self.dossier,
                "seq": self.seq,
                "at": stamp(self.at),
                "type": self.kind,
                "reason": self.reason,
                "facts": dict(self.facts),
                "previous": self.previous,
            }
        )


def signed(event: Event, signer: Signer) -> bytes:
    """The line of an event, without its end of line. Raises EvidenceError when it is malformed."""
    _check(event)
    return dsse.sign(event.payload(), [signer], PAYLOAD_TYPE)


def read(data: bytes, dossier: str, known: Mapping[str, TrustedKey]) -> Iterator[Event]:
    """The events of a file, verified one after the other: chain, time that goes forward, signature, key within its
    dates.

    Raises EvidenceError (DOSSIER-001) naming the line.
    """
    previous, last = "", ""
    for number, line in enumerate(data.split(b"\n")[:-1]):
        try:
            event = _event(line, known)
        except EvidenceError as problem:
            raise _broken(number, problem.message("en")) from problem
        if (event.dossier, event.seq, event.previous) != (dossier, number, previous):
            raise _broken(
                number,
                f"{event.dossier} {event.seq} {event.previous[:12]}",
                f"{dossier} {number} {previous[:12]}",
            )
        if stamp(event.at) < last:  # back-dated, as by a key that may sign no more
            raise _broken(number, stamp(event.at), f">= {last}")
        previous, last = event.line, stamp(event.at)
        yield event


def _event(line: bytes, known: Mapping[str, TrustedKey]) -> Event:
    if not canonical.is_canonical(line):
        raise _wrong("line", "not canonical")
    envelope = dsse.read(line)
    raw = canonical.loads(envelope.payload)
    try:
        fit(raw, _MEMBERS)
        if envelope.payload_type != PAYLOAD_TYPE or raw["format"] != FORMAT:
            raise ValueError(envelope.payload_type)
        signature = envelope.signatures[0]
        event = Event(
            dossier=raw["dossier"],
            seq=raw["seq"],
            at=moment(raw["at"]),
            kind=raw["type"],
            reason=raw["reason"],
            facts=raw["facts"],
            previous=raw["previous"],
            actor=signature.keyid,
            line=hashlib.sha256(line).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise _wrong("payload", f"{type(problem).__name__}: {problem}") from problem
    key = known.get(event.actor)
    if key is None or len(envelope.signatures) != 1:
        raise _wrong("keyid", event.actor)
    if not key.verifies(signature.value, dsse.encoding(PAYLOAD_TYPE, envelope.payload)):
        raise _wrong("signature", event.actor)
    if not key.valid_at(event.at) or event.payload() != envelope.payload:
        raise _wrong("at", stamp(event.at))
    _check(event)
    return event


def _check(event: Event) -> None:
    wanted = KINDS.get(event.kind)
    if wanted is None:
        raise _wrong("type", event.kind, " ".join(KINDS))
    if missing := [name for name in wanted if name not in event.facts]:
        raise _wrong("facts", " ".join(event.facts), " ".join(missing))
    try:
        refuse_misshapen(event.kind, event.facts)
    except ValueError as problem:
        raise _wrong("facts", str(problem)) from problem
    if not event.reason.strip() or len(event.reason) > _LONGEST:
        raise _wrong("reason", event.reason[:40], f"1..{_LONGEST}")


def _broken(number: int, found: str, expected: str = "") -> EvidenceError:
    return EvidenceError(
        "DOSSIER-001",
        Text("le journal du dossier est altéré", "the journal of the file was altered"),
        field=f"evenements.ndjson:{number + 1}",
        found=found,
        expected=expected,
    )


def _wrong(name: str, found: str, expected: str = "") -> EvidenceError:
    return EvidenceError(
        "DOSSIER-002",
        Text("événement du dossier mal formé", "malformed event of the file"),
        field=name,
        found=found,
        expected=expected,
    )
