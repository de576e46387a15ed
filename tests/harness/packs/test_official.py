"""The official Schematrons as rules: a finding a failure, by layer, and never a pass for what was not run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks import api
from harness.checks.rule import Finding
from harness.files.judge import Asked, judge_file
from harness.packs import registry as packs
from harness.packs.official import OfficialLayers
from harness.packs.schema import PackSchemas
from harness.schematron import saxon
from protocol import safexml
from tests.harness import kits as mini

KITS = Path(os.environ.get("DMPCOMPAT_KITS") or Path(__file__).parents[4] / "shared" / "kits") / "ans-cda"
SAMPLES = sorted((KITS / "ExemplesCDA").glob("*.xml"))
#: For tests.harness.checks.test_every_rule.
BROKEN = {"CDA-SM", "CDA-IHE", "CDA-XDS-SD", "CDA-MDC", "CDA-ANS", "CDA-TERM", "CDA-VOLET"}
Judge = Callable[..., list[Finding]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return mini.kit(tmp_path / "kit")


def judge(folder: Path, data: bytes, rule: str = "CDA-OFFICIAL") -> list[Finding]:
    digest, count = packs.folder_digest(folder)
    pack = PackSchemas(packs.Pack("essai", str(folder), digest, count))
    return api.with_severity(api.judge_document(data, "x.xml", pack=pack, only=[rule]))


def statuses(findings: list[Finding]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.rule, set()).add(finding.status)
    return found


def test_a_good_document_passes_every_layer_that_the_kit_has(folder: Path) -> None:
    findings = judge(folder, mini.document())
    assert statuses(findings) == {
        rule: {"VACUOUS" if rule == "CDA-XDS-SD" else "PASS"} for rule in (BROKEN | {"CDA-XSD"})
    }
    header = next(one for one in findings if one.rule == "CDA-SM")
    assert header.found == "1 règles jouées / rules fired (direct)"
    assert header.expected.startswith(f"{mini.HEADER} — essai@")


BAD = {
    "CDA-SM": (mini.document(title=""), "x.xml:/hl7:ClinicalDocument", "un titre est attendu"),
    "CDA-IHE": (
        mini.document(
            body="<component><structuredBody><component><section/></component></structuredBody></component>"
        ),
        "x.xml:/hl7:ClinicalDocument/hl7:component/hl7:structuredBody/hl7:component/hl7:section",
        "une section a un titre",
    ),
    "CDA-MDC": (mini.document().replace(b"ROUGE", b"BLEU"), "hl7:value", "hors du jeu"),
    "CDA-ANS": (
        mini.document().replace(b'realmCode code="FR"', b'realmCode code="BE"'),
        "hl7:realmCode",
        "royaume",
    ),
    "CDA-TERM": (
        mini.document().replace(b'"ROUGE" codeSystem="1.2.3"', b'"ROUGE"'),
        "hl7:value",
        "terminologie attendue",
    ),
    "CDA-VOLET": (
        mini.document(body="<component><structuredBody/></component>"),
        "x.xml:/hl7:ClinicalDocument",
        "une section est attendue",
    ),
}


@pytest.mark.parametrize("rule", sorted(BAD))
def test_a_failure_is_a_finding_with_its_words_and_its_place(folder: Path, rule: str) -> None:
    data, place, words = BAD[rule]
    (finding,) = judge(folder, data, rule)
    assert (finding.rule, finding.status, finding.found) == (rule, "FAIL", words)
    assert place in finding.where
    assert "(l. " in finding.where
    assert "essai@" in finding.expected


def test_the_layer_of_scanned_documents_is_run_where_the_kit_has_it(folder: Path) -> None:
    name = "schematrons/IHE_XDS-SD.sch"
    rule = '<pattern><rule context="cda:ClinicalDocument"><assert test="cda:setId">série</assert></rule></pattern>'
    mini.write(folder, name, mini.schematron(rule))
    (finding,) = judge(folder, mini.document(), "CDA-XDS-SD")
    assert (finding.status, finding.found) == ("FAIL", "série")


ODD = '<pattern><rule context="cda:code/@code"><assert test=". = \'TYPE-B\'">code attendu</assert></rule></pattern>'


@pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")
def test_what_the_direct_engine_hands_over_is_judged_by_saxon(folder: Path) -> None:
    mini.write(folder, mini.FRENCH, mini.schematron(ODD))
    (finding,) = judge(folder, mini.document(), "CDA-ANS")
    assert (finding.status, finding.found) == ("FAIL", "code attendu")
    (passed,) = judge(folder, mini.document(code="TYPE-B"), "CDA-ANS")
    assert (passed.status, passed.found) == ("PASS", "1 règles jouées / rules fired (saxon)")


def test_without_saxon_it_is_an_error_and_never_a_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saxon, "available", lambda: False)
    mini.write(folder, mini.FRENCH, mini.schematron(ODD))
    assert statuses(judge(folder, mini.document(code="TYPE-B"), "CDA-ANS"))["CDA-ANS"] == {"ERROR", "VACUOUS"}


def test_the_role_of_an_assert_is_its_severity(folder: Path) -> None:
    findings = judge(folder, mini.document(language=""), "CDA-SM")
    assert [(one.status, one.found) for one in findings] == [("WARN", "une langue est souhaitée")]


def test_a_type_id_that_silences_the_header_is_told(folder: Path) -> None:
    wrong = '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000041"/>'
    vacuous, told = judge(folder, mini.document(title="", type_id=wrong), "CDA-SM")
    assert (vacuous.status, told.status) == ("VACUOUS", "WARN")
    assert told.where == "x.xml:/hl7:ClinicalDocument/hl7:typeId"
    assert "POCD_HD000041" in told.found
    assert "muet" in told.found
    without = judge(folder, mini.document(type_id=""), "CDA-SM")
    assert "typeId absent" in without[1].found


def test_a_rule_on_the_document_node_does_not_hide_the_silence(folder: Path) -> None:
    """The official header has one, which only warns."""
    content = (folder / mini.HEADER).read_text()
    rule = (
        '<pattern id="racine"><rule context="/"><assert test="//cda:typeId[@extension=\'X\']" role="warning">'
    )
    mini.write(
        folder, mini.HEADER, content.replace("</schema>", rule + "non</assert></rule></pattern></schema>")
    )
    wrong = '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000041"/>'
    findings = judge(folder, mini.document(type_id=wrong), "CDA-SM")
    assert [(one.status, one.found.partition(" : ")[0]) for one in findings] == [
        ("WARN", "non"),
        ("WARN", "2.16.840.1.113883.1.3 / POCD_HD000041"),
    ]
    assert len(judge(folder, mini.document(), "CDA-SM")) == 1


def test_a_layer_that_fired_no_rule_is_vacuous(folder: Path) -> None:
    body = "<component><structuredBody/></component>"
    (finding,) = judge(folder, mini.document(body=body), "CDA-IHE")
    assert (finding.status, finding.found) == ("VACUOUS", "aucune règle jouée / no rule fired")


def test_a_layer_that_the_kit_lacks_is_vacuous_and_says_so(folder: Path) -> None:
    (folder / mini.TERMS).unlink()
    (finding,) = judge(folder, mini.document(), "CDA-TERM")
    assert (finding.status, finding.found) == ("VACUOUS", "absent du paquet / not in the pack")


@pytest.mark.parametrize("break_it", [lambda path: path.unlink(), lambda path: path.write_text("<x")])
def test_a_schematron_that_does_not_compile_is_our_error_never_a_pass(
    folder: Path, break_it: Callable[[Path], None]
) -> None:
    break_it(folder / mini.SECTION)
    found = statuses(judge(folder, mini.document()))
    assert found["CDA-IHE"] == {"ERROR"}
    assert found["CDA-MDC"] == {"PASS"}


def test_a_code_whose_set_is_not_there_is_not_run(folder: Path) -> None:
    (folder / mini.COLOURS).unlink()
    found = judge(folder, mini.document(), "CDA-MDC")
    assert {one.status for one in found} == {"ERROR"}
    assert "JDV_Couleurs.xml" in found[0].found


def test_the_header_copy_that_is_not_there_is_made_again(folder: Path) -> None:
    (folder / mini.COPY).unlink()
    assert statuses(judge(folder, mini.document(), "CDA-SM")) == {"CDA-SM": {"PASS"}}
    (finding,) = judge(folder, mini.document(code="TYPE-Z"), "CDA-SM")
    assert (finding.status, finding.found) == ("FAIL", "type inconnu")


def test_how_a_volet_was_chosen_is_told_when_it_was_open(folder: Path) -> None:
    (root,) = judge(folder, mini.document(templates=(mini.TEMPLATE,)), "CDA-VOLET")
    assert "choisi par la racine seule" in root.expected
    assert "ESSAI_2023.01" in root.expected
    (none,) = judge(folder, mini.document(templates=("1.2.3:4",)), "CDA-VOLET")
    assert (none.status, none.found) == ("VACUOUS", "aucun volet pour / no volet for: 1.2.3:4")
    text = '<component><nonXMLBody><text mediaType="text/plain">x</text></nonXMLBody></component>'
    (level_1,) = judge(folder, mini.document(body=text), "CDA-VOLET")
    assert (level_1.status, "niveau 1" in level_1.found) == ("VACUOUS", True)


def test_a_schematron_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.schematron import direct

    compiled: list[str] = []
    really = direct.compile_schematron

    def counted(where: Path, relative: str) -> object:
        compiled.append(relative)
        return really(where, relative)

    monkeypatch.setattr(direct, "compile_schematron", counted)
    (folder / mini.SECTION).unlink()
    layers = OfficialLayers(packs.Pack("essai", str(folder), "", 0))
    root = safexml.parse(mini.document())
    for _ in range(2):
        for name in layers.names:
            try:
                layers.say(name, root)
            except Exception as problem:  # noqa: BLE001 - which one it is, is what is looked at
                assert "SCH-004" in str(problem)
    assert sorted(compiled) == sorted({*compiled})


def test_without_a_pack_the_official_rules_are_vacuous() -> None:
    found = api.judge_document(mini.document(), "x.xml", only=["CDA-OFFICIAL"])
    assert {one.status for one in found} == {"VACUOUS"}


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KITS} (DMPCOMPAT_KITS)")
def test_official_samples_get_the_expected_verdict_by_layer() -> None:
    """At this commit each sample passes; what a layer never looks at is vacuous, and said."""
    digest, count = packs.folder_digest(KITS)
    asked = Asked(pack=packs.Pack("ans-cda", str(KITS), digest, count), only=("CDA-OFFICIAL",))
    for sample in SAMPLES:
        found = statuses(list(judge_file(sample, asked).findings))
        assert found["CDA-XSD"] == {"PASS"}, sample.name
        assert found["CDA-SM"] <= {"PASS", "INFO", "WARN"}, sample.name
        assert found["CDA-MDC"] == {"PASS"}, sample.name
        assert found["CDA-IHE"] | found["CDA-ANS"] | found["CDA-VOLET"] <= {"PASS", "VACUOUS"}, sample.name
        assert found["CDA-TERM"] == {"VACUOUS"}, sample.name


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KITS} (DMPCOMPAT_KITS)")
def test_a_wrong_type_id_silences_the_official_header_and_is_told() -> None:
    """Nothing else in the header is judged then, and no other official layer notices."""
    data = (KITS / "ExemplesCDA" / "VAC_2023.01.xml").read_bytes().replace(b"POCD_HD000040", b"POCD_HD000041")
    found = judge(KITS, data.replace(b"<title>Historique de vaccinations</title>", b""), "CDA-SM")
    assert {one.status for one in found} == {"WARN"}
    assert "en-tête muet" in found[-1].found
