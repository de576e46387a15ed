"""`pack verify` on small kits of our own, each with one defect, and on the official kit where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.packs import registry as packs
from harness.packs.defects import KINDS
from harness.packs.verify import KitReport, verify
from tests.harness import kits as mini

NEVER = "count(cda:id/@root='1.2') = 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return mini.kit(tmp_path / "kit")


def report(folder: Path) -> KitReport:
    digest, count = packs.folder_digest(folder)
    return verify(packs.Pack("essai", str(folder), digest, count))


def told(found: KitReport) -> list[tuple[str, str, str]]:
    return [(one.code, one.path, one.found) for one in found.defects]


def test_a_sound_kit_has_no_defect(folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    digest, count = packs.folder_digest(folder)
    found = verify(packs.Pack("essai", str(folder), digest, count), progress=lambda *seen: steps.append(seen))
    assert found.defects == ()
    assert found.exit_code == 0
    assert {layer.layer: layer.state for layer in found.layers} == dict.fromkeys(
        ["XSD", "SM", "IHE", "MDC", "ANS", "TERM", "ESSAI_2023.01", "ESSAI_2024.01"], "ready"
    )
    assert found.layers[-1].template == f"{mini.TEMPLATE}:2024.01"
    assert steps[-1] == (7, 7)
    assert found.version == "2024.01"


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = (folder / name).read_text()
        assert old in content
        (folder / name).write_text(content.replace(old, new, 1))

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def put(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: mini.write(folder, name, content)


def rename(name: str, other: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).rename(folder / other)

    return change


_VOLET = (
    '<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="p">'
    "<rule context=\"cda:templateId[@root='1.2.250.1.213.1.1.1.999']\"><assert test='@root'/></rule></pattern>"
)


_UNUSED = "<let name='rien' value='\"../../jeuxDeValeurs/X.xml\"'/>"
_TWIN = "JeuxDeValeurs/JDV_Couleurs.xml"
_MUTE = "schematrons/CI-SIS_MUET_2030.01.sch"

#: code -> (how the kit is broken, file that is named, line or 0, part of what is found, exit code)
DEFECTS: dict[str, tuple[Callable[[Path], None], str, int, str, int]] = {
    "KIT-001": (remove("infrastructure/cda/CDA_extended.xsd"), ".", 0, "CDA_extended.xsd", 1),
    "KIT-002": (
        edit("infrastructure/cda/CDA_extended.xsd", 'name="ClinicalDocument"', 'name="1"'),
        "infrastructure/cda/CDA_extended.xsd", 0, "", 1,
    ),
    "KIT-003": (remove(mini.TERMS), ".", 0, "TERM (terminologie.sch)", 1),
    "KIT-004": (put(_MUTE, mini.schematron("")), _MUTE, 0, "MUET_2030.01", 0),
    "KIT-010": (remove(mini.SECTION), mini.IHE, 1, "../include/sections/S_essai.sch", 1),
    "KIT-011": (rename(mini.SECTION, "schematrons/include/sections/s_ESSAI.sch"), mini.IHE, 1, "s_ESSAI.sch", 0),
    "KIT-012": (put(mini.SECTION, "<pattern"), mini.SECTION, 0, "XML-SYNTAX", 1),
    "KIT-013": (edit(mini.MODELS, 'is-a="dansUnJeu"', 'is-a="dansUnAutre"'), mini.MODELS, 3, "dansUnAutre", 1),
    "KIT-014": (
        edit(mini.IHE, '<active pattern="section"/>', '<active pattern="section"/><active pattern="perdu"/>'),
        mini.IHE, 2, "perdu", 2,
    ),
    "KIT-015": (edit(mini.IHE, "</schema>", '<pattern id="oubli"/></schema>'), mini.IHE, 2, "oubli", 2),
    "KIT-016": (put("schematrons/include/seul.sch", "<a"), "schematrons/include/seul.sch", 0, "XML-SYNTAX", 0),
    "KIT-020": (remove(mini.COLOURS), mini.MODELS, 5, mini.COLOURS, 2),
    "KIT-021": (remove(mini.COPY), mini.HEADER, 5, mini.COPY, 0),
    "KIT-022": (put(mini.COLOURS, mini.value_set("1.2.3.4")), mini.COLOURS, 0, "0 concept", 2),
    "KIT-023": (rename(mini.COLOURS, "jeuxDeValeurs/jdv_couleurs.xml"), mini.MODELS, 5, "jdv_couleurs.xml", 0),
    "KIT-024": (put(mini.COPY, mini.header_copy("1.2.3.471", "TYPE-A", "TYPE-C")), mini.COPY, 0, "TYPE-B, TYPE-C", 0),
    "KIT-025": (
        edit(mini.MODELS, '<let name="couleurs"', _UNUSED + '<let name="couleurs"'),
        mini.MODELS, 5, "jeuxDeValeurs/X.xml", 0,
    ),
    "KIT-030": (put(mini.VOLET, "<autre/>"), mini.VOLET, 0, "autre", 1),
    "KIT-031": (edit(mini.FRENCH, "@code='FR'", "@code='FR' and ("), mini.FRENCH, 1, "", 1),
    "KIT-040": (edit(mini.SECTION, 'test="cda:title"', f'test="{NEVER}"'), mini.SECTION, 2, NEVER, 2),
    "KIT-041": (edit(mini.SECTION, 'test="cda:title"', f'test="cda:title and {NEVER}"'), mini.SECTION, 2, NEVER, 2),
    "KIT-042": (edit(mini.SECTION, 'test="cda:title"', 'test="count(cda:id = 1) = 2"'), mini.SECTION, 2, "= 2", 2),
    "KIT-043": (
        edit(
            mini.SECTION,
            "</pattern>",
            '<rule context=" cda:section "><assert test="cda:code">un code</assert></rule></pattern>',
        ),
        mini.SECTION,
        2,
        "cda:section",
        2,
    ),
    "KIT-050": (
        remove("schematrons/profils/terminologies/terminologie/2.16.840.1.113883.6.1.rdf"),
        mini.TERMS, 0, "LOINC (2.16.840.1.113883.6.1)", 2,
    ),
    "KIT-060": (put("jeuxDeValeurs/Vide.xml", ""), "jeuxDeValeurs/Vide.xml", 0, "", 0),
    "KIT-061": (
        put("jeuxDeValeurs/JDV_Copie.xml", mini.value_set("1.2.3.4", "ROUGE", "VERT")),
        "jeuxDeValeurs/JDV_Couleurs.xml", 0, "jeuxDeValeurs/JDV_Copie.xml", 0,
    ),
    "KIT-062": (
        put("jeuxDeValeurs/JDV_Autre.xml", mini.value_set("1.2.3.4", "BLEU")),
        "jeuxDeValeurs/JDV_Couleurs.xml", 0, "1.2.3.4", 0,
    ),
    "KIT-063": (
        put("schematrons/autres/CI-SIS_ESSAI_2024.01.sch", mini.schematron(_VOLET)),
        mini.VOLET, 0, f"{mini.TEMPLATE}:2024.01", 0,
    ),
    "KIT-064": (
        edit(mini.IHE, '<phase id="tout">', '<pattern id="section"/><phase id="tout">'), mini.IHE, 2, "section", 0,
    ),
    "KIT-065": (put(_TWIN, mini.value_set("1.2.3.5", "A")), _TWIN, 0, "", 0),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(DEFECTS))
def test_each_defect_is_named_with_its_place(folder: Path, code: str) -> None:
    change, path, line, part, exit_code = DEFECTS[code]
    change(folder)
    found = report(folder)
    mine = [one for one in found.defects if one.code == code]
    assert mine, told(found)
    assert path in {one.path for one in mine}
    assert line in {one.line for one in mine}
    assert any(part in one.found for one in mine)
    assert found.exit_code == exit_code, told(found)
    for lang in ("fr", "en"):
        kind = mine[0].kind
        assert all(text.to(lang) for text in (kind.title, kind.effect, kind.mend))


def test_every_code_has_a_kit_that_shows_it() -> None:
    """KIT-032 depends on what the engine can do: it is shown by its own tests."""
    assert set(KINDS) - set(DEFECTS) == {"KIT-032"}


def test_what_does_not_compile_is_a_broken_layer_and_says_why(folder: Path) -> None:
    (folder / mini.SECTION).unlink()
    found = report(folder)
    broken = {layer.layer: layer for layer in found.layers if layer.state == "broken"}
    assert set(broken) == {"IHE"}
    assert "S_essai.sch" in broken["IHE"].why.fr
    assert [one.code for one in found.defects] == ["KIT-010"], "told once, by its cause"
    assert found.defects[0].touches == (mini.IHE,)


def test_a_defect_of_a_shared_part_names_every_schematron_it_touches(folder: Path) -> None:
    for name in (mini.VOLET, mini.OLDER):
        content = (folder / name).read_text()
        mini.write(
            folder, name, content.replace("<pattern", '<include href="include/commun.sch"/><pattern', 1)
        )
    rule = '<rule context="cda:id"><assert test="true()"/></rule>'
    part = f'<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="c">{rule}</pattern>'
    mini.write(folder, "schematrons/include/commun.sch", part)
    (defect,) = report(folder).defects
    assert (defect.code, defect.where) == ("KIT-040", "schematrons/include/commun.sch:1")
    assert set(defect.touches) == {mini.VOLET, mini.OLDER}


def test_an_empty_folder_of_schematrons_is_told_layer_by_layer(tmp_path: Path) -> None:
    mini.write(tmp_path, "lisez-moi.txt", "rien")
    found = report(tmp_path)
    assert Counter(one.code for one in found.defects) == {"KIT-001": 1, "KIT-003": 5}
    assert found.exit_code == 1


@pytest.mark.kits
def test_the_official_kit_has_the_defects_that_are_known(kits: Path) -> None:
    """Those of the state of 2025-01-21 (without engine and terminologies): nothing blocks but the layer left out."""
    found = report(kits / "ans-cda")
    counts = Counter(one.code for one in found.defects)
    assert {layer.layer for layer in found.layers if layer.state == "absent"} == {"TERM"}
    assert [layer for layer in found.layers if layer.state == "broken"] == []
    assert (counts["KIT-003"], counts["KIT-010"], counts["KIT-030"]) == (1, 0, 0)
    assert (counts["KIT-011"], counts["KIT-023"]) == (12, 1), "13 paths that differ by case"
    assert counts["KIT-040"] == 19, "asserts that can never fail"
    assert counts["KIT-043"] == 3, "rules that an earlier one of the same context hides"
    assert counts["KIT-060"] == 3, "empty value sets, that nothing reads"
    assert {one.found for one in found.defects if one.code in ("KIT-020", "KIT-025")} == {
        "jeuxDeValeurs/JDV_BilanDiagnostic_CISIS.xml",
        "jeuxDeValeurs/JDV_ClinicalStatusCodes_CISIS.xml",
    }
    touched = {name for one in found.defects if one.code == "KIT-011" for name in one.touches}
    assert len(touched) == 7, (
        "Schematrons that an ordinary engine can't compile on a disk that tells case apart"
    )
