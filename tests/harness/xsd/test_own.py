"""Our schemas at work: their families, threads, parts of a document; and their agreement with the official ones."""

from __future__ import annotations

import shutil
import threading

import pytest
from lxml import etree

from bench import schemas as bench
from harness.xsd.order import Orders
from harness.xsd.own import OwnSchemas, own_schemas
from harness.xsd.words import Refusal, refusals
from protocol.datafolders import folder
from protocol.errors import ToolError

FOLDER = folder("datasets") / "schemas"
SAMPLES = folder("cda_samples") / "bons"
needs_kits = pytest.mark.skipif(
    not (bench.KITS / bench.CDA).is_file(), reason="official artefacts absent (DMPCOMPAT_KITS)"
)
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _problems(family: str, xml: str) -> tuple[Refusal, ...] | None:
    return own_schemas().problems(family, etree.fromstring(xml))


def test_every_schema_of_the_index_compiles_and_says_where_it_comes_from() -> None:
    schemas = OwnSchemas(FOLDER)
    for family in schemas.families.values():
        assert family.confidence in ("A", "B", "C")
        assert family.source
        assert family.title.fr != family.title.en
        for path in family.files.values():
            assert isinstance(schemas.schema(path), etree.XMLSchema)


def test_the_digest_of_the_rules_is_that_of_the_schemas_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    copied = tmp_path_factory.mktemp("copy") / "schemas"
    shutil.copytree(FOLDER, copied)
    assert OwnSchemas(copied).digest() == own_schemas().digest()
    (copied / "rs.xsd").write_text((copied / "rs.xsd").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert OwnSchemas(copied).digest() != own_schemas().digest()


def test_nothing_is_said_of_a_namespace_that_no_schema_is_for() -> None:
    assert _problems("XDS", "<autre/>") is None
    with pytest.raises(KeyError):
        _problems("AUTRE", "<autre/>")


def test_a_schema_that_does_not_compile_is_the_tool_s_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    wrong = tmp_path_factory.mktemp("schemas") / "x.xsd"
    wrong.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element ref="x"/></xs:schema>'
    )
    with pytest.raises(ToolError, match="SCHEMA-002"):
        own_schemas().schema(wrong)
    with pytest.raises(ToolError, match="SCHEMA-002"):
        own_schemas().schema(wrong.with_name("absent.xsd"))


def test_a_schema_is_compiled_once_a_thread() -> None:
    schemas = OwnSchemas(FOLDER)
    path = FOLDER / "xds.xsd"
    seen: list[etree.XMLSchema] = []
    threads = [threading.Thread(target=lambda: seen.append(schemas.schema(path))) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert schemas.schema(path) is schemas.schema(path)
    assert len({id(one) for one in (*seen, schemas.schema(path))}) == 3


def test_a_prefix_declared_around_a_part_counts_for_its_xsi_type() -> None:
    root = etree.fromstring(
        f'<a xmlns:h="urn:hl7-org:v3" xmlns:xsi="{XSI}">'
        '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="_1" '
        'IssueInstant="2026-11-01T10:00:00Z"><s:Issuer>CN=x</s:Issuer><s:Subject><s:NameID>1</s:NameID></s:Subject>'
        '<s:AuthnStatement AuthnInstant="2026-11-01T10:00:00Z"><s:AuthnContext><s:AuthnContextClassRef>urn:x'
        "</s:AuthnContextClassRef></s:AuthnContext></s:AuthnStatement><s:AttributeStatement>"
        '<s:Attribute Name="role"><s:AttributeValue><Role xmlns="urn:hl7-org:v3" xsi:type="h:%s" code="10"/>'
        "</s:AttributeValue></s:Attribute></s:AttributeStatement></s:Assertion></a>" % "CE"
    )
    assert own_schemas().problems("VIHF", root[0]) == ()
    role = next(root.iter("{urn:hl7-org:v3}Role"))
    role.set(f"{{{XSI}}}type", "h:PQ")
    [refusal] = own_schemas().problems("VIHF", root[0]) or ()
    assert (refusal.kind, refusal.found) == ("xsi-type", "h:PQ")
    assert refusal.path.startswith("/a/saml:Assertion/")


def test_an_inclusion_stands_for_base64_text_when_alone() -> None:
    retrieved = (
        '<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007" xmlns:o="http://www.w3.org/2004/08/xop/include">'
        '<r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="urn:x"/><x:DocumentResponse>'
        "<x:RepositoryUniqueId>1</x:RepositoryUniqueId><x:DocumentUniqueId>2</x:DocumentUniqueId>"
        "<x:mimeType>text/xml</x:mimeType><x:Document>%s</x:Document></x:DocumentResponse></x:RetrieveDocumentSetResponse>"
    )
    include = '<o:Include href="cid:a"/>'
    for content, good in ((include, True), ("YQ==", True), (include + include, False), ("<o:x/>", False)):
        root = etree.fromstring(retrieved % content)
        before = etree.tostring(root)
        assert (own_schemas().problems("XDS", root) == ()) is good
        assert etree.tostring(root) == before


# ---- the words


def _cda(old: bytes, new: bytes) -> Refusal:
    data = (SAMPLES / "n1-texte.xml").read_bytes()
    assert old in data
    refused = own_schemas().problems("CDA", etree.fromstring(data.replace(old, new, 1)))
    assert refused
    return refused[0]


@pytest.mark.parametrize(
    ("old", "new", "kind", "found", "expected"),
    [
        (b"<setId ", b"<setIt ", "misspelt", "setIt", "setId"),
        (b"<setId ", b"<autre/><setId ", "unknown", "autre", "setId | versionNumber"),
        (b"<setId ", b"<custodian/><setId ", "early", "custodian", "setId | versionNumber | copyTime"),
        (b"<setId ", b"<title/><setId ", "misplaced", "title", "title → effectiveTime"),
        (b"<setId ", b'<setId root="1.2"/><setId ', "repeated", "setId", "versionNumber"),
        (b'<realmCode code="FR"/>', b"<realmCode><b/></realmCode>", "content", "realmCode", ""),
        (b'<realmCode code="FR"/>', b'<realmCode cod="FR"/>', "attribute", "@cod", ""),
        (b' extension="POCD_HD000040"', b"", "no-attribute", "", "@extension"),
        (b' use="H"', b' use="MAISON"', "code", '"MAISON"', "HP | HV"),
        (b'qualifier="BR"', b'nullFlavor="br"', "code", '"br"', "ASKU | DER"),
        (b"<custodian>", b'<custodian typeCode="AUT">', "fixed", '"AUT"', "CST"),
        (b'value="20261102101500+0100"', b'value="hier"', "form", '"hier"', "20261101101500+0100"),
        (b"<patient>", b"<patient>x", "text", '"x"', ""),
        (b"<custodian>", b"<custodian xmlns:i='%s' i:nil='true'>" % XSI.encode(), "nil", "custodian", ""),
        (b"<title>", b"<title xmlns:i='%s' i:type='CE'>" % XSI.encode(), "xsi-type", "CE", ""),
    ],
)
def test_each_kind_of_refusal_says_what_was_found_and_expected(
    old: bytes, new: bytes, kind: str, found: str, expected: str
) -> None:
    refusal = _cda(old, new)
    assert refusal.kind == kind
    assert refusal.found.startswith(found)
    assert expected in refusal.expected
    assert refusal.words.fr in refusal.message("fr")
    assert refusal.words.en in refusal.message("en")
    assert "{urn:hl7-org:v3}" not in refusal.message("fr") + refusal.said


def test_without_a_known_order_the_validator_s_words_remain() -> None:
    path = FOLDER / "cda" / "cda.xsd"
    root = etree.fromstring(
        (SAMPLES / "n1-texte.xml").read_bytes().replace(b"<setId ", b"<title/><setId ", 1)
    )
    schema = own_schemas().schema(path)
    assert not schema.validate(root)
    [refusal] = refusals(root, schema.error_log)
    assert (refusal.kind, refusal.found) == ("unexpected", "title")
    assert refusal.expected.startswith("setId | ")


def test_the_order_of_a_place_is_read_from_the_schema() -> None:
    orders = Orders(FOLDER / "cda" / "cda.xsd")
    root = etree.fromstring((SAMPLES / "n3-consultation.xml").read_bytes())

    def names(path: str) -> list[str]:
        place = root.find(path.replace("h:", "{urn:hl7-org:v3}"))
        assert place is not None
        return [etree.QName(name).localname for name in orders.children(root, place)]

    assert names(".//h:author")[:3] == ["realmCode", "typeId", "templateId"]
    assert names(".//h:author")[3:] == ["functionCode", "time", "assignedAuthor"]
    assert "entryRelationship" in names(".//h:observation")
    assert names(".//h:paragraph")[:2] == ["caption", "content"]
    assert orders.children(root, etree.Element("elsewhere")) == ()


def test_an_xsi_type_says_what_is_inside() -> None:
    orders = Orders(FOLDER / "cda" / "cda.xsd")
    root = etree.fromstring(
        f'<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="{XSI}"><setId xsi:type="IVL_PQ"/></ClinicalDocument>'
    )
    names = [etree.QName(name).localname for name in orders.children(root, root[0])]
    assert names == ["translation", "low", "width", "high", "center"]


def test_something_missing_is_said_of_what_it_is_missing_in() -> None:
    data = (SAMPLES / "n1-texte.xml").read_bytes()
    root = etree.fromstring(data)
    role = root.find(".//{urn:hl7-org:v3}representedCustodianOrganization")
    assert role is not None
    for child in list(role):
        role.remove(child)
    [refusal] = own_schemas().problems("CDA", root) or ()
    assert (refusal.kind, refusal.found) == ("missing", "")
    assert refusal.path.endswith("/hl7:representedCustodianOrganization")
    assert refusal.line == role.sourceline
    assert "id" in refusal.expected.split(" | ")


def test_the_place_is_found_whatever_the_prefixes() -> None:
    root = etree.fromstring(
        '<c:ClinicalDocument xmlns:c="urn:hl7-org:v3">\n<c:typeId root="2.16.840.1.113883.1.3" extension="x"/>\n'
        '<c:id root="1.2"/>\n<!-- x --><c:id root="1.3"/></c:ClinicalDocument>'
    )
    [refusal] = own_schemas().problems("CDA", root) or ()
    assert (refusal.path, refusal.line) == ("/hl7:ClinicalDocument/hl7:id[2]", 4)


# ---- beside the official schemas


@needs_kits
@pytest.mark.kits
def test_verdicts_are_those_of_the_official_schema_on_samples_and_mutants() -> None:
    """The whole measurement is bench/schemas.py; this is a sample of it, above the recorded floor."""
    official, ours = bench.cda_verdicts()
    found = bench.compare(official, ours, bench.documents(120_000), each=8, seed=20)
    assert found.total > 200
    assert found.refused == []
    assert found.count(False, False) > 100
    assert found.count(False, True) == 0, found.apart
    assert found.share >= bench.FLOOR, found.apart


@needs_kits
@pytest.mark.kits
def test_no_official_sample_is_refused() -> None:
    official, ours = bench.cda_verdicts()
    for name, root in bench.documents():
        assert official(root), name
        assert ours(root), name
