"""Documents made on the spot: valid by the official schema, and by the header rules it does not hold."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness.drive import cda_document, pdf
from harness.drive.cda_document import Level1
from harness.drive.clock import SetClock
from harness.drive.identity import Identity
from harness.drive.ids import SeededIds
from harness.drive.subject import Subject, subject_of
from protocol import directory, safexml
from protocol.coded import Coded
from protocol.errors import UsageError

KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
SCHEMA = KITS / "ans-cda" / "infrastructure" / "cda" / "CDA_extended.xsd"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def make(identity: Identity, patient: object = "actif-autorise", **wanted: Any) -> etree._Element:
    made = cda_document.level1(
        subject_of(patient), identity, Level1(**wanted), clock=SetClock(NOW), ids=SeededIds(5)
    )
    root = safexml.parse(made.content)
    assert safexml.value(root, "hl7:id/@root") == made.unique_id
    assert safexml.value(root, "hl7:setId/@root") == made.set_id
    return root


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    if not SCHEMA.exists():
        pytest.skip("official CDA schema absent (DMPCOMPAT_KITS)")
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


@pytest.mark.kits
@pytest.mark.parametrize("name", ["hopital", "cps", "cpe"])
def test_documents_are_valid_by_the_official_schema(keyring: Any, schema: etree.XMLSchema, name: str) -> None:
    identity = keyring.identity(name)
    for wanted in ({}, {"media": "text/plain"}, {"replaces": "1.2.3", "version": 2}):
        schema.assertValid(make(identity, **wanted))


@pytest.mark.kits
def test_documents_of_every_test_patient_are_valid(hospital: Identity, schema: etree.XMLSchema) -> None:
    for key in directory.patients():
        schema.assertValid(make(hospital, key))


def test_the_header_has_what_the_rules_of_structure_ask(hospital: Identity) -> None:
    root = make(hospital, "accents")
    templates = [node.get("root") for node in safexml.xpath(root, "hl7:templateId")]
    assert templates == ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"]
    patient = "hl7:recordTarget/hl7:patientRole/hl7:patient"
    record = directory.patients()["accents"]
    assert safexml.value(root, f"{patient}/hl7:name/hl7:family[@qualifier='BR']") == record.family_birth
    assert safexml.value(root, f"{patient}/hl7:name/hl7:family[@qualifier='CL']") == record.family_usual
    assert safexml.value(root, f"{patient}/hl7:name/hl7:given[@qualifier='BR']") == record.given[0]
    assert safexml.value(root, f"{patient}/hl7:name/hl7:given[not(@qualifier)]") == " ".join(record.given)
    assert (
        safexml.value(root, f"{patient}/hl7:birthplace/hl7:place/hl7:addr/hl7:county")
        == record.birth_place.insee
    )
    assert safexml.value(root, "hl7:effectiveTime/@value") == "20260301093000+0000"
    for needed in (
        "hl7:author/hl7:time/@value",
        "hl7:author/hl7:assignedAuthor/hl7:code/@displayName",
        "hl7:custodian//hl7:id[@root='1.2.250.1.71.4.2.2']/@extension",
        "hl7:legalAuthenticator/hl7:signatureCode[@code='S']/@code",
        "hl7:documentationOf/hl7:serviceEvent/hl7:performer[@typeCode='PRF']//hl7:standardIndustryClassCode/@code",
        "hl7:documentationOf/hl7:serviceEvent/hl7:effectiveTime/hl7:low/@value",
        "hl7:componentOf//hl7:healthCareFacility/hl7:code/@displayName",
    ):
        assert safexml.value(root, needed), needed
    assert len(safexml.xpath(root, "hl7:recordTarget/hl7:patientRole/hl7:id[@root][@extension]")) == 2


def test_bodies(hospital: Identity) -> None:
    path = "hl7:component/hl7:nonXMLBody/hl7:text"
    text = safexml.xpath(make(hospital, media="text/plain", text="é\nb", size=50), path)[0]
    assert (text.get("mediaType"), text.get("representation")) == ("text/plain", "B64")
    assert base64.b64decode(text.text or "") == "é\nb".encode().ljust(50)
    made = base64.b64decode(safexml.value(make(hospital), path))
    assert made.startswith(b"%PDF-1.4")
    given = safexml.xpath(make(hospital, media="image/jpeg", body=b"\xff\xd8"), path)[0]
    assert (given.get("mediaType"), base64.b64decode(given.text or "")) == ("image/jpeg", b"\xff\xd8")


def test_a_replacement_names_its_parent(hospital: Identity) -> None:
    root = make(hospital, replaces="1.2.3", set_id="1.2.9", version=2, unique_id="1.2.4")
    assert (
        safexml.value(root, "hl7:relatedDocument[@typeCode='RPLC']/hl7:parentDocument/hl7:id/@root")
        == "1.2.3"
    )
    assert safexml.value(root, "hl7:versionNumber/@value") == "2"
    assert safexml.value(root, "hl7:id/@root") == "1.2.4"
    assert not safexml.xpath(make(hospital), "hl7:relatedDocument")


def test_type_of_document(hospital: Identity) -> None:
    root = make(hospital, kind=Coded("34133-9", "2.16.840.1.113883.6.1", "Synthèse"))
    assert safexml.value(root, "hl7:code/@code") == "34133-9"


def test_what_cannot_be_made_is_told(hospital: Identity) -> None:
    with pytest.raises(UsageError, match="CDA-W-001"):
        make(hospital, Subject("280056399910181"))
    with pytest.raises(UsageError, match="CDA-W-002"):
        make(hospital, media="image/jpeg")


def test_a_pdf_points_at_its_objects() -> None:
    data = pdf.one_page(["Été (essai) \\", "deuxième ligne", "日本"])
    start = int(data.split(b"startxref\n")[1].split()[0])
    assert data[start:].startswith(b"xref\n0 6\n")
    places = [int(line.split()[0]) for line in data[start:].splitlines()[3:8]]
    assert [data[place : place + 7] for place in places] == [b"%d 0 obj" % number for number in range(1, 6)]
    length = int(data.split(b"/Length ")[1].split()[0])
    stream = data.partition(b">>\nstream\n")[2].partition(b"\nendstream")[0]
    assert len(stream) == length
    assert b"(\xc9t\xe9 \\(essai\\) \\\\) Tj" in stream
