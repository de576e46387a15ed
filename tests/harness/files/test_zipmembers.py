"""Members by their names: what was written is read, what two readers would understand in two ways is refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from harness.files.zipmembers import Members
from harness.files.zipreading import ZipRefused
from harness.files.zipwriting import packed, writing
from tests.mutations import spoilt_bytes, survives

FILES = {"a.json": b"{}", "dossier/b.bin": bytes(range(256)) * 30, "é.txt": b""}


def opened(data: bytes) -> Members:
    return Members(io.BytesIO(data))


def refused(data: bytes) -> str:
    with pytest.raises(ZipRefused) as told:
        members = opened(data)
        [members.read(name, 10_000_000) for name in members]
    return told.value.code


def other(*members: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as target:
        for name, data in members:
            target.writestr(name, data)
    return file.getvalue()


def link() -> zipfile.ZipInfo:
    about = zipfile.ZipInfo("a")
    about.create_system, about.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return about


def test_what_was_written_is_read() -> None:
    members = opened(packed(FILES))
    assert members.names == tuple(sorted(FILES))
    assert {name: members.read(name, 10_000) for name in members} == FILES
    assert members.size == sum(map(len, FILES.values()))
    assert "a.json" in members
    assert "b.json" not in members


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    assert packed(FILES) == packed(dict(reversed(FILES.items())))
    with writing(tmp_path / "a.zip", mode=0o600) as archive:
        archive.add("b", b"x")
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        (about,) = found.infolist()
        assert (about.external_attr >> 16, about.create_system) == (stat.S_IFREG | 0o600, 3)
        assert about.date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([("a", b"1"), ("a", b"2")], "ZIP-DUPLICATE"),
        ([("../a", b"1")], "ZIP-NAME"),
        ([("/a", b"1")], "ZIP-NAME"),
        ([("a/", b"")], "ZIP-NAME"),
        ([(link(), b"b")], "ZIP-NAME"),
        ([("a", bytes(5_000_000))], "ZIP-BOMB"),
    ],
)
def test_what_is_ambiguous_or_hostile_is_refused(
    members: list[tuple[zipfile.ZipInfo | str, bytes]], code: str
) -> None:
    assert refused(other(*members)) == code


def test_a_method_of_another_age() -> None:
    """A version of zip that nobody knows, in either header, is nobody's business: sizes, names and sums are."""
    data = bytearray(packed(FILES))
    for place, fields in ((data.index(b"PK\x03\x04") + 4, "<H"), (data.index(b"PK\x01\x02") + 6, "<H")):
        struct.pack_into(fields, data, place, 84)
    assert opened(bytes(data)).read("a.json", 100) == b"{}"
    assert refused(other(("a", b"x" * 100), method=zipfile.ZIP_LZMA)) == "ZIP-METHOD"


def test_a_place_beyond_the_file_is_damage() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target, target.open("a", "w", force_zip64=True) as member:
        member.write(b"x")
    data = bytearray(file.getvalue())
    place = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 42, 0xFFFFFFFF)
    assert refused(bytes(data)) == "ZIP-BROKEN"


def test_what_is_wanted_and_not_there() -> None:
    with pytest.raises(ZipRefused, match="ZIP-MISSING"):
        opened(packed(FILES)).read("b.json", 10)
    with pytest.raises(ZipRefused, match="ZIP-SIZE"):
        opened(packed(FILES)).read("dossier/b.bin", 10)
    with pytest.raises(ZipRefused, match="ZIP-COUNT"):
        Members(io.BytesIO(packed(FILES)), most=2)


def test_what_may_swell_when_its_size_is_known() -> None:
    members = opened(packed({"a": bytes(5_000_000)}))
    assert members.read("a", 5_000_000, ratio=0) == bytes(5_000_000)


def test_every_flip_is_read_or_refused() -> None:
    def read(data: bytes) -> dict[str, bytes]:
        members = opened(data)
        return {name: members.read(name, 10_000) for name in members}

    good = packed(FILES)
    for place in range(len(good)):
        for bit in (0, 7):
            changed = bytearray(good)
            changed[place] ^= 1 << bit
            survives(read, bytes(changed))
    for data in spoilt_bytes(good, 500):
        survives(read, data)
