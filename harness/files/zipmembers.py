"""Members of a zip by their names: what a reader wants that knows which files it expects, once each, and no others.

On top of `harness.files.zipreading`, which bounds and checks; a name twice, one that leads outside, a link or a folder
is refused as a whole archive, since two readers could understand it in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from harness.files.zipreading import MAX_RATIO, Member, ZipRefused, content, directory, is_link, unsafe
from protocol.errors import Text

#: Names of more members than this are not remembered: what is read so has files that somebody named.
MAX_NAMES: Final = 500_000


class Members:
    """A zip that is open. `file` stays the caller's, who closes it."""

    def __init__(self, file: BinaryIO, *, most: int = MAX_NAMES) -> None:
        """Raises ZipRefused: those of `directory`, ZIP-COUNT, ZIP-NAME, ZIP-DUPLICATE."""
        self._file = file
        self._members: dict[str, Member] = {}
        for member in directory(file):
            if len(self._members) >= most:
                raise _refused("ZIP-COUNT", _MANY, f"> {most}", f"<= {most}")
            if member.folder or unsafe(member.name) or is_link(member):
                raise _refused("ZIP-NAME", _NAME, repr(member.name)[:200])
            if member.name in self._members:
                raise _refused("ZIP-DUPLICATE", _TWICE, member.name)
            self._members[member.name] = member

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the directory."""
        return tuple(self._members)

    @property
    def size(self) -> int:
        """What all of them say to weigh in bytes, once inflated."""
        return sum(member.size for member in self._members.values())

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def read(self, name: str, limit: int, *, ratio: int = MAX_RATIO) -> bytes:
        """The bytes of a member; `limit` and `ratio` as `content` has them. Raises ZipRefused: its own, ZIP-MISSING."""
        member = self._members.get(name)
        if member is None:
            raise _refused("ZIP-MISSING", _MISSING, name)
        return content(self._file, member, limit, ratio=ratio)


_MANY: Final = Text("l'archive a trop de membres", "the archive has too many members")
_NAME: Final = Text(
    "nom, dossier ou lien refusé dans l'archive", "name, folder or link refused in the archive"
)
_TWICE: Final = Text("deux membres de l'archive ont le même nom", "two members of the archive have one name")
_MISSING: Final = Text("ce membre n'est pas dans l'archive", "this member is not in the archive")


def _refused(code: str, text: Text, found: str, expected: str = "") -> ZipRefused:
    return ZipRefused(code, text, found=found, expected=expected)
