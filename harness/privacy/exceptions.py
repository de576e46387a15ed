"""Identifiers of an authority's own test data, allowed in an export one by one, each with its reason.

A file of YAML: `schema: dmpcompat-exceptions/1` and `exceptions:`, each with `kind` (INS, INS-C, RPPS, FINESS),
`value`, `reason` (a sentence that a reviewer reads), `by`, and `until` (ISO date) when it ends. Nothing allows an
identity under a production domain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from protocol.errors import EvidenceError, Text
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

SCHEMA: Final = "dmpcompat-exceptions/1"
_KINDS: Final = ("INS", "INS-C", "RPPS", "FINESS")
#: A reason that nobody could review is no reason.
_SHORTEST: Final = 15


@dataclass(frozen=True)
class Allowed:
    """One exception. `until`: its last day, None when it has none."""

    kind: str
    value: str
    reason: str
    by: str
    until: date | None

    def holds(self, today: date) -> bool:
        return self.until is None or today <= self.until

    def to_plain(self) -> dict[str, Any]:
        """Without the value: the package that it lets out holds it already."""
        return {
            "kind": self.kind,
            "sha256": hashlib.sha256(self.value.encode()).hexdigest(),
            "reason": self.reason,
            "by": self.by,
            "until": self.until.isoformat() if self.until else "",
        }


def read(path: Path) -> tuple[Allowed, ...]:
    """Raises EvidenceError, which names the field: unknown kind, reason too short, date that is none."""
    document = read_yaml(path, error=EvidenceError)
    fields = Fields(document.data, document, error=EvidenceError)
    if fields.text("schema") != SCHEMA:
        raise fields.refuse(
            "GUARD-010", Text("format inconnu", "unknown format"), "schema", "", expected=SCHEMA
        )
    allowed = fields.each("exceptions", _one, empty=False)
    fields.done()
    return allowed


def in_force(allowed: tuple[Allowed, ...], today: date | None = None) -> Mapping[tuple[str, str], Allowed]:
    """Those that hold today, by kind and value."""
    day = today or datetime.now(UTC).date()
    return {(item.kind, item.value): item for item in allowed if item.holds(day)}


def _one(fields: Fields) -> Allowed:
    kind, value, reason = fields.text("kind"), fields.text("value"), fields.text("reason")
    if kind not in _KINDS:
        raise fields.refuse(
            "GUARD-011", Text("valeur refusée", "value refused"), "kind", kind, expected=" | ".join(_KINDS)
        )
    if len(reason.strip()) < _SHORTEST:
        raise fields.refuse(
            "GUARD-012",
            Text(
                "dire pourquoi cet identifiant n'est celui de personne", "say why this identifier is nobody's"
            ),
            "reason",
            reason,
            expected=f">= {_SHORTEST}",
        )
    until = fields.text("until", "")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError:
        raise fields.refuse(
            "GUARD-013", Text("date illisible", "unreadable date"), "until", until, expected="2027-06-30"
        ) from None
    allowed = Allowed(kind, "".join(value.split()).upper(), reason, fields.text("by"), day)
    fields.done()
    return allowed
