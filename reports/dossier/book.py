"""Application files on disk: one folder a file, its journal of signed events, added under a lock and flushed to disk.

There is one way to change a file: read the journal, verify it, ask the guards, sign and append. A crash leaves the
journal as it was or with one event more; a last line that is not whole is cut off, since nobody was told of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocol.errors import DmpcompatError, Text, UsageError
from reports.dossier import events, naming
from reports.dossier.events import Event
from reports.dossier.guards import Asked, Stop
from reports.dossier.legality import Actors, guarded, refusal, replayed
from reports.dossier.people import People
from reports.dossier.states import MOVES, STATES, Move, from_state
from reports.dossier.view import View, folded
from reports.keys import Seal

JOURNAL: Final = "evenements.ndjson"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class IllegalAct(DmpcompatError):
    """An act that the state of the file, a role or a guard forbids; `mend` says what would lift it."""

    exit_code = 64


@dataclass(frozen=True)
class Dossier:
    """One application file. `parent_in_force(reference)`: what the register says of a connector;
    `parent_reports(reference)`: SHA-256 of the reports that its homologation rests on, None when nobody says.
    """

    folder: Path
    people: People
    parent_in_force: Callable[[str], bool] = lambda _: False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    parent_reports: Callable[[str], frozenset[str] | None] = lambda _: None

    @property
    def name(self) -> str:
        return self.folder.name

    def read(self) -> View:
        """The file as it is, verified line by line, each an act that was possible. Raises EvidenceError, UsageError
        when there is none.
        """
        return replayed(self.events(), self.people.known())

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
        """Make a new file. Raises UsageError for a name that is taken or can't be a folder's, or names of products that
        read as others.
        """
        if not _NAME.fullmatch(self.name) or (self.folder / JOURNAL).exists():
            raise UsageError(
                "DOSSIER-031",
                Text("nom de dossier refusé ou déjà pris", "name of a file refused or taken"),
                found=self.name,
                expected=_NAME.pattern,
            )
        naming.refuse_unclear(facts)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / JOURNAL).touch()
        return self.add("OPEN", who, reason, facts)

    def move(self, name: str, who: Seal, reason: str) -> View:
        """Make a move. Raises IllegalAct: which guard stops it, and what would lift it."""
        if name not in MOVES:
            raise UsageError(
                "DOSSIER-032", Text("acte inconnu", "unknown act"), found=name, expected=" ".join(MOVES)
            )
        return self.add("MOVE", who, reason, {"move": name})

    def allow(self, name: str, who: Seal) -> None:
        """Raises IllegalAct when this move can't be made now, by this person."""
        self.permit("MOVE", who, {"move": name})

    def permit(self, kind: str, who: Seal, facts: Mapping[str, Any]) -> None:
        """Raises IllegalAct when this event can't be added now, by this person."""
        now = self.read()
        if stop := self._stop(now, kind, facts, who.keyid):
            raise _illegal(now, str(facts.get("move", kind)), stop)

    def add(self, kind: str, who: Seal, reason: str, facts: Mapping[str, Any]) -> View:
        """Add an event that is no move. Raises IllegalAct, EvidenceError."""
        return self.add_each(kind, who, [(reason, facts)])

    def add_each(self, kind: str, who: Seal, said: Iterable[tuple[str, Mapping[str, Any]]]) -> View:
        """Add events of one kind (reason and facts of each) in one hold of the file. The first that is not allowed ends
        it: those before it stand. Raises IllegalAct, EvidenceError.
        """
        with self._locked() as descriptor:
            known = self.events()
            now = replayed(known, self.people.known())
            last = known[-1] if known else None
            for reason, facts in said:
                if stop := self._stop(now, kind, facts, who.keyid):
                    raise _illegal(now, str(facts.get("move", kind)), stop)
                last = self._written(descriptor, self._next(last, kind, reason, facts), who)
                folded(now, last)
            return now

    def _next(self, last: Event | None, kind: str, reason: str, facts: Mapping[str, Any]) -> Event:
        """The event that would follow `last`. Time never goes back in a file."""
        at = self.clock().astimezone(UTC).replace(microsecond=0)
        return Event(
            dossier=self.name,
            seq=last.seq + 1 if last else 0,
            at=max(at, last.at) if last else at,
            kind=kind,
            reason=reason,
            facts=dict(facts),
            previous=last.line if last else "",
        )

    def _written(self, descriptor: int, event: Event, who: Seal) -> Event:
        line = events.signed(event, who)
        os.write(descriptor, line + b"\n")
        os.fsync(descriptor)
        return replace(event, actor=who.keyid, line=hashlib.sha256(line).hexdigest())

    def allowed(self) -> list[tuple[Move, Stop | None]]:
        """The moves that leave the state of now, each with what stops it (looked at as somebody of its role)."""
        now = self.read()
        parent = str(now.opening.get("parent", ""))
        persons = Actors(self.people.known()).persons
        asked = Asked(
            "",
            "",
            not parent or self.parent_in_force(parent),
            persons,
            self.parent_reports(parent) if parent else None,
        )
        return [(move, guarded(now, move, asked)) for move in from_state(now.state)]

    def _stop(self, now: View, kind: str, facts: Mapping[str, Any], actor: str) -> Stop | None:
        self.people.role(actor)  # a stranger is told so
        parent = str(now.opening.get("parent", ""))
        asked = Actors(self.people.known()).asked(
            actor,
            parent_in_force=not parent or self.parent_in_force(parent),
            parent_reports=self.parent_reports(parent) if parent else None,
        )
        return refusal(now, kind, facts, asked)

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
