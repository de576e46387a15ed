"""Files are found inside the pack only, whatever the case of their names, and what is wrong is told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.schematron.folder import Folder
from protocol.errors import ToolError


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "pack"
    (root / "Sets").mkdir(parents=True)
    (root / "Sets" / "JDV_a.xml").write_text("<a/>", encoding="utf-8")
    (root / "Sets" / "é.xml").write_text("<e/>", encoding="utf-8")
    (root / "main.sch").write_text("<s/>", encoding="utf-8")
    (tmp_path / "secret.xml").write_text("<s/>", encoding="utf-8")
    (root / "link.xml").symlink_to(tmp_path / "secret.xml")
    return Folder(root)


OUTSIDE = ["../secret.xml", "/etc/passwd", "link.xml", "http://example.org/x.xml", "file:///etc/passwd"]


@pytest.mark.parametrize("name", [*OUTSIDE, "no.xml", "Sets", ""])
def test_nothing_is_read_outside_the_pack(folder: Folder, name: str) -> None:
    assert folder.locate(folder.root, name, "main.sch") is None
    assert [one.code for one in folder.defects] == ["MISSING"]


@pytest.mark.parametrize("text", ["", "<a", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'])
def test_a_file_that_can_not_be_read_is_refused(folder: Folder, text: str) -> None:
    path = folder.root / "bad.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ToolError) as told:
        folder.parse(path)
    assert (told.value.code, told.value.field) == ("SCH-003", "bad.xml")
