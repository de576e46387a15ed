"""Import: sources of any format become frames of a recording, or a word on why not, one by one.

Each file is read by the reader that recognises it, its messages are put in pairs, and the frames are written as they
come: memory holds one source at a time, and the messages that wait for an answer in another. What is not the bytes of
the wire is marked so, and judged accordingly (harness.checks.certainty).
"""

from __future__ import annotations

import codecs
import glob
import hashlib
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.capture.formats.api import MAX_BODY, MAX_SOURCE, Half, Pair, Reader, Source, readers
from harness.capture.formats.frames import named
from harness.capture.formats.supposing import supposed_kind
from harness.capture.pairing import Paired, pair_up
from harness.capture.recording import Recorder, Unread
from harness.capture.unpacking import unpacked
from protocol import jsonread, safexml
from protocol.errors import DmpcompatError, Text, UsageError, WireError
from protocol.exchange import (
    RESERIALISED,
    SUPPOSED,
    UNDATED,
    Exchange,
    Headers,
    Request,
    Response,
    header,
    load,
)

AUTO: Final = "auto"
_FACTS: Final = "_echange.json"
#: Ours, or of no interest, and so passed over in a folder without a word.
_BESIDE: Final = (
    *("recording.json", "unread.ndjson", "availability.ndjson", "test.json", "assertions.json", "index.json"),
    *("plan.yaml", "campagne.yaml", "evenements.ndjson", "plan.lock", "run.json", "pki.json"),
)
_BESIDE_ENDS: Final = ("_tls.json", "_vihf.json", ".sha256", "-sha256.txt", ".png", ".jpg", ".pdf")


@dataclass
class Imported:
    """What an import did. `formats`: frames by format; `alone`: frames without a response; `marked`: with marks."""

    keys: list[str] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    alone: list[tuple[str, str]] = field(default_factory=list)
    marked: int = 0
    unread: list[Unread] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        return {
            "frames": len(self.keys),
            "formats": dict(sorted(self.formats.items())),
            "without_response": [{"frame": key, "place": place} for key, place in self.alone],
            "not_byte_exact": self.marked,
            "unread": [item.to_plain() for item in self.unread],
        }


@dataclass(frozen=True)
class _Waiting:
    """A message without its other half, which may be in another source."""

    half: Half
    source: Path
    format: str
    when: datetime


def names() -> tuple[str, ...]:
    """What `--format` takes."""
    return (AUTO, *sorted(reader.name for reader in readers()))


def import_into(
    recorder: Recorder, sources: Sequence[Path], name: str = AUTO, told: Callable[[Path], None] | None = None
) -> Imported:
    """Read everything. `told` is called with each file. Raises UsageError (IMPORT-001) for a path that isn't there."""
    for path in sources:
        if not os.path.lexists(path):
            raise UsageError(
                "IMPORT-001", Text("source introuvable", "no such source"), field="SOURCE", found=str(path)
            )
    work = _Import(recorder, name)
    for path in _files(sources, recorder.folder):
        if told is not None:
            told(path)
        if path.suffix.lower() == ".zip":
            work.archive(path)
        else:
            work.file(path)
    work.finish()
    return work.done


class _Import:
    """One import under way."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.done = Imported()
        self._recorder = recorder
        self._name = name
        self._waiting: list[_Waiting] = []
        self._loose: list[Half] = []
        self._folder: Path | None = None
        #: What a temporary folder is called for a reader.
        self._inside: tuple[str, str] = ("", "")

    def archive(self, path: Path) -> None:
        """The files of a zip, as if they were in a folder of its name."""
        self._flush()
        with unpacked(path) as (folder, left):
            self._inside = (str(folder), f"{path}!")
            for item in left:
                self._unread(item)
            for inner in _files([folder], self._recorder.folder):
                self.file(inner)
            self._flush()
        self._inside = ("", "")

    def file(self, path: Path) -> None:
        if path.name.endswith(_FACTS):
            self._ours(path)
            return
        try:
            source = _read(path)
        except (OSError, UnicodeDecodeError, DmpcompatError) as problem:
            self._unread(Unread(str(path), "", _why(problem)))
            return
        reader = self._reader(source)
        if reader is None:
            why = Text("format non reconnu", "format not recognised")
            self._unread(Unread(str(path), "", why))
            return
        halves: list[Half] = []
        found = 0
        for item in reader.read(source):
            found += 1
            if isinstance(item, Unread):
                self._unread(item)
            elif isinstance(item, Pair):
                self._frame(Paired(item, "source"), path, reader.name)
            elif isinstance(item, Half):
                halves.append(item)
        if not found:
            self._unread(
                Unread(str(path), "", Text("aucun message dans le fichier", "no message in the file"))
            )
        name = named(path) if len(halves) == 1 else None
        if name is not None:  # a file a message: its name says whose it is
            halves = [replace(halves[0], key=f"{path.parent}/{name[0]}")]
        if name is not None or reader.name == "frames":
            self._together(path, halves)
        else:
            self._pair(halves, path, reader.name, in_order=True)

    def finish(self) -> None:
        """Put together what was in different sources, then say what stays alone."""
        self._flush()
        where = {id(one.half): one for one in self._waiting}
        pairs, nobody = pair_up([one.half for one in self._waiting], in_order=False)
        for paired in pairs:
            one = where[id(paired.pair.request)]
            self._frame(paired, one.source, one.format, one.when)
        for half in nobody:
            one = where[id(half)]
            why = Text("réponse sans sa requête", "response without its request")
            self._unread(Unread(str(one.source), half.place, why))

    def _together(self, path: Path, halves: list[Half]) -> None:
        """Files of one folder are one set; their order tells nothing."""
        if self._folder != path.parent:
            self._flush()
            self._folder = path.parent
        self._loose += halves

    def _flush(self) -> None:
        if self._folder is not None:
            halves, self._loose = self._loose, []
            self._pair(halves, self._folder, "frames", in_order=False)
            self._folder = None

    def _pair(self, halves: list[Half], path: Path, name: str, *, in_order: bool) -> None:
        pairs, left = pair_up(halves, in_order=in_order)
        for paired in pairs:
            if paired.pair.response is None:
                left.append(paired.pair.request)
            else:
                self._frame(paired, path, name)
        # Identifiers of a log mean nothing in another one.
        when = _when(path)
        self._waiting += [
            _Waiting(replace(half, key=""), Path(self._shown(path)), name, when) for half in left
        ]

    def _reader(self, source: Source) -> Reader | None:
        if self._name != AUTO:
            return next(reader for reader in readers() if reader.name == self._name)
        return next((reader for reader in readers() if reader.recognises(source)), None)

    def _ours(self, path: Path) -> None:
        stem = path.name.removesuffix(_FACTS)
        try:
            for body in path.parent.glob(f"{glob.escape(stem)}_re*.*"):
                _refuse_big(body.stat().st_size, MAX_BODY)
            exchange = load(path.parent, stem)
            masked = _masked(path.parent, stem)
        except (DmpcompatError, OSError) as problem:
            self._unread(Unread(str(path), "", _why(problem)))
            return
        exchange = replace(exchange, marks=tuple(sorted({*exchange.marks, *masked})))
        told = {"import": {"source": self._shown(path), "place": "", "format": "bundle", "paired": "source"}}
        key = self._recorder.append(replace(exchange, origin="import"), told)
        self._count(key, exchange, "bundle", path.name)

    def _frame(self, paired: Paired, path: Path, name: str, when: datetime | None = None) -> None:
        pair, place = paired.pair, paired.pair.request.place
        if pair.response is not None and (trouble := _trouble(pair.response)) is not None:
            self._unread(Unread(str(path), pair.response.place, trouble))
            pair = replace(pair, response=None, failure=f"import: {trouble.en}")
        if (trouble := _trouble(pair.request)) is not None:
            self._unread(Unread(str(path), place, trouble))
            return
        exchange = _exchange(pair, path.name, when or _when(path))
        told = {"import": {"source": self._shown(path), "place": place, "format": name, "paired": paired.how}}
        key = self._recorder.append(exchange, told)
        self._count(key, exchange, name, f"{self._shown(path)}: {place}")

    def _count(self, key: str, exchange: Exchange, name: str, place: str) -> None:
        self.done.keys.append(key)
        self.done.formats[name] += 1
        self.done.marked += any(RESERIALISED in mark for mark in exchange.marks)
        if exchange.response is None:
            self.done.alone.append((key, place))

    def _shown(self, path: Path | str) -> str:
        """A path as the person who asked knows it."""
        temporary, name = self._inside
        return str(path).replace(temporary, name, 1) if temporary else str(path)

    def _unread(self, item: Unread) -> None:
        item = replace(item, source=self._shown(item.source))
        self.done.unread.append(item)
        self._recorder.unread(item)


def _files(sources: Sequence[Path], own: Path) -> Iterator[Path]:
    """Every file but those of our own recording, folders in the order of names. Links are not followed."""
    for path in sources:
        if not path.is_dir():
            yield path
            continue
        for folder, inside, files in os.walk(path):
            if Path(folder).resolve() == own.resolve():
                inside.clear()
                continue
            inside[:] = sorted(name for name in inside if not name.startswith("."))
            kept = {name.removesuffix(_FACTS) for name in files if name.endswith(_FACTS)}
            for name in sorted(files):
                body = any(
                    name.startswith((f"{stem}_requete.", f"{stem}_reponse.")) for stem in _stems(name, kept)
                )
                beside = name in _BESIDE or name.endswith(_BESIDE_ENDS) or name.startswith(".")
                if not body and not beside:
                    yield Path(folder) / name


def _stems(name: str, kept: set[str]) -> tuple[str, ...]:
    stem = name.rpartition("_re")[0]
    return (stem,) if stem in kept else ()


def _read(path: Path) -> Source:
    """Raises OSError, UnicodeDecodeError, UsageError (too big, not a file)."""
    if not path.is_file():
        raise UsageError("IMPORT-002", Text("ce n'est pas un fichier", "it is no file"), found=str(path))
    _refuse_big(path.stat().st_size, MAX_SOURCE)
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Source(path, data.decode("utf-16").encode(), recoded=True)
    return Source(path, data.removeprefix(codecs.BOM_UTF8))


def _refuse_big(size: int, most: int) -> None:
    if size > most:
        raise UsageError(
            "IMPORT-003",
            Text("le fichier est trop gros : le découper", "the file is too big: split it"),
            found=f"{size} o / B",
            expected=f"<= {most} o / B",
        )


def _masked(folder: Path, stem: str) -> set[str]:
    """Marks of a frame of our evidence in which a secret was overwritten: `test.json` tells where."""
    described = folder / "test.json"
    if not described.is_file():
        return set()
    try:
        frames = jsonread.loads(described.read_text(encoding="utf-8"))["frames"]
        told: dict[str, Any] = next((frame for frame in frames if frame["stem"] == stem), {})
        return {
            f"{side}:{RESERIALISED}" for side in ("request", "response") if told.get(side, {}).get("redacted")
        }
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # not a test.json of ours: nothing is known of masks
        return set()


def _trouble(half: Half) -> Text | None:
    """Why a message must not become a frame: too big, or spoilt by the log."""
    if len(half.body) > MAX_BODY:
        return Text(f"message trop gros : {len(half.body)} o", f"message too big: {len(half.body)} B")
    kind = header(half.headers, "Content-Type").lower()
    if RESERIALISED not in half.marks or not half.body or "xml" not in kind or kind.startswith("multipart/"):
        return None
    try:
        safexml.parse(half.body, huge=True)
    except WireError as problem:
        return Text(
            f"message coupé ou abîmé par le journal ({problem.message('fr')})",
            f"message cut or spoilt by the log ({problem.message('en')})",
        )
    return None


def _when(path: Path) -> datetime:
    """When nobody says: the time of the file."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _exchange(pair: Pair, name: str, when: datetime) -> Exchange:
    asked, answered = pair.request, pair.response
    started = asked.at or (answered.at if answered else None)
    marks = {f"request:{mark}" for mark in asked.marks}
    if started is None:
        marks.add(f"request:{UNDATED}")
        started = when
    headers, guessed = _with_kind(asked)
    if guessed or not asked.target:
        marks.add(f"request:{SUPPOSED}")
    response = None
    if answered is not None:
        marks |= {f"response:{mark}" for mark in answered.marks}
        kinds, guessed = _with_kind(answered)
        marks |= {f"response:{SUPPOSED}"} if guessed else set()
        response = Response(answered.status, kinds, answered.body)
    digest = hashlib.sha256(asked.body).hexdigest()
    return Exchange(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}#{asked.place}#{digest}")),
        origin="import",
        session="",
        started=started,
        ended=pair.ended or (answered.at if answered and answered.at else started),
        request=Request(asked.method, asked.target or "/", headers, asked.body),
        response=response,
        failure="" if response else pair.failure or "import: no response in the source",
        marks=tuple(sorted(marks)),
    )


def _with_kind(half: Half) -> tuple[Headers, bool]:
    """Its headers with a Content-Type, and whether that was guessed."""
    if header(half.headers, "Content-Type") or not half.body:
        return half.headers, False
    return (*half.headers, ("Content-Type", supposed_kind(half.body))), True


def _why(problem: Exception) -> Text:
    if isinstance(problem, DmpcompatError):
        return Text(problem.message("fr"), problem.message("en"))
    said = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return Text(f"illisible : {said}", f"unreadable: {said}")
