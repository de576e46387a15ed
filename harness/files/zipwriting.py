"""Writing a zip that is the same bytes for the same files: one date, one mode, no owner, the order of the caller.

Compression is that of the zlib of this Python; another zlib may give other bytes for the same content. Reading is
`harness.files.zipreading`.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LEVEL: Final = 6
_UNIX: Final = 3


class Writer:
    """Adds members one after the other. Made by `writing`."""

    def __init__(self, archive: zipfile.ZipFile, mode: int) -> None:
        self._archive = archive
        self._mode = mode

    def add(self, name: str, data: bytes) -> None:
        """Add a member. The name is the caller's to check."""
        about = zipfile.ZipInfo(name, _EPOCH)
        about.compress_type = zipfile.ZIP_DEFLATED
        about.create_system = _UNIX
        about.external_attr = (stat.S_IFREG | self._mode) << 16
        self._archive.writestr(about, data, compresslevel=_LEVEL)


@contextmanager
def writing(target: Path | BinaryIO, mode: int = 0o644) -> Iterator[Writer]:
    """An archive being written to a file; `mode`: permissions of its members. Raises OSError."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        yield Writer(archive, mode)


def packed(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files, sorted by name."""
    out = io.BytesIO()
    with writing(out) as archive:
        for name in sorted(files):
            archive.add(name, files[name])
    return out.getvalue()
