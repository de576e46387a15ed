"""XDS answers: status, order, and the official schemas when they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from mock_dmp.context import Problem
from mock_dmp.render import ebrim
from mock_dmp.render.ebrim import RetrievedDocument
from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Label,
    RegistryObject,
    Slot,
)
from protocol import facts
from protocol.errors import Text

KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
SCHEMAS = KITS / "ihe-xds"
ID = "urn:uuid:00000000-0000-4000-8000-00000000000"

ERROR = Problem("XDSRegistryMetadataError", context="fiche <Document01> & cie")
WARNING = Problem("XDSExtraMetadataNotSaved", Text("texte", "text"), severity="warning")


def entry() -> RegistryObject:
    coded = Classification(
        f"{ID}2", facts.DE_CLASS, "", "10", (Slot("codingScheme", ("1.2",)),), (Label("a", "FR", "UTF8"),)
    )
    author = Classification(f"{ID}3", facts.DE_AUTHOR, "", "", (Slot("authorPerson", ("a", "b")),), ())
    unique = ExternalIdentifier(f"{ID}4", facts.DE_UNIQUE_ID, "1.2.3", (Label("XDSDocumentEntry.uniqueId"),))
    return RegistryObject(
        "entry",
        f"{ID}1",
        facts.STABLE_DOCUMENT,
        "text/xml",
        (Slot("size", ("1",)), Slot("hash", ("ab",))),
        (Label("titre"),),
        (Label("commentaire"),),
        (coded, author),
        (unique,),
        lid=f"{ID}1",
        status=facts.APPROVED,
    )


def package() -> RegistryObject:
    node = Classification(f"{ID}6", "", facts.SUBMISSION_SET, "", (), ())
    return RegistryObject(
        "set", f"{ID}5", "", "", (), (), (), (node,), (), lid=f"{ID}5", status=facts.APPROVED
    )


LINK = Association(
    f"{ID}7", facts.HAS_MEMBER, f"{ID}5", f"{ID}1", (Slot("SubmissionSetStatus", ("Original",)),)
)


@pytest.mark.parametrize(
    ("problems", "status", "worst"),
    [
        ([], facts.SUCCESS, None),
        ([WARNING], facts.SUCCESS, facts.SEVERITY_WARNING),
        ([ERROR], facts.FAILURE, facts.SEVERITY_ERROR),
        ([WARNING, ERROR], facts.FAILURE, facts.SEVERITY_ERROR),
    ],
)
def test_status_follows_the_worst(problems: list[Problem], status: str, worst: str | None) -> None:
    answer = ebrim.registry_response(problems)
    assert answer.get("status") == status
    assert [item.get("highestSeverity") for item in answer] == ([worst] if worst else [])


def test_context_says_general_and_particular() -> None:
    error = ebrim.registry_response([ERROR])[0][0]
    assert "fiche <Document01> & cie" in error.get("codeContext")
    assert error.get("codeContext").startswith("Des métadonnées")


def test_retrieve_statuses() -> None:
    document = RetrievedDocument("1.2", "1.3", "text/xml", "x@y", "urn:oid:1.2")
    assert ebrim.retrieve_response([document])[0].get("status") == facts.SUCCESS
    assert ebrim.retrieve_response([document], [ERROR])[0].get("status") == facts.PARTIAL_SUCCESS
    assert ebrim.retrieve_response([], [ERROR])[0].get("status") == facts.FAILURE


def test_a_set_carries_its_node() -> None:
    answer = ebrim.query_response([package()])
    assert (
        answer.xpath("string(.//rim:Classification/@classificationNode)", namespaces=facts.NS)
        == facts.SUBMISSION_SET
    )


@pytest.mark.kits
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="official IHE schemas not at hand (DMPCOMPAT_KITS)")
class TestSchemas:
    def check(self, name: str, answer: etree._Element) -> None:
        schema = etree.XMLSchema(etree.parse(SCHEMAS / name))
        schema.assertValid(etree.fromstring(etree.tostring(answer)))

    @pytest.mark.parametrize("problems", [[], [WARNING], [ERROR, WARNING]])
    def test_registry_response(self, problems: list[Problem]) -> None:
        self.check("rs.xsd", ebrim.registry_response(problems))

    @pytest.mark.parametrize("references", [True, False])
    def test_query_response(self, references: bool) -> None:
        self.check("query.xsd", ebrim.query_response([entry(), package(), LINK], references=references))
        self.check("query.xsd", ebrim.query_response([], errors=[ERROR]))

    def test_retrieve_response(self) -> None:
        answer = ebrim.retrieve_response([RetrievedDocument("1.2", "1.3", "text/xml", "x@y")], [ERROR])
        for include in answer.iter(f"{{{facts.XOP}}}Include"):
            holder = include.getparent()
            holder.remove(include)
            holder.text = "AA=="
        self.check("XDS.b_DocumentRepository.xsd", answer)
