"""Each document rule passes on a good document and fails on the defect it is there for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from lxml import etree

from harness.checks import api
from protocol.datafolders import folder

SAMPLES = folder("cda_samples")
INDEX = yaml.safe_load((SAMPLES / "index.yaml").read_text(encoding="utf-8"))["samples"]
KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
OFFICIAL = sorted((KITS / "ans-cda" / "ExemplesCDA").glob("*.xml"))
needs_kits = pytest.mark.skipif(not OFFICIAL, reason="official artefacts absent (DMPCOMPAT_KITS)")

N1, N3 = "n1-pdf-consultation", "n3-consultation"
TIME = "effectiveTime"


def _bare(values: str) -> str:
    return f'<x xmlns="urn:hl7-org:v3">{values}</x>'


#: rule, sample, XPath of the element, what is done to it:
#: ("@name", value) sets, ("-@name",) removes an attribute, ("-",) removes, ("+", xml) adds children, (">", xml) adds
#: after it, ("=", text)
CHANGED: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("CDA-REALM", N1, "h:realmCode", ("@code", "BE")),
    ("CDA-TYPE-ID", N1, "h:typeId", ("@root", "1.2.3")),
    ("CDA-TEMPLATES", N1, "h:templateId[2]", ("-",)),
    ("CDA-ID", N1, "h:id", ("@root", "document-1")),
    ("CDA-CODE", N1, "h:code", ("-@displayName",)),
    ("CDA-CODE-KNOWN", N1, "h:code", ("@code", "99999-9")),
    ("CDA-TITLE", N1, "h:title", ("=", "")),
    ("CDA-EFFECTIVE-TIME", N1, f"h:{TIME}", ("@value", "hier")),
    ("CDA-EFFECTIVE-TIME-ZONE", N1, f"h:{TIME}", ("@value", "20261102")),
    ("CDA-CONFIDENTIALITY", N1, "h:confidentialityCode", ("@code", "SECRET")),
    ("CDA-CONFIDENTIALITY-SYSTEM", N1, "h:confidentialityCode", ("@code", "R")),
    ("CDA-LANGUAGE", N1, "h:languageCode", ("@code", "français")),
    ("CDA-SET-ID", N1, "h:setId", ("-",)),
    ("CDA-VERSION-NUMBER", N1, "h:versionNumber", ("@value", "1.0")),
    ("CDA-VERSION-POSITIVE", N1, "h:versionNumber", ("@value", "0")),
    ("CDA-PARTS", N1, "h:author", ("-",)),
    ("CDA-CLASS", N1, ".", ("@moodCode", "INT")),
    ("CDA-PATIENT", N1, "h:recordTarget/h:patientRole/h:patient", ("-",)),
    ("CDA-PATIENT-ID", N1, "h:recordTarget/h:patientRole/h:id[2]", ("-@extension",)),
    ("CDA-INS", N1, "h:recordTarget/h:patientRole/h:id[1]", ("@root", "1.2.3")),
    ("CDA-INS-KEY", N1, "h:recordTarget/h:patientRole/h:id[1]", ("@extension", "12345")),
    ("CDA-INS-TEST", N1, "h:recordTarget/h:patientRole/h:id[1]", ("@root", "1.2.250.1.213.1.4.8")),
    ("CDA-INS-TRAITS", N1, "//h:family[@qualifier='BR']", ("@qualifier", "CL")),
    ("CDA-PATIENT-NAME", N1, "//h:patient/h:name/h:family", ("@qualifier", "SP")),
    ("CDA-GENDER", N1, "//h:administrativeGenderCode", ("@code", "X")),
    ("CDA-BIRTH", N1, "//h:birthTime", ("@value", "19800230")),
    ("CDA-BIRTHPLACE", N1, "//h:birthplace", ("+", "<place/>")),
    ("CDA-GUARDIAN", N1, "//h:patient", ("+", "<guardian/>")),
    ("CDA-AUTHOR", N1, "h:author/h:time", ("-",)),
    ("CDA-AUTHOR-KIND", N1, "h:author/h:assignedAuthor", ("+", "<assignedAuthoringDevice/>")),
    ("CDA-AUTHOR-CODE", N1, "h:author/h:assignedAuthor/h:code", ("-@codeSystem",)),
    ("CDA-AUTHOR-ORGANISATION", N1, "h:author//h:representedOrganization", ("+", "<name>A</name>")),
    ("CDA-AUTHOR-ORGANISATION-THERE", N1, "h:author//h:representedOrganization", ("-",)),
    ("CDA-CUSTODIAN", N1, "h:custodian//h:id", ("@root", "1.2.3")),
    ("CDA-LEGAL-AUTHENTICATOR", N1, "h:legalAuthenticator/h:signatureCode", ("@code", "I")),
    ("CDA-AUTHENTICATOR", N1, ".", ("+", '<authenticator><signatureCode code="S"/></authenticator>')),
    ("CDA-ENTITIES", N1, "h:legalAuthenticator/h:assignedEntity", ("+", '<id root="1.2.3" extension="9"/>')),
    ("CDA-NAMES", N1, "h:author//h:assignedPerson/h:name", ("+", "<family>DEUX</family>")),
    ("CDA-INFORMANT", N1, ".", ("+", "<informant/>")),
    ("CDA-RECIPIENT", N1, ".", ("+", "<informationRecipient/>")),
    ("CDA-PARTICIPANT", N1, ".", ("+", '<participant typeCode="INF"/>')),
    ("CDA-PROFESSIONAL-ID", N1, "h:author/h:assignedAuthor/h:id", ("@extension", "DR ESSAI")),
    ("CDA-STRUCTURE-ID", N1, "h:custodian//h:id", ("@extension", "CABINET")),
    ("CDA-SERVICE-EVENT", N1, "h:documentationOf", ("+", "<serviceEvent/>")),
    ("CDA-SERVICE-TIME", N1, f"h:documentationOf/h:serviceEvent/h:{TIME}/h:low", ("-",)),
    ("CDA-SERVICE-ORDER", N1, f"h:documentationOf/h:serviceEvent/h:{TIME}/h:high", ("@value", "2001")),
    ("CDA-PERFORMER", N1, "h:documentationOf//h:performer", ("@typeCode", "SPRF")),
    ("CDA-SERVICE-MAIN", N1, "h:documentationOf//h:performer", ("-",)),
    ("CDA-PRACTICE-SETTING", N1, "//h:standardIndustryClassCode", ("-@displayName",)),
    ("CDA-PRACTICE-SETTING-KNOWN", N1, "//h:standardIndustryClassCode", ("@code", "AILLEURS")),
    ("CDA-ENCOUNTER", N1, "h:componentOf//h:location", ("-",)),
    ("CDA-FACILITY", N1, "//h:healthCareFacility/h:code", ("-@codeSystem",)),
    ("CDA-FACILITY-KNOWN", N1, "//h:healthCareFacility/h:code", ("@code", "SA99")),
    ("CDA-ENCOUNTER-PEOPLE", N1, "h:componentOf/h:encompassingEncounter", ("+", "<encounterParticipant/>")),
    ("CDA-RELATED", "n1-texte-remplacement", "h:relatedDocument", ("@typeCode", "APND")),
    ("CDA-RELATED-OTHER", "n1-texte-remplacement", "h:id", ("@root", "2.25.301402517813.104.1")),
    ("CDA-ORDER", N1, ".", ("+", "<inFulfillmentOf><order/></inFulfillmentOf>")),
    ("CDA-CONSENT", N1, ".", ("+", "<authorization><consent/></authorization>")),
    ("CDA-ADDR", N1, "//h:patientRole/h:addr", ("+", "<streetAddressLine>1 rue</streetAddressLine>")),
    ("CDA-ADDR-USE", N1, "//h:patientRole/h:addr", ("@use", "MAISON")),
    ("CDA-TELECOM", N1, "//h:patientRole/h:telecom", ("@value", "0600000001")),
    ("CDA-TELECOM-USE", N1, "//h:patientRole/h:telecom", ("@use", "PORTABLE")),
    ("CDA-DATES", N1, "h:author/h:time", ("@value", "20261301")),
    ("CDA-ZONES", N1, "h:author/h:time", ("@value", "20261101101500+100")),
    ("CDA-IDENTIFIERS", N1, "h:setId", ("@root", "1.02.3")),
    ("CDA-IDENTIFIERS", N1, "//h:patientRole", ("+", '<id root="2.25.301402517813.9" extension="0001"/>')),
    ("CDA-CODED", N1, "h:confidentialityCode", ("-@codeSystem",)),
    ("CDA-NULL-FLAVOR", N1, "//h:patientRole/h:telecom", ("@nullFlavor", "UNK")),
    ("BODY-ONE", N1, "h:component/h:nonXMLBody", ("-",)),
    ("BODY-TEMPLATES", N1, ".", ("+", '<templateId root="1.2.3"/>')),
    ("BODY-MEDIA", N1, "//h:nonXMLBody/h:text", ("@mediaType", "text/html")),
    ("BODY-BASE64", N1, "//h:nonXMLBody/h:text", ("=", "")),
    ("BODY-BASE64", N1, "//h:nonXMLBody/h:text", ("-@representation",)),
    ("BODY-TYPE", N1, "//h:nonXMLBody/h:text", ("@mediaType", "image/jpeg")),
    ("BODY-SECTIONS", N3, "//h:structuredBody/h:component/h:section", ("-",)),
    ("BODY-SECTION-CODE", N3, "//h:section/h:code", ("-",)),
    ("BODY-NARRATIVE", N3, "//h:section/h:title", ("-",)),
    ("BODY-REFERENCES", N3, "//h:entry//h:reference", ("@value", "#ailleurs")),
    ("BODY-IDS", N3, "//h:tr[@ID='m2']", ("@ID", "m1")),
    (
        "BODY-XSI-TYPE",
        N3,
        "//h:observation/h:value",
        ("@{http://www.w3.org/2001/XMLSchema-instance}type", "z:PQ"),
    ),
]
PS = '<id root="1.2.250.1.71.4.2.1" extension="899990000111"/>'
NAME = "<name><family>ESSAI</family><given>Claude</given></name>"
#: rule, after what a right part that the samples do without is added, the part
ADDED = [
    (
        "CDA-GUARDIAN",
        "//h:patient/h:birthTime",
        f"<guardian><guardianPerson>{NAME}</guardianPerson></guardian>",
    ),
    (
        "CDA-AUTHENTICATOR",
        "h:legalAuthenticator",
        f'<authenticator><time value="20261102101500+0100"/><signatureCode code="S"/><assignedEntity>{PS}'
        f"<assignedPerson>{NAME}</assignedPerson></assignedEntity></authenticator>",
    ),
    (
        "CDA-INFORMANT",
        "h:author",
        f'<informant><relatedEntity classCode="NOK"><relatedPerson>{NAME}</relatedPerson></relatedEntity></informant>',
    ),
    (
        "CDA-RECIPIENT",
        "h:custodian",
        f"<informationRecipient><intendedRecipient>{PS}</intendedRecipient></informationRecipient>",
    ),
    (
        "CDA-PARTICIPANT",
        "h:legalAuthenticator",
        '<participant typeCode="INF"><time value="20261102101500+0100"/><associatedEntity classCode="PROV">'
        f"{PS}<associatedPerson>{NAME}</associatedPerson></associatedEntity></participant>",
    ),
    (
        "CDA-ENCOUNTER-PEOPLE",
        "h:componentOf//h:effectiveTime",
        f'<encounterParticipant typeCode="ATND"><assignedEntity>{PS}<assignedPerson>{NAME}</assignedPerson>'
        "</assignedEntity></encounterParticipant>",
    ),
    (
        "CDA-ORDER",
        "h:legalAuthenticator",
        '<inFulfillmentOf><order><id root="2.25.301402517813.77"/></order></inFulfillmentOf>',
    ),
    (
        "CDA-CONSENT",
        "h:documentationOf",
        '<authorization><consent><code code="64293-4" codeSystem="2.16.840.1.113883.6.1" displayName="Consentement"/>'
        '<statusCode code="completed"/></consent></authorization>',
    ),
    ("CDA-NULL-FLAVOR", "//h:patientRole/h:telecom", '<telecom nullFlavor="UNK"/>'),
]
#: The others speak for official artefacts, of which a pack is needed.
OURS = {item.id for item in api.rules() if item.side == "document" and item.group != "CDA-OFFICIAL"}
BROKEN = {row[0] for row in CHANGED} | {rule for sample in INDEX for rule in sample.get("rules", ())}


def _changed(sample: str, path: str, change: tuple[str, ...]) -> bytes:
    root = etree.parse(str(SAMPLES / "bons" / f"{sample}.xml")).getroot()
    found = root.xpath(path, namespaces={"h": "urn:hl7-org:v3"})
    assert isinstance(found, list)
    element = found[0]
    assert isinstance(element, etree._Element)
    what = change[0]
    if what.startswith("@"):
        element.set(what[1:], change[1])
    elif what.startswith("-@"):
        del element.attrib[what[2:]]
    elif what == "-":
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    elif what == ">":
        for added in reversed(etree.fromstring(_bare(change[1]))):
            element.addnext(added)
    elif what == "=":
        element.text = change[1]
    else:
        element.extend(etree.fromstring(_bare(change[1])))
    return etree.tostring(root)


def _broken(data: bytes) -> set[str]:
    findings = api.judge_document(data, "x.xml")
    assert [item for item in findings if item.status == "ERROR"] == []
    return {item.rule for item in findings if item.status == "FAIL"}


def _passed(data: bytes) -> set[str]:
    return {item.rule for item in api.judge_document(data, "x.xml") if item.status == "PASS"}


@pytest.mark.parametrize(("rule", "sample", "path", "change"), CHANGED)
def test_a_changed_document_breaks_its_rule(
    rule: str, sample: str, path: str, change: tuple[str, ...]
) -> None:
    assert rule in _broken(_changed(sample, path, change))


def test_every_document_rule_of_ours_is_broken_by_a_test_of_this_file() -> None:
    assert not OURS - BROKEN


@pytest.mark.parametrize(("rule", "path", "part"), ADDED)
def test_a_right_part_that_is_seldom_there_breaks_no_rule(rule: str, path: str, part: str) -> None:
    data = _changed(N1, path, (">", part))
    assert _broken(data) == set()
    assert rule in _passed(data)


def test_every_document_rule_of_ours_passes_on_a_good_document() -> None:
    samples = sorted((SAMPLES / "bons").glob("*.xml"))
    seen = {rule for path in samples for rule in _passed(path.read_bytes())} | {row[0] for row in ADDED}
    assert not OURS - seen


def test_the_index_names_every_sample_and_nothing_else() -> None:
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*.xml")}
    assert {sample["file"] for sample in INDEX} == files
    assert sum(sample["verdict"] == "PASS" for sample in INDEX) >= 8
    assert sum(sample["verdict"] != "PASS" for sample in INDEX) >= 6


@pytest.mark.parametrize("sample", INDEX, ids=lambda sample: sample["file"])
def test_a_sample_breaks_exactly_the_rules_of_its_index(sample: dict[str, object]) -> None:
    findings = api.with_severity(api.judge_document((SAMPLES / str(sample["file"])).read_bytes(), "x.xml"))
    assert sorted(
        {item.rule for item in findings if item.status in ("FAIL", "WARN", "INFO", "ERROR")}
    ) == sample.get("rules", [])
    statuses = {item.status for item in findings}
    assert sample["verdict"] == ("FAIL" if "FAIL" in statuses else "WARN" if "WARN" in statuses else "PASS")


@needs_kits
@pytest.mark.kits
@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.name)
def test_no_official_sample_is_refused(path: Path) -> None:
    findings = api.with_severity(api.judge_document(path.read_bytes(), path.name))
    assert [item for item in findings if item.status in ("FAIL", "ERROR")] == []
    assert sum(item.status == "PASS" for item in findings) > 100


def test_what_is_stricter_than_the_kit_is_a_warning_of_confidence_c() -> None:
    beyond = [item for item in api.rules() if "au-delà du kit" in item.clause]
    assert len(beyond) > 10
    assert {item.confidence for item in beyond} == {"C"}
    assert {item.default for item in beyond} <= {"warning", "info"}
