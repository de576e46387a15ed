"""What happens during a run, as values: written as NDJSON in the evidence and told to a listener.

An event carries plain JSON data. It is told as it happens; it holds no verdict of its own. The lines of the file
hold one another (`harness.evidence.chain`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from harness.evidence import chain
from protocol import jsonread

Kind = Literal[
    "run-started",
    "preflight",
    "case-started",
    "step-started",
    "exchange",
    "step-finished",
    "case-finished",
    "announcing-failed",
    "cleaning-failed",
    "case-resumed",
    "case-inherited",
    "task",
    "frame",
    "answer",
    "platform-down",
    "platform-back",
    "run-interrupted",
    "run-finished",
    "journal-mended",
    "evidence-added",
    "evidence-withdrawn",
]
#: Events after which the journal must be on the disk, and not only handed to the system.
_LASTING: Final = frozenset(
    {"case-finished", "answer", "run-interrupted", "run-finished", "evidence-added", "evidence-withdrawn"}
)


@dataclass(frozen=True)
class Event:
    """One fact of the run. `at` is UTC; `case` is "" for facts of the whole run."""

    kind: Kind
    at: datetime
    case: str
    data: dict[str, Any]

    @classmethod
    def now(cls, kind: Kind, case: str = "", **data: Any) -> Event:
        """An event of this moment."""
        return cls(kind, datetime.now(UTC), case, data)

    def fields(self) -> dict[str, Any]:
        """The event as plain JSON."""
        stamp = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"event": self.kind, "at": stamp, "case": self.case, **self.data}


Listener = Callable[[Event], None]


class Journal:
    """Appends events to a file and tells the listener. Each line is written out at once and carries the digest of the
    one before it; a journal that is there already is continued, its unfinished last line mended and that told.

    `copy` is handed each line too. Usable from several threads. Raises EvidenceError for a journal that does not hold
    together.
    """

    def __init__(
        self,
        path: Path,
        listener: Listener | None,
        mask: Callable[[str], str],
        copy: Callable[[bytes], None] | None = None,
    ) -> None:
        self._copy = copy
        self._path = path
        self._listener = listener
        self._mask = mask
        self._writing = threading.Lock()
        mended = chain.mend(path)
        self._head = chain.read(path).head if path.is_file() else chain.GENESIS
        if mended is not None:
            self.tell("journal-mended", **mended)

    def tell(self, kind: Kind, case: str = "", **data: Any) -> None:
        self.record(Event.now(kind, case, **data))

    def finished(self) -> frozenset[str]:
        """The cases whose end it tells."""
        lines = self._path.read_bytes().splitlines() if self._path.is_file() else []
        told = map(jsonread.loads, lines)
        return frozenset(str(line["case"]) for line in told if line["event"] == "case-finished")

    def record(self, event: Event) -> None:
        """Append an event that happened, here or in another process."""
        with self._writing:
            # Masked before it is hashed: the chain is over what the file holds.
            line = self._mask(chain.link(event.fields(), self._head).decode()).encode()
            with self._path.open("ab") as stream:
                stream.write(line + b"\n")
                stream.flush()
                if event.kind in _LASTING:
                    os.fsync(stream.fileno())
            self._head = chain.digest(line)
            if self._copy is not None:
                self._copy(line + b"\n")
        if self._listener is not None:
            self._listener(event)


class Relay(Journal):
    """Hands every event to someone else, who keeps the journal."""

    def __init__(self, send: Listener) -> None:
        self._send = send

    def record(self, event: Event) -> None:
        self._send(event)
