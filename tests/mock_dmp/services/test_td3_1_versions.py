"""Stored queries and versions of metadata; folder queries; parameters of metadata update."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from protocol import facts
from tests.mock_dmp.builders import Lps, Who
from tests.mock_dmp.feeding import feed
from tests.mock_dmp.submissions import Doc, Lot, query, slot
from tests.mock_dmp.updating import MT, Update, registered, version_of

P = "alimentation"
E = "$XDSDocumentEntry"
WHO = Who().on(P)
FOLDERS = [
    (facts.Q_FIND_FOLDERS, [slot("$XDSFolderStatus", f"('{facts.APPROVED}')")]),
    (facts.Q_GET_FOLDERS, [slot("$XDSFolderUniqueId", "('1.2.3')")]),
    (facts.Q_GET_FOLDER_AND_CONTENTS, [slot("$XDSFolderUniqueId", "'1.2.3'")]),
    (facts.Q_GET_FOLDERS_FOR_DOCUMENT, [slot(f"{E}UniqueId", "'1.2.3'")]),
]


@pytest.fixture
def versioned(lps: Lps) -> str:
    """A document in three versions: masked, then open again."""
    doc = Doc()
    assert feed(lps, Lot(documents=(doc,))).xds == "Success"
    for codes in (("N", "MASQUE_PS"), ("N",)):
        assert Update(P).version(registered(lps, doc.unique_id, P), *codes).send(lps).xds == "Success"
    return doc.unique_id


def ask(lps: Lps, query_id: str, *slots: etree._Element, who: Who = WHO) -> list[etree._Element]:
    answer = lps.send("TD3.1", query(query_id, *slots), who)
    assert answer.xds == "Success", answer.errors
    return list(answer.all(".//rim:RegistryObjectList/*"))


def test_lists_have_the_versions_of_the_statuses_asked(lps: Lps, versioned: str) -> None:
    def listed(*statuses: str) -> list[str]:
        wanted = ",".join(f"'{one}'" for one in statuses)
        return [
            version_of(one) for one in ask(lps, facts.Q_FIND_DOCUMENTS, slot(f"{E}Status", f"({wanted})"))
        ]

    assert listed(facts.APPROVED) == ["3"]
    assert listed(facts.DEPRECATED) == ["1", "2"]
    assert listed(facts.APPROVED, facts.DEPRECATED) == ["1", "2", "3"]


def test_one_who_never_saw_it_masked_does_not_see_that_version(lps: Lps, versioned: str) -> None:
    wanted = slot(f"{E}Status", f"('{facts.DEPRECATED}')")
    other = Who(professional="infirmier", structure="cabinet-infirmier").on(P)
    assert [version_of(one) for one in ask(lps, facts.Q_FIND_DOCUMENTS, wanted, who=other)] == ["1"]


def test_by_unique_id_the_latest_by_entry_uuid_that_one_by_logical_id_all(lps: Lps, versioned: str) -> None:
    [latest] = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}UniqueId", f"('{versioned}')"))
    lid = str(latest.get("lid"))
    assert version_of(latest) == "3" and latest.get("id") != lid
    [first] = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}EntryUUID", f"('{lid}')"))
    assert version_of(first) == "1"
    every = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}LogicalID", f"('{lid}')"))
    assert [version_of(one) for one in every] == ["1", "2", "3"]
    unknown = slot(f"{E}LogicalID", "('urn:uuid:11111111-2222-4333-8444-555555555555')")
    assert ask(lps, facts.Q_GET_DOCUMENTS, unknown) == []


def test_one_identifier_only(lps: Lps) -> None:
    uuid = "('urn:uuid:11111111-2222-4333-8444-555555555555')"
    both = query(facts.Q_GET_DOCUMENTS, slot(f"{E}EntryUUID", uuid), slot(f"{E}LogicalID", uuid))
    assert lps.send("TD3.1", both, WHO).codes == ["XDSStoredQueryParamNumber"]


def test_a_session_may_refuse_the_parameters_of_metadata_update(
    lps: Lps, versioned: str, change: Callable[..., None]
) -> None:
    change(**{"QUERY__METADATA__UPDATE": "refuse"})
    [latest] = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}UniqueId", f"('{versioned}')"))
    asked = query(facts.Q_GET_DOCUMENTS, slot(f"{E}LogicalID", f"('{latest.get('lid')}')"))
    assert lps.send("TD3.1", asked, WHO).codes == ["XDSRegistryError"]


@pytest.mark.parametrize(("status", "count"), [("", 3), (facts.APPROVED, 3), (facts.DEPRECATED, 0)])
def test_associations_by_status(lps: Lps, versioned: str, status: str, count: int) -> None:
    [latest] = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}UniqueId", f"('{versioned}')"))
    every = ask(lps, facts.Q_GET_DOCUMENTS, slot(f"{E}LogicalID", f"('{latest.get('lid')}')"))
    ids = ",".join(f"'{one.get('id')}'" for one in every)
    more = [slot("$XDSAssociationStatus", f"('{status}')")] if status else []
    assert len(ask(lps, facts.Q_GET_ASSOCIATIONS, slot("$uuid", f"({ids})"), *more)) == count


@pytest.mark.parametrize(("level", "good"), [("1", True), ("2", True), ("'2'", False)])
def test_the_level_of_metadata_is_a_number(lps: Lps, versioned: str, level: str, good: bool) -> None:
    asked = query(
        facts.Q_GET_DOCUMENTS, slot(f"{E}UniqueId", f"('{versioned}')"), slot("$MetadataLevel", level)
    )
    answer = lps.send("TD3.1", asked, WHO)
    assert answer.codes == ([] if good else ["XDSRegistryError"])


@pytest.mark.parametrize(("query_id", "slots"), FOLDERS)
def test_the_dmp_has_no_folder(
    lps: Lps, query_id: str, slots: list[etree._Element], change: Callable[..., None]
) -> None:
    answer = lps.send("TD3.1", query(query_id, *slots), WHO)
    assert answer.codes == ["XDSUnknownStoredQuery"]
    assert "Folder" not in answer.errors[0][1].split("attendu")[1]
    change(folder_queries="empty")
    assert ask(lps, query_id, *slots) == []
    missing = lps.send("TD3.1", query(query_id), WHO)
    assert missing.codes and set(missing.codes) == {"XDSStoredQueryMissingParam"}


def test_a_set_shows_the_version_that_it_brought(lps: Lps, versioned: str) -> None:
    sets = ask(
        lps,
        facts.Q_FIND_SUBMISSION_SETS,
        slot("$XDSSubmissionSetStatus", f"('{facts.APPROVED}')"),
        who=MT.on(P),
    )
    assert len(sets) == 3
    contents = [
        [
            version_of(one)
            for one in ask(
                lps,
                facts.Q_GET_SUBMISSION_SET_AND_CONTENTS,
                slot("$XDSSubmissionSetEntryUUID", f"'{one.get('id')}'"),
                who=MT.on(P),
            )
            if one.tag.endswith("ExtrinsicObject")
        ]
        for one in sets
    ]
    assert contents == [["1"], ["2"], ["3"]]
