"""Stored queries: grammar, criteria, each query, and what rights leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from lxml import etree

from mock_dmp.dispatch import Dispatcher
from mock_dmp.pki import PkiIndex
from mock_dmp.state import sessions, traces
from mock_dmp.state.engine import Store
from protocol import facts
from tests.mock_dmp.builders import Answered, Lps, Who, ins, oid, signed
from tests.mock_dmp.submissions import Doc, Lot, find_documents, get_documents, query, slot

P = "alimentation"
WHO = Who().on(P)
MT = Who(professional="medecin-traitant").on("actif-autorise")
E = "$XDSDocumentEntry"
APPROVED = slot(f"{E}Status", f"('{facts.APPROVED}')")
REFERENCE = "urn:ihe:iti:xds:2013:referenceIdList"

FIRST = Doc(
    title="premier",
    slots={
        "serviceStartTime": ("20260101",),
        "creationTime": ("20260101083000",),
        REFERENCE: ("A1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession",),
    },
)
SECOND = Doc(
    id="Document02",
    title="second",
    type_code="18748-4",
    class_code="31",
    confidentiality=("N", "INVISIBLE_PATIENT"),
    slots={"serviceStartTime": ("20260201",), "serviceStopTime": ("20260202",)},
)
THIRD = Doc(title="troisième", confidentiality=("N", "MASQUE_PS"), professional="medecin-traitant")
LOT = Lot(documents=(FIRST, SECOND), submitted="20260301120000")
LATER = Lot(documents=(THIRD,), submitted="20260401120000")


@pytest.fixture(scope="module")
def filled() -> Iterator[Lps]:
    """A store with two sets of one patient; the third document is masked, by another author."""
    store = Store()
    sessions.ensure_default(store)
    lps = Lps(store, Dispatcher(store))
    for lot in (LOT, LATER):
        body, parts = lot.build()
        assert lps.send("TD2.1", body, WHO, parts=parts).xds == "Success"
    yield lps
    store.close()


def titles(answer: Answered) -> list[str]:
    assert answer.xds == "Success", answer.errors
    return [str(one) for one in answer.all(".//rim:ExtrinsicObject/rim:Name/rim:LocalizedString/@value")]


def find(lps: Lps, *slots: etree._Element, status: bool = True, who: Who = WHO) -> Answered:
    given = (*slots, slot(f"{E}Status", f"('{facts.APPROVED}')")) if status else slots
    return lps.send("TD3.1", query(facts.Q_FIND_DOCUMENTS, *given), who)


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([], ["premier", "second"]),
        ([slot(f"{E}PatientId", f"'{ins(P)}'")], ["premier", "second"]),
        ([slot(f"{E}PatientId", f"'{ins(P).removesuffix('^NH')}'")], ["premier", "second"]),
        ([slot(f"{E}TypeCode", "('18748-4^^2.16.840.1.113883.6.1')")], ["second"]),
        ([slot(f"{E}TypeCode", "('18748-4^^1.2.3')")], []),
        (
            [slot(f"{E}TypeCode", "('18748-4^^2.16.840.1.113883.6.1','11490-0^^2.16.840.1.113883.6.1')")],
            ["premier", "second"],
        ),
        (
            [
                slot(
                    f"{E}TypeCode", "('18748-4^^2.16.840.1.113883.6.1')", "('11490-0^^2.16.840.1.113883.6.1')"
                )
            ],
            ["premier", "second"],
        ),
        (
            [
                slot(f"{E}ClassCode", "('31^^1.2.250.1.213.1.1.4.1')"),
                slot(f"{E}TypeCode", "('11490-0^^2.16.840.1.113883.6.1')"),
            ],
            [],
        ),
        ([slot(f"{E}ConfidentialityCode", f"('INVISIBLE_PATIENT^^{facts.OID_VISIBILITY}')")], ["second"]),
        (
            [
                slot(f"{E}ConfidentialityCode", f"('N^^{facts.OID_CONFIDENTIALITY}')"),
                slot(f"{E}ConfidentialityCode", f"('INVISIBLE_PATIENT^^{facts.OID_VISIBILITY}')"),
            ],
            ["second"],
        ),
        ([slot(f"{E}ServiceStartTimeFrom", "20260101")], ["premier", "second"]),
        ([slot(f"{E}ServiceStartTimeFrom", "'20260102'")], ["second"]),
        ([slot(f"{E}ServiceStartTimeTo", "20260201")], ["premier"]),
        ([slot(f"{E}ServiceStartTimeTo", "202602010001")], ["premier", "second"]),
        ([slot(f"{E}ServiceStopTimeFrom", "2020")], ["second"]),
        (
            [slot(f"{E}CreationTimeFrom", "20260101083000"), slot(f"{E}CreationTimeTo", "20260101083001")],
            ["premier"],
        ),
        ([slot(f"{E}AuthorPerson", "('%essai%')")], ["premier", "second"]),
        ([slot(f"{E}AuthorPerson", "('%^ESSA_^%')")], ["premier", "second"]),
        ([slot(f"{E}AuthorPerson", "('%inconnu%')")], []),
        ([slot(f"{E}PracticeSettingCode", "('AMBULATOIRE^^1.2.250.1.213.1.1.4.9')")], ["premier", "second"]),
        ([slot(f"{E}HealthcareFacilityTypeCode", f"('SA07^^{facts.OID_SECTORS}')")], ["premier", "second"]),
        ([slot(f"{E}FormatCode", "('urn:autre^^1.3.6.1.4.1.19376.1.2.3')")], []),
        ([slot(f"{E}Type", f"('{facts.ON_DEMAND_DOCUMENT}')")], []),
        ([slot("$Inconnu", "'x'")], ["premier", "second"]),
    ],
)
def test_find_documents(filled: Lps, criteria: list[etree._Element], expected: list[str]) -> None:
    assert titles(find(filled, *criteria)) == expected


@pytest.mark.parametrize(
    ("slots", "code", "cause"),
    [
        ([], "XDSStoredQueryMissingParam", f"{E}Status"),
        ([APPROVED, APPROVED], "XDSStoredQueryParamNumber", "répété"),
        ([slot(f"{E}Status", f"'{facts.APPROVED}'")], "XDSRegistryError", "entre parenthèses"),
        ([slot(f"{E}Status", "('Approved')")], "XDSRegistryError", "URN complet"),
        ([APPROVED, slot(f"{E}PatientId", f"('{ins(P)}')")], "XDSRegistryError", "sans parenthèses"),
        ([APPROVED, slot(f"{E}PatientId", "'sans domaine'")], "XDSRegistryError", "id^^^&OID&ISO"),
        ([APPROVED, slot(f"{E}PatientId", f"'{ins('corse')}'")], "XDSPatientIdDoesNotMatch", "resource-id"),
        ([APPROVED, slot(f"{E}TypeCode", "('11490-0')")], "XDSRegistryError", "code^^système"),
        ([APPROVED, slot(f"{E}TypeCode", "('11490-0^^')")], "XDSRegistryError", "code^^système"),
        ([APPROVED, slot(f"{E}TypeCode", "(11490)")], "XDSRegistryError", "apostrophes"),
        ([APPROVED, slot(f"{E}TypeCode", "('oubli")], "XDSRegistryError", f"{E}TypeCode"),
        ([APPROVED, slot(f"{E}CreationTimeFrom", "'2026-01-01'")], "XDSRegistryError", "AAAA"),
        ([APPROVED, slot(f"{E}CreationTimeFrom", "2026", "2027")], "XDSStoredQueryParamNumber", "2 valeurs"),
        ([APPROVED, slot(E[1:] + "TypeCode", "('a^^b')")], "XDSRegistryError", "sans « $ »"),
    ],
)
def test_wrong_parameters(filled: Lps, slots: list[etree._Element], code: str, cause: str) -> None:
    from copy import deepcopy

    answer = find(filled, *map(deepcopy, slots), status=False)
    assert answer.status == 200
    assert answer.xds == "Failure"
    assert answer.codes == [code]
    assert cause in answer.errors[0][1]
    tags = [child.tag for child in answer.payload]
    assert tags == [f"{{{facts.RS}}}RegistryErrorList", f"{{{facts.RIM}}}RegistryObjectList"]


@pytest.mark.parametrize("query_id", [facts.Q_FIND_FOLDERS, facts.Q_GET_FOLDERS, "urn:uuid:inconnu", ""])
def test_unknown_query(filled: Lps, query_id: str) -> None:
    assert filled.send("TD3.1", query(query_id), WHO).codes == ["XDSUnknownStoredQuery"]


def test_return_type(filled: Lps) -> None:
    answer = filled.send("TD3.1", find_documents(P, returning="LeafClassWithRepositoryItem"), WHO)
    assert answer.codes == ["XDSRegistryError"]


def test_patient_may_be_asked_for(lps: Lps, change: Callable[..., None]) -> None:
    assert lps.send("TD3.1", find_documents(), WHO).xds == "Success"
    change(QUERY__PATIENT__REQUIRED="refuse")
    assert lps.send("TD3.1", find_documents(), WHO).codes == ["XDSStoredQueryMissingParam"]


def test_object_refs(filled: Lps) -> None:
    answer = filled.send("TD3.1", find_documents(P, returning="ObjectRef"), WHO)
    assert len(answer.all(".//rim:ObjectRef/@id")) == 2
    assert answer.all(".//rim:ExtrinsicObject") == []
    assert answer.payload.get("totalResultCount") == "2"


def test_leaf_class_is_complete(filled: Lps) -> None:
    answer = filled.send("TD3.1", get_documents(FIRST.unique_id, returning="LeafClass"), WHO)
    entry = answer.all(".//rim:ExtrinsicObject")[0]
    assert entry.get("id") == entry.get("lid")
    assert answer.one(".//rim:ExtrinsicObject/rim:VersionInfo/@versionName") == "1"
    names = answer.all(".//rim:ExtrinsicObject/rim:Slot/@name")
    assert names == sorted(names)
    assert {"hash", "size", "repositoryUniqueId", REFERENCE} <= set(names)
    nested = answer.all(".//rim:Classification/@id | .//rim:ExternalIdentifier/@id | .//@classifiedObject")
    assert all(one.startswith("urn:uuid:") for one in nested)
    assert set(answer.all(".//@classifiedObject | .//@registryObject")) == {entry.get("id")}


class TestGet:
    def sets(self, lps: Lps, who: Who = WHO, *more: etree._Element) -> Answered:
        slots = (
            slot("$XDSSubmissionSetPatientId", f"'{ins(who.patient)}'"),
            slot("$XDSSubmissionSetStatus", f"('{facts.APPROVED}')"),
            *more,
        )
        return lps.send("TD3.1", query(facts.Q_FIND_SUBMISSION_SETS, *slots), who)

    def one_set(self, lps: Lps) -> str:
        return str(self.sets(lps).all(".//rim:RegistryPackage/@id")[0])

    def test_sets(self, filled: Lps) -> None:
        answer = self.sets(filled)
        node = ".//rim:RegistryPackage/rim:Classification/@classificationNode"
        # The second set only holds a masked document of somebody else: it would betray it.
        assert answer.all(node) == [facts.SUBMISSION_SET]
        since = slot("$XDSSubmissionSetSubmissionTimeFrom", "20260315")
        assert self.sets(filled, WHO, since).all(".//rim:RegistryPackage") == []
        content = slot("$XDSSubmissionSetContentType", "('07^^1.2.250.1.213.2.2')")
        source = slot("$XDSSubmissionSetSourceId", "('1.2.3.4.5')")
        author = slot("$XDSSubmissionSetAuthorPerson", "'%ESSAI%'")
        assert len(self.sets(filled, WHO, content, source, author).all(".//rim:RegistryPackage")) == 1

    def test_what_is_new(self, filled: Lps) -> None:
        """The way of an LPS: sets since a date, their HasMember, their documents."""
        found = self.one_set(filled)
        links = filled.send("TD3.1", query(facts.Q_GET_ASSOCIATIONS, slot("$uuid", f"('{found}')")), WHO)
        members = links.all(f".//rim:Association[@associationType='{facts.HAS_MEMBER}']/@targetObject")
        assert len(members) == 3
        assert links.all(f".//rim:Association[@associationType='{facts.SIGNS}']/@targetObject") == [found]
        listed = ",".join(f"'{one}'" for one in members)
        documents = filled.send(
            "TD3.1", query(facts.Q_GET_DOCUMENTS, slot(f"{E}EntryUUID", f"({listed})")), WHO
        )
        assert titles(documents) == ["premier", "second", "Source"]

    def test_set_and_contents(self, filled: Lps) -> None:
        by_uuid = query(
            facts.Q_GET_SUBMISSION_SET_AND_CONTENTS,
            slot("$XDSSubmissionSetEntryUUID", f"'{self.one_set(filled)}'"),
        )
        answer = filled.send("TD3.1", by_uuid, WHO)
        assert titles(answer) == ["premier", "second"]
        assert len(answer.all(".//rim:RegistryPackage")) == 1
        assert len(answer.all(".//rim:Association")) == 2
        filtered = query(
            facts.Q_GET_SUBMISSION_SET_AND_CONTENTS,
            slot("$XDSSubmissionSetUniqueId", f"'{LOT.unique_id}'"),
            slot(f"{E}ConfidentialityCode", f"('INVISIBLE_PATIENT^^{facts.OID_VISIBILITY}')"),
        )
        assert titles(filled.send("TD3.1", filtered, WHO)) == ["second"]

    def test_exclusive_parameters(self, filled: Lps) -> None:
        both = (slot(f"{E}EntryUUID", f"('{self.one_set(filled)}')"), slot(f"{E}UniqueId", "('1.2')"))
        assert filled.send("TD3.1", query(facts.Q_GET_DOCUMENTS, *both), WHO).codes == [
            "XDSStoredQueryParamNumber"
        ]
        assert filled.send("TD3.1", query(facts.Q_GET_DOCUMENTS), WHO).codes == ["XDSStoredQueryMissingParam"]

    def test_documents_and_associations(self, filled: Lps) -> None:
        asked = query(facts.Q_GET_DOCUMENTS_AND_ASSOCIATIONS, slot(f"{E}UniqueId", f"('{FIRST.unique_id}')"))
        answer = filled.send("TD3.1", asked, WHO)
        assert titles(answer) == ["premier"]
        assert answer.all(".//rim:Association/@associationType") == [facts.HAS_MEMBER]

    def test_submission_sets_of_documents(self, filled: Lps) -> None:
        first = filled.send("TD3.1", get_documents(FIRST.unique_id), WHO).one(".//rim:ObjectRef/@id")
        answer = filled.send("TD3.1", query(facts.Q_GET_SUBMISSION_SETS, slot("$uuid", f"('{first}')")), WHO)
        assert answer.one(".//rim:RegistryPackage/@id") == self.one_set(filled)
        assert answer.one(".//rim:Association/@targetObject") == first

    def test_get_all(self, filled: Lps) -> None:
        asked = query(
            facts.Q_GET_ALL,
            slot("$patientId", f"'{ins(P)}'"),
            slot("$XDSDocumentEntryStatus", f"('{facts.APPROVED}')"),
            slot("$XDSSubmissionSetStatus", f"('{facts.APPROVED}')"),
            slot("$XDSFolderStatus", f"('{facts.APPROVED}')"),
        )
        answer = filled.send("TD3.1", asked, WHO)
        assert titles(answer) == ["premier", "second"]
        assert len(answer.all(".//rim:RegistryPackage")) == 1
        assert set(answer.all(".//rim:Association/@associationType")) == {facts.HAS_MEMBER}

    def test_by_reference(self, filled: Lps) -> None:
        def ask(value: str) -> list[str]:
            found = slot(f"{E}ReferenceIdList", value)
            status = slot(f"{E}Status", f"('{facts.APPROVED}')")
            return titles(
                filled.send("TD3.1", query(facts.Q_FIND_DOCUMENTS_BY_REFERENCE_ID, status, found), WHO)
            )

        assert ask("('A1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession')") == ["premier"]
        assert ask("('A2^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession')") == []

    def test_unknown_ids_are_no_error(self, filled: Lps) -> None:
        answer = filled.send("TD3.1", get_documents(oid()), WHO)
        assert (answer.xds, answer.payload.get("totalResultCount")) == ("Success", "0")


def test_related_documents(lps: Lps) -> None:
    old = Doc(title="ancien")
    body, parts = Lot(documents=(old,)).build()
    lps.send("TD2.1", body, WHO, parts=parts)

    def related() -> list[str]:
        asked = query(
            facts.Q_GET_RELATED_DOCUMENTS,
            slot(f"{E}UniqueId", f"'{old.unique_id}'"),
            slot("$AssociationTypes", f"('{facts.RPLC}')"),
        )
        return titles(lps.send("TD3.1", asked, WHO))

    assert related() == []
    before = lps.send("TD3.1", get_documents(old.unique_id), WHO).one(".//rim:ObjectRef/@id")
    body, parts = Lot(documents=(Doc(title="nouveau", replaces=before),)).build()
    assert lps.send("TD2.1", body, WHO, parts=parts).xds == "Success"
    assert sorted(related()) == ["ancien", "nouveau"]


class TestRights:
    def test_masked_documents(self, filled: Lps) -> None:
        """Others than author and médecin traitant don't know of them, but in an emergency."""
        assert "troisième" not in titles(find(filled))
        glass = replace(WHO, access="bris_de_glace", reason="coma")
        assert titles(find(filled, who=glass)) == ["premier", "second", "troisième"]
        by_id = filled.send("TD3.1", get_documents(THIRD.unique_id), WHO)
        assert by_id.payload.get("totalResultCount") == "0"

    def test_masked_to_other_professionals_on_a_dmp_with_a_medecin_traitant(self, lps: Lps) -> None:
        patient = "actif-autorise"
        masked = Doc(title="masqué", confidentiality=("N", "MASQUE_PS"), professional="medecin-hospitalier")
        body, parts = Lot(patient=patient, documents=(masked,)).build()
        assert lps.send("TD2.1", body, Who().on(patient), parts=parts).xds == "Success"
        assert titles(find(lps, who=Who().on(patient))) == []
        assert titles(find(lps, who=MT)) == ["masqué"]
        hospital = Who(professional="medecin-hospitalier", structure="hopital").on(patient)
        assert titles(find(lps, who=hospital)) == ["masqué"]

    def test_masked_in_emergency_by_switch(self, lps: Lps, change: Callable[..., None]) -> None:
        body, parts = Lot(documents=(replace(THIRD, unique_id=oid()),)).build()
        lps.send("TD2.1", body, WHO, parts=parts)
        glass = replace(WHO, access="bris_de_glace", reason="coma")
        assert titles(find(lps, who=glass)) == ["troisième"]
        change(masked_in_emergency=False)
        assert titles(find(lps, who=glass)) == []

    def test_signature_documents_by_switch(self, lps: Lps, change: Callable[..., None]) -> None:
        body, parts = Lot(documents=(replace(FIRST, unique_id=oid()),)).build()
        lps.send("TD2.1", body, WHO, parts=parts)
        assert titles(find(lps)) == ["premier"]
        change(signature_documents_listed=True)
        assert titles(find(lps)) == ["premier", "Source"]

    def test_other_patients_never_leave(self, filled: Lps) -> None:
        other = Who().on("actif-autorise")
        refs = filled.send("TD3.1", get_documents(FIRST.unique_id), other)
        assert (refs.xds, refs.payload.get("totalResultCount")) == ("Success", "0")
        leaves = filled.send("TD3.1", get_documents(FIRST.unique_id, returning="LeafClass"), other)
        assert leaves.codes == ["XDSResultNotSinglePatient"]

    def test_references_without_authorisation(self, lps: Lps) -> None:
        who = Who().on("actif-sans-autorisation")
        doc = Doc()
        body, parts = Lot(patient=who.patient, documents=(doc,)).build()
        lps.send("TD2.1", body, who, parts=parts)
        assert lps.send("TD3.1", get_documents(doc.unique_id), who).one(".//rim:ObjectRef/@id")
        assert (
            lps.send("TD3.1", get_documents(doc.unique_id, returning="LeafClass"), who).fault
            == "MockNotAuthorized"
        )
        assert lps.send("TD3.1", find_documents(who.patient), who).fault == "MockNotAuthorized"

    @pytest.mark.parametrize("who", [Who(professional="secretaire")])
    def test_secretaries_look_up_references(self, filled: Lps, who: Who) -> None:
        assert filled.send("TD3.1", get_documents(FIRST.unique_id), who.on(P)).one(".//rim:ObjectRef/@id")
        masked = filled.send("TD3.1", get_documents(THIRD.unique_id), who.on(P))
        # It is of their own structure.
        assert masked.one(".//rim:ObjectRef/@id")

    def test_organisations_look_up_references(self, filled: Lps, test_pki: PkiIndex) -> None:
        who = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE").on(P)

        def count(unique_id: str) -> str | None:
            assertion = signed(who, test_pki.certificate("org-sign"), test_pki.key("org-sign"))
            return filled.send("TD3.1", get_documents(unique_id), assertion).payload.get("totalResultCount")

        assert count(FIRST.unique_id) == "1"
        assert count(THIRD.unique_id) == "0"


def test_too_many(lps: Lps, change: Callable[..., None]) -> None:
    body, parts = Lot(documents=(Doc(), Doc(id="Document02"))).build()
    lps.send("TD2.1", body, WHO, parts=parts)
    change(search_max_results=1)
    answer = lps.send("TD3.1", find_documents(P), WHO)
    assert answer.codes == ["XDSTooManyResults"]
    assert answer.all(".//rim:ExtrinsicObject") == []


def test_traced(lps: Lps) -> None:
    lps.send("TD3.1", find_documents(P), WHO)
    with lps.store.read() as db:
        assert [line["action"] for line in traces.listing(db, "default")] == ["recherche"]
