"""Feeding: what is accepted, what is refused and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocol import facts
from tests.mock_dmp.builders import Lps, el, ins, oid
from tests.mock_dmp.feeding import (
    ENTRY,
    LIST,
    SET,
    WHO,
    Mutation,
    P,
    add,
    cls,
    drop,
    feed,
    listed,
    put,
)
from tests.mock_dmp.submissions import (
    Doc,
    Lot,
    association,
    code,
    find_documents,
    retrieve,
    slot,
)


def test_success_says_nothing_else_and_is_found_at_once(lps: Lps) -> None:
    lot = Lot(documents=(Doc(), Doc(id="Document02", data=b"\x00\xff--b\r\n")))
    answer = feed(lps, lot)
    assert answer.status == 200
    assert answer.xds == "Success"
    assert len(answer.payload) == 0
    assert listed(lps) == [doc.unique_id for doc in lot.documents]
    for doc in lot.documents:
        got = lps.send("TD3.2", retrieve(doc.unique_id), WHO)
        assert list(got.parts.values()) == [doc.data]


def test_zero_bytes_are_a_document(lps: Lps) -> None:
    doc = Doc(data=b"", slots={"size": ("0",)})
    assert feed(lps, Lot(documents=(doc,))).xds == "Success"
    assert list(lps.send("TD3.2", retrieve(doc.unique_id), WHO).parts.values()) == [b""]


@pytest.mark.parametrize(
    ("mutation", "codes", "cause"),
    [
        (drop(SET), {"XDSRepositoryMetadataError"}, "0 lot(s)"),
        (
            drop(f"{SET}/rim:Classification[@classificationNode]"),
            {"XDSRepositoryMetadataError"},
            "classificationNode",
        ),
        (
            put(f"{SET}/rim:Classification[@classificationNode]", "classificationNode", facts.FOLDER),
            {"XDSRegistryMetadataError", "XDSRepositoryMetadataError"},
            "classeur",
        ),
        (drop(f"{SET}/rim:Slot[@name='submissionTime']"), {"XDSRegistryMetadataError"}, "submissionTime"),
        (drop(f"{ENTRY}/rim:Slot[@name='creationTime']"), {"XDSRegistryMetadataError"}, "creationTime"),
        (
            drop(f"{ENTRY}/rim:Slot[@name='serviceStartTime']"),
            {"XDSRegistryMetadataError"},
            "serviceStartTime",
        ),
        (
            drop(f"{ENTRY}/rim:Slot[@name='legalAuthenticator']"),
            {"XDSRegistryMetadataError"},
            "legalAuthenticator",
        ),
        (drop(f"{ENTRY}/rim:Name"), {"XDSRegistryMetadataError"}, "titre"),
        (drop(cls(facts.DE_AUTHOR)), {"XDSRegistryMetadataError"}, "auteur"),
        (drop(cls(facts.DE_TYPE)), {"XDSRegistryMetadataError"}, "typeCode"),
        (drop(cls(facts.DE_CONFIDENTIALITY)), {"XDSRegistryMetadataError"}, "confidentialityCode"),
        (
            add(ENTRY, code("Document01", facts.DE_CLASS, "11", "1.2.250.1.213.1.1.4.1")),
            {"XDSRegistryMetadataError"},
            "2 classification(s)",
        ),
        (
            put(f"{ENTRY}/rim:ExternalIdentifier[2]", "value", "pas-un-oid"),
            {"XDSRegistryMetadataError"},
            "pas-un-oid",
        ),
        (
            put(f"{ENTRY}/rim:ExternalIdentifier[2]", "value", "1.2.3^ext"),
            {"XDSRegistryMetadataError"},
            "1.2.3^ext",
        ),
        (put(ENTRY, "objectType", facts.ON_DEMAND_DOCUMENT), {"XDSRegistryMetadataError"}, "objectType"),
        (put(ENTRY, "mimeType", "pdf"), {"XDSRegistryMetadataError"}, "mimeType"),
        (
            put(cls(facts.DE_CLASS), "classifiedObject", "autre"),
            {"XDSRepositoryMetadataError"},
            "classifiedObject",
        ),
        (
            put(cls(facts.DE_CLASS), "nodeRepresentation", "31"),
            {"XDSRegistryMetadataError"},
            "classe du type 11490-0",
        ),
        (drop(f"{cls(facts.DE_CLASS)}/rim:Slot"), {"XDSRegistryMetadataError"}, "codingScheme"),
        (add(ENTRY, slot("languageCode", "fr-FR")), {"XDSRegistryMetadataError"}, "2 fois"),
        (add(ENTRY, slot("inconnu", "x")), {"XDSRegistryMetadataError"}, "slot inconnu"),
        (
            add(ENTRY, slot("hash", "x" * 257)),
            {"XDSRegistryMetadataError", "XDSRepositoryMetadataError"},
            "257 caractères",
        ),
        (add(ENTRY, slot("hash", "0" * 40)), {"XDSRepositoryMetadataError"}, "SHA-1 des octets reçus"),
        (
            add(ENTRY, slot("hash", "0" * 64)),
            {"XDSRepositoryMetadataError", "XDSRegistryMetadataError"},
            "40 chiffres",
        ),
        (add(ENTRY, slot("size", "7")), {"XDSRepositoryMetadataError"}, "octets reçus"),
        (
            drop(".//rim:Association[@targetObject='Document01']"),
            {"XDSRegistryMetadataError"},
            "0 association(s) HasMember",
        ),
        (
            drop(".//rim:Association[@targetObject='Document01']/rim:Slot"),
            {"XDSRegistryMetadataError"},
            "SubmissionSetStatus",
        ),
        (
            put(".//rim:Association[@targetObject='Document01']", "targetObject", "fantome"),
            {"XDSRegistryMetadataError"},
            "fantome",
        ),
        (
            put(
                ".//rim:Association[@targetObject='Document01']",
                "associationType",
                "urn:ihe:iti:2010:AssociationType:SubmitAssociation",
            ),
            {"XDSRegistryMetadataError"},
            "ITI-57",
        ),
        (drop("./xds:Document[@id='Document01']"), {"XDSMissingDocument"}, "aucun document"),
        (
            put("./xds:Document[@id='Document01']/xop:Include", "href", "cid:ailleurs"),
            {"XDSMissingDocument"},
            "sans partie MIME",
        ),
        (
            drop(ENTRY),
            {"XDSMissingDocumentMetadata", "XDSRepositoryMetadataError", "XDSRegistryMetadataError"},
            "Document01",
        ),
        (
            drop(".//rim:Association[contains(@associationType,'signs')]"),
            {"XDSRegistryMetadataError"},
            "signs",
        ),
        (
            put(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", ins("corse")),
            {"XDSPatientIdDoesNotMatch"},
            "resource-id du VIHF",
        ),
        (
            put(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", "n'importe quoi"),
            {"XDSRegistryMetadataError"},
            "patientId",
        ),
        (
            add(LIST, association(facts.RPLC, "Document01", f"urn:uuid:{'0' * 8}-0000-0000-0000-{'0' * 12}")),
            {"XDSRegistryMetadataError"},
            "inconnu du registre",
        ),
        (
            add(LIST, association(facts.RPLC, "Document01", "symbolique")),
            {"XDSRegistryMetadataError"},
            "entryUUID",
        ),
        (
            add(LIST, association(facts.RPLC, "urn:uuid:x", "symbolique")),
            {"XDSRegistryMetadataError"},
            "sourceObject",
        ),
    ],
)
def test_one_defect(lps: Lps, mutation: Mutation, codes: set[str], cause: str) -> None:
    answer = feed(lps, Lot(), WHO, mutation)
    assert answer.status == 200
    assert answer.xds == "Failure"
    assert set(answer.codes) == codes
    assert any(cause in context for _, context in answer.errors), answer.errors
    assert listed(lps) == []


@pytest.mark.parametrize(
    ("doc", "cause"),
    [
        (Doc(slots={"creationTime": ("2026-01-10",)}), "creationTime"),
        (Doc(slots={"creationTime": ("20261310",)}), "creationTime"),
        (Doc(slots={"creationTime": ("20260110", "20260111")}), "2 valeurs"),
        (Doc(slots={"serviceStartTime": ("20260110",), "serviceStopTime": ("20260109",)}), "serviceStopTime"),
        (Doc(slots={"sourcePatientId": ("sans autorité",)}), "sourcePatientId"),
        (Doc(slots={"sourcePatientInfo": ("PID-5|A^B^^^^^L", "PID-19|123")}), "PID-19"),
        (Doc(slots={"languageCode": ("français",)}), "languageCode"),
        (Doc(slots={"legalAuthenticator": ("^^^^^^^^&1.2.3&ISO",)}), "legalAuthenticator"),
        (Doc(title="x" * 129), "129 caractères"),
        (Doc(confidentiality=("MASQUE_PS",)), "en premier"),
        (Doc(confidentiality=("N", "MASQUE_PS", "INVISIBLE_PATIENT")), "ensemble"),
    ],
)
def test_one_wrong_value(lps: Lps, doc: Doc, cause: str) -> None:
    answer = feed(lps, Lot(documents=(doc,)))
    assert set(answer.codes) == {"XDSRegistryMetadataError"}
    assert cause in answer.errors[0][1]
    assert "fiche Document01" in answer.errors[0][1]


def test_all_errors_come_back_together(lps: Lps) -> None:
    answer = feed(
        lps,
        Lot(with_signature=False),
        WHO,
        drop(f"{ENTRY}/rim:Slot[@name='creationTime']"),
        add(ENTRY, slot("hash", "0" * 40)),
        put(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", ins("corse")),
    )
    assert {"XDSRegistryMetadataError", "XDSRepositoryMetadataError", "XDSPatientIdDoesNotMatch"} == set(
        answer.codes
    )
    assert len(answer.errors) >= 4
    assert answer.one("rs:RegistryErrorList/@highestSeverity") == facts.SEVERITY_ERROR


def test_accepted_as_national_options(lps: Lps) -> None:
    """CX with type and date, IDNST, minute precision, upper-case hash."""
    data = b"bonjour"
    doc = Doc(
        data=data,
        patient_id=f"{ins(P)}^^20100907",
        slots={
            "hash": ("1F71E0F4AC9B47CD93BF269E4017ABAAB9D3BD63",),
            "size": ("7",),
            "creationTime": ("202601100900",),
        },
    )
    assert feed(lps, Lot(documents=(doc,))).xds == "Success"


def test_extra_slots(lps: Lps, change: Callable[..., None]) -> None:
    def returned() -> list[str]:
        return lps.send("TD3.1", find_documents(P), WHO).all(
            ".//rim:Slot[@name='urn:x:plus']//rim:Value/text()"
        )

    extra = Doc(slots={"urn:x:plus": ("gardé",)})
    assert len(feed(lps, Lot(documents=(extra,))).payload) == 0
    assert returned() == ["gardé"]
    change(XDS__EXTRA__METADATA="warn")
    answer = feed(lps, Lot(documents=(replace(extra, unique_id=oid()),)))
    assert answer.xds == "Success"
    assert answer.codes == ["XDSExtraMetadataNotSaved"]
    assert returned() == ["gardé"]
    change(XDS__EXTRA__METADATA="refuse")
    assert feed(lps, Lot(documents=(replace(extra, unique_id=oid()),))).xds == "Failure"


def test_value_sets_refuse_by_default_and_may_warn(lps: Lps, change: Callable[..., None]) -> None:
    odd = put(cls(facts.DE_PRACTICE), "nodeRepresentation", "INVENTE")
    refused = feed(lps, Lot(), WHO, odd)
    assert refused.xds == "Failure"
    assert "INVENTE" in refused.errors[0][1]
    assert "JDV_J62" in refused.errors[0][1]
    change(XDS__VALUE__SETS="warn")
    assert len(feed(lps, Lot(), WHO, odd).payload) == 0
    change(xds_warnings_told=True)
    told = feed(lps, Lot(), WHO, odd)
    assert told.xds == "Success"
    assert any("practiceSettingCode" in context for _, context in told.errors)


def test_refusals_as_faults_by_switch(lps: Lps, change: Callable[..., None]) -> None:
    change(xds_refusal_carrier="fault")
    answer = feed(lps, Lot(), WHO, drop("./xds:Document[@id='Document01']"))
    assert answer.fault == "XDSMissingDocument"


def test_documents_inline_are_legal_where_mtom_is_not_asked(lps: Lps, change: Callable[..., None]) -> None:
    import base64

    change(MTOM__REQUIRED="off")
    lot = Lot()
    body, parts = lot.build()
    for include in body.xpath(".//xop:Include", namespaces=facts.NS):
        holder = include.getparent()
        holder.remove(include)
        holder.text = base64.b64encode(parts[include.get("href").removeprefix("cid:")]).decode()
    assert lps.send("TD2.1", body, WHO).xds == "Success"
    assert listed(lps) == [lot.documents[0].unique_id]


def test_ids_of_another_case(lps: Lps, change: Callable[..., None]) -> None:
    """One published sample writes the id of a document in another case than its entry."""
    other = put("./xds:Document[@id='Document01']", "id", "document01")
    assert feed(lps, Lot(), WHO, other).xds == "Success"
    change(XDS__DOCUMENT__ID__CASE="refuse")
    assert "XDSMissingDocument" in feed(lps, Lot(), WHO, other).codes


def test_body_without_object_list(lps: Lps) -> None:
    body = el("xds:ProvideAndRegisterDocumentSetRequest")
    answer = lps.send("TD2.1", body, WHO, parts={})
    assert answer.codes == ["XDSRepositoryMetadataError"]


def test_nobody_real_in_the_metadata(lps: Lps) -> None:
    real = f"280056399910181^^^&{facts.OID_INS_NIR}&ISO^NH"
    answer = feed(lps, Lot(documents=(Doc(slots={"sourcePatientId": (real,)}),)))
    assert answer.codes == ["MockProductionIdentity"]


def test_the_shape_is_told_first(lps: Lps) -> None:
    """Whatever follows from it comes after."""
    answer = feed(lps, Lot(), WHO, drop(f"{SET}/rim:Classification[@classificationNode]"))
    assert "lot(s) de soumission" in answer.errors[0][1]
