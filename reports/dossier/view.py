"""The application file as its events make it: state, pieces, verdicts with what reviewers added, what is open.

A fold, and nothing more: no guard is looked at here. An original verdict is never replaced; what was added to it stands
beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reports.dossier.events import Event
from reports.dossier.states import FIRST, MOVES


@dataclass(frozen=True)
class Piece:
    """A thing that was put in the file: `what` (convention, results, attestation, evidence), its name and SHA-256."""

    what: str
    name: str
    sha256: str
    by: str
    seq: int
    facts: Mapping[str, Any]


@dataclass
class View:
    """What the file says now. `verdicts`: original verdict by case, of the evidence lodged last; `overrides`: what a
    reviewer decided instead, with the event; `builds`: versions that the vendor declared since the opening;
    `approvals`: reviewers since that evidence; `executors`: keys that made or lodged evidence.
    """

    dossier: str = ""
    state: str = FIRST
    opening: Mapping[str, Any] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    build: str = ""
    builds: list[str] = field(default_factory=list)
    stale: str = ""
    verdicts: dict[str, str] = field(default_factory=dict)
    reviews: dict[str, list[Event]] = field(default_factory=dict)
    overrides: dict[str, Event] = field(default_factory=dict)
    accepted: dict[str, Event] = field(default_factory=dict)
    anomalies: dict[str, Event] = field(default_factory=dict)
    disputes: dict[str, Event] = field(default_factory=dict)
    approvals: dict[str, Event] = field(default_factory=dict)
    executors: set[str] = field(default_factory=set)
    reference: str = ""
    registered: bool = False

    def piece(self, what: str) -> Piece | None:
        """The last piece of that kind."""
        return next((one for one in reversed(self.pieces) if one.what == what), None)

    def verdict(self, case: str) -> str:
        """What counts for the decision: the reviewer's override when there is one, else the original."""
        return str(self.overrides[case].facts["verdict"]) if case in self.overrides else self.verdicts[case]

    def opinions(self, case: str) -> dict[str, str]:
        """The last verdict of each reviewer on a case, by key, since it was lodged or an override settled it."""
        piece, override = self.piece("evidence"), self.overrides.get(case)
        since = max(piece.seq if piece else -1, override.seq if override else -1)
        said = [one for one in self.reviews.get(case, ()) if one.kind == "VERDICT" and one.seq > since]
        return {one.actor: str(one.facts["verdict"]) for one in said}


def view(events: Iterable[Event]) -> View:
    """The fold of the events."""
    now = View()
    for event in events:
        folded(now, event)
    return now


def folded(now: View, event: Event) -> None:
    """One more event."""
    now.dossier = event.dossier
    now.history.append(event)
    _FOLDS[event.kind](now, event)


def _open(now: View, event: Event) -> None:
    now.opening = event.facts


def _move(now: View, event: Event) -> None:
    now.state = MOVES[event.facts["move"]].to
    if event.facts["move"] in ("redo", "evolve"):
        now.approvals.clear()


def _piece(now: View, event: Event) -> None:
    facts = event.facts
    now.pieces.append(Piece(facts["what"], facts["name"], facts["sha256"], event.actor, event.seq, facts))
    if facts["what"] not in ("evidence", "results"):
        return
    now.executors |= {event.actor, *facts.get("executors", ())}
    if facts["what"] == "evidence":
        # New evidence is looked at anew: what was said of the old stays in the history only.
        now.build, now.stale = str(facts["software"]["version"]), ""
        now.verdicts = dict(facts["verdicts"])
        for said in (now.overrides, now.accepted, now.approvals):
            said.clear()


def _build(now: View, event: Event) -> None:
    now.builds.append(str(event.facts["version"]))
    if now.build and event.facts["version"] != now.build:
        now.stale = str(event.facts["version"])
        now.approvals.clear()


def _review(now: View, event: Event) -> None:
    now.reviews.setdefault(str(event.facts["case"]), []).append(event)


def _override(now: View, event: Event) -> None:
    _review(now, event)
    now.overrides[str(event.facts["case"])] = event
    now.approvals.clear()


def _accept(now: View, event: Event) -> None:
    _review(now, event)
    now.accepted[str(event.facts["case"])] = event
    now.approvals.clear()  # what had been approved is no more what is decided


def _anomaly(now: View, event: Event) -> None:
    _review(now, event)
    now.anomalies[str(event.facts["id"])] = event


def _mended(now: View, event: Event) -> None:
    now.anomalies.pop(str(event.facts["id"]), None)


def _dispute(now: View, event: Event) -> None:
    now.disputes[str(event.facts["id"])] = event


def _resolve(now: View, event: Event) -> None:
    now.disputes.pop(str(event.facts["id"]), None)


def _approve(now: View, event: Event) -> None:
    now.approvals[event.actor] = event


def _reserved(now: View, event: Event) -> None:
    now.reference, now.registered = str(event.facts["reference"]), False


def _registered(now: View, event: Event) -> None:  # noqa: ARG001 - the shape of its neighbours
    now.registered = True


def _said(now: View, event: Event) -> None:
    """It is in the history; nothing else follows."""


_FOLDS: Final[Mapping[str, Callable[[View, Event], None]]] = {
    "OPEN": _open,
    "MOVE": _move,
    "PIECE": _piece,
    "BUILD": _build,
    "VERDICT": _review,
    "OVERRIDE": _override,
    "COMMENT": _review,
    "ANOMALY": _anomaly,
    "MENDED": _mended,
    "ACCEPT_NA": _accept,
    "APPROVE": _approve,
    "DISPUTE": _dispute,
    "RESOLVE": _resolve,
    "RESERVED": _reserved,
    "REGISTERED": _registered,
    "NOTICE": _said,
}
