"""One body part of a multipart message: its headers, and its decoded bytes on a file that spills to disk."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from protocol.contenttype import parse_content_type

_SPILL: Final = 1024 * 1024


class Part:
    """One decoded body part. `content_id` is literal, without angle brackets, "" when absent; `headers` have
    their names in lower case; `size` in bytes; `sha1` and `sha256` (hexadecimal) are of the decoded bytes.
    """

    def __init__(self, headers: Mapping[str, str], spill_bytes: int = _SPILL) -> None:
        self.headers = headers
        self.content_id = bare_content_id(headers.get("content-id", ""))
        self.content_type = parse_content_type(headers.get("content-type", "text/plain"))
        self.size = 0
        self._spool = SpooledTemporaryFile(max_size=spill_bytes)  # noqa: SIM115 - closed by close()
        self._lock = threading.Lock()
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    @property
    def sha1(self) -> str:
        return self._sha1.hexdigest()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def open(self) -> BinaryIO:
        """A reader at the first byte. Readers are independent; closing one leaves the part readable."""
        return io.BufferedReader(_Window(self))

    def read(self) -> bytes:
        """All bytes, in memory."""
        return self._read_at(0, self.size)

    def close(self) -> None:
        self._spool.close()

    def append(self, data: bytes) -> None:
        self.size += len(data)
        self._sha1.update(data)
        self._sha256.update(data)
        self._spool.write(data)

    def _read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._spool.seek(offset)
            return self._spool.read(size)


class _Window(io.RawIOBase):
    """A position of its own over a part's bytes."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        data = self._part._read_at(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def bare_content_id(value: str) -> str:
    """A Content-ID without its angle brackets, otherwise literal."""
    bare = value.strip()
    return bare[1:-1] if bare.startswith("<") and bare.endswith(">") and len(bare) > 1 else bare
