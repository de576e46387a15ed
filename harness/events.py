"""What happens during a run, as values: written as NDJSON in the evidence and told to a listener.

An event carries plain JSON data. It is told as it happens; it holds no verdict of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

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
    "run-interrupted",
    "run-finished",
]


@dataclass(frozen=True)
class Event:
    """One fact of the run. `at` is UTC; `case` is "" for facts of the whole run."""

    kind: Kind
    at: datetime
    case: str
    data: dict[str, Any]

    def line(self) -> str:
        """One line of JSON, without its end of line."""
        stamp = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        value = {"event": self.kind, "at": stamp, "case": self.case, **self.data}
        return json.dumps(value, ensure_ascii=False, sort_keys=True)


Listener = Callable[[Event], None]


class Journal:
    """Appends events to a file and tells the listener. Each line is written out at once."""

    def __init__(self, path: Path, listener: Listener | None, mask: Callable[[str], str]) -> None:
        self._path = path
        self._listener = listener
        self._mask = mask

    def tell(self, kind: Kind, case: str = "", **data: Any) -> None:
        event = Event(kind, datetime.now(UTC), case, data)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._mask(event.line()) + "\n")
        if self._listener is not None:
            self._listener(event)
