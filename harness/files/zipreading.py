"""Reading a zip without unpacking it: its directory as a stream, one member at a time in memory, never on disk.

Written for archives of any size and any origin: nothing is trusted (sizes, offsets, names), nothing is allocated
before it is bounded. Deciding what a member is belongs to harness.files.archives.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from protocol.errors import NO_TEXT, Text, WireError

#: More members than any archive of documents holds; past it, the directory itself would weigh.
MAX_MEMBERS: Final = 2_000_000
#: A member that swells more than this, once past a megabyte, is a bomb: XML seldom reaches a tenth of it.
MAX_RATIO: Final = 200
_SMALL: Final = 1024 * 1024
_MAX_NAME: Final = 1024
_PIECE: Final = 64 * 1024
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF8 = 0x1, 0x800
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ZipRefused(WireError):
    """An archive, or one of its members, that can't be read or must not be."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the directory describes it. `offset` is that of its local header; `mode` its Unix mode, or 0."""

    name: str
    raw_name: bytes
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    mode: int

    @property
    def folder(self) -> bool:
        return self.name.endswith("/")


def directory(file: BinaryIO) -> Iterator[Member]:
    """The members in the order of the directory. Raises ZipRefused: ZIP-BROKEN, ZIP-COUNT, ZIP-OVERLAP."""
    start, size, count, shift, length = _end(file)
    if count > MAX_MEMBERS:
        raise _refused(
            "ZIP-COUNT",
            Text("l'archive a trop de membres", "the archive has too many members"),
            found=str(count),
            expected=f"<= {MAX_MEMBERS}",
        )
    place, stop, packed, seen = start, start + size, 0, 0
    window, base = b"", start
    while place < stop and seen < count:
        while len(window) - (place - base) < _CENTRAL.size + 3 * 0xFFFF and base + len(window) < stop:
            window, base = window[place - base :], place
            file.seek(base + len(window))
            read = file.read(min(_PIECE * 8, stop - base - len(window)))
            if not read:
                break
            window += read
        member, used = _member(window, place - base, shift)
        place += used
        seen += 1
        packed += member.packed
        if packed > length:
            raise _refused(
                "ZIP-OVERLAP",
                Text(
                    "les membres de l'archive se recouvrent (bombe)",
                    "the members of the archive overlap (bomb)",
                ),
                found=member.name,
            )
        yield member
    if seen != count:
        raise _broken(f"{seen} / {count}")


def content(file: BinaryIO, member: Member, limit: int, *, ratio: int = MAX_RATIO) -> bytes:
    """The bytes of a member, at most `limit`, checked against its size and CRC. `ratio`: how much it may swell; 0 for
    as much as it likes, when the limit is its very size.

    Raises ZipRefused: ZIP-ENCRYPTED, ZIP-METHOD, ZIP-SIZE, ZIP-BOMB, ZIP-BROKEN.
    """
    _refuse(member, limit, ratio)
    if member.offset > file.seek(0, 2):
        raise _broken(member.name)
    file.seek(member.offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise _broken(member.name)
    fields = _LOCAL.unpack(head)
    if file.read(fields[9]) != member.raw_name:
        raise _refused(
            "ZIP-BROKEN",
            Text(
                "le membre n'a pas le même nom dans l'annuaire et à sa place",
                "the member has another name in the directory than at its place",
            ),
            found=member.name,
        )
    file.seek(fields[10], 1)
    data = _stored(file, member) if member.method == _STORED else _inflated(file, member)
    if zlib.crc32(data) != member.crc:
        raise _broken(f"{member.name} : CRC")
    return data


def unsafe(name: str) -> bool:
    """Whether a name would leave the folder it is unpacked in, or can't be shown: absolute, `..`, drive, control."""
    parts = name.split("/")
    return (
        not name
        or len(name) > _MAX_NAME
        or "\\" in name
        or name.startswith("/")
        or re.match(r"[A-Za-z]:", name) is not None
        or any(part in ("..", ".") for part in parts)
        or _CONTROLS.search(name) is not None
    )


def is_link(member: Member) -> bool:
    return stat.S_ISLNK(member.mode)


def _refuse(member: Member, limit: int, ratio: int) -> None:
    """What is known of a member before a byte of it is read."""
    if member.flags & _ENCRYPTED:
        raise _refused(
            "ZIP-ENCRYPTED",
            Text("le membre est chiffré", "the member is encrypted"),
            mend=Text("déposer l'archive sans mot de passe", "give the archive without a password"),
        )
    if member.method not in (_STORED, _DEFLATED):
        raise _refused(
            "ZIP-METHOD",
            Text("méthode de compression refusée", "compression method refused"),
            found=str(member.method),
            expected="0 (stored), 8 (deflate)",
        )
    if ratio and member.size > _SMALL and member.size > ratio * max(member.packed, 1):
        raise _bomb(f"{member.packed} → {member.size} o / B")
    if member.size > limit:
        raise _refused(
            "ZIP-SIZE",
            Text("le membre est trop gros", "the member is too big"),
            found=f"{member.size} o / B",
            expected=f"<= {limit} o / B",
        )


def _stored(file: BinaryIO, member: Member) -> bytes:
    data = file.read(member.size)
    if member.packed != member.size or len(data) != member.size:
        raise _broken(member.name)
    return data


def _inflated(file: BinaryIO, member: Member) -> bytes:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces, left, made = [], member.packed, 0
    try:
        while left and not machine.eof:
            read = file.read(min(_PIECE, left))
            if not read:
                break
            left -= len(read)
            piece = machine.decompress(read, member.size - made + 1)
            made += len(piece)
            if made > member.size:
                raise _bomb(f"> {member.size} o / B")
            pieces.append(piece)
    except zlib.error as problem:
        raise _broken(f"{member.name} : {problem}") from None
    if not machine.eof or made != member.size:
        raise _broken(member.name)
    return b"".join(pieces)


def _end(file: BinaryIO) -> tuple[int, int, int, int, int]:
    """Where the directory starts, its size, its count, what precedes the archive in the file, length of the file."""
    length = file.seek(0, 2)
    tail_start = max(0, length - 22 - 0xFFFF)
    file.seek(tail_start)
    tail = file.read(22 + 0xFFFF)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise _refused(
            "ZIP-BROKEN",
            Text("ce n'est pas une archive zip, ou elle est tronquée", "not a zip archive, or cut short"),
        )
    disk, first, here, count, size, offset = struct.unpack_from("<4H2I", tail, place + 4)
    end = tail_start + place
    if 0xFFFF in (disk, count) or 0xFFFFFFFF in (size, offset):
        disk, first, here, count, size, offset, end = _end64(file, end)
    shift = end - size - offset
    if disk or first or here != count or shift < 0 or offset < 0:
        raise _broken("")
    return end - size, size, count, shift, length


def _end64(file: BinaryIO, end: int) -> tuple[int, int, int, int, int, int, int]:
    file.seek(max(0, end - 20))
    locator = file.read(20)
    if len(locator) < 20 or not locator.startswith(_LOCATOR):
        raise _broken("zip64")
    (place,) = struct.unpack_from("<Q", locator, 8)
    if place > end:
        raise _broken("zip64")
    file.seek(place)
    record = file.read(56)
    if len(record) < 56 or not record.startswith(_END64):
        raise _broken("zip64")
    disk, first, here, count, size, offset = struct.unpack_from("<2I4Q", record, 16)
    return disk, first, here, count, size, offset, place


def _member(data: bytes, at: int, shift: int) -> tuple[Member, int]:
    if len(data) < at + _CENTRAL.size or not data.startswith(b"PK\x01\x02", at):
        raise _broken("")
    fields = _CENTRAL.unpack_from(data, at)
    flags, method, crc, packed, size = fields[3], fields[4], *fields[7:10]
    lengths, outside, offset = fields[10:13], fields[15], fields[16]
    used = _CENTRAL.size + sum(lengths)
    if len(data) < at + used:
        raise _broken("")
    after = at + _CENTRAL.size
    raw, extra = data[after : after + lengths[0]], data[after + lengths[0] : after + lengths[0] + lengths[1]]
    if 0xFFFFFFFF in (packed, size, offset):
        size, packed, offset = _wide(extra, size, packed, offset)
    name = raw.decode("utf-8", "replace") if flags & _UTF8 else raw.decode("cp437")
    mode = outside >> 16 if fields[1] >> 8 == 3 else 0  # made on Unix
    return Member(name, raw, offset + shift, packed, size, crc, method, flags, mode), used


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Values of the zip64 field: those that the header leaves full, in this order."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            wanted = [value for value in (size, packed, offset) if value == 0xFFFFFFFF]
            if length < 8 * len(wanted) or place + 4 + length > len(extra):
                raise _broken("zip64")
            wide = iter(struct.unpack_from(f"<{len(wanted)}Q", extra, place + 4))
            size, packed, offset = (
                next(wide) if value == 0xFFFFFFFF else value for value in (size, packed, offset)
            )
            return size, packed, offset
        place += 4 + length
    raise _broken("zip64")


def _broken(found: str) -> ZipRefused:
    return _refused("ZIP-BROKEN", Text("l'archive zip est abîmée", "the zip archive is damaged"), found=found)


def _bomb(found: str) -> ZipRefused:
    return _refused(
        "ZIP-BOMB",
        Text("le membre enfle démesurément (bombe)", "the member swells beyond measure (bomb)"),
        found=found,
        expected=f"<= {MAX_RATIO} ×",
    )


def _refused(
    code: str, words: Text, *, found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> ZipRefused:
    return ZipRefused(code, words, found=found, expected=expected, mend=mend)
