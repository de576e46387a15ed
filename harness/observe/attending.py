"""What the operator gives beside words: screens and declarations, kept in the folder of the case as they come.

A file that is no picture, document or text is not taken: the task stays, and the journal says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.evidence import CaseFolder
from harness.evidence.sniff import SUFFIXES, sniff
from harness.observe.operator import Answer
from harness.observe.waiting import Watch
from protocol.errors import DmpcompatError


@dataclass
class Attending(Watch):
    """A watch whose operator may give files, kept in the folder of the case."""

    folder: CaseFolder | None = None

    def attach(self, answer: Answer) -> dict[str, Any] | None:
        """Keep a screen or a declaration as evidence. A file that is none is not taken; the task stays."""
        wanted = self.task.wants if self.task is not None else "frame"
        if answer.kind != wanted or self.folder is None:
            return {} if answer.kind == "declaration" else None
        data = answer.data if answer.kind == "screen" else f"{answer.reason.strip()}\n".encode()
        try:
            suffix = SUFFIXES[sniff(data, answer.name or "declaration.md").type]
        except DmpcompatError as problem:
            self.journal.tell("answer", self.case, step=self._number, refused=problem.message("en"))
            return None
        name = _free(self.folder.attached(), answer.kind, suffix)
        self.folder.attach(name, data)
        return {"file": name, "name": answer.name}


def _free(there: tuple[str, ...], kind: str, suffix: str) -> str:
    """`ecran_01.png`, `declaration.md`, `declaration_02.md`: names that the evidence knows."""
    stems = {name.partition(".")[0] for name in there}
    if kind == "declaration" and "declaration" not in stems:
        return f"declaration{suffix}"
    stem, number = ("declaration", 2) if kind == "declaration" else ("ecran", 1)
    while f"{stem}_{number:02d}" in stems:
        number += 1
    return f"{stem}_{number:02d}{suffix}"


def has(folder: CaseFolder | None, kind: str) -> bool:
    stem = {"screen": "ecran_", "declaration": "declaration"}[kind]
    return folder is not None and any(name.startswith(stem) for name in folder.attached())
