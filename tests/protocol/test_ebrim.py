"""Views of submissions, queries and retrieves: what is read, what may lack, what is no view at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from protocol import facts, safexml
from protocol.coded import Coded
from protocol.ebrim import (
    AssociationView,
    Author,
    DocumentRequest,
    Param,
    read_query,
    read_retrieve,
    read_submission,
)
from protocol.errors import MetadataError
from protocol.identifiers.cx import parse_cx
from protocol.identifiers.xcn import parse_xcn
from protocol.identifiers.xon import parse_xon

SUBMISSION = f"""
<x:ProvideAndRegisterDocumentSetRequest xmlns:x="{facts.XDSB}" xmlns:l="{facts.LCM}" xmlns="{facts.RIM}">
 <l:SubmitObjectsRequest><RegistryObjectList>
  <RegistryPackage id="Lot">
   <Slot name="submissionTime"><ValueList><Value>20240315103000</Value></ValueList></Slot>
   <Name><LocalizedString value="Mon lot"/></Name>
   <Description><LocalizedString value="Remarque"/></Description>
   <Classification id="c0" classifiedObject="Lot" classificationNode="{facts.SUBMISSION_SET}"/>
   <Classification id="c1" classifiedObject="Lot" classificationScheme="{facts.SS_AUTHOR}"
     nodeRepresentation="">
    <Slot name="authorPerson"><ValueList>
     <Value>899900063480^LIBRE^MAX^^^^^^&amp;{facts.OID_PS}&amp;ISO^D^^^IDNPS</Value></ValueList></Slot>
    <Slot name="authorInstitution"><ValueList>
     <Value>CABINET^^^^^&amp;{facts.OID_STRUCTURE}&amp;ISO^IDNST^^^499900063480001</Value></ValueList></Slot>
    <Slot name="authorSpecialty"><ValueList><Value>G15_10/SM26^Médecin^1.2</Value></ValueList></Slot>
   </Classification>
   <Classification id="c2" classifiedObject="Lot" classificationScheme="{facts.SS_CONTENT_TYPE}"
     nodeRepresentation="07">
     <Slot name="codingScheme"><ValueList><Value>1.2.250.1.213.2.2</Value></ValueList></Slot>
     <Name><LocalizedString value="Consultation"/></Name></Classification>
   <ExternalIdentifier id="e1" identificationScheme="{facts.SS_PATIENT_ID}" value="p-lot"/>
   <ExternalIdentifier id="e2" identificationScheme="{facts.SS_SOURCE_ID}" value="1.2.3"/>
   <ExternalIdentifier id="e3" identificationScheme="{facts.SS_UNIQUE_ID}" value="1.2.3.4"/>
  </RegistryPackage>
  <RegistryPackage id="Classeur">
   <Classification classificationNode="{facts.FOLDER}"/></RegistryPackage>
  <RegistryPackage id="Rien"/>
  <ExtrinsicObject id="Fiche" lid="urn:uuid:l" status="{facts.APPROVED}" mimeType="text/xml"
    objectType="{facts.STABLE_DOCUMENT}">
   <Slot name="creationTime"><ValueList><Value>
     2024<!-- coupé -->0315 </Value></ValueList></Slot>
   <Slot name="sourcePatientInfo"><ValueList><Value>PID-5|NOM^P</Value><Value>PID-8|F</Value></ValueList>
    </Slot>
   <Slot name="vide"><ValueList/></Slot>
   <Slot name="double"><ValueList><Value>1</Value></ValueList></Slot>
   <Slot name="double"><ValueList><Value>2</Value></ValueList></Slot>
   <Name><LocalizedString value="Titre"/></Name>
   <VersionInfo versionName="3"/>
   <Classification classificationScheme="{facts.DE_AUTHOR}" nodeRepresentation="">
    <Slot name="authorPerson"><ValueList><Value>1^A^B</Value></ValueList></Slot></Classification>
   <Classification classificationScheme="{facts.DE_AUTHOR}">
    <Slot name="authorRole"><ValueList><Value>r1</Value><Value>r2</Value></ValueList></Slot></Classification>
   <Classification classificationScheme="{facts.DE_CONFIDENTIALITY}" nodeRepresentation="N">
    <Slot name="codingScheme"><ValueList><Value>2.16.840.1.113883.5.25</Value></ValueList></Slot>
   </Classification>
   <Classification classificationScheme="{facts.DE_CONFIDENTIALITY}" nodeRepresentation="MASQUE_PS">
    <Slot name="codingScheme"><ValueList><Value>1.2.250.1.213.1.1.4.13</Value></ValueList></Slot>
   </Classification>
   <ExternalIdentifier identificationScheme="{facts.DE_PATIENT_ID}"
     value="207058575627097^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"/>
   <ExternalIdentifier identificationScheme="{facts.DE_UNIQUE_ID}" value="1.2.3.5"/>
  </ExtrinsicObject>
  <Association id="a1" associationType="{facts.HAS_MEMBER}" sourceObject="Lot" targetObject="Fiche">
   <Slot name="SubmissionSetStatus"><ValueList><Value>Original</Value></ValueList></Slot></Association>
 </RegistryObjectList></l:SubmitObjectsRequest>
 <x:Document id="Fiche">PGEvPg==</x:Document>
</x:ProvideAndRegisterDocumentSetRequest>"""


def _xml(text: str) -> etree._Element:
    return safexml.parse(text.encode())


class TestSubmission:
    def test_the_set(self) -> None:
        (lot,) = read_submission(_xml(SUBMISSION)).sets
        assert (lot.id, lot.title, lot.comments) == ("Lot", "Mon lot", "Remarque")
        assert (lot.patient_id, lot.source_id, lot.unique_id) == ("p-lot", "1.2.3", "1.2.3.4")
        assert lot.slot("submissionTime") == "20240315103000"
        assert lot.content_type == (Coded("07", "1.2.250.1.213.2.2", "Consultation"),)
        (author,) = lot.authors
        assert parse_xcn(author.person).family == "LIBRE"
        assert parse_xon(author.institutions[0]).id == "499900063480001"
        assert author.specialties == ("G15_10/SM26^Médecin^1.2",)
        assert author.roles == ()

    def test_the_entry(self) -> None:
        (entry,) = read_submission(_xml(SUBMISSION)).entries
        assert (entry.id, entry.lid, entry.status) == ("Fiche", "urn:uuid:l", facts.APPROVED)
        assert (entry.object_type, entry.mime_type) == (facts.STABLE_DOCUMENT, "text/xml")
        assert (entry.title, entry.comments, entry.version) == ("Titre", "", "3")
        assert (entry.unique_id, parse_cx(entry.patient_id).kind) == ("1.2.3.5", "NH")
        assert entry.authors == (Author("1^A^B", (), (), ()), Author("", (), ("r1", "r2"), ()))
        assert [code.code for code in entry.codes(facts.DE_CONFIDENTIALITY)] == ["N", "MASQUE_PS"]
        assert entry.codes(facts.DE_TYPE) == ()
        assert entry.codes(facts.DE_AUTHOR) == ()

    def test_slots(self) -> None:
        (entry,) = read_submission(_xml(SUBMISSION)).entries
        assert entry.slot("creationTime") == "20240315"
        assert entry.slots["sourcePatientInfo"] == ("PID-5|NOM^P", "PID-8|F")
        assert entry.slots["vide"] == ()
        assert entry.slots["double"] == ("1", "2")
        assert entry.slot("absent") == ""

    def test_the_rest(self) -> None:
        submission = read_submission(_xml(SUBMISSION))
        (link,) = submission.associations
        assert (link.id, link.type, link.source, link.target) == ("a1", facts.HAS_MEMBER, "Lot", "Fiche")
        assert link.slot("SubmissionSetStatus") == "Original"
        assert isinstance(link, AssociationView)
        assert submission.folders == ("Classeur",)
        assert submission.unclassified == ("Rien",)
        assert list(submission.documents) == ["Fiche"]
        assert safexml.text(submission.documents["Fiche"]) == "PGEvPg=="

    def test_views_cannot_be_changed(self) -> None:
        slots: Any = read_submission(_xml(SUBMISSION)).entries[0].slots
        with pytest.raises(TypeError):
            slots["creationTime"] = ("1999",)

    def test_classifications_that_stand_alone(self) -> None:
        submission = read_submission(
            _xml(
                f"""<RegistryObjectList xmlns="{facts.RIM}"><RegistryPackage id="S"/>
                <Classification classifiedObject="S" classificationNode="{facts.SUBMISSION_SET}"/>
                <ExternalIdentifier registryObject="S" identificationScheme="{facts.SS_UNIQUE_ID}"
                  value="1.2"/>
                <Classification classifiedObject="other" classificationNode="{facts.FOLDER}"/>
                </RegistryObjectList>"""
            )
        )
        assert [lot.unique_id for lot in submission.sets] == ["1.2"]
        assert submission.folders == ()

    def test_an_object_without_id_takes_nothing_that_stands_alone(self) -> None:
        submission = read_submission(
            _xml(
                f"""<RegistryObjectList xmlns="{facts.RIM}"><RegistryPackage/>
                <Classification classificationNode="{facts.SUBMISSION_SET}"/></RegistryObjectList>"""
            )
        )
        assert submission.sets == ()
        assert submission.unclassified == ("",)

    def test_missing_things_are_empty(self) -> None:
        submission = read_submission(
            _xml(
                f"""<SubmitObjectsRequest xmlns="{facts.LCM}" xmlns:r="{facts.RIM}"><r:RegistryObjectList>
                <r:ExtrinsicObject/><r:Association/><r:ObjectRef id="urn:uuid:x"/>
                <r:RegistryPackage>
                <r:Classification classificationNode="{facts.SUBMISSION_SET}"/></r:RegistryPackage>
                </r:RegistryObjectList></SubmitObjectsRequest>"""
            )
        )
        (entry,), (lot,), (link,) = submission.entries, submission.sets, submission.associations
        assert (entry.id, entry.title, entry.unique_id, entry.version, entry.authors) == ("", "", "", "", ())
        assert (lot.patient_id, lot.content_type, dict(lot.slots)) == ("", (), {})
        assert (link.type, link.source, link.target) == ("", "", "")
        assert submission.refs == ("urn:uuid:x",)
        assert dict(submission.documents) == {}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("<a/>", "EBRIM-002"),
            (f'<SubmitObjectsRequest xmlns="{facts.LCM}"/>', "EBRIM-002"),
            (f'<a xmlns:r="{facts.RIM}"><r:RegistryObjectList/><r:RegistryObjectList/></a>', "EBRIM-002"),
            (f'<a xmlns:r="{facts.RIM}"><b><r:RegistryObjectList/></b></a>', "EBRIM-002"),
            (
                f'<a xmlns:r="{facts.RIM}" xmlns:x="{facts.XDSB}"><r:RegistryObjectList/>'
                '<x:Document id="d"/><x:Document id="d"/></a>',
                "EBRIM-003",
            ),
        ],
    )
    def test_no_view_at_all(self, text: str, code: str) -> None:
        with pytest.raises(MetadataError) as caught:
            read_submission(_xml(text))
        assert caught.value.code == code

    def test_no_value_of_a_slot_repeated_thousands_of_times_is_lost(self) -> None:
        slot = '<Slot name="s"><ValueList><Value>v</Value></ValueList></Slot>'
        submission = read_submission(
            _xml(
                f'<RegistryObjectList xmlns="{facts.RIM}"><ExtrinsicObject>{slot * 20_000}</ExtrinsicObject>'
                "</RegistryObjectList>"
            )
        )
        assert len(submission.entries[0].slots["s"]) == 20_000


class TestQuery:
    def test_parameters_keep_their_order_and_their_repetitions(self) -> None:
        query = read_query(
            _xml(
                f"""<q:AdhocQueryRequest xmlns:q="{facts.QUERY}" xmlns="{facts.RIM}">
                <q:ResponseOption returnType="LeafClass" returnComposedObjects="true"/>
                <AdhocQuery id="{facts.Q_FIND_DOCUMENTS}">
                <Slot name="$A"><ValueList><Value>('a')</Value><Value>('b')</Value></ValueList></Slot>
                <Slot name="$B"><ValueList><Value> 1 </Value></ValueList></Slot>
                <Slot name="$A"><ValueList><Value>('c')</Value></ValueList></Slot>
                </AdhocQuery></q:AdhocQueryRequest>"""
            )
        )
        assert (query.id, query.return_type, query.composed) == (facts.Q_FIND_DOCUMENTS, "LeafClass", True)
        assert query.params == (Param("$A", ("('a')", "('b')")), Param("$B", ("1",)), Param("$A", ("('c')",)))

    def test_missing_things_are_empty(self) -> None:
        query = read_query(
            _xml(
                f'<AdhocQueryRequest xmlns="{facts.QUERY}"><AdhocQuery xmlns="{facts.RIM}"/>'
                "</AdhocQueryRequest>"
            )
        )
        assert (query.id, query.return_type, query.composed, query.params) == ("", "", False, ())

    @pytest.mark.parametrize(
        "text",
        [
            "<a/>",
            f'<AdhocQueryRequest xmlns="{facts.QUERY}"/>',
            f'<AdhocQueryRequest xmlns="{facts.QUERY}" xmlns:r="{facts.RIM}">'
            "<r:AdhocQuery/><r:AdhocQuery/></AdhocQueryRequest>",
        ],
    )
    def test_no_view_at_all(self, text: str) -> None:
        with pytest.raises(MetadataError):
            read_query(_xml(text))


class TestRetrieve:
    def test_requests(self) -> None:
        asked = read_retrieve(
            _xml(
                f"""<RetrieveDocumentSetRequest xmlns="{facts.XDSB}">
                <DocumentRequest><RepositoryUniqueId>{facts.OID_REPOSITORY}</RepositoryUniqueId>
                <DocumentUniqueId> 1.2.3 </DocumentUniqueId></DocumentRequest>
                <DocumentRequest><HomeCommunityId>urn:oid:1.2</HomeCommunityId></DocumentRequest>
                </RetrieveDocumentSetRequest>"""
            )
        )
        assert asked == (
            DocumentRequest(facts.OID_REPOSITORY, "1.2.3"),
            DocumentRequest("", "", "urn:oid:1.2"),
        )

    def test_nothing_asked(self) -> None:
        assert read_retrieve(_xml(f'<RetrieveDocumentSetRequest xmlns="{facts.XDSB}"/>')) == ()

    def test_another_root(self) -> None:
        with pytest.raises(MetadataError) as caught:
            read_retrieve(_xml(SUBMISSION))
        assert caught.value.code == "EBRIM-001"


_TAGS = [
    *(
        f"{{{facts.RIM}}}{name}"
        for name in ("RegistryObjectList", "RegistryPackage", "ExtrinsicObject", "Slot")
    ),
    *(f"{{{facts.RIM}}}{name}" for name in ("ValueList", "Value", "Classification", "AdhocQuery", "Name")),
    f"{{{facts.LCM}}}SubmitObjectsRequest",
    f"{{{facts.XDSB}}}Document",
    f"{{{facts.XDSB}}}RetrieveDocumentSetRequest",
    f"{{{facts.XDSB}}}DocumentRequest",
    f"{{{facts.QUERY}}}AdhocQueryRequest",
]
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "name", "classificationScheme", "classificationNode", "classifiedObject"]),
    st.sampled_from(["", "a", facts.SUBMISSION_SET, facts.DE_TYPE]),
    max_size=2,
)


def _grow(tag: str, attributes: dict[str, str], children: list[etree._Element]) -> etree._Element:
    element = etree.Element(tag, attributes)
    element.extend(children)
    element.append(etree.Comment("x"))
    return element


trees = st.recursive(
    st.builds(_grow, st.sampled_from(_TAGS), _ATTRIBUTES, st.just([])),
    lambda inner: st.builds(_grow, st.sampled_from(_TAGS), _ATTRIBUTES, st.lists(inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.parametrize("read", [read_submission, read_query, read_retrieve])
@given(tree=trees)
@settings(max_examples=60)
def test_any_tree_gives_a_view_or_a_metadata_error(
    read: Callable[[etree._Element], object], tree: etree._Element
) -> None:
    try:
        view = read(tree)
    except MetadataError as problem:
        assert problem.code.startswith("EBRIM-")
    else:
        assert view is not None
