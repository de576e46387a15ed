"""Feeding beside what is registered: unique ids, replacement, rights, traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mock_dmp.state import traces
from protocol import facts
from tests.mock_dmp.builders import Lps, Who, oid
from tests.mock_dmp.feeding import (
    ENTRY,
    WHO,
    drop,
    entry_uuid,
    feed,
    listed,
)
from tests.mock_dmp.submissions import (
    Doc,
    Lot,
    association,
    get_documents,
)


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
            (
                Lot(),
                Who(professional="secretaire", access="bris_de_glace", reason="r"),
                "MockWrongAccessMode",
            ),
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


def test_what_the_session_forgives_and_the_registry_cannot_hold_is_refused_in_words(
    lps: Lps, change: Callable[..., None]
) -> None:
    change(**{"XDS__NON__IDENTICAL": "off"})
    unique_id = oid()
    assert feed(lps, Lot(documents=(Doc(unique_id=unique_id, data=b"one"),))).xds == "Success"
    answer = feed(lps, Lot(documents=(Doc(unique_id=unique_id, data=b"two"),)))
    assert (answer.status, answer.codes) == (200, ["XDSRegistryError"])
    assert "déjà pris" in answer.errors[0][1]
    assert listed(lps) == [unique_id]
