"""Whether an act was possible for whoever signed it: asked before an act is written, and of every line that is read.

A good signature is not enough: who holds a key and the journal could write what the office would have refused. What
stops a move is `reports.dossier.guards`; this is where roles, states and guards meet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from protocol.errors import NO_TEXT, EvidenceError, Text
from protocol.trust import TrustedKey
from reports.dossier.events import Event
from reports.dossier.guards import COUNTED, GUARDS, Asked, Stop, heritage
from reports.dossier.states import GRANTED, MOVES, Move, Role, from_state
from reports.dossier.view import View, folded

#: Role of a key in the trust file -> role in a file.
ROLES: Final[Mapping[str, Role]] = {"editor": "editor", "reviewer": "reviewer", "seal": "agency"}
#: Kinds of events beside moves, and who may add them.
_WHO: Final[Mapping[str, tuple[Role, ...]]] = {
    "OPEN": ("editor", "agency"),
    "PIECE": ("editor", "agency"),
    "BUILD": ("editor", "agency"),
    "VERDICT": ("reviewer",),
    "OVERRIDE": ("reviewer",),
    "COMMENT": ("reviewer", "editor", "agency"),
    "ANOMALY": ("reviewer",),
    "MENDED": ("reviewer",),
    "ACCEPT_NA": ("reviewer",),
    "APPROVE": ("reviewer",),
    "DISPUTE": ("editor",),
    "RESOLVE": ("agency",),
    "RESERVED": ("agency",),
    "REGISTERED": ("agency",),
    "NOTICE": ("agency",),
}
#: What a reviewer adds goes with an examination.
_EXAMINING: Final = ("VERDICT", "OVERRIDE", "ANOMALY", "MENDED", "ACCEPT_NA", "APPROVE")


@dataclass(frozen=True)
class Actors:
    """The keys that may sign in a file, with what each stands for."""

    known: Mapping[str, TrustedKey]

    @cached_property
    def persons(self) -> dict[str, str]:
        """Whose each key is."""
        return {keyid: person(one.name) for keyid, one in self.known.items()}

    def asked(
        self, actor: str, *, parent_in_force: bool = True, parent_reports: frozenset[str] | None = None
    ) -> Asked:
        """Raises EvidenceError for a key that is none of a file's."""
        key = self.known.get(actor)
        if key is None or key.role not in ROLES:
            raise EvidenceError(
                "DOSSIER-004",
                Text("cette clé n'agit pas sur un dossier", "this key does not act on a file"),
                found=f"{actor[:16]} {key.role if key else ''}",
                expected=" ".join(ROLES),
            )
        return Asked(actor, ROLES[key.role], parent_in_force, self.persons, parent_reports)


def person(name: str) -> str:
    """Who a key belongs to, by its name: two keys of one name are one person, however the name is written."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def refusal(now: View, kind: str, facts: Mapping[str, Any], asked: Asked) -> Stop | None:
    """What forbids the act in the state of the file, None when it is possible."""
    if kind == "MOVE":
        return _of_move(now, MOVES.get(str(facts.get("move"))), asked)
    if asked.role not in _WHO[kind]:
        allowed = " / ".join(_WHO[kind])
        return Stop(_ROLE, asked.role, Text(allowed, allowed))
    return (
        _of_place(now, kind, facts, asked)
        or (_of_examination(now, asked) if kind in _EXAMINING else None)
        or _of_case(now, kind, facts)
    )


def replayed(events: Iterable[Event], known: Mapping[str, TrustedKey]) -> View:
    """The file that these events make, each of which was possible when it was written: what the register said of a
    connector then is left to the register. Raises EvidenceError (DOSSIER-003) naming the first line that was not.
    """
    actors, now = Actors(known), View()
    for event in events:
        try:
            stop = refusal(now, event.kind, event.facts, actors.asked(event.actor))
            if stop is None:
                folded(now, event)
                continue
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
        ) as problem:  # facts of another shape than ours
            stop = Stop(_SHAPE, f"{type(problem).__name__}: {problem}", NO_TEXT)
        raise EvidenceError(
            "DOSSIER-003",
            Text(
                f"acte qui n'était pas permis : {stop.text.fr}",
                f"an act that was not allowed: {stop.text.en}",
            ),
            field=f"evenements.ndjson:{event.seq + 1}",
            found=" ".join(filter(None, (event.kind, str(event.facts.get("move", "")), stop.found))),
            expected=stop.lift.en,
        )
    return now


def _of_move(now: View, move: Move | None, asked: Asked) -> Stop | None:
    if move is None or now.state not in move.origins:
        names = " ".join(one.name for one in from_state(now.state))
        return Stop(_STATE, now.state, Text(names, names))
    if asked.role not in move.roles:
        allowed = " / ".join(move.roles)
        return Stop(_ROLE, asked.role, Text(allowed, allowed))
    return guarded(now, move, asked)


def guarded(now: View, move: Move, asked: Asked) -> Stop | None:
    """The first guard of a move that stops it."""
    return next(filter(None, (GUARDS[name](now, asked) for name in move.guards)), None)


def _of_place(now: View, kind: str, facts: Mapping[str, Any], asked: Asked) -> Stop | None:
    """Acts that have their moment in the life of a file."""
    if (kind == "OPEN") == bool(now.history):
        return Stop(_STATE, now.state, Text("ouvrir un autre dossier", "open another file"))
    if kind == "PIECE" and facts.get("what") == "evidence" and now.state != "PRE_HOMOLOGATION":
        # Evidence of later would be decided on without the guards of its lodging.
        return Stop(_STATE, now.state, Text("reprendre les tests : redo", "take the tests up again: redo"))
    if (
        kind == "PIECE"
        and facts.get("what") == "amendment"
        and (asked.role != "agency" or not now.registered)
    ):
        return Stop(
            _ROLE, asked.role, Text("l'autorité, après l'homologation", "the agency, once homologated")
        )
    if kind == "PIECE" and facts.get("what") == "amendment":
        return heritage(now, facts, asked)
    if kind == "RESERVED":
        if now.state not in GRANTED or now.reference:
            return Stop(_STATE, now.state, Text("grant", "grant"))
        return guarded(now, MOVES["grant"], asked)  # nothing changed since it was granted
    if kind == "REGISTERED" and (now.registered or facts.get("reference") != now.reference):
        return Stop(_STATE, str(facts.get("reference")), Text(now.reference, now.reference))
    return None


def _of_examination(now: View, asked: Asked) -> Stop | None:
    if now.state != "EN_EXAMEN":
        return Stop(_STATE, now.state, Text("examine", "examine"))
    return GUARDS["outsider"](now, asked)


def _of_case(now: View, kind: str, facts: Mapping[str, Any]) -> Stop | None:
    case = facts.get("case")
    if case and kind != "COMMENT" and case not in now.verdicts:
        names = " ".join(now.verdicts)
        return Stop(_CASE, str(case), Text(names, names))
    if kind == "OVERRIDE" and facts.get("verdict") not in COUNTED:
        names = " ".join(COUNTED)
        return Stop(_VERDICT, str(facts.get("verdict")), Text(names, names))
    return None


_SHAPE: Final = Text("faits mal formés", "malformed facts")
_ROLE: Final = Text("ce rôle ne le peut pas", "this role may not")
_STATE: Final = Text("impossible dans cet état", "not possible in this state")
_CASE: Final = Text("cas absent des preuves", "case not in the evidence")
_VERDICT: Final = Text("un relecteur ne donne pas ce verdict", "a reviewer gives no such verdict")
