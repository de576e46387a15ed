"""Files from outside, read within bounds and without ever waiting: a FIFO, a device or a folder is refused by its kind.

A path that somebody gives may lead anywhere: `/dev/zero` has no end, a FIFO no writer. What the bytes mean is for the
caller.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from protocol.errors import Text, WireError

_KINDS: Final = ((stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "dossier / folder"))


class FileRefused(WireError):
    """A file that must not be read: not a regular one, or too big."""


def open_regular(path: Path | str) -> BinaryIO:
    """The file, opened without ever waiting, to be closed by the caller. Raises OSError, FileRefused (FILE-KIND)."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except ValueError as problem:  # a NUL in the name: of no file
        raise FileRefused(
            "FILE-NAME", Text("ce n'est pas un nom de fichier", "not the name of a file"), found=repr(path)
        ) from problem
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        raise FileRefused(
            "FILE-KIND",
            Text("ce n'est pas un fichier ordinaire", "not a regular file"),
            field=str(path),
            found=kind_of(kind),
        )
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path | str, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`. Raises OSError, FileRefused (FILE-KIND, FILE-SIZE)."""
    with open_regular(path) as source:
        refuse_big(source, path, limit)
        data = source.read(limit + 1)
    if len(data) > limit:  # it grew meanwhile
        raise _big(path, len(data), limit)
    return data


def read_text(path: Path | str, limit: int) -> str:
    """The same as UTF-8. Raises OSError, FileRefused (and FILE-TEXT)."""
    data = read_regular(path, limit)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise FileRefused(
            "FILE-TEXT",
            Text("le fichier n'est pas un texte en UTF-8", "the file is not a text in UTF-8"),
            field=str(path),
            found=f"0x{data[problem.start]:02x} @ {problem.start}",
        ) from problem


def refuse_big(source: BinaryIO, path: Path | str, limit: int) -> None:
    """Raises FileRefused (FILE-SIZE) without reading."""
    size = os.fstat(source.fileno()).st_size
    if size > limit:
        raise _big(path, size, limit)


def is_there(path: Path) -> bool:
    """Whether that regular file is there; a name that no file can bear is nobody's."""
    try:
        return path.is_file()
    except OSError:
        return False


def kind_of(mode: int) -> str:
    """What a file that is none is, for a reader."""
    return next((name for test, name in _KINDS if test(mode)), "périphérique / device")


def _big(path: Path | str, size: int, limit: int) -> FileRefused:
    return FileRefused(
        "FILE-SIZE",
        Text("le fichier est trop gros", "the file is too big"),
        field=str(path),
        found=f"{size} o / B",
        expected=f"<= {limit} o / B",
    )
