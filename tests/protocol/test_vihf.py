from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml.builder import ElementMaker

from protocol import facts, vihf
from protocol.coded import Coded
from protocol.errors import VihfError
from protocol.safexml import parse, serialize, xpath
from protocol.vihf import Vihf, read_vihf

SAML = ElementMaker(namespace=facts.SAML, nsmap={"saml2": facts.SAML})
INS = f"160022A10500131^^^&{facts.OID_INS_TEST}&ISO^NH"
Change = Callable[[etree._Element], None]


def ce(local: str, code: str, system: str, label: str = "", prefix: str | None = None) -> etree._Element:
    node = etree.Element(f"{{{facts.HL7}}}{local}", nsmap={prefix: facts.HL7, "xsi": facts.XSI})
    node.set(f"{{{facts.XSI}}}type", "CE" if prefix is None else f"{prefix}:CE")
    node.set("code", code)
    node.set("codeSystem", system)
    if label:
        node.set("displayName", label)
    return node


def attribute(name: str, *values: str | etree._Element) -> etree._Element:
    return SAML.Attribute(*(SAML.AttributeValue(one) for one in values), Name=name)


def sample() -> etree._Element:
    return SAML.Assertion(
        SAML.Issuer(
            "CN=899700000001,C=FR", Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
        ),
        SAML.Subject(SAML.NameID("899700000001")),
        SAML.Conditions(NotBefore="2026-06-01T10:00:00Z", NotOnOrAfter="2026-06-01T11:00:00.5Z"),
        SAML.AuthnStatement(
            SAML.AuthnContext(
                SAML.AuthnContextClassRef("urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"),
                SAML.AuthnContextDecl("APP_BROWSER_AUTH"),
            ),
            AuthnInstant="2026-06-01T12:00:00+02:00",
        ),
        SAML.AttributeStatement(
            attribute("VIHF_Version", "3.0"),
            attribute("Identifiant_Structure", "10B0000000"),
            attribute("Secteur_Activite", f"SA07^{facts.OID_SECTORS}"),
            attribute("Authentification_mode", "DIRECTE"),
            attribute(vihf.SUBJECT_ID, "Zoé NOM"),
            attribute(
                vihf.ROLE,
                ce("Role", "10", facts.OID_PROFESSIONS, "Médecin"),
                ce("Role", "SM26", facts.OID_SPECIALTIES, prefix="h"),
            ),
            attribute(vihf.RESOURCE_ID, INS),
            attribute("Ressource_URN", "urn:dmp"),
            attribute(vihf.PURPOSE, ce("PurposeOfUse", "normal", facts.OID_ACCESS_MODES, "Accès normal")),
            attribute("LPS_ID", "i1"),
            attribute("LPS_Nom", "LPS-TEST"),
            attribute("LPS_Version", "1.0.0"),
            attribute("LPS_ID_HOMOLOGATION_DMP", "TEST-OK-1"),
            attribute("Profession", "ignored"),
        ),
        ID="_1",
        IssueInstant="2026-06-01T10:00:00.1234567Z",
        Version="2.0",
    )


def read(*changes: Change) -> Vihf:
    element = sample()
    for change in changes:
        change(element)
    return read_vihf(parse(serialize(element)))


def drop(expression: str) -> Change:
    def change(element: etree._Element) -> None:
        for node in xpath(element, expression):
            parent = node.getparent()
            assert parent is not None
            parent.remove(node)

    return change


def drop_attribute(name: str) -> Change:
    return drop(f".//saml:Attribute[@Name='{name}']")


def add(*nodes: etree._Element) -> Change:
    return lambda element: xpath(element, "saml:AttributeStatement")[0].extend(nodes)


def put(expression: str, content: str) -> Change:
    def change(element: etree._Element) -> None:
        xpath(element, expression)[0].text = content

    return change


def give(expression: str, name: str, content: str) -> Change:
    return lambda element: xpath(element, expression)[0].set(name, content)


def swap(name: str, *values: str | etree._Element) -> Change:
    def change(element: etree._Element) -> None:
        drop_attribute(name)(element)
        add(attribute(name, *values))(element)

    return change


def again(expression: str) -> Change:
    def change(element: etree._Element) -> None:
        node = xpath(element, expression)[0]
        node.addnext(parse(etree.tostring(node, with_tail=False)))

    return change


def test_everything_is_read() -> None:
    found = read()
    assert (found.id, found.version, found.name_id) == ("_1", "2.0", "899700000001")
    assert found.issuer == "CN=899700000001,C=FR"
    assert found.issuer_format.endswith("X509SubjectName")
    assert found.issue_instant == datetime(2026, 6, 1, 10, 0, 0, 123456, UTC)
    assert found.authn_instant == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert found.not_before == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert found.not_on_or_after == datetime(2026, 6, 1, 11, 0, 0, 500_000, UTC)
    assert found.authn_class.endswith("SmartcardPKI")
    assert found.authn_decl == "APP_BROWSER_AUTH"
    assert (found.vihf_version, found.structure, found.mode) == ("3.0", "10B0000000", "DIRECTE")
    assert found.sector == Coded("SA07", facts.OID_SECTORS)
    assert found.subject_id == "Zoé NOM"
    assert found.roles == (
        Coded("10", facts.OID_PROFESSIONS, "Médecin"),
        Coded("SM26", facts.OID_SPECIALTIES),
    )
    assert found.patient is not None
    assert (found.patient.id, found.patient.oid, found.patient.kind) == (
        "160022A10500131",
        facts.OID_INS_TEST,
        "NH",
    )
    assert found.resource_urn == "urn:dmp"
    assert found.purpose == Coded("normal", facts.OID_ACCESS_MODES, "Accès normal")
    assert (found.reason, found.secret) == ("", False)
    assert (found.lps_id, found.lps_name, found.lps_version) == ("i1", "LPS-TEST", "1.0.0")
    assert found.wire_number == "TEST-OK-1"
    assert found.attributes["Profession"] == ("ignored",)
    assert found.attributes[vihf.ROLE] == ("10", "SM26")


def test_what_is_optional_may_be_absent() -> None:
    found = read(
        drop("saml:Conditions"),
        drop(".//saml:AuthnContextDecl"),
        *(
            drop_attribute(name)
            for name in (
                "Authentification_mode", "Secteur_Activite", vihf.SUBJECT_ID, vihf.RESOURCE_ID,
                "Ressource_URN", vihf.PURPOSE, "LPS_ID", "LPS_Nom", "LPS_Version", "LPS_ID_HOMOLOGATION_DMP",
            )
        ),
    )  # fmt: skip
    assert found.not_before is found.not_on_or_after is found.sector is found.patient is found.purpose is None
    assert (found.authn_decl, found.mode, found.subject_id, found.resource_urn) == ("", "", "", "")
    assert (found.lps_id, found.lps_name, found.lps_version, found.wire_number) == ("", "", "", "")


@pytest.mark.parametrize("name", ["Authentification_mode", "Authentification_Mode"])
@pytest.mark.parametrize("mode", ["DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"])
def test_both_casings_of_the_mode(name: str, mode: str) -> None:
    found = read(drop_attribute("Authentification_mode"), add(attribute(name, mode)))
    assert found.mode == mode
    assert found.attributes[name] == (mode,)


@pytest.mark.parametrize(
    "value",
    [
        vihf.INVISIBLE_REPRESENTANTS_LEGAUX,
        f"{vihf.INVISIBLE_REPRESENTANTS_LEGAUX}^{facts.OID_VISIBILITY}",
        ce("ConfidentialityCode", vihf.INVISIBLE_REPRESENTANTS_LEGAUX, facts.OID_VISIBILITY),
    ],
    ids=["string", "string with system", "element"],
)
def test_secret_connection(value: str | etree._Element) -> None:
    assert read(add(attribute(vihf.CONFIDENTIALITY, value))).secret


def test_reason_of_a_break_of_glass() -> None:
    found = read(
        swap(vihf.PURPOSE, ce("PurposeOfUse", "bris_de_glace", facts.OID_ACCESS_MODES)),
        add(attribute("Mode_Acces_Raison", "Patient inconscient")),
    )
    assert found.purpose is not None
    assert (found.purpose.code, found.reason) == ("bris_de_glace", "Patient inconscient")


def test_comments_do_not_cut_identities() -> None:
    def change(element: etree._Element) -> None:
        name = xpath(element, ".//saml:NameID")[0]
        name.text = "8997"
        comment = etree.Comment("x")
        comment.tail = "00000001"
        name.append(comment)

    assert read(change).name_id == "899700000001"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (give(".", "ID", " "), "VIHF-MISSING"),
        (give(".", "Version", ""), "VIHF-MISSING"),
        (give(".", "IssueInstant", ""), "VIHF-MISSING"),
        (give(".", "IssueInstant", "2026-06-01"), "VIHF-DATE"),
        (give(".", "IssueInstant", "2026-02-30T10:00:00Z"), "VIHF-DATE"),
        (give(".", "IssueInstant", "0001-01-01T00:00:00+10:00"), "VIHF-DATE"),
        (give("saml:Conditions", "NotBefore", "now"), "VIHF-DATE"),
        (give("saml:AuthnStatement", "AuthnInstant", "20260601"), "VIHF-DATE"),
        (drop("saml:Issuer"), "VIHF-MISSING"),
        (put("saml:Issuer", ""), "VIHF-MISSING"),
        (drop("saml:Subject"), "VIHF-MISSING"),
        (put(".//saml:NameID", " "), "VIHF-MISSING"),
        (drop("saml:AuthnStatement"), "VIHF-MISSING"),
        (drop(".//saml:AuthnContextClassRef"), "VIHF-MISSING"),
        (drop("saml:AttributeStatement"), "VIHF-MISSING"),
        (drop_attribute("VIHF_Version"), "VIHF-MISSING"),
        (drop_attribute("Identifiant_Structure"), "VIHF-MISSING"),
        (swap("Identifiant_Structure", ""), "VIHF-MISSING"),
        (drop_attribute(vihf.ROLE), "VIHF-MISSING"),
        (drop(f".//saml:Attribute[@Name='{vihf.ROLE}']/saml:AttributeValue"), "VIHF-MISSING"),
        (again("saml:Issuer"), "VIHF-TWICE"),
        (again("saml:Subject"), "VIHF-TWICE"),
        (again(".//saml:NameID"), "VIHF-TWICE"),
        (again("saml:Conditions"), "VIHF-TWICE"),
        (again("saml:AuthnStatement"), "VIHF-TWICE"),
        (again("saml:AttributeStatement"), "VIHF-TWICE"),
        (again(".//saml:Attribute[@Name='LPS_Nom']"), "VIHF-TWICE"),
        (add(attribute("Authentification_Mode", "DIRECTE")), "VIHF-TWICE"),
        (swap("LPS_Nom", "a", "b"), "VIHF-VALUES"),
        (swap("Authentification_mode", "DIRECTE", "DIRECTE"), "VIHF-VALUES"),
        (swap("Authentification_mode", "directe"), "VIHF-MODE"),
        (swap("Secteur_Activite", "SA07"), "VIHF-SECTOR"),
        (swap("Secteur_Activite", "SA07^1.2^3"), "VIHF-SECTOR"),
        (swap("Secteur_Activite", "^1.2"), "VIHF-SECTOR"),
        (swap(vihf.RESOURCE_ID, "160022A10500131"), "VIHF-PATIENT"),
        (swap(vihf.ROLE, "10"), "VIHF-CODE"),
        (swap(vihf.ROLE, ce("Rule", "10", "1.2")), "VIHF-CODE"),
        (swap(vihf.ROLE, ce("Role", "", "1.2")), "VIHF-CODE"),
        (swap(vihf.ROLE, etree.Element("Role", code="10")), "VIHF-CODE"),
        (swap(vihf.PURPOSE, ce("Role", "normal", "1.2")), "VIHF-CODE"),
        (swap(vihf.PURPOSE, "normal"), "VIHF-CODE"),
        (add(attribute(vihf.CONFIDENTIALITY, "AUTRE")), "VIHF-CONFIDENTIALITY"),
    ],
)
def test_each_defect_has_its_code(change: Change, code: str) -> None:
    with pytest.raises(VihfError) as caught:
        read(change)
    assert caught.value.code == code
    assert caught.value.message("fr") != caught.value.message("en")


def test_only_saml_2_assertions() -> None:
    with pytest.raises(VihfError, match="VIHF-ASSERTION"):
        read_vihf(parse(b'<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>'))


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)


@given(
    st.sampled_from(
        [
            "VIHF_Version",
            "Secteur_Activite",
            "Authentification_mode",
            vihf.RESOURCE_ID,
            vihf.CONFIDENTIALITY,
            "LPS_Nom",
        ]
    ),
    XML_TEXT,
    XML_TEXT,
)
def test_arbitrary_values_raise_only_our_error(name: str, content: str, instant: str) -> None:
    for change in (swap(name, content), give(".", "IssueInstant", instant)):
        try:
            assert isinstance(read(change), Vihf)
        except VihfError as problem:
            assert problem.code.startswith("VIHF-")
