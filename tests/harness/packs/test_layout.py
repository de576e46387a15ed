"""Which file of a kit is what, whatever the version of its layout and the case of its names."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.packs.layout import Found, Layout, facts
from tests.harness import kits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kits.kit(tmp_path / "kit")


def test_the_roles_of_a_kit_are_found(folder: Path) -> None:
    kits.write(folder, "ExemplesCDA/un.xml", "<a/>")
    layout = Layout(folder)
    assert layout.schema == "infrastructure/cda/CDA_extended.xsd"
    assert dict(layout.layers) == {
        "SM": kits.HEADER,
        "IHE": kits.IHE,
        "MDC": kits.MODELS,
        "ANS": kits.FRENCH,
        "TERM": kits.TERMS,
    }
    assert [(volet.name, volet.family, volet.version) for volet in layout.volets] == [
        ("ESSAI_2023.01", "ESSAI", "2023.01"),
        ("ESSAI_2024.01", "ESSAI", "2024.01"),
    ]
    assert set(layout.value_sets) == {kits.COPY, kits.COLOURS, kits.TYPES}
    assert set(layout.terminologies) == set(facts().terminologies)
    assert layout.samples == ("ExemplesCDA/un.xml",)
    assert (layout.version, layout.missing_layers, layout.is_kit) == ("2024.01", (), True)


def test_an_older_layout_is_read_too(tmp_path: Path) -> None:
    kits.write(tmp_path, "TestContenu/schematrons/CI-SIS_StructurationMinimale.sch", kits.schematron(""))
    kits.write(tmp_path, "TestContenu/schematrons/IHE_XDS-SD.sch", kits.schematron(""))
    kits.write(tmp_path, "TestContenu/schematrons/CI-SIS_AVC-AUNV_2.2.sch", kits.schematron(""))
    kits.write(tmp_path, "TestContenu/schematrons/CI-SIS_TLM-CR.sch", kits.schematron(""))
    kits.write(tmp_path, "TestContenu/schematrons/include/CI-SIS_morceau_1.sch", "<pattern/>")
    layout = Layout(tmp_path)
    assert list(layout.layers) == ["SM", "XDS-SD"]
    assert [(volet.family, volet.version) for volet in layout.volets] == [("AVC-AUNV", "2.2"), ("TLM-CR", "")]
    assert [fact.layer for fact in layout.missing_layers] == ["IHE", "MDC", "ANS", "TERM"]
    assert layout.version == ""


def test_names_are_followed_inside_the_pack_only_whatever_their_case(folder: Path) -> None:
    layout = Layout(folder)
    assert layout.resolve("schematrons/profils", "../include/sections/S_essai.sch") == Found(
        kits.SECTION, True
    )
    assert layout.resolve("schematrons/profils", "..\\Include/Sections/s_ESSAI.sch") == Found(
        kits.SECTION, False
    )
    for outside in ("../../../kit/jeuxDeValeurs/JDV_Couleurs.xml", "/etc/passwd", "..", "absent.sch"):
        assert layout.resolve("schematrons", outside) is None


def test_an_accent_written_in_two_ways_is_the_same_name(tmp_path: Path) -> None:
    kits.write(tmp_path, "en-te\u0302te/a.sch", "<pattern/>")
    assert Layout(tmp_path).resolve("", "en-t\u00eate/a.sch") == Found("en-te\u0302te/a.sch", False)


def test_an_ordinary_folder_is_no_kit(tmp_path: Path) -> None:
    kits.write(tmp_path, "lisez-moi.txt", "rien")
    layout = Layout(tmp_path)
    assert (layout.schema, layout.is_kit, layout.volets, dict(layout.layers)) == ("", False, (), {})


@pytest.mark.kits
def test_the_official_kit_is_read(kits: Path) -> None:
    layout = Layout(kits / "ans-cda")
    assert {"SM", "IHE", "MDC", "ANS"} <= set(layout.layers)
    assert len(layout.volets) == 58
    assert layout.version == "2025.01"
    assert len(layout.value_sets) > 500
