"""The rules of our own schemas: each passes on a right message and fails on a wrong one, and says why and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks import api
from harness.checks.rule import Finding
from harness.xsd.own import own_schemas
from harness.xsd.words import MOST
from protocol.datafolders import folder
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]

#: rule, transaction, what is changed in the bytes of a good request, by what, and what is said of it
WRONG = [
    ("XSD-XDS", "TD2.1", rb"<(rim:Slot|Slot) name=", rb"<\1 nom=", "@nom"),
    ("XSD-XDS", "TD3.1", rb'returnType="[^"]+"', b'returnType="Tout"', "Tout"),
    ("XSD-XDS", "TD2.1", rb'href="cid:', b'href="cid:', ""),
    ("XSD-HL7V3", "TD0.2", rb"<versionCode [^>]*/>|<interactionId", rb"<autre/>\g<0>", "autre"),
    ("XSD-HL7V3", "TD1.1", rb'birthTime value="\d+"', b'birthTime value="09/01/1950"', "09/01/1950"),
    ("XSD-SERVICES", "TD0.3", b">AJOUT<", b">PLUS<", "PLUS"),
    ("XSD-VIHF", "TD0.2", rb'IssueInstant="[^"]+"', b'IssueInstant="hier"', "hier"),
    ("XSD-VIHF", "TD0.2", rb"<saml2:Attribute Name=", rb"<saml2:Attribute Nom=", "@Nom"),
    ("XSD-SOAP", "TD0.2", rb"(<wsa:ReplyTo[^>]*>)<wsa:Address>[^<]+</wsa:Address>", rb"\1", "Address"),
]
BROKEN = {row[0] for row in WRONG} | {"XSD-CDA"}
SAMPLE = (folder("cda_samples") / "bons" / "n1-texte.xml").read_bytes()


def _found(exchange: Exchange, transaction: str, rule: str) -> list[Finding]:
    return api.judge(exchange, load().by_id(transaction), sides=("request",), only=[rule])


@pytest.mark.parametrize(("rule", "transaction", "pattern", "by", "said"), [row for row in WRONG if row[4]])
def test_a_wrong_message_is_refused_with_its_reason(
    make: Make, edited: Edited, rule: str, transaction: str, pattern: bytes, by: bytes, said: str
) -> None:
    right = make(transaction)
    assert {item.status for item in _found(right, transaction, rule)} == {"PASS"}
    failures = [
        item for item in _found(edited(right, pattern, by), transaction, rule) if item.status != "PASS"
    ]
    assert failures
    assert {item.status for item in failures} == {"FAIL"}
    assert any(said in item.found + item.expected for item in failures)
    assert all(item.where.startswith("request:/soap:Envelope") for item in failures)


def test_an_inclusion_is_judged_by_itself(make: Make, edited: Edited) -> None:
    right = make("TD2.1")
    places = [item.where for item in _found(right, "TD2.1", "XSD-SOAP")]
    assert any(place.endswith("xop:Include") for place in places)
    failures = [
        item
        for item in _found(edited(right, rb'href="cid:[^"]+"', b'href="a.pdf"'), "TD2.1", "XSD-SOAP")
        if item.status == "FAIL"
    ]
    assert [item.where.rpartition("/")[2].partition(" ")[0] for item in failures] == ["@href"]
    assert '"a.pdf"' in failures[0].found


def test_an_answer_is_judged_too(make: Make, answered: Answered) -> None:
    wrong = b'<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"/>'
    found = api.judge(
        answered(make("TD2.1"), wrong), load().by_id("TD2.1"), sides=("response",), only=["XSD-XDS"]
    )
    assert [(item.status, item.expected) for item in found] == [("FAIL", "@status")]


def test_a_family_says_nothing_of_what_is_not_its_own(make: Make) -> None:
    found = api.judge(make("TD0.2"), load().by_id("TD0.2"), sides=("request",), only=["SCHEMA"])
    assert {item.rule: item.status for item in found if item.rule in ("XSD-XDS", "XSD-SERVICES")} == {
        "XSD-XDS": "VACUOUS",
        "XSD-SERVICES": "VACUOUS",
    }


@pytest.mark.parametrize(
    ("old", "new", "where", "found", "expected"),
    [
        (b"<title>", b"<titre>", "/hl7:titre", "titre", "title"),
        (
            b"<confidentialityCode",
            b"<ConfidentialityCode",
            "/hl7:ConfidentialityCode",
            "misspelt",
            "confidentialityCode",
        ),
        (b'<languageCode code="fr-FR"', b'<languageCode code="fr FR"', "/@code", '"fr FR"', "no space"),
        (b'classCode="DOCCLIN"', b'classCode="DOC"', "/@classCode", '"DOC"', "DOCCLIN"),
        (b"<custodian>", b"texte<custodian>", "/hl7:ClinicalDocument (l.", '"texte"', ""),
    ],
)
def test_a_wrong_document_is_refused_with_its_reason(
    old: bytes, new: bytes, where: str, found: str, expected: str
) -> None:
    data = SAMPLE.replace(old, new).replace(b"</title>", b"</titre>" if b"titre" in new else b"</title>")
    if old == b'classCode="DOCCLIN"':
        data = SAMPLE.replace(b"<ClinicalDocument ", b'<ClinicalDocument classCode="DOC" ', 1)
    assert data != SAMPLE
    failures = api.judge_document(data, "x.xml", only=["XSD-CDA"])
    assert {item.status for item in failures} == {"FAIL"}
    assert any(
        where in item.where and found in item.found and expected in item.expected for item in failures
    ), failures


@pytest.mark.parametrize(
    ("old", "new", "where", "found"),
    [
        (b"setId ", b"setIt ", "hl7:ClinicalDocument/hl7:setIt", "hl7:setIt"),
        (b"<xsl:value-of select=", b"<xsl:value-of choix=", "/@choix", "@choix"),
        (b"<xsl:template match=", b"<xsl:modele match=", "/xsl:modele", "modele"),
    ],
)
def test_a_document_inside_a_style_sheet_is_judged_with_it(
    old: bytes, new: bytes, where: str, found: str
) -> None:
    data = (folder("cda_samples") / "bons" / "auto-presentable.xml").read_bytes()
    [good] = api.judge_document(data, "x.xml", only=["XSD-CDA"])
    assert good.status == "PASS"
    assert old in data
    wrong = data.replace(old, new, 1)
    if old.startswith(b"<xsl:template"):
        wrong = wrong.replace(b"</xsl:template>", b"</xsl:modele>", 1)
    failures = api.judge_document(wrong, "x.xml", only=["XSD-CDA"])
    assert {item.status for item in failures} == {"FAIL"}
    assert any(where in item.where and found in item.found for item in failures), failures


def test_a_document_of_the_wrong_kind_has_its_refusals_counted_not_all_shown() -> None:
    many = b"".join(b'<templateId root="a b"/>' for _ in range(3000))
    findings = api.judge_document(SAMPLE.replace(b"<id ", many + b"<id ", 1), "x.xml", only=["XSD-CDA"])
    assert len(findings) == MOST + 1
    assert "not shown" in findings[-1].found
    assert int(findings[-1].found.rpartition(" ")[2]) > 2000


def test_severity_goes_with_what_is_known() -> None:
    """The confidence of a rule is that of its family in the data; what is inferred only warns."""
    for rule in api.rules():
        if rule.group == "SCHEMA":
            family = own_schemas().families[rule.id.removeprefix("XSD-")]
            assert rule.confidence == family.confidence
            assert rule.default == ("warning" if rule.confidence == "C" else "error")


def test_every_good_sample_passes() -> None:
    for path in sorted((folder("cda_samples") / "bons").glob("*.xml")):
        statuses = {
            item.status for item in api.judge_document(path.read_bytes(), path.name, only=["XSD-CDA"])
        }
        assert statuses == {"PASS"}, Path(path).name
