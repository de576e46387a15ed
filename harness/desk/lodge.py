"""Screens and declarations lodged from a folder: `DIR/<case>/*.png|*.jpg|*.pdf|*.md`, for a run that nobody watches.

A file whose name begins with the number of a step (`3-ecran.png`) is for that step; the others are taken in the order
of their names, the first for the first such step of the case. They may be put there while the runner waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from harness.checks.rule import Finding
from harness.desk import commands
from harness.observe.operator import Answer, NearMiss, Task, Wanted
from protocol.errors import DmpcompatError, Text, UsageError

_SUFFIXES: Final[dict[Wanted, frozenset[str]]] = {
    "screen": frozenset({".png", ".jpg", ".jpeg", ".pdf"}),
    "declaration": frozenset({".md", ".txt"}),
}
_NUMBERED: Final = re.compile(r"(\d{1,3})(?!\d)")
#: Longest declaration read from a file (bytes).
_LONGEST: Final = 64 * 1024

#: A file that is not finished may look damaged: it is complained of when it has not changed since the last look.
_State = tuple[Path, int, int]


class Lodge:
    """An Operator over a folder. `complain`: told of a file that can't be taken, once, and of a missing folder.

    Raises UsageError for what is no folder.
    """

    who = ""

    def __init__(self, folder: Path, complain: Callable[[DmpcompatError], None]) -> None:
        if not folder.is_dir():
            missing = UsageError(
                "DESK-007",
                Text("il n'y a pas de dossier à cet endroit", "there is no folder at this place"),
                field="--lodge",
                found=str(folder),
            )
            if folder.exists():
                raise missing
            complain(missing)  # it may be made while the software acts
        self._folder = folder
        self._complain = complain
        self._task: Task | None = None
        self._given: set[Path] = set()
        self._bad: set[_State] = set()
        self._unsure: set[_State] = set()

    def begin(self, task: Task) -> None:
        self._task = task if task.wants in _SUFFIXES else None
        self._given.clear()

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        """A folder is told nothing."""

    def done(self, task: Task, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - protocol
        self._task = None

    def answer(self) -> Answer | None:
        """The file of the task at hand, once."""
        if self._task is None:
            return None
        path = self._file(self._task)
        if path is None or path in self._given:
            return None
        try:
            stat = path.stat()
            state = (path, stat.st_size, stat.st_mtime_ns)
            if state in self._bad:
                return None
            found = _answer(path, self._task.wants)
        except (DmpcompatError, OSError) as problem:
            self._doubt(path, problem)
            return None
        self._given.add(path)
        return found

    def close(self) -> None:
        """Nothing is held."""

    def _file(self, task: Task) -> Path | None:
        place = self._folder / task.case
        if not place.is_dir():
            return None
        there = sorted(one for one in place.iterdir() if one.suffix.lower() in _SUFFIXES[task.wants])
        numbered = {one: int(found[1]) for one in there if (found := _NUMBERED.match(one.name))}
        for one, number in numbered.items():
            if number == task.step:
                return one
        others = [one for one in there if one not in numbered]
        rank = int(task.facts.get("rank", 1)) - 1
        # An act without frame is not declared by a file that was meant for a declaration.
        if task.facts.get("kind") == "instruct" or not 0 <= rank < len(others):
            return None
        return others[rank]

    def _doubt(self, path: Path, problem: DmpcompatError | OSError) -> None:
        """Complain of a file that was as bad at the last look; one that grows is given time."""
        try:
            stat = path.stat()
        except OSError:  # taken away meanwhile: it is looked for again
            return
        state = (path, stat.st_size, stat.st_mtime_ns)
        if state not in self._unsure:
            self._unsure.add(state)
            return
        self._bad.add(state)
        self._complain(problem if isinstance(problem, DmpcompatError) else _unreadable(path, problem))


def _answer(path: Path, wants: Wanted) -> Answer:
    if wants == "screen":
        return commands.screen(path)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as problem:
        raise _unreadable(path, problem) from problem
    if not text or len(data) > _LONGEST:
        raise UsageError(
            "DESK-005",
            Text("déclaration vide ou trop longue", "declaration empty or too long"),
            field=str(path),
            found=f"{len(data)}",
            expected=f"1..{_LONGEST}",
        )
    return Answer("declaration", text)


def _unreadable(path: Path, problem: Exception) -> UsageError:
    return UsageError(
        "DESK-003",
        Text("le fichier ne se lit pas", "the file can't be read"),
        field=str(path),
        found=str(problem)[:200],
    )
