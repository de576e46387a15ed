"""A file from outside is a regular one, of bounded size; nothing else is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from protocol.regularfile import FileRefused, is_there, open_regular, read_regular, read_text


def test_it_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("é".encode())
    assert read_regular(tmp_path / "a", 2) == "é".encode()
    assert read_text(str(tmp_path / "a"), 2) == "é"
    with pytest.raises(FileRefused, match="FILE-SIZE"):
        read_regular(tmp_path / "a", 1)


@pytest.mark.skipif(os.name != "posix", reason="these kinds are of POSIX")
def test_other_kinds_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    os.mkfifo("fifo")
    Path("folder").mkdir()
    Path("device").symlink_to("/dev/zero")
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for name in ("fifo", "folder", "device"):
            with pytest.raises(FileRefused, match="FILE-KIND"):
                open_regular(name)
        for name in ("socket", "loop", "nothing", "x" * 300):
            with pytest.raises(OSError, match=name[:20]):
                open_regular(name)


def test_a_name_that_no_file_has_is_nobodys(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="FILE-NAME"):
        open_regular("a\0b")
    (tmp_path / "a").touch()
    assert is_there(tmp_path / "a")
    assert not any(map(is_there, (tmp_path, tmp_path / "b", tmp_path / ("x" * 5000), Path("a\0b"))))


def test_what_is_no_text_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc\xff")
    with pytest.raises(FileRefused, match="0xff @ 3"):
        read_text(tmp_path / "a", 100)
