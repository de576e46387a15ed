"""Feeding: what is accepted, what is refused and why, all or nothing, rivals and crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from lxml import etree

from mock_dmp.state import documents, traces
from mock_dmp.state.documents import Registration
from protocol import facts
from tests.mock_dmp.builders import (
    Answered,
    Doc,
    Lot,
    Lps,
    Who,
    association,
    code,
    el,
    find_documents,
    get_documents,
    ins,
    manifest,
    oid,
    retrieve,
    signature_entry,
    slot,
)

P = "alimentation"
WHO = Who().on(P)
Mutation = Callable[[etree._Element], None]


def feed(lps: Lps, lot: Lot, who: Who = WHO, *mutations: Mutation) -> Answered:
    body, parts = lot.build()
    for mutate in mutations:
        mutate(body)
    return lps.send("TD2.1", body, who.on(lot.patient), parts=parts)


def listed(lps: Lps, patient: str = P) -> list[str]:
    """uniqueIds of the Approved documents."""
    answer = lps.send("TD3.1", find_documents(patient), Who().on(patient))
    assert answer.xds == "Success"
    scheme = facts.DE_UNIQUE_ID
    return [
        str(one) for one in answer.all(f".//rim:ExternalIdentifier[@identificationScheme='{scheme}']/@value")
    ]


def entry_uuid(lps: Lps, unique_id: str, patient: str = P) -> str:
    return lps.send("TD3.1", get_documents(unique_id), Who().on(patient)).one(".//rim:ObjectRef/@id")


def first(body: etree._Element, path: str) -> etree._Element:
    return body.xpath(path, namespaces=facts.NS)[0]


def drop(path: str) -> Mutation:
    def mutate(body: etree._Element) -> None:
        element = first(body, path)
        element.getparent().remove(element)

    return mutate


def put(path: str, attribute: str, value: str) -> Mutation:
    return lambda body: first(body, path).set(attribute, value)


def add(path: str, *children: etree._Element) -> Mutation:
    return lambda body: [first(body, path).insert(0, child) for child in children] and None


ENTRY = ".//rim:ExtrinsicObject[@id='Document01']"
SET = ".//rim:RegistryPackage"
LIST = ".//rim:RegistryObjectList"


def cls(scheme: str) -> str:
    return f"{ENTRY}/rim:Classification[@classificationScheme='{scheme}']"


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
        (drop(f"{SET}/rim:Classification[@classificationNode]"), {"XDSRepositoryMetadataError"}, "classificationNode"),
        (put(f"{SET}/rim:Classification[@classificationNode]", "classificationNode", facts.FOLDER), {"XDSRegistryMetadataError"}, "classeur"),
        (drop(f"{SET}/rim:Slot[@name='submissionTime']"), {"XDSRegistryMetadataError"}, "submissionTime"),
        (drop(f"{ENTRY}/rim:Slot[@name='creationTime']"), {"XDSRegistryMetadataError"}, "creationTime"),
        (drop(f"{ENTRY}/rim:Slot[@name='serviceStartTime']"), {"XDSRegistryMetadataError"}, "serviceStartTime"),
        (drop(f"{ENTRY}/rim:Slot[@name='legalAuthenticator']"), {"XDSRegistryMetadataError"}, "legalAuthenticator"),
        (drop(f"{ENTRY}/rim:Name"), {"XDSRegistryMetadataError"}, "titre"),
        (drop(cls(facts.DE_AUTHOR)), {"XDSRegistryMetadataError"}, "auteur"),
        (drop(cls(facts.DE_TYPE)), {"XDSRegistryMetadataError"}, "typeCode"),
        (drop(cls(facts.DE_CONFIDENTIALITY)), {"XDSRegistryMetadataError"}, "confidentialityCode"),
        (add(ENTRY, code("Document01", facts.DE_CLASS, "11", "1.2.250.1.213.1.1.4.1")), {"XDSRegistryMetadataError"}, "2 classification(s)"),
        (put(f"{ENTRY}/rim:ExternalIdentifier[2]", "value", "pas-un-oid"), {"XDSRegistryMetadataError"}, "pas-un-oid"),
        (put(f"{ENTRY}/rim:ExternalIdentifier[2]", "value", "1.2.3^ext"), {"XDSRegistryMetadataError"}, "1.2.3^ext"),
        (put(ENTRY, "objectType", facts.ON_DEMAND_DOCUMENT), {"XDSRegistryMetadataError"}, "objectType"),
        (put(ENTRY, "mimeType", "pdf"), {"XDSRegistryMetadataError"}, "mimeType"),
        (put(cls(facts.DE_CLASS), "classifiedObject", "autre"), {"XDSRepositoryMetadataError"}, "classifiedObject"),
        (put(cls(facts.DE_CLASS), "nodeRepresentation", "31"), {"XDSRegistryMetadataError"}, "classe du type 11490-0"),
        (drop(f"{cls(facts.DE_CLASS)}/rim:Slot"), {"XDSRegistryMetadataError"}, "codingScheme"),
        (add(ENTRY, slot("languageCode", "fr-FR")), {"XDSRegistryMetadataError"}, "2 fois"),
        (add(ENTRY, slot("inconnu", "x")), {"XDSRegistryMetadataError"}, "slot inconnu"),
        (add(ENTRY, slot("hash", "x" * 257)), {"XDSRegistryMetadataError", "XDSRepositoryMetadataError"}, "257 caractères"),
        (add(ENTRY, slot("hash", "0" * 40)), {"XDSRepositoryMetadataError"}, "SHA-1 des octets reçus"),
        (add(ENTRY, slot("hash", "0" * 64)), {"XDSRepositoryMetadataError", "XDSRegistryMetadataError"}, "40 chiffres"),
        (add(ENTRY, slot("size", "7")), {"XDSRepositoryMetadataError"}, "octets reçus"),
        (drop(f".//rim:Association[@targetObject='Document01']"), {"XDSRegistryMetadataError"}, "0 association(s) HasMember"),
        (drop(".//rim:Association[@targetObject='Document01']/rim:Slot"), {"XDSRegistryMetadataError"}, "SubmissionSetStatus"),
        (put(".//rim:Association[@targetObject='Document01']", "targetObject", "fantome"), {"XDSRegistryMetadataError"}, "fantome"),
        (put(".//rim:Association[@targetObject='Document01']", "associationType", "urn:ihe:iti:2010:AssociationType:SubmitAssociation"), {"XDSRegistryMetadataError"}, "ITI-57"),
        (drop("./xds:Document[@id='Document01']"), {"XDSMissingDocument"}, "aucun document"),
        (put("./xds:Document[@id='Document01']/xop:Include", "href", "cid:ailleurs"), {"XDSMissingDocument"}, "sans partie MIME"),
        (drop(ENTRY), {"XDSMissingDocumentMetadata", "XDSRepositoryMetadataError", "XDSRegistryMetadataError"}, "Document01"),
        (drop(".//rim:Association[contains(@associationType,'signs')]"), {"XDSRegistryMetadataError"}, "signs"),
        (put(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", ins("corse")), {"XDSPatientIdDoesNotMatch"}, "resource-id du VIHF"),
        (put(f"{ENTRY}/rim:ExternalIdentifier[1]", "value", "n'importe quoi"), {"XDSRegistryMetadataError"}, "patientId"),
        (add(LIST, association(facts.RPLC, "Document01", f"urn:uuid:{'0' * 8}-0000-0000-0000-{'0' * 12}")), {"XDSRegistryMetadataError"}, "inconnu du registre"),
        (add(LIST, association(facts.RPLC, "Document01", "symbolique")), {"XDSRegistryMetadataError"}, "entryUUID"),
        (add(LIST, association(facts.RPLC, "urn:uuid:x", "symbolique")), {"XDSRegistryMetadataError"}, "sourceObject"),
    ],
)  # fmt: skip
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


def test_value_sets_warn_by_default_and_may_refuse(lps: Lps, change: Callable[..., None]) -> None:
    odd = put(cls(facts.DE_PRACTICE), "nodeRepresentation", "INVENTE")
    assert len(feed(lps, Lot(), WHO, odd).payload) == 0
    change(xds_warnings_told=True)
    told = feed(lps, Lot(), WHO, odd)
    assert told.xds == "Success"
    assert any("practiceSettingCode" in context for _, context in told.errors)
    change(XDS__VALUE__SETS="refuse")
    refused = feed(lps, Lot(), WHO, odd)
    assert refused.xds == "Failure"
    assert "INVENTE" in refused.errors[0][1]
    assert "JDV_J62" in refused.errors[0][1]


def test_refusals_as_faults_by_switch(lps: Lps, change: Callable[..., None]) -> None:
    change(xds_refusal_carrier="fault")
    answer = feed(lps, Lot(), WHO, drop("./xds:Document[@id='Document01']"))
    assert answer.fault == "XDSMissingDocument"


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


class TestUniqueIds:
    def test_twice_in_the_message(self, lps: Lps) -> None:
        one = Doc()
        answer = feed(lps, Lot(documents=(one, replace(one, id="Document02"))))
        assert "XDSRepositoryDuplicateUniqueIdInMessage" in answer.codes

    def test_of_the_set(self, lps: Lps) -> None:
        lot = Lot()
        assert feed(lps, lot).xds == "Success"
        answer = feed(lps, replace(lot, documents=(Doc(),)))
        assert answer.codes == ["XDSDuplicateUniqueIdInRegistry"]
        assert lot.unique_id in answer.errors[0][1]

    def test_same_document_again(self, lps: Lps, change: Callable[..., None]) -> None:
        doc = Doc()
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"
        assert listed(lps) == [doc.unique_id, doc.unique_id]
        change(XDS__DUPLICATE__DOCUMENT="refuse")
        assert feed(lps, Lot(documents=(doc,))).codes == ["XDSDuplicateUniqueIdInRegistry"]

    def test_other_bytes(self, lps: Lps) -> None:
        doc = Doc(data=b"un")
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"
        assert feed(lps, Lot(documents=(replace(doc, data=b"de"),))).codes == ["XDSNonIdenticalHash"]
        codes = feed(lps, Lot(documents=(replace(doc, data=b"trois"),))).codes
        assert codes == ["XDSNonIdenticalHash", "XDSNonIdenticalSize"]

    def test_a_failed_submission_burns_none(self, lps: Lps) -> None:
        lot = Lot()
        assert feed(lps, lot, WHO, drop(f"{ENTRY}/rim:Name")).xds == "Failure"
        assert feed(lps, lot).xds == "Success"

    def test_never_moves_to_another_patient(self, lps: Lps) -> None:
        doc = Doc()
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"
        answer = feed(lps, Lot(patient="actif-autorise", documents=(doc,)))
        assert answer.codes == ["XDSPatientIdDoesNotMatch"]


class TestReplacement:
    def test_replaces_and_deprecates(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(documents=(old,)))
        before = entry_uuid(lps, old.unique_id)
        new = Doc(replaces=before)
        assert feed(lps, Lot(documents=(new,))).xds == "Success"
        assert listed(lps) == [new.unique_id]
        answer = lps.send("TD3.1", get_documents(old.unique_id, returning="LeafClass"), WHO)
        assert answer.one(".//rim:ExtrinsicObject/@status") == facts.DEPRECATED
        after = lps.send("TD3.1", get_documents(new.unique_id, returning="LeafClass"), WHO)
        assert after.one(".//rim:ExtrinsicObject/@lid") != before

    def test_of_a_deprecated_document(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(documents=(old,)))
        before = entry_uuid(lps, old.unique_id)
        feed(lps, Lot(documents=(Doc(replaces=before),)))
        assert feed(lps, Lot(documents=(Doc(replaces=before),))).codes == [
            "XDSRegistryDeprecatedDocumentError"
        ]

    def test_of_another_patient(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(patient="actif-autorise", documents=(old,)))
        before = entry_uuid(lps, old.unique_id, "actif-autorise")
        assert feed(lps, Lot(documents=(Doc(replaces=before),))).codes == ["XDSPatientIdDoesNotMatch"]

    def test_with_the_same_unique_id(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(documents=(old,)))
        again = replace(old, replaces=entry_uuid(lps, old.unique_id))
        assert "XDSRegistryMetadataError" in feed(lps, Lot(documents=(again,))).codes

    def test_takes_the_attachments_along(self, lps: Lps) -> None:
        """An addendum, and the addendum of the addendum, fall with the document."""
        root, addendum, deeper = Doc(), Doc(), Doc()
        feed(lps, Lot(documents=(root,)))
        to_root = association(facts.APND, "Document01", entry_uuid(lps, root.unique_id))
        assert feed(lps, Lot(documents=(addendum,), more=(to_root,))).xds == "Success"
        to_addendum = association(facts.XFRM, "Document01", entry_uuid(lps, addendum.unique_id))
        assert feed(lps, Lot(documents=(deeper,), more=(to_addendum,))).xds == "Success"
        assert len(listed(lps)) == 3
        new = Doc(replaces=entry_uuid(lps, root.unique_id))
        assert feed(lps, Lot(documents=(new,))).xds == "Success"
        assert listed(lps) == [new.unique_id]


class TestRights:
    def test_no_authorisation_is_needed(self, lps: Lps) -> None:
        assert feed(lps, Lot(patient="actif-sans-autorisation")).xds == "Success"

    @pytest.mark.parametrize(
        ("lot", "who", "fault"),
        [
            (Lot(patient="ferme"), WHO, "DMPClosed"),
            (Lot(patient="actif-interdit"), WHO, "MockBlocked"),
            (Lot(), Who(professional="secretaire"), "DMPAccessDeniedByRightsService"),
        ],
    )
    def test_refused(self, lps: Lps, lot: Lot, who: Who, fault: str) -> None:
        assert feed(lps, lot, who).fault == fault

    def test_no_dmp(self, lps: Lps) -> None:
        assert feed(lps, Lot(patient="absent")).codes == ["XDSUnknownPatientId"]

    def test_secret_connection(self, lps: Lps) -> None:
        who = replace(WHO, secret=True)
        answer = feed(lps, Lot(patient="mineur"), who)
        assert "INVISIBLE_REPRESENTANTS_LEGAUX" in answer.errors[0][1]
        hidden = Doc(confidentiality=("N", "INVISIBLE_REPRESENTANTS_LEGAUX"))
        assert feed(lps, Lot(patient="mineur", documents=(hidden,)), who).xds == "Success"

    def test_traced(self, lps: Lps) -> None:
        lot = Lot()
        feed(lps, lot)
        feed(lps, Lot(patient="actif-interdit"))
        with lps.store.read() as db:
            lines = traces.listing(db, "default")
        assert [(line["action"], line["document"], line["result"]) for line in lines] == [
            ("alimentation", lot.documents[0].unique_id, "Success"),
            ("Alimentation d'un DMP en documents", "", "MockBlocked"),
        ]
        assert lines[0]["ps_id"] == "899990000111"


class TestRivals:
    """Several at once: threads, one store."""

    def race(self, lps: Lps, lots: list[Lot]) -> list[Answered]:
        ready = threading.Barrier(len(lots))

        def one(lot: Lot) -> Answered:
            body, parts = lot.build()
            ready.wait()
            return lps.send("TD2.1", body, WHO.on(lot.patient), parts=parts)

        with ThreadPoolExecutor(len(lots)) as pool:
            return list(pool.map(one, lots))

    def test_nothing_is_lost(self, lps: Lps) -> None:
        lots = [Lot(documents=(Doc(data=f"document {number}".encode()),)) for number in range(20)]
        assert {answer.xds for answer in self.race(lps, lots)} == {"Success"}
        assert sorted(listed(lps)) == sorted(lot.documents[0].unique_id for lot in lots)
        for lot in lots:
            got = lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO)
            assert list(got.parts.values()) == [lot.documents[0].data]

    def test_one_unique_id_other_bytes(self, lps: Lps) -> None:
        unique_id = oid()
        lots = [Lot(documents=(Doc(unique_id=unique_id, data=f"rival {n:02}".encode()),)) for n in range(10)]
        answers = self.race(lps, lots)
        won = [lot for lot, answer in zip(lots, answers, strict=True) if answer.xds == "Success"]
        assert len(won) == 1
        assert {tuple(answer.codes) for answer in answers if answer.xds == "Failure"} == {
            ("XDSNonIdenticalHash",)
        }
        got = lps.send("TD3.2", retrieve(unique_id), WHO)
        assert list(got.parts.values()) == [won[0].documents[0].data]

    def test_one_document_replaced_by_several(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(documents=(old,)))
        before = entry_uuid(lps, old.unique_id)
        answers = self.race(lps, [Lot(documents=(Doc(replaces=before),)) for _ in range(6)])
        assert sorted(answer.xds for answer in answers) == ["Failure"] * 5 + ["Success"]
        assert len(listed(lps)) == 1


class TestCrash:
    """The process dies between the bytes and the commit."""

    def test_nothing_half_visible_and_a_retry_works(self, lps: Lps, monkeypatch: pytest.MonkeyPatch) -> None:
        lot = Lot()
        genuine = documents.register

        class Killed(BaseException):
            pass

        def dies(db: object, session: str, whole: Registration, *, deprecated_status: str) -> None:
            genuine(db, session, whole, deprecated_status=deprecated_status)  # type: ignore[arg-type]
            raise Killed

        monkeypatch.setattr(documents, "register", dies)
        with pytest.raises(Killed):
            feed(lps, lot)
        monkeypatch.setattr(documents, "register", genuine)
        assert listed(lps) == []
        assert lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO).xds == "Failure"
        assert feed(lps, lot).xds == "Success"
        assert listed(lps) == [lot.documents[0].unique_id]

    def test_a_full_disk_loses_nothing(self, lps: Lps, monkeypatch: pytest.MonkeyPatch) -> None:
        lot = Lot()

        def full(*_: object) -> tuple[str, int]:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(type(lps.store.blobs), "put_stream", full)
            answer = feed(lps, lot)
        assert answer.fault == "MockInternalError"
        assert listed(lps) == []
        assert feed(lps, lot).xds == "Success"


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
