"""What there is to judge in files, folders and archives, one entry at a time: `entries` walks, `read` gives the bytes.

Archives (zip, XDM, one inside another) are read in place and never unpacked on disk. What can't or must not be read
is an entry too, with its finding in `trouble`. Nothing is judged here, and memory does not grow with the tree.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from harness.checks.rule import Finding
from harness.files import xdm
from harness.files.inventory import EXCHANGE, FRAME, MAX_EXCHANGES, Inventory, inventory
from harness.files.zipreading import Member, ZipRefused, content, directory, is_link, unsafe
from protocol import safexml
from protocol.errors import DmpcompatError, Text, UsageError, WireError
from protocol.regularfile import FileRefused, kind_of, open_regular, read_regular, refuse_big

CHECK_FILE: Final = "CHECK-FILE"
CHECK_ARCHIVE: Final = "CHECK-ARCHIVE"
CHECK_XDM: Final = "CHECK-XDM"
#: A document bigger than XML may be is refused unread; messages carry several, base64 or not.
MAX_DOCUMENT: Final = safexml.MAX_BYTES
MAX_MESSAGE: Final = 8 * MAX_DOCUMENT
MAX_NESTED: Final = 256 * 1024 * 1024
#: Archives one inside another: a zip of XDM deliveries is two deep.
MAX_DEPTH: Final = 3
_SUFFIXES: Final = (".xml", ".cda", ".mime", EXCHANGE, ".zip")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNKNOWN: Final = ("ZIP-ENCRYPTED", "ZIP-METHOD")

Role = Literal["", "metadata", "attached"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to judge. `path` is shown; `file` is opened; `chain`: the members that lead to it, outermost first.

    `named`: asked for by its name, so never skipped. `role` and `announced` come from XDM metadata. `trouble`: the
    entry is not to be read, and why; `skip`: it is only to be counted. `size` in bytes, as told before reading.
    `beside`: for an exchange in an archive, the members that hold its bodies; None for anything else.
    """

    path: str
    file: str
    chain: tuple[Member, ...] = ()
    size: int = 0
    named: bool = False
    role: Role = ""
    announced: xdm.Announced | None = None
    trouble: tuple[Finding, ...] = ()
    skip: bool = False
    beside: tuple[Member, ...] | None = None

    @property
    def name(self) -> str:
        """The last part of the path: what prefixes the places of its findings."""
        return self.path.rpartition("/")[2]


def entries(paths: Sequence[Path]) -> Iterator[Entry]:
    """Everything to judge in files and trees, in a stable order: files that were named, then folders by name.

    Raises UsageError (CHECK-010) for a path that isn't there, before the first entry.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                "CHECK-010", Text("fichier introuvable", "no such file"), field="PATH", found=str(path)
            )
    return _entries(paths)


def read(entry: Entry) -> bytes:
    """The bytes of an entry. Raises OSError, FileRefused (FILE-KIND, FILE-SIZE), ZipRefused."""
    limit = MAX_MESSAGE if entry.name.lower().endswith(".mime") else MAX_DOCUMENT
    if not entry.chain:
        return read_regular(entry.file, limit)
    with _holding(entry) as source:
        return content(source, entry.chain[-1], limit)


def read_exchange(entry: Entry) -> tuple[bytes, dict[str, bytes]]:
    """What describes an exchange of an archive, and its bodies by their names. Raises OSError, ZipRefused."""
    with _holding(entry) as source:
        described = content(source, entry.chain[-1], MAX_DOCUMENT)
        return described, {one.name: content(source, one, MAX_MESSAGE) for one in entry.beside or ()}


@contextmanager
def _holding(entry: Entry) -> Iterator[BinaryIO]:
    """The archive that holds a member, opened; one inside another is read into memory."""
    with open_regular(entry.file) as outer:
        source: BinaryIO = outer
        for member in entry.chain[:-1]:
            source = io.BytesIO(content(source, member, MAX_NESTED))
        yield source


def refuse_odd(file: str, limit: int) -> None:
    """Raise what reading would, without reading: OSError, FileRefused."""
    with open_regular(file) as source:
        refuse_big(source, file, limit)


def shown(path: str) -> str:
    """A path for a reader: what is not text, or would command a terminal, is escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def told(problem: Exception) -> str:
    """Why something can't be read, in both languages; the system's own words for what the system refused."""
    if isinstance(problem, DmpcompatError):
        said = f"{problem.code}: {problem.text.fr} / {problem.text.en}"
        return f"{said} — {problem.found}" if problem.found else said
    if isinstance(problem, OSError):
        return problem.strerror or str(problem)
    return f"{type(problem).__name__}: {problem}"


def _entries(paths: Sequence[Path]) -> Iterator[Entry]:
    folders = [path for path in paths if path.is_dir()]
    named = {path.absolute(): path for path in paths if path not in folders}
    for file, path in named.items():
        yield from _file(file, str(path), named=True)
    walked: list[Path] = []
    for folder in folders:
        top = folder.resolve()
        if not any(top.is_relative_to(other) for other in walked):
            walked.append(top)
            yield from _folder(top, str(folder), named)


def _folder(top: Path, label: str, named: Collection[Path]) -> Iterator[Entry]:
    """Depth first, by name. Links to folders are not followed: a loop would not end."""
    waiting = [(top, label.rstrip("/"))]
    deeper: dict[str, xdm.Announced] = {}  # announced by the metadata of a folder above
    while waiting:
        folder, said = waiting.pop()
        try:
            folders, links, files = _listed(folder)
        except OSError as problem:
            yield _trouble(shown(said), str(folder), "ERROR", told(problem))
            continue
        waiting += [(folder / name, f"{said}/{name}") for name in reversed(folders)]
        for name in links:
            yield Entry(shown(f"{said}/{name}"), str(folder / name), skip=True)
        announced = _beside(folder, files)
        there = {uri for uri in announced if (folder / uri).exists()}
        deeper |= {str(folder / uri): announced[uri] for uri in there if "/" in uri}
        described = {name.removesuffix(EXCHANGE) for name in files if name.endswith(EXCHANGE)}
        for name in files:
            if folder / name in named or FRAME.sub("", name) in described:
                continue
            told_of = announced.get(name) or deeper.pop(str(folder / name), None)
            if told_of or name.lower().endswith(_SUFFIXES):
                yield from _file(folder / name, f"{said}/{name}", announced=told_of)
        for uri in announced:
            yield from _missing(uri, uri in there, f"{said}/{uri}", str(folder))


def _listed(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Names of the folders, of the links to folders and of the files of a folder, sorted; hidden ones left out."""
    folders: list[str] = []
    links: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as listed:
        for item in listed:
            if not item.name.startswith("."):
                plain = folders if item.is_dir(follow_symlinks=False) else files
                (links if item.is_symlink() and Path(item.path).is_dir() else plain).append(item.name)
    return sorted(folders), sorted(links), sorted(files)


def _beside(folder: Path, files: Sequence[str]) -> dict[str, xdm.Announced]:
    """What the METADATA.XML of a folder announces, when it has one."""
    for name in files:
        if name.lower() == xdm.METADATA:
            try:
                return xdm.announced(read_regular(folder / name, MAX_DOCUMENT))
            except (OSError, WireError):
                return {}  # its own entry says why
    return {}


def _file(
    file: Path, path: str, *, named: bool = False, announced: xdm.Announced | None = None
) -> Iterator[Entry]:
    said, place = shown(path), str(file)
    try:
        state = file.stat()
    except OSError as problem:
        yield _trouble(said, place, "ERROR", told(problem))
        return
    if not stat.S_ISREG(state.st_mode):
        found = f"FILE-KIND: pas un fichier ordinaire / not a regular file — {kind_of(state.st_mode)}"
        yield _trouble(said, place, "INFO", found)
    elif _zipped(place, named):
        yield from _archive(place, said, named=named)
    else:
        yield Entry(said, place, (), state.st_size, named, _role(said, announced), announced)


def _zipped(file: str, named: bool) -> bool:
    if file.lower().endswith(".zip"):
        return True
    try:
        return named and regular_start(file) == b"PK\x03\x04"
    except (OSError, FileRefused):
        return False


def regular_start(file: str, length: int = 4) -> bytes:
    """The first bytes of a regular file. Raises OSError, FileRefused (FILE-KIND)."""
    with open_regular(file) as source:
        return source.read(length)


def _archive(file: str, path: str, *, named: bool) -> Iterator[Entry]:
    try:
        with open_regular(file) as source:
            yield from _members(source, Entry(path, file, named=named))
    except (OSError, FileRefused) as problem:
        yield _trouble(path, file, "ERROR", told(problem))


def _members(source: BinaryIO, archive: Entry) -> Iterator[Entry]:
    """The members of one archive, and those of the archives inside. The archive's own faults come where they show."""
    seen: set[int] = set()
    judged = False
    try:
        known = inventory(source)
        for member in directory(source):
            for entry in _member(source, archive, member, known, seen):
                judged = True
                yield entry
        for uri in known.announced:
            yield from _missing(uri, uri in known.there, f"{archive.path}!/{uri}", archive.file)
    except ZipRefused as refusal:
        yield _trouble(archive.path, archive.file, _status(refusal), told(refusal), CHECK_ARCHIVE)
        return
    if not judged:
        found = "aucun document dans l'archive / no document in the archive"
        yield _trouble(archive.path, archive.file, "INFO", found, CHECK_ARCHIVE)


def _member(
    source: BinaryIO,
    archive: Entry,
    member: Member,
    known: Inventory,
    seen: set[int],
) -> Iterator[Entry]:
    path, file = f"{archive.path}!/{shown(member.name)}", archive.file
    if unsafe(member.name) or is_link(member):
        found = "lien symbolique / symbolic link" if is_link(member) else f"ZIP-NAME: {shown(member.name)}"
        yield _trouble(
            path, file, "FAIL", found, CHECK_ARCHIVE, "nom relatif, sans .. / relative name, no .."
        )
        return
    if member.folder:
        return
    mark = hash(member.name.casefold())
    if mark in seen:
        found = "ZIP-DUPLICATE: deux membres de même nom / two members of the same name"
        yield _trouble(path, file, "FAIL", found, CHECK_ARCHIVE, "1")
        return
    seen.add(mark)
    told_of = known.announced.get(member.name)
    low = member.name.lower()
    if low.endswith(".zip"):
        yield from _nested(source, archive, member, path)
    elif member.name.endswith(EXCHANGE) and not told_of:
        yield _kept(archive, member, path, known.bodies(member.name))
    elif told_of or (low.endswith(_SUFFIXES[:3]) and not known.is_body(member.name)):
        chain = (*archive.chain, member)
        yield Entry(path, file, chain, member.size, False, _role(path, told_of), told_of)


def _kept(archive: Entry, member: Member, path: str, bodies: tuple[Member, ...] | None) -> Entry:
    """An exchange, with the members that hold its bodies."""
    if bodies is None:
        found = f"ZIP-EXCHANGES: plus de / more than {MAX_EXCHANGES}"
        return _trouble(path, archive.file, "INFO", found, CHECK_ARCHIVE)
    size = sum(one.size for one in (member, *bodies))
    return Entry(path, archive.file, (*archive.chain, member), size, beside=bodies)


def _nested(source: BinaryIO, archive: Entry, member: Member, path: str) -> Iterator[Entry]:
    chain = (*archive.chain, member)
    if len(chain) >= MAX_DEPTH:
        found = f"ZIP-DEPTH: archives imbriquées / nested archives > {MAX_DEPTH}"
        yield _trouble(path, archive.file, "INFO", found, CHECK_ARCHIVE)
        return
    try:
        inner = io.BytesIO(content(source, member, MAX_NESTED))
    except ZipRefused as refusal:
        yield _trouble(path, archive.file, _status(refusal), told(refusal), CHECK_ARCHIVE)
        return
    yield from _members(inner, Entry(path, archive.file, chain))


def _status(refusal: ZipRefused) -> Literal["FAIL", "INFO"]:
    """What could not be looked into is no fault that was seen."""
    return "INFO" if refusal.code in _UNKNOWN else "FAIL"


def _missing(uri: str, there: bool, path: str, file: str) -> Iterator[Entry]:
    if not there:
        found = f"XDM-MISSING: document annoncé, absent / announced document, absent — {shown(uri)}"
        yield _trouble(shown(path), file, "FAIL", found, CHECK_XDM)


def _role(path: str, announced: xdm.Announced | None) -> Role:
    if announced is not None:
        return "" if announced.xml else "attached"
    return "metadata" if path.lower().endswith(("/" + xdm.METADATA, "!" + xdm.METADATA)) else ""


def _trouble(
    path: str,
    file: str,
    status: Literal["FAIL", "ERROR", "INFO"],
    found: str,
    rule: str = CHECK_FILE,
    expected: str = "",
) -> Entry:
    name = path.rpartition("/")[2]
    return Entry(path, file, named=True, trouble=(Finding(rule, status, f"{name}:", found, expected),))
