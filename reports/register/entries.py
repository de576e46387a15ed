"""What the register says, one entry a fact: issued, reported, suspended… An entry is the canonical JSON of one leaf.

An entry never changes and names no patient; a person is a key id. Which kind may follow which is
`reports.register.standing`; storing and numbering them is `reports.register.store`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.shape import ANY, Members, Named, fit
from protocol.trust import moment, stamp
from reports import numbers

FORMAT: Final = "dmpcompat-register/1"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 2000
_MEMBERS: Final = Members(
    {
        "format": str,
        "seq": int,
        "at": str,
        "type": str,
        "reference": str,
        "previous": int,
        "actor": str,
        "reason": str,
        "facts": Named(ANY),
    }
)


@dataclass(frozen=True)
class Kind:
    """A kind of entry: the facts that it must have and may have, by name, and whether it is about one reference."""

    name: str
    text: Text
    facts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    about_one: bool = True


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "ISSUE",
            Text("homologation", "homologation"),
            ("statementDigest", "numberCommitment", "public"),
            ("parent", "expiresAt"),
        ),
        Kind("REPORT", Text("rapport émis", "report issued"), ("statementDigest", "result")),
        Kind(
            "AMEND",
            Text("version équivalente ajoutée", "equivalent release added"),
            ("release", "statementDigest"),
        ),
        Kind(
            "NOTICE", Text("mise en demeure ou avis", "formal notice or warning"), (), ("deadline", "cause")
        ),
        Kind("SUSPEND", Text("suspension", "suspension")),
        Kind("REINSTATE", Text("rétablissement", "reinstatement")),
        Kind("WITHDRAW", Text("retrait", "withdrawal"), ("effectiveAt",)),
        Kind("SUPERSEDE", Text("remplacement", "replacement"), ("by",)),
        Kind("EXPIRE", Text("expiration", "expiry")),
        Kind("VOID", Text("numéro jamais attribué", "number never given")),
        Kind(
            "TRUST",
            Text("changement des clés de confiance", "change of the trusted keys"),
            ("digest",),
            (),
            False,
        ),
        Kind("RULES", Text("changement des règles", "change of the rules"), ("digest", "version"), (), False),
        Kind("DISPUTE", Text("contestation", "dispute"), ("finding", "outcome"), ("digest",)),
    )
}

#: What the public list shows of a homologation.
PUBLIC: Final = ("holder", "software", "version", "profiles", "modes", "framework", "kind")


@dataclass(frozen=True)
class Entry:
    """One entry. `at` is UTC to the second; `actor` the id of the key that decided; `previous` the number of the entry
    about the same reference before it, -1 when there is none.
    """

    seq: int
    at: datetime
    kind: str
    reference: str
    previous: int
    actor: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def leaf(self) -> bytes:
        """Its canonical bytes: what is hashed."""
        return canonical.dumps(
            {
                "format": FORMAT,
                "seq": self.seq,
                "at": stamp(self.at),
                "type": self.kind,
                "reference": self.reference,
                "previous": self.previous,
                "actor": self.actor,
                "reason": self.reason,
                "facts": dict(self.facts),
            }
        )


def read(leaf: bytes) -> Entry:
    """Read a leaf strictly: canonical, these members, facts of its kind. Raises EvidenceError."""
    raw = canonical.loads(leaf)
    try:
        fit(raw, _MEMBERS)
        if raw["format"] != FORMAT:
            raise ValueError("format")
        found = Entry(
            seq=raw["seq"],
            at=moment(raw["at"]),
            kind=raw["type"],
            reference=raw["reference"],
            previous=raw["previous"],
            actor=raw["actor"],
            reason=raw["reason"],
            facts=raw["facts"],
        )
        if found.leaf() != leaf:
            raise ValueError("not canonical")
    except ValueError as problem:
        raise EvidenceError(
            "REG-001",
            Text("entrée du registre illisible", "the entry of the register can't be read"),
            found=str(problem),
        ) from problem
    check(found)
    return found


def check(entry: Entry) -> None:
    """Raises EvidenceError (REG-002) naming the first member that is wrong."""
    kind = KINDS.get(entry.kind)
    if kind is None:
        raise _wrong("type", entry.kind, " ".join(KINDS))
    if kind.about_one != bool(entry.reference):
        raise _wrong("reference", entry.reference, "SSS-YYK-XXXXXXX-CC" if kind.about_one else "")
    if entry.reference:
        _reference("reference", entry.reference)
    if not -1 <= entry.previous < entry.seq:
        raise _wrong("previous", str(entry.previous), f"-1..{entry.seq - 1}")
    if not _SHA256.fullmatch(entry.actor):
        raise _wrong("actor", entry.actor, "keyid")
    if not entry.reason.strip() or len(entry.reason) > _LONGEST:
        raise _wrong("reason", entry.reason[:40], f"1..{_LONGEST}")
    missing = [name for name in kind.facts if name not in entry.facts]
    beyond = [name for name in entry.facts if name not in (*kind.facts, *kind.optional)]
    if missing or beyond:
        raise _wrong("facts", " ".join(sorted(entry.facts)), " ".join(kind.facts))
    for name, value in entry.facts.items():
        _FACTS[name](name, value)


def _digest(name: str, value: Any) -> None:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise _wrong(name, str(value), "sha256")


def _moment(name: str, value: Any) -> None:
    try:
        moment(value)
    except (TypeError, ValueError) as problem:
        raise _wrong(name, str(value), "2026-01-31T12:00:00Z") from problem


def _reference(name: str, value: Any) -> None:
    if not isinstance(value, str) or str(numbers.parse(value)) != value:
        raise _wrong(name, str(value), "SSS-YYK-XXXXXXX-CC")


def _words(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise _wrong(name, str(value)[:40], f"1..{_LONGEST}")


def _public(name: str, value: Any) -> None:
    if not isinstance(value, dict) or set(value) != set(PUBLIC):
        raise _wrong(
            name, " ".join(sorted(value)) if isinstance(value, dict) else str(value), " ".join(PUBLIC)
        )
    for member, told in value.items():
        items = told if member in ("profiles", "modes") else [told]
        if not isinstance(items, list) or not items:
            raise _wrong(f"{name}.{member}", str(told), "[…]")
        for item in items:
            _words(f"{name}.{member}", item)


_FACTS: Final[Mapping[str, Callable[[str, Any], None]]] = {
    "statementDigest": _digest,
    "numberCommitment": _digest,
    "digest": _digest,
    "public": _public,
    "parent": _reference,
    "by": _reference,
    "expiresAt": _moment,
    "effectiveAt": _moment,
    "deadline": _moment,
    "result": _words,
    "release": _words,
    "version": _words,
    "finding": _words,
    "outcome": _words,
    "cause": _words,
}


def _wrong(field: str, found: str, expected: str) -> EvidenceError:
    return EvidenceError(
        "REG-002",
        Text("entrée du registre mal formée", "malformed entry of the register"),
        field=field,
        found=found,
        expected=expected,
    )
