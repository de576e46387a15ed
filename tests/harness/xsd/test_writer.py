"""The XSD of the CDA is made from the tables, and says what they say; two engines read it the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from bench.schema_mutants import mutants
from harness.xsd import writer as schema_writer
from protocol.datafolders import folder

SHIPPED = folder("datasets") / "schemas" / "cda"
SAMPLES = folder("cda_samples") / "bons"
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return dict(schema_writer.schemas())


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SHIPPED / "cda.xsd")))


def test_the_shipped_schemas_are_current(made: dict[str, bytes]) -> None:
    assert {path.name for path in SHIPPED.glob("*.xsd")} == set(made)
    stale = [name for name, data in made.items() if (SHIPPED / name).read_bytes() != data]
    assert stale == [], "make them again: python -m harness.xsd.writer"


def test_write(tmp_path: Path, made: dict[str, bytes]) -> None:
    schema_writer.write(tmp_path / "cda")
    assert {path.name: path.read_bytes() for path in (tmp_path / "cda").iterdir()} == made


def test_a_code_list_holds_those_it_names() -> None:
    root = etree.parse(str(SHIPPED / "vocabulary.xsd")).getroot()
    codes = {
        str(kind.get("name")): {value.get("value") for value in kind.iter(f"{XS}enumeration")}
        for kind in root.iter(f"{XS}simpleType")
    }
    assert codes["substanceMood"] < codes["plannedMood"] < codes["actStatementMood"] < codes["actMood"]
    assert "EVN.CRT" in codes["actMood"] - codes["observationMood"]


def test_a_class_goes_by_the_names_it_is_seen_under() -> None:
    text = (SHIPPED / "body.xsd").read_text(encoding="utf-8")
    for name in ("POCD_MT000040.Component3", "POCD_MT000040.Component5", "POCD_MT000040.Section"):
        assert f'name="{name}"' in text


def test_nothing_is_fetched(made: dict[str, bytes]) -> None:
    locations = {
        str(element.get("schemaLocation"))
        for data in made.values()
        for element in etree.fromstring(data)
        if element.get("schemaLocation")
    }
    assert locations <= set(made)


def test_another_engine_reads_them_and_agrees_on_mutants(schema: etree.XMLSchema) -> None:
    """xmlschema, strict: what libxml2 would let pass in a schema, it doesn't."""
    other = xmlschema.XMLSchema(str(SHIPPED / "cda.xsd"), allow="local")
    root = etree.parse(str(SAMPLES / "n3-consultation.xml")).getroot()
    apart = []
    for mutant in mutants(root, 25, 3):
        read_again = etree.fromstring(etree.tostring(mutant.root))
        if schema.validate(read_again) != other.is_valid(read_again):
            apart.append((mutant.kind, mutant.place))
    assert apart == []


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        (b'<realmCode code="FR"/>', b"", True),
        (b'<realmCode code="FR"/>', b'<realmCode code="F R"/>', False),
        (b'root="2.16.840.1.113883.1.3"', b'root="2.16.840.1.113883.1.4"', False),
        (b'value="20261102101500+0100"', b'value="2026-11-02"', False),
        (b'value="20261102101500+0100"', b'value="2026110210150012"', False),
        (b'<id root="2.25.301402517813.9"', b'<id root="20260230"', False),
        (b'<id root="2.25.301402517813.9"', b'<id root="0f1e2d3c-4b5a-4697-8888-999999999999"', True),
        (b"<title>", b'<title mediaType="text/html">', False),
        (b"<patient>", b'<patient xmlns:x="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
         b'xsi:type="x:POCD_MT000040.Patient">', True),
        (b"<custodian>", b"<dataEnterer/><custodian>", False),
    ],
)  # fmt: skip
def test_what_it_accepts_and_refuses(schema: etree.XMLSchema, old: bytes, new: bytes, accepted: bool) -> None:
    data = (SAMPLES / "n1-texte.xml").read_bytes()
    assert old in data
    assert schema.validate(etree.fromstring(data.replace(old, new, 1))) is accepted


def test_extensions_are_where_the_kit_puts_them(schema: etree.XMLSchema) -> None:
    data = (SAMPLES / "n1-texte.xml").read_bytes()
    right = data.replace(
        b"<birthTime", b'<sdtc:desc xmlns:sdtc="urn:hl7-org:sdtc">x</sdtc:desc><birthTime', 1
    )
    assert not schema.validate(etree.fromstring(right)), "desc comes before administrativeGenderCode"
    right = data.replace(
        b"<administrativeGenderCode",
        b'<sdtc:desc xmlns:sdtc="urn:hl7-org:sdtc">x</sdtc:desc><administrativeGenderCode',
        1,
    )
    assert schema.validate(etree.fromstring(right)), schema.error_log
