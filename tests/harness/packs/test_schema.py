"""The official schema of a pack: a small one of our own, and the real one where the artefacts are."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import yaml
from lxml import etree

from harness.checks import api
from harness.packs import registry as packs
from harness.packs.schema import PackSchemas, compile_schema
from protocol.datafolders import folder
from protocol.errors import ToolError

SAMPLES = folder("cda_samples")
INDEX = yaml.safe_load((SAMPLES / "index.yaml").read_text(encoding="utf-8"))["samples"]
KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
OFFICIAL = sorted((KITS / "ans-cda" / "ExemplesCDA").glob("*.xml"))
needs_kits = pytest.mark.skipif(not OFFICIAL, reason="official artefacts absent (DMPCOMPAT_KITS)")

ENTRY = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:hl7-org:v3"
 targetNamespace="urn:hl7-org:v3" elementFormDefault="qualified"><xs:include schemaLocation="%s"/>
<xs:element name="ClinicalDocument"><xs:complexType><xs:sequence><xs:element name="title" type="Title"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
TYPES = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">
<xs:simpleType name="Title"><xs:restriction base="xs:string"><xs:minLength value="3"/></xs:restriction></xs:simpleType>
</xs:schema>"""
GOOD = b'<ClinicalDocument xmlns="urn:hl7-org:v3">\n <title>abc</title>\n</ClinicalDocument>'
BAD = b'<ClinicalDocument xmlns="urn:hl7-org:v3">\n <title>a</title>\n</ClinicalDocument>'
#: For tests.harness.checks.test_every_rule.
BROKEN = {"CDA-XSD"}


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    where = tmp_path / "kit" / "schemas"
    where.mkdir(parents=True)
    (where / "CDA_extended.xsd").write_text(ENTRY % "types.xsd")
    (where / "types.xsd").write_text(TYPES)
    return tmp_path / "kit"


def test_the_schema_decides_and_says_where(kit: Path) -> None:
    schemas = PackSchemas(packs.add(kit))
    assert schemas.cda_problems(etree.fromstring(GOOD)) == ()
    problems = schemas.cda_problems(etree.fromstring(BAD))
    assert problems
    assert {(item.path, item.line) for item in problems} == {("/hl7:ClinicalDocument/hl7:title", 2)}
    assert "{urn:hl7-org:v3}" not in problems[0].message


def test_the_rule_gives_the_verdict_of_the_pack(kit: Path) -> None:
    schemas = PackSchemas(packs.add(kit, "petit"))
    for data, status in ((GOOD, "PASS"), (BAD, "FAIL")):
        found = api.judge_document(data, "x.xml", pack=schemas, only=["CDA-XSD"])
        assert {item.status for item in found} == {status}
    assert found[0].where == "x.xml:/hl7:ClinicalDocument/hl7:title (l. 2)"
    assert found[0].expected == schemas.label
    assert [item.status for item in api.judge_document(BAD, "x.xml", only=["CDA-XSD"])] == ["VACUOUS"]


def test_words_are_added_in_both_languages_and_never_the_verdict(
    kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = packs.add(kit)
    explained = PackSchemas(pack, explain=True).cda_problems(etree.fromstring(BAD))
    assert explained is not None
    assert explained[0].explanation == "valeur qui n'a pas la forme voulue / value not of the wanted form"
    plain = PackSchemas(pack).cda_problems(etree.fromstring(BAD))
    assert plain is not None
    assert {item.explanation for item in plain} == {""}
    assert [item.message for item in plain] == [item.message for item in explained]

    def refuse(*_: object) -> object:
        raise OSError

    monkeypatch.setattr("harness.packs.schema.Orders", refuse)
    assert PackSchemas(pack, explain=True).cda_problems(etree.fromstring(BAD)) == explained


def test_what_the_schema_lets_a_place_hold_makes_the_words_exact(kit: Path) -> None:
    data = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><tilte>abc</tilte></ClinicalDocument>'
    (problem, *_) = PackSchemas(packs.add(kit), explain=True).cda_problems(etree.fromstring(data)) or ()
    assert problem.explanation == "nom d'élément mal écrit / name of element misspelt : tilte"


def test_a_pack_without_a_schema_has_no_say(kit: Path) -> None:
    (kit / "schemas" / "CDA_extended.xsd").unlink()
    assert PackSchemas(packs.add(kit)).cda_problems(etree.fromstring(BAD)) is None


def test_an_include_is_found_whatever_its_case_and_never_outside(kit: Path, tmp_path: Path) -> None:
    entry = kit / "schemas" / "CDA_extended.xsd"
    entry.write_text(ENTRY % "Types.XSD")
    assert compile_schema(entry, kit).validate(etree.fromstring(GOOD))
    (tmp_path / "dehors.xsd").write_text(TYPES)
    for address in ("../../dehors.xsd", (tmp_path / "dehors.xsd").as_uri(), "http://localhost:9/types.xsd"):
        entry.write_text(ENTRY % address)
        with pytest.raises(ToolError, match="PACK-010"):
            compile_schema(entry, kit)


def test_a_schema_that_does_not_compile_is_our_error_not_the_documents(kit: Path) -> None:
    (kit / "schemas" / "types.xsd").write_text("<")
    found = api.judge_document(GOOD, "x.xml", pack=PackSchemas(packs.add(kit)), only=["CDA-XSD"])
    assert [item.status for item in found] == ["ERROR"]
    assert "PACK-010" in found[0].found


def test_threads_do_not_mix_their_errors(kit: Path) -> None:
    schemas = PackSchemas(packs.add(kit))
    wrong: list[object] = []

    def judge(data: bytes, expected: int) -> None:
        for _ in range(100):
            problems = schemas.cda_problems(etree.fromstring(data))
            if problems is None or len({item.path for item in problems}) != expected:
                wrong.append(problems)

    threads = [
        threading.Thread(target=judge, args=pair) for pair in ((GOOD, 0), (BAD, 1), (GOOD, 0), (BAD, 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.fixture(scope="module")
def official() -> PackSchemas:
    digest, count = packs.folder_digest(KITS / "ans-cda")
    return PackSchemas(packs.Pack("ans-cda", str(KITS / "ans-cda"), digest, count))


@needs_kits
@pytest.mark.kits
@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.name)
def test_the_official_schema_accepts_the_official_samples(official: PackSchemas, path: Path) -> None:
    found = api.judge_document(path.read_bytes(), path.name, pack=official, only=["CDA-XSD"])
    assert [item.status for item in found] == ["PASS"]


@needs_kits
@pytest.mark.kits
@pytest.mark.parametrize("sample", INDEX, ids=lambda sample: sample["file"])
def test_the_official_schema_says_of_our_samples_what_the_index_says(
    official: PackSchemas, sample: dict[str, object]
) -> None:
    data = (SAMPLES / str(sample["file"])).read_bytes()
    statuses = {item.status for item in api.judge_document(data, "x.xml", pack=official, only=["CDA-XSD"])}
    assert statuses == {"accepted": {"PASS"}, "refused": {"FAIL"}, "unread": {"VACUOUS"}}[str(sample["xsd"])]
