"""Where the frames of the software under test come from: the journal of the mock, or a recording.

Each frame has a key that never changes and an order. Which frame answers which step is for `recognition`. A source
that does not answer raises `SourceAway` and can be asked again: nothing that it holds is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from harness.capture.recording import DESCRIPTION, Recording
from harness.control import Control
from harness.naming import call_of, is_business, message_id_of
from harness.observe.steady import away
from protocol.errors import DmpcompatError, EvidenceError, Text, ToolError
from protocol.exchange import Exchange, header, load

_FACTS: Final = "_echange.json"
#: Frames read at a look: a source that holds many is read by pieces.
_MOST: Final = 200


@dataclass(frozen=True)
class Seen:
    """One frame. `key`: its name in the source, for ever; `order`: frames that came later have a greater one.

    `transaction`: what it calls (harness.naming.call_of), "" for what is no call at all. `message_id` tells our
    driver's own calls from the others. `struck`: ids of the faults that the mock injected into it.
    """

    key: str
    order: int
    exchange: Exchange
    transaction: str
    message_id: str = ""
    struck: tuple[int, ...] = ()

    @property
    def business(self) -> bool:
        """Whether a step can wait for it; a WSDL, a parameter file or a cut connection is none."""
        return is_business(self.transaction)


class SourceAway(DmpcompatError):
    """The source does not answer now: the platform is down, restarting, or a file is being written."""


class Source(Protocol):
    """A place of frames. `finished`: no more can come."""

    @property
    def name(self) -> str:
        """What it is, for the evidence: the address of a mock, the name of a folder."""

    @property
    def finished(self) -> bool: ...

    def frames(self, since: int) -> Sequence[Seen]:
        """Frames of an order above `since`, oldest first; not necessarily all at once. Raises SourceAway."""

    def last(self) -> int:
        """The order of the newest frame, 0 when there is none. Raises SourceAway."""


class MockJournal:
    """The journal of one session of the mock, over its control API."""

    finished = False

    def __init__(self, control: Control, session: str) -> None:
        self._control = control
        self._session = session

    @property
    def name(self) -> str:
        return f"mock:{self._session}"

    def frames(self, since: int) -> Sequence[Seen]:
        """One small question when nothing came; two more for each frame that did."""
        try:
            lines = self._control.exchanges(self._session, after=since, limit=_MOST)
            return [self._seen(line) for line in lines]
        except ToolError as problem:
            raise _away(problem) from problem

    def last(self) -> int:
        try:
            return self._control.last(self._session)
        except ToolError as problem:
            raise _away(problem) from problem

    def _seen(self, line: Mapping[str, Any]) -> Seen:
        exchange = self._control.exchange(self._session, line)
        struck = tuple(int(fault["id"]) for fault in line["faults"])
        seen = seen_of(str(line["id"]), int(line["seq"]), as_received(exchange))
        # Who opens a page is known to the site alone: card or Pro Santé Connect.
        page = seen.transaction in ("TD0.9", "TD0.10") and line["transaction"]
        return replace(
            seen, transaction=str(line["transaction"]) if page else seen.transaction, struck=struck
        )


class RecordingSource:
    """A folder of captured exchanges, by the proxy while it grows (`live`) or finished."""

    def __init__(self, folder: Path, *, live: bool = False) -> None:
        """Raises EvidenceError for a folder without frames that is no recording either."""
        self._folder = folder
        self._recording = Recording(folder) if (folder / DESCRIPTION).exists() else None
        self._loose = () if self._recording else _stems(folder)
        self.finished = not live
        if self._recording is None and not self._loose:
            raise EvidenceError(
                "OBS-010",
                Text("aucune trame dans ce dossier", "no frame in this folder"),
                field=str(folder),
                expected="000001_echange.json, 000001_requete.xml, 000001_reponse.xml",
                mend=Text(
                    "enregistrer avec dmpcompat proxy, ou convertir avec dmpcompat import",
                    "record with dmpcompat proxy, or convert with dmpcompat import",
                ),
            )

    @property
    def name(self) -> str:
        return f"recording:{self._folder.name}"

    def frames(self, since: int) -> Sequence[Seen]:
        """Raises EvidenceError when a frame is not readable any more."""
        if self._recording is not None:
            found = [(int(key), key, one) for key, one in self._recording.frames(since, _MOST)]
        else:
            found = [
                (rank, stem, load(self._folder, stem))
                for rank, stem in enumerate(self._loose, 1)
                if since < rank <= since + _MOST
            ]
        return [seen_of(key, order, one) for order, key, one in found]

    def last(self) -> int:
        if self._recording is not None:
            return max((int(key) for key in self._recording.keys(0)), default=0)
        return len(self._loose)


@dataclass(frozen=True)
class Listed:
    """Some frames of a finished source, in their order: those that were given to one case.

    `apart`: somebody has put them apart for it, so that all of them are of that case and of no other.
    """

    name: str
    held: tuple[Seen, ...]
    apart: bool = False
    finished: bool = True

    def frames(self, since: int) -> Sequence[Seen]:
        return [one for one in self.held if one.order > since]

    def last(self) -> int:
        return max((one.order for one in self.held), default=0)


def as_received(exchange: Exchange) -> Exchange:
    """The exchange as its caller saw it: an answer shorter than it announces was cut, whatever its sender thinks."""
    answer = exchange.response
    if answer is None or exchange.failure or exchange.request.method == "HEAD":
        return exchange
    announced = header(answer.headers, "Content-Length")
    if not announced.isdigit() or int(announced) <= len(answer.body):
        return exchange
    return replace(exchange, failure=f"cut: {len(answer.body)} / {announced}")


def seen_of(key: str, order: int, exchange: Exchange) -> Seen:
    """A frame with what its bytes tell of it."""
    return Seen(key, order, exchange, call_of(exchange), message_id_of(exchange))


def everything(source: Source) -> list[Seen]:
    """All the frames of a finished source."""
    found: list[Seen] = []
    while more := source.frames(found[-1].order if found else 0):
        found += more
    return found


def folders(place: Path) -> dict[str, Path]:
    """Sub-folders that hold frames, by name: a capture that is sorted by test."""
    inside = (path for path in sorted(place.iterdir()) if path.is_dir()) if place.is_dir() else ()
    return {path.name: path for path in inside if (path / DESCRIPTION).exists() or _stems(path)}


def _stems(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name.removesuffix(_FACTS) for path in folder.glob(f"*{_FACTS}")))


def _away(problem: ToolError) -> DmpcompatError:
    """A mock that is not there will be back. One that is back with another database has lost the session: that is told,
    as any other refusal is.
    """
    if not away(problem):
        return problem
    return SourceAway(
        "OBS-001",
        Text("la plateforme ne répond pas", "the platform does not answer"),
        field=problem.field,
        found=problem.found,
    )
