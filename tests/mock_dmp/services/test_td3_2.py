"""Retrieval: the bytes as they came, what is unknown, what may not be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mock_dmp.state import traces
from protocol import facts
from tests.mock_dmp.builders import Lps, Who, el, oid
from tests.mock_dmp.submissions import Doc, Lot, get_documents, retrieve

P = "alimentation"
WHO = Who().on(P)


@pytest.fixture
def docs(lps: Lps) -> tuple[Doc, Doc, Doc]:
    """Two documents, and one that is masked by another author."""
    found = (
        Doc(data=bytes(range(256)) * 5000, mime_type="application/pdf"),
        Doc(id="Document02", data=b"<a/>", mime_type="text/xml"),
        Doc(id="Document03", confidentiality=("N", "MASQUE_PS"), professional="medecin-traitant"),
    )
    body, parts = Lot(documents=found).build()
    assert lps.send("TD2.1", body, WHO, parts=parts).xds == "Success"
    return found


def test_several_documents(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    answer = lps.send("TD3.2", retrieve(docs[0].unique_id, docs[1].unique_id), WHO)
    assert answer.xds == "Success"
    assert answer.payload[0].tag == f"{{{facts.RS}}}RegistryResponse"
    assert answer.all(".//xds:mimeType/text()") == ["application/pdf", "text/xml"]
    assert answer.all(".//xds:DocumentUniqueId/text()") == [docs[0].unique_id, docs[1].unique_id]
    assert set(answer.all(".//xds:RepositoryUniqueId/text()")) == {facts.OID_REPOSITORY}
    parts = [answer.parts[href.removeprefix("cid:")] for href in answer.all(".//xop:Include/@href")]
    assert parts == [docs[0].data, docs[1].data]


def test_asked_twice_comes_once(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    answer = lps.send("TD3.2", retrieve(docs[0].unique_id, docs[0].unique_id), WHO)
    assert len(answer.parts) == 1


def test_other_communities_do_not_multiply_a_document(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    body = retrieve(docs[0].unique_id, docs[0].unique_id)
    body[1].insert(0, el("xds:HomeCommunityId", {}, "urn:oid:1.2.3"))
    assert len(lps.send("TD3.2", body, WHO).parts) == 1


def test_partial_success(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    missing = oid()
    answer = lps.send("TD3.2", retrieve(docs[0].unique_id, missing), WHO)
    assert answer.xds == "PartialSuccess"
    assert answer.codes == ["XDSDocumentUniqueIdError"]
    assert f"uniqueId={missing}" in answer.errors[0][1]
    assert list(answer.parts.values()) == [docs[0].data]


def test_unknown(lps: Lps) -> None:
    answer = lps.send("TD3.2", retrieve(oid()), WHO)
    assert (answer.status, answer.xds, answer.codes) == (200, "Failure", ["XDSDocumentUniqueIdError"])
    assert answer.all(".//xds:DocumentResponse") == []


def test_entry_uuid_in_place_of_the_unique_id(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    uuid = lps.send("TD3.1", get_documents(docs[0].unique_id), WHO).one(".//rim:ObjectRef/@id")
    answer = lps.send("TD3.2", retrieve(uuid), WHO)
    assert answer.codes == ["XDSDocumentUniqueIdError"]
    assert f"uniqueId={uuid}" in answer.errors[0][1]


def test_other_repository(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    answer = lps.send("TD3.2", retrieve(docs[0].unique_id, repository="1.2.3"), WHO)
    assert answer.codes == ["XDSUnknownRepositoryId"]


@pytest.mark.parametrize(
    "body", [el("xds:RetrieveDocumentSetRequest"), retrieve("1.2.3", repository=""), retrieve("")]
)
def test_incomplete_request(lps: Lps, body: object) -> None:
    assert lps.send("TD3.2", body, WHO).codes == ["XDSRepositoryError"]  # type: ignore[arg-type]


def test_masked_is_unknown_but_to_its_author(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    assert lps.send("TD3.2", retrieve(docs[2].unique_id), WHO).codes == ["XDSDocumentUniqueIdError"]
    glass = replace(WHO, access="bris_de_glace", reason="coma")
    assert list(lps.send("TD3.2", retrieve(docs[2].unique_id), glass).parts.values()) == [docs[2].data]


def test_of_another_patient(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    answer = lps.send("TD3.2", retrieve(docs[0].unique_id), Who().on("actif-autorise"))
    assert answer.codes == ["XDSDocumentUniqueIdError"]


def test_deprecated_documents_stay(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    uuid = lps.send("TD3.1", get_documents(docs[0].unique_id), WHO).one(".//rim:ObjectRef/@id")
    body, parts = Lot(documents=(Doc(replaces=uuid),)).build()
    assert lps.send("TD2.1", body, WHO, parts=parts).xds == "Success"
    assert lps.send("TD3.2", retrieve(docs[0].unique_id), WHO).xds == "Success"


def test_without_authorisation(lps: Lps) -> None:
    assert lps.send("TD3.2", retrieve(oid()), Who().on("actif-expire")).fault == "MockNotAuthorized"


def test_traced_by_document(lps: Lps, docs: tuple[Doc, Doc, Doc]) -> None:
    lps.send("TD3.2", retrieve(docs[0].unique_id, docs[1].unique_id), WHO)
    with lps.store.read() as db:
        lines = [line for line in traces.listing(db, "default") if line["action"] == "consultation"]
    assert [line["document"] for line in lines] == [docs[0].unique_id, docs[1].unique_id]
