"""Messages: what they say, read without the driver's own tools; every one can be made again byte for byte."""

from __future__ import annotations

import email
import email.policy
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from harness.drive.build import build
from harness.drive.identity import Identity
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.drive.registry import transactions
from protocol import facts, safexml
from protocol.errors import UsageError
from protocol.transactions import load

Make = Callable[..., OutgoingMessage]
ALL = tuple(sorted(one.id for one in load().implemented() if one.message == "soap"))


def envelope(message: OutgoingMessage) -> etree._Element:
    return safexml.parse(parts(message)[0])


def parts(message: OutgoingMessage) -> list[bytes]:
    """Bytes of the envelope, then of each part, as the standard library cuts them."""
    content_type = dict(message.headers)["Content-Type"]
    if not content_type.startswith("multipart/"):
        return [message.body]
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    mail = email.message_from_bytes(head + message.body, policy=email.policy.HTTP)
    return [bytes(part.get_payload(decode=True)) for part in mail.iter_parts()]


def value(message: OutgoingMessage, path: str) -> str:
    return safexml.value(envelope(message), path)


def attribute(message: OutgoingMessage, name: str) -> str:
    return value(message, f"//saml:Attribute[@Name='{name}']/saml:AttributeValue")


def test_the_driver_knows_every_transaction_that_has_a_message() -> None:
    assert transactions() == ALL


@pytest.mark.parametrize("transaction", ALL)
def test_a_message_agrees_with_the_description_of_its_transaction(make: Make, transaction: str) -> None:
    described = load().by_id(transaction)
    message = make(transaction)
    root = envelope(message)
    payload = safexml.xpath(root, "/soap:Envelope/soap:Body/*")
    assert [node.tag for node in payload] == [described.request_root]
    assert value(message, "//wsa:Action") == described.action
    assert message.path == described.service_path
    wrapped = dict(message.headers)["Content-Type"].startswith("multipart/")
    assert described.mtom_request in (("required", "allowed") if wrapped else ("never", "allowed"))


@pytest.mark.parametrize("transaction", ALL)
def test_the_same_inputs_give_the_same_bytes(make: Make, transaction: str) -> None:
    assert make(transaction).body == make(transaction).body
    assert make(transaction).body != make(transaction, seed=8).body


@pytest.mark.parametrize("transaction", ALL)
def test_facts_name_the_message_and_its_patient(make: Make, transaction: str) -> None:
    message = make(transaction)
    assert message.fact("message_id") == value(message, "//wsa:MessageID")
    assert message.fact("assertion_id") == value(message, "//saml:Assertion/@ID")
    assert message.fact("patient") == attribute(message, "urn:oasis:names:tc:xacml:2.0:resource:resource-id")
    assert message.fact("absent") == ""


def test_the_vihf_of_an_organisation(make: Make, hospital: Identity, lps: Lps) -> None:
    message = make("TD0.3")
    assert attribute(message, "Authentification_mode") == "INDIRECTE"
    assert attribute(message, "Identifiant_Structure") == "1990000010"
    assert attribute(message, "Secteur_Activite") == "SA01^1.2.250.1.71.4.2.4"
    assert attribute(message, "LPS_ID_HOMOLOGATION_DMP") == lps.wire_number
    assert (attribute(message, "LPS_Nom"), attribute(message, "LPS_Version")) == ("LPS-TEST", "1.0.0")
    assert value(message, "//saml:NameID") == hospital.user.ps_id
    assert value(message, "//saml:Issuer").startswith("CN=org-sign,OU=1990000010,O=")
    roles = safexml.xpath(envelope(message), "//hl7:Role")
    assert [(role.get("code"), role.get("codeSystem")) for role in roles] == [
        ("10", facts.OID_PROFESSIONS),
        ("SM04", facts.OID_SPECIALTIES),
    ]
    assert value(message, "//hl7:PurposeOfUse/@code") == "normal"
    assert not safexml.xpath(envelope(message), "//saml:AuthnContextDecl")


def test_the_vihf_of_a_card(make: Make, card: Identity) -> None:
    message = make("TD0.3", identity=card)
    assert attribute(message, "Authentification_mode") == "DIRECTE"
    assert value(message, "//saml:AuthnContextClassRef").endswith(":SmartcardPKI")
    assert attribute(message, "Identifiant_Structure") == "499990000111001"


def test_the_vihf_of_the_reinforced_mode(make: Make, keyring: Any) -> None:
    message = make("TD0.3", identity=keyring.identity("air"))
    assert attribute(message, "Authentification_mode") == "INDIRECTE_RENFORCEE"
    assert value(message, "//saml:AuthnContextDecl") == "APP_BROWSER_AUTH"


def test_a_secretary_has_one_role(make: Make, keyring: Any) -> None:
    message = make("TD0.3", identity=keyring.identity("cpe"))
    roles = safexml.xpath(envelope(message), "//hl7:Role/@code/..")
    assert [role.get("code") for role in roles] == ["SECRETARIAT_MEDICAL"]


def test_options_of_the_vihf(make: Make) -> None:
    message = make(
        "TD0.3",
        access="bris_de_glace",
        access_reason="urgence",
        secret=True,
        vihf_version="4.0",
        conditions=False,
    )
    assert attribute(message, "Mode_Acces_Raison") == "urgence"
    assert attribute(message, "VIHF_Version") == "4.0"
    name = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
    assert attribute(message, name) == "INVISIBLE_REPRESENTANTS_LEGAUX"
    assert not safexml.xpath(envelope(message), "//saml:Conditions")


def test_existence_test(make: Make) -> None:
    message = make("TD0.2")
    assert value(message, "//hl7:reasonCode/@code") == "TEST_EXST"
    assert value(message, "//hl7:patientIdentifier/hl7:value/@extension") == "280056399910181"
    assert value(message, "//hl7:PRPA_IN201307UV02/hl7:id/@extension") == message.fact("query_message_id")
    assert value(message, "//hl7:creationTime/@value") == "20260301093000"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"action": "AJOUT"}, ["AJOUT"]),
        ({"action": "SUPPRESSION", "role": "MEDECIN_TRAITANT"}, ["SUPPRESSION", "MEDECIN_TRAITANT"]),
    ],
)
def test_authorisation(make: Make, params: dict[str, str], expected: list[str]) -> None:
    found = safexml.xpath(envelope(make("TD0.3", **params)), "//hab:setAuthorization/*")
    assert [node.text for node in found] == expected


def test_a_submission_holds_its_set_entries_and_associations(make: Make) -> None:
    message = make("TD2.1")
    root = envelope(message)
    ids = [node.get("id") for node in safexml.xpath(root, "//rim:ExtrinsicObject")]
    assert ids == ["Document01", "Document02", "Signature01"]
    links = [
        (node.get("associationType"), node.get("sourceObject"), node.get("targetObject"))
        for node in safexml.xpath(root, "//rim:Association")
    ]
    assert links == [
        *((facts.HAS_MEMBER, "SubmissionSet01", member) for member in ids),
        (facts.SIGNS, "Signature01", "SubmissionSet01"),
    ]
    identifiers = [node.get("id") for node in root.iter() if node.get("id")]
    documents = [node.get("id") for node in safexml.xpath(root, "//xds:Document")]
    assert len(set(identifiers)) == len(identifiers) - len(documents)


def test_every_part_of_the_registry_points_at_its_owner(make: Make) -> None:
    for owner in safexml.xpath(envelope(make("TD2.1")), "//rim:RegistryPackage | //rim:ExtrinsicObject"):
        told = {
            node.get("classifiedObject") or node.get("registryObject")
            for node in owner
            if etree.QName(node).localname in ("Classification", "ExternalIdentifier")
        }
        assert told == {owner.get("id")}


def test_hash_and_size_are_those_of_the_parts(make: Make) -> None:
    message = make("TD2.1")
    _, *documents = parts(message)
    entries = safexml.xpath(envelope(message), "//rim:ExtrinsicObject")
    slots = [
        (
            safexml.value(entry, "rim:Slot[@name='hash']/rim:ValueList/rim:Value"),
            safexml.value(entry, "rim:Slot[@name='size']/rim:ValueList/rim:Value"),
        )
        for entry in entries
    ]
    assert slots == [(hashlib.sha1(part).hexdigest(), str(len(part))) for part in documents]  # noqa: S324 - what XDS asks for


def test_unique_ids_told_are_those_sent(make: Make) -> None:
    message = make("TD2.1")
    path = "rim:ExternalIdentifier[@identificationScheme='%s']/@value"
    entries = safexml.xpath(envelope(message), "//rim:ExtrinsicObject")
    sent = tuple(safexml.value(entry, path % facts.DE_UNIQUE_ID) for entry in entries)
    assert sent[:-1] == message.facts["document_unique_ids"]
    assert sent[-1] == message.fact("signature_unique_id")
    lot = value(message, f"//rim:RegistryPackage/{path % facts.SS_UNIQUE_ID}")
    assert lot == message.fact("submission_unique_id")


def test_the_signature_document_is_hidden_from_all(make: Make) -> None:
    entry = safexml.xpath(envelope(make("TD2.1")), "//rim:ExtrinsicObject[@id='Signature01']")[0]
    codes = [
        node.get("nodeRepresentation")
        for node in safexml.xpath(
            entry, f"rim:Classification[@classificationScheme='{facts.DE_CONFIDENTIALITY}']"
        )
    ]
    assert codes == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]


def test_a_replacement_names_what_it_replaces(make: Make) -> None:
    old = "urn:uuid:00000000-0000-4000-8000-000000000001"
    message = make("TD2.1", documents=[{"level1": {}, "replaces": old, "confidentiality": ["MASQUE_PS"]}])
    link = safexml.xpath(envelope(message), f"//rim:Association[@associationType='{facts.RPLC}']")[0]
    assert (link.get("sourceObject"), link.get("targetObject")) == ("Document01", old)


def slots_of(message: OutgoingMessage) -> dict[str, list[str]]:
    return {
        slot.get("name", ""): [node.text or "" for node in safexml.xpath(slot, "rim:ValueList/rim:Value")]
        for slot in safexml.xpath(envelope(message), "//rim:AdhocQuery/rim:Slot")
    }


def test_a_search_takes_its_patient_and_status_by_default(make: Make) -> None:
    message = make("TD3.1")
    assert value(message, "//rim:AdhocQuery/@id") == facts.Q_FIND_DOCUMENTS
    assert value(message, "//query:ResponseOption/@returnType") == "LeafClass"
    assert slots_of(message) == {
        "$XDSDocumentEntryPatientId": ["'280056399910181^^^&1.2.250.1.213.1.4.10&ISO^NH'"],
        "$XDSDocumentEntryStatus": [f"('{facts.APPROVED}')"],
    }


def test_values_of_a_search_are_quoted_listed_and_cut(make: Make) -> None:
    message = make(
        "TD3.1",
        query="GetDocuments",
        return_type="ObjectRef",
        parameters={
            "XDSDocumentEntryEntryUUID": [f"urn:uuid:{n:036}" for n in range(20)],
            "$Quote": "O'Neil",
            "$Number": 20260101,
            "$Raw": {"raw": "no quote"},
        },
    )
    slots = slots_of(message)
    assert slots["$Quote"] == ["'O''Neil'"]
    assert slots["$Number"] == ["20260101"]
    assert slots["$Raw"] == ["no quote"]
    assert len(slots["$XDSDocumentEntryEntryUUID"]) > 1
    assert all(len(text) <= 256 for text in slots["$XDSDocumentEntryEntryUUID"])
    joined = ",".join(text.strip("()") for text in slots["$XDSDocumentEntryEntryUUID"])
    assert joined == ",".join(f"'urn:uuid:{n:036}'" for n in range(20))


def test_a_list_of_lists_is_an_and(make: Make) -> None:
    message = make("TD3.1", parameters={"$XDSDocumentEntryEventCodeList": [["a^^1"], ["b^^1", "c^^1"]]})
    path = "//rim:AdhocQuery/rim:Slot[@name='$XDSDocumentEntryEventCodeList']"
    assert [safexml.text(node) for node in safexml.xpath(envelope(message), path)] == [
        "('a^^1')",
        "('b^^1','c^^1')",
    ]


def test_the_patient_may_be_left_out_of_a_search(make: Make) -> None:
    assert "$XDSDocumentEntryPatientId" not in slots_of(make("TD3.1", patient_parameter=False))


def test_a_retrieval_asks_for_each_document(make: Make) -> None:
    message = make("TD3.2")
    asked = [node.text for node in safexml.xpath(envelope(message), "//xds:DocumentUniqueId")]
    assert asked == ["1.2.3.4.5", "1.2.3.4.6"] == list(message.facts["document_unique_ids"])
    assert {node.text for node in safexml.xpath(envelope(message), "//xds:RepositoryUniqueId")} == {
        facts.OID_REPOSITORY
    }


def test_a_retrieval_may_travel_in_mtom(make: Make) -> None:
    assert dict(make("TD3.2", mtom=True).headers)["Content-Type"].startswith("multipart/related")


@pytest.mark.parametrize(
    ("transaction", "params", "code"),
    [
        ("TD0.2", {"patient": "nobody"}, "SUBJ-002"),
        ("TD0.2", {"patient": {"number": "1", "oid": facts.OID_INS_NIR}}, "SUBJ-001"),
        ("TD0.2", {"patient": {"numero": "1"}}, "SUBJ-003"),
        ("TD0.2", {"patient": 3}, "SUBJ-002"),
        ("TD0.2", {"unknown": 1}, "DRIVE-002"),
        ("TD0.2", {"access": "curious"}, "VIHF-W-001"),
        ("TD0.2", {"vihf_hash": "md5"}, "DRIVE-003"),
        ("TD2.1", {"documents": []}, "DRIVE-003"),
        ("TD2.1", {"documents": [{"cda": "/nowhere/at/all.xml"}]}, "DRIVE-004"),
        ("TD2.1", {"documents": [{"cda": b"<a/>", "level1": {}}]}, "DRIVE-003"),
        ("TD2.1", {"documents": [{"level1": {"colour": "red"}}]}, "DRIVE-003"),
        ("TD2.1", {"documents": [{"level1": {}, "confidentiality": ["SECRET"]}]}, "DRIVE-003"),
        ("TD2.1", {"signature_document": "maybe"}, "DRIVE-003"),
        ("TD3.1", {"query": "FindEverything"}, "DRIVE-003"),
        ("TD3.1", {"parameters": {"$a": 1.5}}, "DRIVE-003"),
        ("TD3.2", {"unique_ids": "1.2.3"}, "DRIVE-003"),
    ],
)
def test_a_wrong_parameter_is_told(make: Make, transaction: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as told:
        make(transaction, **params)
    assert told.value.code == code


def test_an_unknown_transaction_is_told(hospital: Identity, lps: Lps, clock: Any) -> None:
    with pytest.raises(UsageError, match="DRIVE-001"):
        build("TD9.9", {}, hospital, lps, clock=clock, ids=SeededIds(1))


@pytest.mark.parametrize("patient", ["280056399910181", "280056399910181^^^&1.2.250.1.213.1.4.10&ISO^NH"])
def test_a_patient_may_be_a_number_or_a_cx(make: Make, patient: str) -> None:
    message = make("TD0.2", patient=patient)
    assert message.fact("patient") == "280056399910181^^^&1.2.250.1.213.1.4.10&ISO^NH"
