"""Feeding: the signature document, CDA documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from protocol import facts
from tests.mock_dmp.builders import Lps, ins, oid
from tests.mock_dmp.feeding import (
    LIST,
    WHO,
    P,
    add,
    feed,
)
from tests.mock_dmp.submissions import (
    Doc,
    Lot,
    manifest,
    signature_entry,
)

CDA = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="{id}"/><code code="11490-0"/><title>Lettre de sortie</title>'
    '<languageCode code="fr-FR"/><recordTarget><patientRole><id root="{oid}" extension="{ins}"/></patientRole>'
    "</recordTarget></ClinicalDocument>"
)


class TestSignature:
    def test_required(self, lps: Lps, change: Callable[..., None]) -> None:
        assert "signature" in feed(lps, Lot(with_signature=False)).errors[0][1]
        change(XDS__SIGNATURE__REQUIRED="off")
        assert feed(lps, Lot(with_signature=False)).xds == "Success"

    def test_two(self, lps: Lps) -> None:
        second = signature_entry(oid(), ins(P))
        answer = feed(lps, Lot(), WHO, add(LIST, second))
        assert any("2 fiche(s) de signature" in context for _, context in answer.errors)

    def test_manifest_must_name_the_documents(self, lps: Lps) -> None:
        lot = Lot()
        answer = feed(lps, replace(lot, signature=manifest(lot.unique_id, {})))
        assert "manifeste incomplet" in answer.errors[0][1]
        answer = feed(
            lps, replace(lot, signature=manifest(oid(), {lot.documents[0].unique_id: lot.documents[0].data}))
        )
        assert "manifeste sans le lot" in answer.errors[0][1]

    def test_manifest_digest(self, lps: Lps) -> None:
        lot = Lot()
        wrong = manifest(lot.unique_id, {lot.documents[0].unique_id: b"autre chose"})
        assert "DigestValue" in feed(lps, replace(lot, signature=wrong)).errors[0][1]

    @pytest.mark.parametrize(
        "data", [b"", b"pas du xml", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
    )
    def test_unreadable(self, lps: Lps, data: bytes) -> None:
        answer = feed(lps, Lot(signature=data or b" "))
        assert any("ds:Manifest" in context for _, context in answer.errors)

    def test_dummy_signature_may_be_refused(self, lps: Lps, change: Callable[..., None]) -> None:
        assert feed(lps, Lot()).xds == "Success"
        change(XDS__SIGNATURE__CRYPTO="refuse")
        assert "XAdES" in feed(lps, Lot()).errors[0][1]


class TestCda:
    def cda(self, unique_id: str, patient: str = P) -> bytes:
        number, domain = ins(patient).split("^")[0], facts.OID_INS_TEST
        return CDA.format(id=unique_id, oid=domain, ins=number).encode()

    def test_true_to_its_entry(self, lps: Lps, change: Callable[..., None]) -> None:
        change(CDA__COHERENCE="refuse", CDA__WELL__FORMED="refuse")
        unique_id = oid()
        doc = Doc(unique_id=unique_id, data=self.cda(unique_id), mime_type="text/xml")
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"

    @pytest.mark.parametrize(
        ("doc", "cause"),
        [
            (Doc(title="Autre titre"), "title"),
            (Doc(type_code="11488-4"), "typeCode"),
            (Doc(slots={"languageCode": ("en",)}), "languageCode"),
            (Doc(data=b"autre"), "uniqueId"),
        ],
    )
    def test_other_than_its_entry(self, lps: Lps, change: Callable[..., None], doc: Doc, cause: str) -> None:
        change(CDA__COHERENCE="refuse")
        named = oid() if doc.data == b"autre" else doc.unique_id
        answer = feed(lps, Lot(documents=(replace(doc, data=self.cda(named), mime_type="text/xml"),)))
        assert answer.codes == ["InvalidDocumentContent"]
        assert cause in answer.errors[0][1]

    def test_other_patient(self, lps: Lps, change: Callable[..., None]) -> None:
        change(CDA__COHERENCE="refuse")
        doc = Doc(mime_type="text/xml")
        answer = feed(lps, Lot(documents=(replace(doc, data=self.cda(doc.unique_id, "corse")),)))
        assert "patientId" in answer.errors[0][1]

    def test_not_well_formed_warns(self, lps: Lps, change: Callable[..., None]) -> None:
        broken = Lot(documents=(Doc(data=b"<a>", mime_type="text/xml"),))
        assert feed(lps, broken).xds == "Success"
        change(CDA__WELL__FORMED="refuse")
        assert feed(
            lps, replace(broken, documents=(Doc(data=b"<a>", mime_type="text/xml"),), unique_id=oid())
        ).codes == ["InvalidDocumentContent"]

    def test_schema(self, lps: Lps, change: Callable[..., None], tmp_path: Path) -> None:
        schema = tmp_path / "cda.xsd"
        schema.write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">'
            '<xs:element name="ClinicalDocument"><xs:complexType/></xs:element></xs:schema>'
        )
        empty, full = Doc(mime_type="text/xml"), Doc(mime_type="text/xml")
        full = replace(full, data=self.cda(full.unique_id))
        change(CDA__SCHEMA="refuse", cda_schema=str(schema))
        assert feed(lps, Lot(documents=(empty,))).xds == "Success"
        assert feed(lps, Lot(documents=(full,))).codes == ["InvalidDocumentContent"]
        change(cda_schema=str(tmp_path / "absent.xsd"))
        assert "cda_schema" in feed(lps, Lot()).errors[0][1]
