"""Bytes on disk under their SHA-256: documents, and the requests and answers of the journal.

Written beside, synced, then renamed: a blob is whole or absent. Deletes nothing but its own leftovers.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from protocol.errors import EvidenceError, Text

_CHUNK = 256 * 1024


class BlobWriter:
    """Receives bytes; `commit` gives them their name. Leaving without it throws them away."""

    def __init__(self, root: Path) -> None:
        self._root = root
        handle, name = tempfile.mkstemp(dir=root / "tmp")
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
        target = path_of(self._root, digest)
        self._file.flush()
        if target.exists():
            self.discard()
            return digest
        os.fsync(self._file.fileno())
        self._file.close()
        target.parent.mkdir(exist_ok=True)
        self._path.replace(target)
        _sync_folder(target.parent)
        return digest

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The folder of blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tmp").mkdir(parents=True, exist_ok=True)

    def writer(self) -> BlobWriter:
        return BlobWriter(self.root)

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

    def size(self, digest: str) -> int:
        return path_of(self.root, digest).stat().st_size


def path_of(root: Path, digest: str) -> Path:
    """Where the blob of that SHA-256 lies."""
    return root / digest[:2] / digest


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # no way to sync a folder elsewhere
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
