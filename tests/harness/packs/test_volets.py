"""Which volet judges a document, and why."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from harness.packs.layout import Layout
from harness.packs.volets import Choice, Volets, templates_of
from protocol import safexml
from tests.harness import kits

KITS = Path(os.environ.get("DMPCOMPAT_KITS") or Path(__file__).parents[4] / "shared" / "kits") / "ans-cda"
SAMPLES = sorted((KITS / "ExemplesCDA").glob("*.xml"))
GENERIC = '<?oxygen SCHSchema="../schematrons/profils/IHE.sch"?>'
OLDER = '<?oxygen SCHSchema="..\\schematrons\\ci-sis_essai_2023.01.sch"?>'
TEXT_BODY = '<component><nonXMLBody><text mediaType="text/plain">x</text></nonXMLBody></component>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kits.kit(tmp_path / "kit")


def choose(folder: Path, data: bytes) -> Choice:
    return Volets(Layout(folder)).choose(safexml.parse(data))


@pytest.mark.parametrize("version", ["2023.01", "2024.01"])
def test_root_and_extension_choose(folder: Path, version: str) -> None:
    choice = choose(folder, kits.document(templates=("1.2.3", f"{kits.TEMPLATE}:{version}")))
    assert choice.volet is not None
    assert (choice.volet.name, choice.by) == (f"ESSAI_{version}", "exact")


@pytest.mark.parametrize("template", [kits.TEMPLATE, f"{kits.TEMPLATE}:2031.01"])
def test_the_root_alone_gives_the_newest_and_says_so(folder: Path, template: str) -> None:
    choice = choose(folder, kits.document(templates=(template,)))
    assert choice.volet is not None
    assert (choice.volet.name, choice.by, choice.others) == ("ESSAI_2024.01", "root", ("ESSAI_2023.01",))


def test_an_open_choice_follows_what_the_document_names(folder: Path) -> None:
    choice = choose(folder, kits.document(templates=(kits.TEMPLATE,), before=GENERIC + OLDER))
    assert choice.volet is not None
    assert (choice.volet.name, choice.by) == ("ESSAI_2023.01", "instruction")
    none = choose(folder, kits.document(templates=(kits.TEMPLATE,), before=GENERIC))
    assert (none.volet, none.by, none.others) == (None, "instruction", ("ESSAI_2024.01", "ESSAI_2023.01"))


def test_an_instruction_never_turns_a_document_away_from_its_template(folder: Path) -> None:
    choice = choose(folder, kits.document(before=GENERIC + OLDER))
    assert choice.volet is not None
    assert (choice.volet.name, choice.by) == ("ESSAI_2024.01", "exact")


def test_a_level_1_document_has_the_generic_layers_only(folder: Path) -> None:
    assert choose(folder, kits.document(body=TEXT_BODY)) == Choice(None, "level-1")
    named = choose(folder, kits.document(body=TEXT_BODY, before=OLDER))
    assert named.volet is not None and named.by == "instruction"


def test_a_template_that_no_volet_judges(folder: Path) -> None:
    assert choose(folder, kits.document(templates=("1.2.3:4", "1.2.250.1.213.1.1.1.1"))).by == "none"
    assert choose(folder, b"<a xmlns='urn:hl7-org:v3'/>").by == "none"


def test_a_document_inside_its_style_sheet(folder: Path) -> None:
    sheet = b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    choice = choose(folder, sheet + kits.document() + b"</xsl:stylesheet>")
    assert choice.volet is not None and choice.by == "exact"


def test_a_volet_that_our_facts_do_not_know_is_read(folder: Path) -> None:
    inner = '<pattern id="p"><rule context="cda:templateId[@root=\'1.2.250.1.213.1.1.1.998\']"/></pattern>'
    kits.write(folder, "schematrons/include/p.sch", inner)
    kits.write(
        folder, "schematrons/CI-SIS_NEUF_2030.01.sch", kits.schematron('<include href="Include/P.sch"/>')
    )
    kits.write(folder, "schematrons/CI-SIS_MUET_2030.01.sch", kits.schematron(""))
    volets = Volets(Layout(folder))
    assert volets.roots["schematrons/CI-SIS_NEUF_2030.01.sch"] == "1.2.250.1.213.1.1.1.998"
    assert volets.roots["schematrons/CI-SIS_MUET_2030.01.sch"] == ""
    assert volets.by_template["1.2.250.1.213.1.1.1.998", "2030.01"].name == "NEUF_2030.01"


def test_extensions_that_are_not_the_version_are_facts(tmp_path: Path) -> None:
    for name in ("VSM_1.4_2022.01", "VSM_2023.01", "BIO-CR-BIO_2021.01", "BIO-CR-BIO_2024.01"):
        kits.write(tmp_path, f"schematrons/CI-SIS_{name}.sch", kits.schematron(""))
    for template, expected in {
        "1.2.250.1.213.1.1.1.13:201310": "VSM_1.4_2022.01",
        "1.2.250.1.213.1.1.1.13:2022.01": "VSM_1.4_2022.01",
        "1.2.250.1.213.1.1.1.13": "VSM_2023.01",
        "1.2.250.1.213.1.1.1.55": "BIO-CR-BIO_2021.01",
        "1.2.250.1.213.1.1.1.55:2024.01": "BIO-CR-BIO_2024.01",
    }.items():
        choice = choose(tmp_path, kits.document(templates=(template,)))
        assert choice.volet is not None and choice.volet.name == expected, template


def test_the_templates_that_every_document_declares_choose_nothing() -> None:
    root = safexml.parse(kits.document(templates=("2.16.840.1.113883.2.8.2.1", "1.2.3:4")))
    assert [str(one) for one in templates_of(root)] == ["1.2.3:4"]


@pytest.fixture(scope="module")
def official() -> Volets:
    return Volets(Layout(KITS))


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KITS} (DMPCOMPAT_KITS)")
def test_each_official_sample_gets_the_volet_it_names(official: Volets) -> None:
    for sample in SAMPLES:
        data = sample.read_bytes()
        named = {
            name.decode() for name in re.findall(rb'SCHSchema="[^"]*/(CI-SIS_[^"/]*_20[^"/]*\.sch)"', data)
        }
        choice = official.choose(safexml.parse(data, huge=True))
        got = {choice.volet.relative.rpartition("/")[2]} if choice.volet else set()
        assert got == named, sample.name


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KITS} (DMPCOMPAT_KITS)")
def test_templates_alone_choose_right_but_where_they_say_nothing(official: Volets) -> None:
    """Without its instructions, a sample gets the same volet, but for three whose templates leave it open."""
    other = set()
    for sample in SAMPLES:
        data = sample.read_bytes()
        bare = safexml.parse(re.sub(rb"<\?oxygen.*?\?>", b"", data), huge=True)
        if official.choose(bare).volet != official.choose(safexml.parse(data, huge=True)).volet:
            other.add(sample.name)
    assert {name.split("_")[0] for name in other} == {"01", "BIO-CR-BIO", "TLM-CR"}
    assert len(other) == 3
