"""What a reference is worth at a given moment: the fold of its entries, and which move may come next.

States and moves follow the life cycle of a certificate (notice, suspension, withdrawal with a deferred effect): nothing
comes back from the end. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from protocol.errors import DmpcompatError, Text
from protocol.trust import moment, stamp
from reports.register.entries import Entry

State = Literal[
    "UNKNOWN", "REPORTED", "ACTIVE", "NOTICE", "SUSPENDED", "WITHDRAWN", "SUPERSEDED", "EXPIRED", "VOID"
]

LABELS: Final[Mapping[State, Text]] = {
    "UNKNOWN": Text("inconnu du registre", "not in the register"),
    "REPORTED": Text("rapport, sans homologation", "report, no homologation"),
    "ACTIVE": Text("en vigueur", "active"),
    "NOTICE": Text("en vigueur, mise en demeure", "active, under formal notice"),
    "SUSPENDED": Text("suspendu", "suspended"),
    "WITHDRAWN": Text("retiré", "withdrawn"),
    "SUPERSEDED": Text("remplacé", "superseded"),
    "EXPIRED": Text("expiré", "expired"),
    "VOID": Text("numéro jamais attribué", "number never given"),
}

#: Kind of entry -> states in which it may be written, and the one that it leads to ("" leaves it as it is).
_MOVES: Final[Mapping[str, tuple[tuple[State, ...], State | Literal[""]]]] = {
    "ISSUE": (("UNKNOWN",), "ACTIVE"),
    "REPORT": (("UNKNOWN",), "REPORTED"),
    "AMEND": (("ACTIVE", "NOTICE"), ""),
    "NOTICE": (("ACTIVE", "NOTICE"), "NOTICE"),
    "SUSPEND": (("ACTIVE", "NOTICE"), "SUSPENDED"),
    "REINSTATE": (("NOTICE", "SUSPENDED"), "ACTIVE"),
    "WITHDRAW": (("ACTIVE", "NOTICE", "SUSPENDED"), ""),
    "SUPERSEDE": (("ACTIVE", "NOTICE", "SUSPENDED"), "SUPERSEDED"),
    "EXPIRE": (("ACTIVE", "NOTICE", "SUSPENDED", "EXPIRED"), "EXPIRED"),
    "VOID": (("UNKNOWN",), "VOID"),
    "DISPUTE": (("REPORTED", "ACTIVE", "NOTICE", "SUSPENDED", "WITHDRAWN", "SUPERSEDED", "EXPIRED"), ""),
}


class IllegalMove(DmpcompatError):
    """A move that the state of the reference forbids."""

    exit_code = 64


@dataclass(frozen=True)
class Standing:
    """A reference at one moment. `withdrawn_at`: when a decided withdrawal takes effect; `expires_at` likewise.

    `issue`: facts of its ISSUE or REPORT entry; `releases`: versions that amendments added; `last`: number of its last
    entry, -1 when it has none.
    """

    reference: str
    state: State = "UNKNOWN"
    since: datetime | None = None
    reason: str = ""
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None
    superseded_by: str = ""
    issue: Mapping[str, Any] | None = None
    releases: tuple[str, ...] = ()
    last: int = -1

    @property
    def usable(self) -> bool:
        """Whether a software may exchange under it."""
        return self.state in ("ACTIVE", "NOTICE")


def standing(reference: str, entries: Iterable[Entry], at: datetime) -> Standing:
    """The fold of the entries about `reference` that were written until `at`. Raises IllegalMove for a history that
    breaks the rules.
    """
    found = Standing(reference)
    for entry in entries:
        if entry.reference == reference and entry.at <= at:
            found = then(found, entry)
    return _at(found, at)


def then(before: Standing, entry: Entry) -> Standing:
    """The same, once time alone did what it does until the entry: after a withdrawal took effect nothing comes back."""
    return after(_at(before, entry.at), entry)


def after(before: Standing, entry: Entry) -> Standing:
    """The standing once `entry` is written. Raises IllegalMove, which says what the state allows."""
    allowed, to = _MOVES[entry.kind]
    if before.state not in allowed:
        raise IllegalMove(
            "REG-010",
            Text(
                "cette décision n'est pas possible dans cet état",
                "this decision is not possible in this state",
            ),
            field=before.reference,
            found=f"{entry.kind} / {before.state}",
            expected=" ".join(kind for kind, (states, _) in _MOVES.items() if before.state in states),
        )
    now = replace(before, last=entry.seq)
    if to:
        now = replace(now, state=to, since=entry.at, reason=entry.reason)
    return _FACTS.get(entry.kind, _nothing)(now, entry)


def in_force(one: Standing | None, at: datetime) -> bool:
    """Whether something may stand on it at that moment."""
    return one is not None and _at(one, at).usable


def _issued(now: Standing, entry: Entry) -> Standing:
    expires = entry.facts.get("expiresAt")
    return replace(now, issue=dict(entry.facts), expires_at=moment(expires) if expires else None)


def _withdrawn(now: Standing, entry: Entry) -> Standing:
    effective = moment(entry.facts["effectiveAt"])
    if effective < entry.at:
        raise IllegalMove(
            "REG-011",
            Text("un retrait ne prend pas effet dans le passé", "a withdrawal takes no effect in the past"),
            field="effectiveAt",
            found=stamp(effective),
            expected=f">= {stamp(entry.at)}",
        )
    return _at(replace(now, withdrawn_at=effective, reason=entry.reason), entry.at)


def _reinstated(now: Standing, entry: Entry) -> Standing:  # noqa: ARG001 - the shape of its neighbours
    return replace(now, withdrawn_at=None)


def _amended(now: Standing, entry: Entry) -> Standing:
    return replace(now, releases=(*now.releases, str(entry.facts["release"])))


def _superseded(now: Standing, entry: Entry) -> Standing:
    return replace(now, superseded_by=str(entry.facts["by"]))


def _nothing(now: Standing, entry: Entry) -> Standing:  # noqa: ARG001 - the shape of its neighbours
    return now


_FACTS: Final = {
    "ISSUE": _issued,
    "REPORT": _issued,
    "WITHDRAW": _withdrawn,
    "REINSTATE": _reinstated,
    "AMEND": _amended,
    "SUPERSEDE": _superseded,
}


def _at(now: Standing, at: datetime) -> Standing:
    """What time alone makes of it: a deferred withdrawal, an expiry."""
    if now.state not in ("ACTIVE", "NOTICE", "SUSPENDED"):
        return now
    ends = [
        (when, state)
        for when, state in ((now.withdrawn_at, "WITHDRAWN"), (now.expires_at, "EXPIRED"))
        if when
    ]
    due = sorted((when, state) for when, state in ends if when <= at)
    if not due:
        return now
    when, state = due[0]
    return replace(now, state="WITHDRAWN" if state == "WITHDRAWN" else "EXPIRED", since=when)
