"""Bytes under their SHA-256: documents, and the requests and answers of the journal.

Small ones go on the shelf (`mock_dmp.state.shelf`), to be committed with the rows that name them; large ones are
files, written beside, synced, then renamed. Either way a blob is whole or absent. Which ones may go is decided by
`mock_dmp.state.collection`.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from sqlalchemy import Column, Connection

from mock_dmp.state.shelf import LARGEST, Shelf
from protocol.errors import EvidenceError, Text

_CHUNK = 256 * 1024


class BlobWriter:
    """Receives bytes; `commit` gives them their name. Leaving without it throws them away."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._path = Path()
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        if self._file is None:
            self._pieces.append(data)
            if self.size > self._blobs.largest_on_shelf:
                self._spill()
        else:
            self._file.write(data)

    def commit(self) -> str:
        """Name the bytes; returns their SHA-256 in hex. A blob already there stays as it is.

        A file is synced now; what is on the shelf is with the commit that names it.
        """
        digest = self._hash.hexdigest()
        if self._file is None and self._blobs.shelf is not None:
            self._blobs.shelf.put(digest, b"".join(self._pieces))
            return digest
        if self._file is None:
            self._spill()
        assert self._file is not None  # noqa: S101 - spilled
        target = self._blobs.place(digest)
        if _renew(target):
            self.discard()
        else:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(target)
        _sync_folder(target.parent)  # of a blob already there too: who named it may not have come that far
        return digest

    def discard(self) -> None:
        self._pieces = []
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _spill(self) -> None:
        """Too much for the memory: go on in a file."""
        handle, name = tempfile.mkstemp(dir=self._blobs.root / "tmp")
        self._file, self._path = os.fdopen(handle, "wb"), Path(name)
        self._file.writelines(self._pieces)
        self._pieces = []


class Blobs:
    """The folder of blobs, and the shelf if there is one: without a shelf every blob is a file."""

    def __init__(self, root: Path, shelf: Shelf | None = None) -> None:
        self.root = root
        self.shelf = shelf
        self.largest_on_shelf = -1 if shelf is None else LARGEST
        (root / "tmp").mkdir(parents=True, exist_ok=True)
        self._known: set[Path] = set()
        self._swept = time.monotonic()
        self._lock = threading.Lock()

    def writer(self) -> BlobWriter:
        return BlobWriter(self)

    def place(self, digest: str) -> Path:
        """Where the blob goes; its folder is there, and will be after a power cut."""
        target = path_of(self.root, digest)
        if target.parent not in self._known:
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self.root)  # even when it was there: who made it may not have come that far
            self._known.add(target.parent)
        return target

    def put(self, data: bytes) -> str:
        """Store bytes; returns their SHA-256 in hex."""
        writer = self.writer()
        writer.write(data)
        return writer.commit()

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        """Store a stream, piece by piece; returns (SHA-256 in hex, size in bytes)."""
        writer = self.writer()
        try:
            while piece := stream.read(_CHUNK):
                writer.write(piece)
            return writer.commit(), writer.size
        except BaseException:
            writer.discard()
            raise

    def open(self, digest: str) -> BinaryIO:
        """A stream on a blob. Raises EvidenceError when it is gone."""
        shelved = None if self.shelf is None else self.shelf.get(digest)
        if shelved is not None:
            return io.BytesIO(shelved)
        try:
            return path_of(self.root, digest).open("rb")
        except OSError as problem:
            raise EvidenceError(
                "BLOB-001",
                Text("un contenu enregistré a disparu du disque", "stored content is gone from the disk"),
                field=digest,
                found=str(problem),
            ) from problem

    def read(self, digest: str) -> bytes:
        with self.open(digest) as stream:
            return stream.read()

    def holds(self, digest: str) -> bool:
        """Whether the blob is there."""
        return (self.shelf is not None and self.shelf.holds(digest)) or path_of(self.root, digest).exists()

    def sweep_due(self, every: float) -> bool:
        """Whether to look for blobs to remove: yes at most once in so many seconds."""
        with self._lock:
            due = time.monotonic() - self._swept >= every
            if due:
                self._swept = time.monotonic()
            return due

    def old(self, *, before: float, named: Sequence[Column[str]] = ()) -> Iterator[str]:
        """The blobs that nobody wrote or took up again since `before` (seconds since the epoch).

        Those that a column of `named` holds may be left out already.
        """
        if self.shelf is not None:
            yield from self.shelf.old(before=before, named=named)
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime < before:
                    yield entry.name

    def remove(self, db: Connection, digests: Iterable[str], *, before: float) -> int:
        """Remove blobs, unless they were taken up since `before`; says how many went.

        `db` is a write transaction: nobody names a blob meanwhile.
        """
        wanted = list(digests)
        files = sum(self._remove_file(digest, before=before) for digest in wanted)
        return files + (0 if self.shelf is None else self.shelf.remove(db, wanted, before=before))

    def _remove_file(self, digest: str, *, before: float) -> bool:
        """Says whether there was a file, and it went.

        Moved away first and looked at then: who takes it up meanwhile finds it absent, and writes it again.
        """
        path, away = path_of(self.root, digest), self.root / "tmp" / f"gone-{uuid.uuid4()}"
        try:
            path.replace(away)
            if away.stat().st_mtime >= before:
                away.replace(path)
                return False
            away.unlink()
        except OSError:  # gone already; or in use, where the system does not let go of an open file
            return False
        return True

    def clear_leftovers(self, *, before: float) -> None:
        """Remove what processes that died left half-written, when untouched since `before`."""
        for path in (self.root / "tmp").iterdir():
            with suppress(OSError):  # finished or removed meanwhile
                if path.stat().st_mtime < before:
                    path.unlink()

    def size(self, digest: str) -> int:
        """In bytes. Raises OSError when the blob is gone."""
        shelved = None if self.shelf is None else self.shelf.size(digest)
        return shelved if shelved is not None else path_of(self.root, digest).stat().st_size


def path_of(root: Path, digest: str) -> Path:
    """Where the blob of that SHA-256 lies."""
    return root / digest[:2] / digest


def _renew(path: Path) -> bool:
    """Mark the blob as taken up, if it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # no way to sync a folder elsewhere
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
