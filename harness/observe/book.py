"""What was acknowledged of one case, written down before it is told to be done: a killed runner goes on from there.

One line of JSON for each fact, on the disk when the call returns. A line that a kill cut was not acknowledged: it is
dropped. The book is beside the folder of the case while it runs, and gone with its end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from protocol import jsonread
from protocol.errors import EvidenceError, Text

#: opened: the platform was made ready; intent: our own driver or a fault is about to act; step: a step is over;
#: answer: what the operator said; task: since when the operator has been waited for.
Fact = Literal["opened", "intent", "step", "answer", "task"]
_FACTS: Final = frozenset({"opened", "intent", "step", "answer", "task"})


def book_of(root: Path, code: str) -> Path:
    """Where the book of a case is; removed with what an interrupted run leaves when the tree is sealed."""
    return root / f".{code}.reprise.partial"


class Book:
    """The book of one case. `lines`: what it holds, in order."""

    def __init__(self, path: Path, mask: Callable[[str], str], *, resumed: bool) -> None:
        """A book that is there is read when the run is resumed, and begun anew otherwise. Raises EvidenceError."""
        self._path = path
        self._mask = mask
        if not resumed:
            path.unlink(missing_ok=True)
        self.lines: list[dict[str, Any]] = list(_read(path)) if path.exists() else []

    @property
    def opened(self) -> Mapping[str, Any] | None:
        """The fact that the case was opened, None when it was not."""
        return next((line for line in self.lines if line["fact"] == "opened"), None)

    def last(self, fact: Fact, **where: Any) -> dict[str, Any] | None:
        """The newest fact of a kind with these values."""
        return next(
            (
                line
                for line in reversed(self.lines)
                if line["fact"] == fact and all(line.get(name) == value for name, value in where.items())
            ),
            None,
        )

    def every(self, fact: Fact, **where: Any) -> list[dict[str, Any]]:
        return [
            line
            for line in self.lines
            if line["fact"] == fact and all(line.get(name) == value for name, value in where.items())
        ]

    def write(self, fact: Fact, **data: Any) -> None:
        """Add a fact; it is on the disk when this returns. Raises OSError."""
        line = {"fact": fact, **data}
        raw = (self._mask(json.dumps(line, ensure_ascii=False, sort_keys=True)) + "\n").encode()
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, raw)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            _settle(self._path.parent)
        self.lines.append(line)

    def done(self) -> None:
        """The case has its result."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    raw = path.read_bytes()
    whole = raw.rfind(b"\n") + 1
    if whole < len(raw):  # a line that was never acknowledged
        with path.open("r+b") as stream:
            stream.truncate(whole)
            os.fsync(stream.fileno())
    for number, text in enumerate(raw[:whole].splitlines(), 1):
        try:
            line = jsonread.loads(text)
            if line["fact"] not in _FACTS:
                raise ValueError(str(line["fact"]))
        except (ValueError, KeyError, TypeError) as problem:
            raise EvidenceError(
                "OBS-011",
                Text("le carnet de reprise est abîmé", "the book of the interrupted case is damaged"),
                field=f"{path.name}:{number}",
                found=str(problem),
                mend=Text(
                    "supprimer ce fichier : le cas reprendra à son début",
                    "remove this file: the case will start again from its beginning",
                ),
            ) from problem
        yield line


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
