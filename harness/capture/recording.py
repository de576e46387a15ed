"""A recording: a folder of exchanges that grows by whole frames, written by one process and read by any.

A frame exists once its `_echange.json` does, which comes last, after its bodies are on the disk: a writer that is
killed leaves whole frames only. Nothing is masked here: secrets and identifiers are as they crossed the wire, so the
folder is for its owner alone (0700). Masking is harness.masking's, on the way to the evidence.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

from harness.capture.draft import DRAFT, Body, Draft
from harness.capture.holding import hold
from protocol import jsonread
from protocol.errors import EvidenceError, Text, UsageError
from protocol.exchange import Exchange, from_facts, suffix
from protocol.regularfile import FileRefused, read_regular, read_text

DESCRIPTION: Final = "recording.json"
UNREAD: Final = "unread.ndjson"
SCHEMA: Final = "dmpcompat-recording/1"
_LOCK: Final = ".lock"
_FACTS: Final = "_echange.json"
#: More than any message: the same bound as of a source that is imported.
_LARGEST: Final = 256 * 1024 * 1024

Where = Literal["proxy", "import"]


@dataclass(frozen=True)
class Unread:
    """What could not be read: `source` (a file), `place` in it (`line 12`, `entries[3]`), and why."""

    source: str
    place: str
    why: Text

    def to_plain(self) -> dict[str, Any]:
        return {"source": self.source, "place": self.place, "why": {"fr": self.why.fr, "en": self.why.en}}


class Recorder:
    """The one writer of a recording, from any of its threads. A recording that exists is continued.

    Raises UsageError: CAPT-001, another process writes there; CAPT-002, a folder that holds something else.
    """

    def __init__(
        self,
        folder: Path,
        *,
        origin: Where,
        source: str,
        told: Mapping[str, Any] | None = None,
        sure: bool = True,
    ) -> None:
        """`source`: where the frames come from, for a reader; `told`: further facts for `recording.json`.

        Without `sure` frames are as whole if the writer is killed, but a machine that loses its power may lose the
        last ones: for what can be done again.
        """
        self.folder = folder
        self.sure = sure
        _prepare(folder)
        self._lock_file = hold(folder / _LOCK)
        self._ordering = threading.Lock()
        try:
            self._clean()
            self._next = max((number for number, _ in _listed(folder)), default=0) + 1
            self._describe(origin, source, dict(told or {}))
        except BaseException:
            self._lock_file.close()
            raise

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process write."""
        self._lock_file.close()

    def draft(self) -> Draft:
        """A frame whose bodies come by pieces."""
        return Draft(self)

    def append(self, exchange: Exchange, told: Mapping[str, Any] | None = None) -> str:
        """Write one frame, on the disk when this returns; its key (`000001`). Raises NotKept."""
        draft = self.draft()
        draft.request.write(exchange.request.body)
        if exchange.response is not None:
            draft.response.write(exchange.response.body)
        return draft.commit(exchange, told)

    def unread(self, item: Unread) -> None:
        """Keep a word on what could not be read."""
        line = json.dumps(item.to_plain(), ensure_ascii=False, sort_keys=True) + "\n"
        self.note(UNREAD, line, settled=self.sure)

    def note(self, name: str, line: str, *, settled: bool = False) -> None:
        """Add one line, ended by a newline, to a file of the folder; `settled`: on the disk when this returns."""
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            if settled:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def place(self, exchange: Exchange, bodies: list[Body], told: dict[str, Any]) -> str:
        """Number a draft whose bodies are on the disk. Frames appear in the order of their numbers."""
        sides = dict(zip(("request", "response"), bodies, strict=False))
        bare = {
            "request": suffix(exchange.request.headers),
            "response": suffix(exchange.response.headers) if exchange.response else "",
        }
        words = {"request": "requete", "response": "reponse"}
        with self._ordering:
            key = f"{self._next:06d}"
            names = {side: f"{key}_{words[side]}{bare[side]}" for side in sides}
            plain = {
                **exchange.facts(),
                **told,
                "files": names,
                "sha256": {side: body.sha256 for side, body in sides.items()},
                "size": {side: body.size for side, body in sides.items()},
            }
            beside = bodies[0].path.with_suffix(".json")
            _write(beside, plain, sure=self.sure)
            for side, body in sides.items():
                body.path = body.path.replace(self.folder / names[side])
            _settle_folder(self.folder, sure=self.sure)
            beside.replace(self.folder / f"{key}{_FACTS}")
            _settle_folder(self.folder, sure=self.sure)
            self._next += 1
            return key

    def _clean(self) -> None:
        """What a killed writer left: drafts, and bodies that never became a frame."""
        whole = {key for _, key in _listed(self.folder)}
        for path in self.folder.iterdir():
            stem, _, rest = path.name.partition("_")
            orphan = stem.isdigit() and stem not in whole and rest.startswith(("requete.", "reponse."))
            if path.name.startswith(DRAFT) or orphan:
                path.unlink()

    def _describe(self, origin: Where, source: str, told: dict[str, Any]) -> None:
        """Each time it is opened has its line: who wrote what."""
        path = self.folder / DESCRIPTION
        before = _read(path) if path.exists() else {"schema": SCHEMA, "opened": []}
        opened = {
            "origin": origin,
            "source": source,
            "tool": _version(),
            "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "from": f"{self._next:06d}",
            **told,
        }
        beside = self.folder / f"{DRAFT}description"
        last = {name: opened[name] for name in ("origin", "source", "tool")}
        _write(beside, {**before, **last, "opened": [*before["opened"], opened]})
        beside.replace(path)
        _settle_folder(self.folder)


class Recording:
    """A recording, while it grows or after. Raises EvidenceError (CAPT-010) for a folder that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: Mapping[str, Any] = _read(folder / DESCRIPTION)

    def frames(self, since: int = 0, most: int = 0) -> list[tuple[str, Exchange]]:
        """Frames numbered above `since`, in order, with their keys (`int(key)` is the next `since`).

        `most` bounds how many are read at once, hence the memory; 0: all there are. Raises EvidenceError.
        """
        found: list[tuple[str, Exchange]] = []
        for key in self.keys(since):
            found.append((key, self.frame(key)))
            if len(found) == most:
                break
        return found

    def keys(self, since: int = 0) -> Iterator[str]:
        """Keys above `since`, in order, as long as there are any."""
        number = since + 1
        while True:
            key = f"{number:06d}"
            if (self.folder / f"{key}{_FACTS}").exists():
                yield key
                number += 1
                continue
            # A frame that somebody took away must not hide those after it.
            later = sorted(item for item, _ in _listed(self.folder) if item > number)
            if (self.folder / f"{key}{_FACTS}").exists():
                continue
            if not later:
                return
            number = later[0]

    def facts(self, key: str) -> Mapping[str, Any]:
        """What the frame says of itself, with what its origin adds. Raises EvidenceError."""
        return _read(self.folder / f"{key}{_FACTS}")

    def frame(self, key: str) -> Exchange:
        """One frame. Raises EvidenceError: unreadable (CAPT-010), or not the bytes that were recorded (CAPT-011)."""
        plain = self.facts(key)
        bodies = {side: self._body(key, side, plain) for side in ("request", "response")}
        return from_facts(dict(plain), bodies["request"], bodies["response"])

    def unread(self) -> list[dict[str, Any]]:
        """What could not be read, in the form of `Unread.to_plain`; a line cut by a kill is left out."""
        path = self.folder / UNREAD
        if not path.exists():
            return []
        found: list[dict[str, Any]] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                found.append(jsonread.loads(line))
        return found

    def _body(self, key: str, side: str, plain: Mapping[str, Any]) -> bytes:
        try:
            name = plain["files"].get(side)
            if name is None:
                return b""
            data = read_regular(self.folder / Path(name).name, _LARGEST)
            expected = str(plain["sha256"][side])
        except (OSError, FileRefused, KeyError, TypeError, AttributeError) as problem:
            raise _unreadable(self.folder / key, problem) from problem
        if (found := hashlib.sha256(data).hexdigest()) != expected:
            raise EvidenceError(
                "CAPT-011",
                Text(
                    "la trame n'a plus les octets enregistrés", "the frame no longer has the recorded bytes"
                ),
                field=str(self.folder / name),
                found=found,
                expected=expected,
            )
        return data


def _prepare(folder: Path) -> None:
    """A folder of our own. Raises UsageError (CAPT-002)."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    if not folder.is_dir() or (not (folder / DESCRIPTION).exists() and _occupied(folder)):
        raise UsageError(
            "CAPT-002",
            Text("le dossier contient autre chose qu'un enregistrement", "the folder holds something else"),
            field=str(folder),
            mend=Text("donner un dossier vide ou nouveau", "give an empty or a new folder"),
        )
    folder.chmod(0o700)


def _occupied(folder: Path) -> bool:
    return any(path.name != _LOCK and not path.name.startswith(DRAFT) for path in folder.iterdir())


def _listed(folder: Path) -> Iterator[tuple[int, str]]:
    for path in folder.iterdir():
        stem = path.name.removesuffix(_FACTS)
        if stem != path.name and stem.isdigit() and stem.isascii():
            yield int(stem), stem


def _read(path: Path) -> dict[str, Any]:
    try:
        plain = jsonread.loads(read_text(path, _LARGEST))
    except (OSError, ValueError, FileRefused) as problem:
        raise _unreadable(path, problem) from problem
    if not isinstance(plain, dict):
        raise _unreadable(path, ValueError(type(plain).__name__))
    return plain


def _write(path: Path, plain: Mapping[str, Any], *, sure: bool = True) -> None:
    data = json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data.encode())
        stream.flush()
        if sure:
            os.fsync(stream.fileno())


def _settle_folder(folder: Path, *, sure: bool = True) -> None:
    """Names are on the disk too, where a folder can be opened (not on Windows)."""
    if os.name != "posix" or not sure:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path, problem: Exception) -> EvidenceError:
    return EvidenceError(
        "CAPT-010",
        Text("enregistrement illisible", "unreadable recording"),
        field=str(path),
        found=f"{type(problem).__name__}: {problem}",
    )


def _version() -> str:
    try:
        return version("dmpcompat")
    except PackageNotFoundError:  # run from a tree that is not installed
        return ""
