"""Bytes on disk under their SHA-256: documents, and the requests and answers of the journal.

Written beside, synced, then renamed: a blob is whole or absent. Which ones may go is decided by
`mock_dmp.state.collection`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from protocol.errors import EvidenceError, Text

_CHUNK = 256 * 1024


class BlobWriter:
    """Receives bytes; `commit` gives them their name. Leaving without it throws them away."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        handle, name = tempfile.mkstemp(dir=blobs.root / "tmp")
        self._file = os.fdopen(handle, "wb")
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def commit(self) -> str:
        """Sync and name the bytes; returns their SHA-256 in hex. A blob already there stays as it is."""
        digest = self._hash.hexdigest()
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
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The folder of blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
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
        return path_of(self.root, digest).exists()

    def sweep_due(self, every: float) -> bool:
        """Whether to look for blobs to remove: yes at most once in so many seconds."""
        with self._lock:
            due = time.monotonic() - self._swept >= every
            if due:
                self._swept = time.monotonic()
            return due

    def old(self, *, before: float) -> Iterator[str]:
        """The blobs that nobody wrote or took up again since `before` (seconds since the epoch)."""
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime < before:
                    yield entry.name

    def remove(self, digest: str, *, before: float) -> bool:
        """Remove a blob, unless it was taken up since `before`; says whether it is gone.

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
        return path_of(self.root, digest).stat().st_size


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
