"""Deliberate defects: each one changes the message, in the way it says."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from harness.drive.alterations import http
from harness.drive.alterations.registry import Alteration, alteration, alterations, find
from harness.drive.draft import STAGES
from harness.drive.identity import Identity
from harness.drive.message import OutgoingMessage
from harness.drive.registry import transactions
from protocol import facts, safexml
from protocol.errors import UsageError, XmlRefused
from protocol.identifiers.ins import ins_key

Make = Callable[..., OutgoingMessage]
ALL = alterations()
#: Asked for by name: plans and the acceptance of the mock rely on them.
NEEDED = [
    "signed-with-auth-certificate",
    "unsigned",
    "attribute-altered-after-signature",
    "signature-wrapped-sibling",
    "signature-wrapped-object",
    "two-assertions",
    "no-assertion",
    "stale-vihf",
    "future-vihf",
    "no-specialty",
    "other-structure",
    "unknown-structure",
    "not-linked",
    "wire-number-absent",
    "wire-number-unknown",
    "wire-number-other-family",
    "wire-number-suspended",
    "wire-number-revoked",
    "wire-number-temporary",
    "wrong-ins-key",
    "production-ins",
    "patient-mismatch",
    "unknown-action",
    "action-body-mismatch",
    "missing-message-id",
    "missing-action",
    "unknown-must-understand",
    "soap11",
    "wrong-content-type",
    "empty-body",
    "wrong-root",
    "truncated-multipart",
    "wrong-boundary",
    "missing-part",
    "cid-mismatch",
    "inline-base64",
    "wrong-hash",
    "wrong-size",
    "duplicate-unique-id",
    "code-out-of-value-set",
    "no-signature-document",
    "bad-signature-manifest",
    "first-confidentiality-not-n",
    "missing-slot",
    "two-submission-sets",
    "unknown-stored-query",
    "missing-query-parameter",
    "unquoted-parameter",
    "entry-uuid-as-unique-id",
    "unknown-repository",
    "doctype-in-envelope",
    "entity-expansion",
    "access-centre-15",
    "bris-de-glace-without-reason",
]


@pytest.fixture(autouse=True)
def small_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HUGE", 300_000)


def wire(message: OutgoingMessage) -> tuple[Any, ...]:
    return message.path, message.headers, message.body


def envelope(message: OutgoingMessage) -> etree._Element:
    """The envelope, wherever it stands in the body."""
    start = message.body.index(b"<?xml")
    end = message.body.index(b"Envelope>", start) + len(b"Envelope>")
    return safexml.parse(message.body[start:end], max_depth=20_000)


def value(message: OutgoingMessage, path: str) -> str:
    return safexml.value(envelope(message), path)


def attribute(message: OutgoingMessage, name: str) -> str:
    return value(message, f"//saml:Attribute[@Name='{name}']/saml:AttributeValue")


def test_all_the_defects_that_plans_need_exist() -> None:
    assert set(NEEDED) <= {defect.name for defect in ALL}


def test_each_defect_says_what_it_does_in_both_languages() -> None:
    texts = [defect.text for defect in ALL]
    assert all(
        (text.fr and text.en and text.fr != text.en) or text.fr == text.en == "Content-Type text/plain"
        for text in texts
    )
    assert len({text.fr for text in texts}) == len(texts)
    assert {defect.stage for defect in ALL} == set(STAGES)
    assert all(set(defect.on) <= set(transactions()) for defect in ALL)


PAIRS = [(defect, transaction) for defect in ALL for transaction in (defect.on or transactions())]


@pytest.mark.parametrize(("defect", "transaction"), PAIRS, ids=lambda item: getattr(item, "name", item))
def test_each_defect_changes_the_bytes_and_is_told(make: Make, defect: Alteration, transaction: str) -> None:
    message = make(transaction, defect.name)
    assert wire(message) != wire(make(transaction))
    assert message.alterations == (defect.name,)


def test_defects_add_up(make: Make) -> None:
    message = make("TD0.2", "wire-number-absent", "missing-message-id")
    assert not attribute(message, "LPS_ID_HOMOLOGATION_DMP")
    assert not value(message, "//wsa:MessageID")


@pytest.mark.parametrize(
    ("name", "transaction", "code"),
    [("wrong-hsah", "TD2.1", "ALTER-001"), ("wrong-hash", "TD0.2", "ALTER-002")],
)
def test_a_wrong_name_or_place_is_told(name: str, transaction: str, code: str) -> None:
    with pytest.raises(UsageError) as told:
        find(name, transaction)
    assert told.value.code == code
    assert "wrong-hash" in told.value.message("fr")


def test_two_defects_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        alteration("unsigned", stage="vihf", fr="x", en="y")(lambda draft: None)


def test_a_message_with_nothing_to_alter_says_so(make: Make) -> None:
    with pytest.raises(UsageError, match="ALTER-003"):
        make("TD3.2", "unknown-repository", unique_ids=[])


def test_signature_and_assertions(make: Make) -> None:
    assert not safexml.xpath(envelope(make("TD0.2", "unsigned")), "//ds:Signature")
    assert (
        len(safexml.xpath(envelope(make("TD0.2", "two-assertions")), "//wsse:Security/saml:Assertion")) == 2
    )
    assert not safexml.xpath(envelope(make("TD0.2", "no-assertion")), "//saml:Assertion")
    assert not safexml.xpath(envelope(make("TD0.2", "no-security")), "//wsse:Security")


@pytest.mark.parametrize(
    ("name", "moment"),
    [("stale-vihf", "2026-03-01T07:30:00.000Z"), ("future-vihf", "2026-03-01T11:30:00.000Z")],
)
def test_dates(make: Make, name: str, moment: str) -> None:
    message = make("TD0.2", name)
    assert value(message, "//saml:Assertion/@IssueInstant") == moment
    assert value(message, "//saml:Conditions/@NotBefore") == moment
    assert value(message, "//wsa:MessageID") == value(make("TD0.2"), "//wsa:MessageID")


def test_claims(make: Make, hospital: Identity, card: Identity) -> None:
    roles = safexml.xpath(envelope(make("TD0.2", "no-specialty")), "//hl7:Role")
    assert [role.get("code") for role in roles] == ["10"]
    assert attribute(make("TD0.2", "other-structure"), "Identifiant_Structure") == "499990000111001"
    assert attribute(make("TD0.2", "unknown-structure"), "Identifiant_Structure") == "1990009995"
    stranger = make("TD0.2", "not-linked")
    assert attribute(stranger, "Identifiant_Structure") == hospital.structure.struct_id
    assert value(stranger, "//saml:NameID") != hospital.user.ps_id
    far = make("TD0.2", "not-linked", identity=card)
    assert value(far, "//saml:NameID") == card.user.ps_id
    assert attribute(far, "Identifiant_Structure") != card.structure.struct_id


def test_access_modes(make: Make) -> None:
    assert value(make("TD0.2", "access-centre-15"), "//hl7:PurposeOfUse/@code") == "centre_15"
    message = make("TD0.2", "bris-de-glace-without-reason")
    assert value(message, "//hl7:PurposeOfUse/@code") == "bris_de_glace"
    assert not attribute(message, "Mode_Acces_Raison")
    assert attribute(make("TD0.2", "access-bris-de-glace"), "Mode_Acces_Raison")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("wire-number-absent", ""),
        ("wire-number-unknown", "TEST-UNKNOWN-0"),
        ("wire-number-other-family", "TEST-OTHER-FAMILY"),
        ("wire-number-suspended", "TEST-SUSPENDED"),
        ("wire-number-revoked", "TEST-REVOKED"),
        ("wire-number-temporary", "TEST-000001-tmp1"),
    ],
)
def test_wire_numbers(make: Make, name: str, number: str) -> None:
    assert attribute(make("TD0.2", name), "LPS_ID_HOMOLOGATION_DMP") == number


def test_patients(make: Make) -> None:
    wrong = value(make("TD0.2", "wrong-ins-key"), "//hl7:patientIdentifier/hl7:value/@extension")
    assert ins_key(wrong[:13]) != wrong[13:]
    assert len(wrong) == 15
    production = make("TD0.2", "production-ins")
    assert value(production, "//hl7:patientIdentifier/hl7:value/@root") == facts.OID_INS_NIR
    mixed = make("TD0.2", "patient-mismatch")
    resource = attribute(mixed, "urn:oasis:names:tc:xacml:2.0:resource:resource-id")
    assert value(mixed, "//hl7:patientIdentifier/hl7:value/@extension") not in resource


def test_a_stranger_has_a_good_key(make: Make) -> None:
    number = value(make("TD0.2", "unknown-patient"), "//hl7:patientIdentifier/hl7:value/@extension")
    assert ins_key(number[:13]) == number[13:]


def test_addressing(make: Make) -> None:
    assert not value(make("TD0.2", "missing-action"), "//wsa:Action")
    assert value(make("TD0.2", "unknown-action"), "//wsa:Action") == "urn:dmpcompat:action:inconnue"
    other = value(make("TD0.2", "action-body-mismatch"), "//wsa:Action")
    assert other == value(make("TD3.1"), "//wsa:Action")
    header = safexml.xpath(
        envelope(make("TD0.2", "unknown-must-understand")), "/soap:Envelope/soap:Header/*"
    )[-1]
    assert header.get(f"{{{facts.SOAP12}}}mustUnderstand") == "true"


def test_soap_11(make: Make) -> None:
    message = make("TD0.2", "soap11")
    root = envelope(message)
    assert root.tag == f"{{{facts.SOAP11}}}Envelope"
    assert facts.SOAP12.encode() not in message.body
    assert dict(message.headers)["Content-Type"].startswith("text/xml")
    assert [etree.QName(node).localname for node in root] == ["Header", "Body"]
    assert safexml.xpath(root, "//saml:Assertion/ds:Signature")


@pytest.mark.parametrize("name", ["doctype-in-envelope", "entity-expansion", "external-entity"])
@pytest.mark.parametrize("transaction", ["TD0.2", "TD2.1"])
def test_document_types(make: Make, name: str, transaction: str) -> None:
    message = make(transaction, name)
    assert message.body.count(b"<!DOCTYPE") == 1
    with pytest.raises(XmlRefused, match="XML-DTD"):
        envelope(message)


def test_http(make: Make) -> None:
    assert make("TD0.2", "empty-body").body == b""
    assert dict(make("TD0.2", "wrong-content-type").headers)["Content-Type"].startswith("text/plain")
    assert "Content-Type" not in dict(make("TD0.2", "no-content-type").headers)
    assert len(make("TD2.1", "huge-body").body) == 300_000


def parts(message: OutgoingMessage) -> list[Any]:
    head = f"Content-Type: {dict(message.headers)['Content-Type']}\r\n\r\n".encode()
    mail = email.message_from_bytes(head + message.body, policy=email.policy.HTTP)
    return list(mail.iter_parts()) if mail.is_multipart() else []


def ids_and_references(message: OutgoingMessage) -> tuple[set[str], set[str]]:
    ids = {part["Content-ID"].strip("<>") for part in parts(message)[1:]}
    hrefs = {node.get("href", "")[4:] for node in safexml.xpath(envelope(message), "//xop:Include")}
    return ids, hrefs


def test_multipart(make: Make) -> None:
    ids, references = ids_and_references(make("TD2.1"))
    assert ids == references
    assert len(ids) == 3
    ids, references = ids_and_references(make("TD2.1", "missing-part"))
    assert len(references - ids) == 1
    ids, references = ids_and_references(make("TD2.1", "cid-mismatch"))
    assert len(references - ids) == len(ids - references) == 1
    assert not parts(make("TD2.1", "wrong-boundary"))
    assert not make("TD2.1", "truncated-multipart").body.rstrip().endswith(b"--")
    assert parts(make("TD2.1", "root-last"))[-1]["Content-ID"] == "<rootpart@lps.invalid>"


def test_inline_documents_are_the_same_documents(make: Make) -> None:
    plain, inline = make("TD2.1"), make("TD2.1", "inline-base64")
    sent = [bytes(part.get_payload(decode=True)) for part in parts(plain)[1:]]
    written = [
        base64.b64decode(node.text or "") for node in safexml.xpath(envelope(inline), "//xds:Document")
    ]
    assert written == sent
    assert len(parts(inline)) == 1


def entry_slot(message: OutgoingMessage, name: str) -> str:
    return value(message, f"//rim:ExtrinsicObject[1]/rim:Slot[@name='{name}']/rim:ValueList/rim:Value")


def test_metadata(make: Make) -> None:
    assert entry_slot(make("TD2.1", "wrong-hash"), "hash") == "0" * 40
    assert int(entry_slot(make("TD2.1", "wrong-size"), "size")) == int(entry_slot(make("TD2.1"), "size")) + 1
    assert not entry_slot(make("TD2.1", "missing-slot"), "creationTime")
    assert not entry_slot(make("TD2.1", "no-hash-no-size"), "hash")
    path = f"//rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']"
    found = [
        node.get("value") for node in safexml.xpath(envelope(make("TD2.1", "duplicate-unique-id")), path)
    ]
    assert found[0] == found[1]
    sets = safexml.xpath(envelope(make("TD2.1", "two-submission-sets")), "//rim:RegistryPackage")
    assert len({node.get("id") for node in sets}) == 2
    no_signature = safexml.xpath(envelope(make("TD2.1", "no-signature-document")), "//rim:ExtrinsicObject")
    assert len(no_signature) == 2


@pytest.mark.parametrize("name", ["bad-signature-manifest", "bad-signature-value"])
def test_a_bad_signature_document_keeps_a_right_hash(make: Make, name: str) -> None:
    message = make("TD2.1", name)
    content = bytes(parts(message)[-1].get_payload(decode=True))
    path = "//rim:ExtrinsicObject[@id='Signature01']/rim:Slot[@name='hash']/rim:ValueList/rim:Value"
    assert value(message, path) == hashlib.sha1(content).hexdigest()  # noqa: S324 - what XDS asks for
    good = safexml.parse(bytes(parts(make("TD2.1"))[-1].get_payload(decode=True)))
    bad = safexml.parse(content)
    manifest = "//ds:Manifest/ds:Reference[last()]/ds:DigestValue"
    assert (safexml.value(good, manifest) != safexml.value(bad, manifest)) == (
        name == "bad-signature-manifest"
    )
    assert safexml.value(good, "//ds:SignatureValue") != safexml.value(bad, "//ds:SignatureValue")


def test_searches_and_retrievals(make: Make) -> None:
    known = value(make("TD3.1"), "//rim:AdhocQuery/@id")
    assert value(make("TD3.1", "unknown-stored-query"), "//rim:AdhocQuery/@id") != known
    assert not safexml.xpath(
        envelope(make("TD3.1", "missing-query-parameter")), "//rim:Slot[contains(@name, 'Status')]"
    )
    assert "'" not in value(make("TD3.1", "unquoted-parameter"), "//rim:AdhocQuery/rim:Slot[1]")
    assert value(make("TD3.2", "entry-uuid-as-unique-id"), "//xds:DocumentUniqueId").startswith("urn:uuid:")
    assert value(make("TD3.2", "unknown-repository"), "//xds:RepositoryUniqueId") != facts.OID_REPOSITORY
