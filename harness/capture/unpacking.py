"""An archive of frames, unpacked in a temporary folder of its owner's alone, within limits.

Names that would leave the folder, links, bombs and what is too big stay where they are, and are told.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.capture.formats.api import MAX_SOURCE
from harness.capture.recording import Unread
from harness.files.zipreading import ZipRefused, content, directory, is_link, unsafe
from protocol.errors import Text

MAX_MEMBERS: Final = 20_000
MAX_TOTAL: Final = 1024 * 1024 * 1024


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, list[Unread]]]:
    """The folder, and what stayed behind. The folder goes away at the end."""
    with tempfile.TemporaryDirectory(prefix="dmpcompat-import-") as name:
        folder = Path(name)
        yield folder, list(_unpack(path, folder))


def _unpack(path: Path, folder: Path) -> Iterator[Unread]:
    total = count = 0
    try:
        with path.open("rb") as file:
            for member in list(directory(file)):
                if member.folder:
                    continue
                count, total = count + 1, total + member.size
                if count > MAX_MEMBERS or total > MAX_TOTAL:
                    yield Unread(str(path), member.name, Text("archive trop grosse", "archive too big"))
                    return
                if unsafe(member.name) or is_link(member):
                    why = Text("nom ou lien refusé", "name or link refused")
                    yield Unread(str(path), repr(member.name), why)
                    continue
                try:
                    data = content(file, member, MAX_SOURCE)
                except ZipRefused as problem:
                    yield Unread(str(path), member.name, _why(problem))
                    continue
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    except (ZipRefused, OSError) as problem:
        yield Unread(str(path), "", _why(problem))


def _why(problem: ZipRefused | OSError) -> Text:
    if isinstance(problem, ZipRefused):
        return Text(problem.message("fr"), problem.message("en"))
    return Text(f"illisible : {problem.strerror}", f"unreadable: {problem.strerror}")
