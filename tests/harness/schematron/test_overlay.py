"""Where the reference engine reads the files that rules name."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.schematron.folder import Folder
from harness.schematron.overlay import base_of
from harness.schematron.reader import read
from tests.harness import kits as mini


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return mini.kit(tmp_path / "kit")


def base(where: Path, relative: str) -> Path:
    folder = Folder(where)
    return base_of(folder, read(folder, relative), relative)


def test_names_that_are_right_are_read_in_the_pack_itself(folder: Path) -> None:
    for relative in (mini.MODELS, mini.HEADER, mini.VOLET):
        assert base(folder, relative) == folder / relative


def test_a_name_that_differs_by_case_leads_to_its_file(folder: Path) -> None:
    actual = folder / "jeuxDeValeurs" / "jdv_couleurs.xml"
    (folder / mini.COLOURS).rename(actual)
    found = base(folder, mini.MODELS)
    assert (found.parent / "../../jeuxDeValeurs/JDV_Couleurs.xml").resolve() == actual
    assert base(folder, mini.MODELS) == found, "made once"


def test_a_set_made_again_is_at_the_place_that_the_rule_names(folder: Path) -> None:
    (folder / mini.COPY).unlink()
    found = base(folder, mini.HEADER).parent / "include" / Path(mini.COPY).name
    assert b"TYPE-A" in found.read_bytes()


def test_what_is_nowhere_stays_nowhere_and_nothing_is_read_outside(folder: Path) -> None:
    (folder / mini.COLOURS).unlink()
    assert base(folder, mini.MODELS) == folder / mini.MODELS
    outside = (folder / mini.MODELS).read_text().replace("../../jeuxDeValeurs/", "../../../dehors/")
    mini.write(folder, mini.MODELS, outside)
    mini.write(folder.parent, "dehors/JDV_Couleurs.xml", mini.value_set("1.2.3.4", "ROUGE"))
    found = base(folder, mini.MODELS)
    assert found != folder / mini.MODELS
    assert not (found.parent / "../../../dehors/JDV_Couleurs.xml").exists()


def test_a_system_without_links_reads_the_pack_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no links here")

    (folder / mini.COPY).unlink()
    monkeypatch.setattr(Path, "symlink_to", refused)
    assert base(folder, mini.HEADER) == folder / mini.HEADER
