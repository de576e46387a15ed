"""Value sets of a pack, and the header's copy made again when it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from harness.packs.layout import Layout
from harness.packs.values import ValueSets, read_value_set, stand_in
from protocol.errors import ToolError
from tests.harness import kits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kits.kit(tmp_path / "kit")


def test_both_forms_are_read(folder: Path) -> None:
    sets = ValueSets(Layout(folder))
    colours = sets.at(kits.COLOURS)
    assert colours.concepts == {("ROUGE", "1.2.3"), ("VERT", "1.2.3")}
    assert ("ROUGE", "1.2.3") in colours
    assert ("ROUGE", "9") not in colours
    assert (colours.oid, colours.date) == ("1.2.3.4", "20240101000000")
    assert sets.at(kits.COPY).concepts == sets.at(kits.TYPES).concepts


def test_a_set_is_found_by_its_oid_the_published_file_before_the_copy(folder: Path) -> None:
    sets = ValueSets(Layout(folder))
    assert sets.by_oid["1.2.3.471"] == (kits.TYPES, kits.COPY)
    found = sets.of("1.2.3.471")
    assert found is not None and found.name == "essai"
    assert sets.of("1.2.3.999") is None


def test_a_missing_header_copy_is_made_from_the_set_of_the_same_oid(folder: Path) -> None:
    (folder / kits.COPY).unlink()
    made = stand_in(folder, kits.COPY)
    assert made is not None
    root = etree.fromstring(made)
    assert root.xpath("//valueSet[1]/conceptList/concept/@code") == ["TYPE-A", "TYPE-B"]
    assert set(root.xpath("//concept/@codeSystem")) == {"1.2.3"}
    assert stand_in(folder, "include/voc-1.2.3.999-DYNAMIC.xml") is None
    assert stand_in(folder, "jeuxDeValeurs/JDV_Absent.xml") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a/>",
        b"<RetrieveValueSetResponse/>",
        kits.value_set("1.2.3").encode(),
        b"<a",
        b"<!DOCTYPE a><a/>",
    ],
)
def test_what_is_no_value_set_is_refused(data: bytes) -> None:
    with pytest.raises(ToolError, match="PACK-020"):
        read_value_set(data, "x.xml")


@pytest.mark.kits
def test_the_header_set_of_types_can_be_made_from_the_official_kit(kits: Path) -> None:
    made = stand_in(kits / "ans-cda", "include/voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml")
    assert made is not None
    assert len(etree.fromstring(made).xpath("//concept")) == 114
