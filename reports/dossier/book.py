"""Application files on disk: one folder a file, its journal of signed events, added under a lock and flushed to disk.

There is one way to change a file: read the journal, verify it, ask the guards, sign and append. A crash leaves the
journal as it was or with one event more; a last line that is not whole is cut off, since nobody was told of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocol.errors import DmpcompatError, Text, UsageError
from reports.dossier import events
from reports.dossier.events import Event
from reports.dossier.guards import GUARDS, Asked, Stop
from reports.dossier.people import People
from reports.dossier.states import MOVES, STATES, Move, Role, from_state
from reports.dossier.view import View, view
from reports.keys import Seal

JOURNAL: Final = "evenements.ndjson"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
#: Kinds of events beside moves, and who may add them. What is not there is the agency's.
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


class IllegalAct(DmpcompatError):
    """An act that the state of the file, a role or a guard forbids; `mend` says what would lift it."""

    exit_code = 64


@dataclass(frozen=True)
class Dossier:
    """One application file. `parent_in_force(reference)`: what the register says of a connector."""

    folder: Path
    people: People
    parent_in_force: Callable[[str], bool] = lambda _: False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def name(self) -> str:
        return self.folder.name

    def read(self) -> View:
        """The file as it is, verified line by line. Raises EvidenceError, UsageError when there is none."""
        return view(self.events())

    def events(self) -> list[Event]:
        """Its events, verified."""
        try:
            data = (self.folder / JOURNAL).read_bytes()
        except OSError as problem:
            raise UsageError(
                "DOSSIER-030",
                Text("pas de dossier de ce nom", "no file of that name"),
                field=str(self.folder),
            ) from problem
        return list(events.read(data, self.name, self.people.known()))

    def open(self, who: Seal, reason: str, facts: Mapping[str, Any]) -> View:
        """Make a new file. Raises UsageError for a name that is taken or can't be a folder's."""
        if not _NAME.fullmatch(self.name) or (self.folder / JOURNAL).exists():
            raise UsageError(
                "DOSSIER-031",
                Text("nom de dossier refusé ou déjà pris", "name of a file refused or taken"),
                found=self.name,
                expected=_NAME.pattern,
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / JOURNAL).touch()
        return self._append("OPEN", who, reason, facts)

    def move(self, name: str, who: Seal, reason: str) -> View:
        """Make a move. Raises IllegalAct: which guard stops it, and what would lift it."""
        if name not in MOVES:
            raise UsageError(
                "DOSSIER-032", Text("acte inconnu", "unknown act"), found=name, expected=" ".join(MOVES)
            )
        return self._append("MOVE", who, reason, {"move": name})

    def allow(self, name: str, who: Seal) -> None:
        """Raises IllegalAct when this move can't be made now, by this person."""
        self._movable(self.read(), MOVES[name], who.keyid, self.people.role(who.keyid))

    def add(self, kind: str, who: Seal, reason: str, facts: Mapping[str, Any]) -> View:
        """Add an event that is no move. Raises IllegalAct, EvidenceError."""
        return self._append(kind, who, reason, facts)

    def allowed(self) -> list[tuple[Move, Stop | None]]:
        """The moves that leave the state of now, each with what stops it (looked at as somebody of its role)."""
        now = self.read()
        return [(move, self._stop(now, move, "", move.roles[0])) for move in from_state(now.state)]

    def _append(self, kind: str, who: Seal, reason: str, facts: Mapping[str, Any]) -> View:
        with self._locked() as descriptor:
            known = self.events()
            now = view(known)
            self._permitted(now, kind, who, facts)
            at = self.clock().astimezone(UTC).replace(microsecond=0)
            event = Event(
                dossier=self.name,
                seq=len(known),
                at=max(at, known[-1].at) if known else at,
                kind=kind,
                reason=reason,
                facts=dict(facts),
                previous=known[-1].line if known else "",
            )
            line = events.signed(event, who)
            os.write(descriptor, line + b"\n")
            os.fsync(descriptor)
            return view([*known, replace(event, actor=who.keyid, line=hashlib.sha256(line).hexdigest())])

    def _permitted(self, now: View, kind: str, who: Seal, facts: Mapping[str, Any]) -> None:
        role = self.people.role(who.keyid)
        if kind == "MOVE":
            self._movable(now, MOVES[facts["move"]], who.keyid, role)
            return
        if role not in _WHO[kind]:
            raise _illegal(now, kind, Stop(_ROLE, role, Text(" / ".join(_WHO[kind]), " / ".join(_WHO[kind]))))
        if kind in _EXAMINING and now.state != "EN_EXAMEN":
            raise _illegal(now, kind, Stop(_STATE, now.state, Text("examine", "examine")))
        if kind in _EXAMINING and (stop := GUARDS["outsider"](now, Asked(who.keyid, role))):
            raise _illegal(now, kind, stop)
        case = facts.get("case")
        if case and kind != "COMMENT" and case not in now.verdicts:
            raise _illegal(
                now, kind, Stop(_CASE, str(case), Text(" ".join(now.verdicts), " ".join(now.verdicts)))
            )

    def _movable(self, now: View, move: Move, actor: str, role: Role) -> None:
        if now.state not in move.origins:
            names = " ".join(one.name for one in from_state(now.state))
            raise _illegal(now, move.name, Stop(_STATE, now.state, Text(names, names)))
        if role not in move.roles:
            raise _illegal(
                now, move.name, Stop(_ROLE, role, Text(" / ".join(move.roles), " / ".join(move.roles)))
            )
        if stop := self._stop(now, move, actor, role):
            raise _illegal(now, move.name, stop)

    def _stop(self, now: View, move: Move, actor: str, role: Role) -> Stop | None:
        parent = str(now.opening.get("parent", ""))
        asked = Asked(actor, role, not parent or self.parent_in_force(parent))
        return next(filter(None, (GUARDS[name](now, asked) for name in move.guards)), None)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        path = self.folder / JOURNAL
        if not path.is_file():
            raise UsageError(
                "DOSSIER-030",
                Text("pas de dossier de ce nom", "no file of that name"),
                field=str(self.folder),
            )
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _cut(path, descriptor)
            yield descriptor
        finally:
            os.close(descriptor)


def names(folder: Path) -> list[str]:
    """Names of the files of an office."""
    return sorted(path.parent.name for path in folder.glob(f"*/{JOURNAL}"))


_ROLE: Final = Text("ce rôle ne le peut pas", "this role may not")
_STATE: Final = Text("impossible dans cet état", "not possible in this state")
_CASE: Final = Text("cas absent des preuves", "case not in the evidence")


def _cut(path: Path, descriptor: int) -> None:
    """Remove a last line that a crash left unfinished: nobody was told that it was written."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        os.ftruncate(descriptor, data.rfind(b"\n") + 1)
        os.fsync(descriptor)


def _illegal(now: View, act: str, stop: Stop) -> IllegalAct:
    label = STATES[now.state][0]
    return IllegalAct(
        "DOSSIER-040",
        Text(f"{act} : {stop.text.fr}", f"{act}: {stop.text.en}"),
        field=now.dossier,
        found=" — ".join(filter(None, (f"{label.en} ({now.state})", stop.found))),
        mend=stop.lift,
    )
