"""Metadata updates on the wire: mask, make visible, delete, archive, their errors, their rights, versions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mock_dmp import journal
from mock_dmp.state import traces
from protocol import facts
from tests.mock_dmp.builders import Lps, Who, el
from tests.mock_dmp.feeding import feed
from tests.mock_dmp.submissions import (
    Doc,
    Lot,
    association,
    get_documents,
    query,
    retrieve,
    slot,
)
from tests.mock_dmp.updating import MT, Update, codes_of, registered, status_of, version_of

P = "actif-autorise"
AUTHOR = Who()
OTHER = Who(professional="infirmier", structure="cabinet-infirmier")
APPROVED, ARCHIVED, DELETED, DEPRECATED = facts.APPROVED, facts.ARCHIVED, facts.DELETED, facts.DEPRECATED
MASKED = ("N", "MASQUE_PS")


def fed(lps: Lps, *codes: str, **more: Any) -> Doc:
    """A document of the physician `medecin`, registered."""
    doc = Doc(confidentiality=codes or ("N",), **more)
    assert feed(lps, Lot(patient=P, documents=(doc,))).xds == "Success"
    return doc


def last(lps: Lps) -> dict[str, Any]:
    with lps.store.read() as db:
        return journal.listing(db, "default")[-1]


def found(lps: Lps, who: Who, *statuses: str) -> list[tuple[str, str]]:
    """(uniqueId, version) of what a list of those statuses gives."""
    wanted = ",".join(f"'{one}'" for one in statuses or (APPROVED,))
    answer = lps.send(
        "TD3.1", query(facts.Q_FIND_DOCUMENTS, slot("$XDSDocumentEntryStatus", f"({wanted})")), who.on(P)
    )
    assert answer.xds == "Success"
    scheme = facts.DE_UNIQUE_ID
    return [
        (
            str(
                one.xpath(
                    f"string(rim:ExternalIdentifier[@identificationScheme='{scheme}']/@value)",
                    namespaces=facts.NS,
                )
            ),
            version_of(one),
        )
        for one in answer.all(".//rim:ExtrinsicObject")
    ]


class TestMasking:
    def test_a_masked_document_is_hidden_from_others_with_its_older_version(self, lps: Lps) -> None:
        doc = fed(lps)
        before = registered(lps, doc.unique_id, P)
        assert Update(P).version(before, *MASKED).send(lps, OTHER).xds == "Success"
        assert last(lps)["transaction"] == "TD3.3a"
        after = registered(lps, doc.unique_id, P)
        assert (codes_of(after), version_of(after), status_of(after)) == (list(MASKED), "2", "Approved")
        assert after.get("lid") == before.get("id") != after.get("id")
        assert found(lps, OTHER, APPROVED, DEPRECATED) == []
        assert found(lps, AUTHOR, APPROVED) == [(doc.unique_id, "2")]
        assert found(lps, MT, DEPRECATED) == [(doc.unique_id, "1")]
        assert lps.send("TD3.2", retrieve(doc.unique_id), OTHER.on(P)).codes == ["XDSDocumentUniqueIdError"]
        assert lps.send("TD3.2", retrieve(doc.unique_id), AUTHOR.on(P)).parts

    def test_the_registry_keeps_what_it_owns(self, lps: Lps) -> None:
        doc = fed(lps)
        before = registered(lps, doc.unique_id, P)
        for part in before.xpath("rim:Slot[@name='hash' or @name='size']", namespaces=facts.NS):
            before.remove(part)
        assert Update(P).version(before, *MASKED).send(lps).xds == "Success"
        after = registered(lps, doc.unique_id, P)
        slots = after.xpath("rim:Slot[@name='hash' or @name='size']", namespaces=facts.NS)
        assert len(slots) == 2

    @pytest.mark.parametrize(("who", "allowed"), [(AUTHOR, True), (MT, True), (OTHER, False)])
    def test_unmasking_is_for_the_author_and_the_medecin_traitant(
        self, lps: Lps, who: Who, allowed: bool
    ) -> None:
        doc = fed(lps, *MASKED)
        answer = Update(P).version(registered(lps, doc.unique_id, P), "N").send(lps, who)
        assert last(lps)["transaction"] == "TD3.3a"
        # To whom it is masked, it is not there at all.
        assert answer.codes == ([] if allowed else ["XDSMetadataVersionError"])

    def test_masking_and_unmasking_is_told_in_the_traces(self, lps: Lps) -> None:
        doc = fed(lps)
        for codes in (MASKED, ("N",)):
            assert Update(P).version(registered(lps, doc.unique_id, P), *codes).send(lps).xds == "Success"
        with lps.store.read() as db:
            lines = [line for line in traces.listing(db, "default") if line["transaction"] == "TD3.3a"]
        assert [(line["action"], line["document"]) for line in lines] == [
            ("masquage aux professionnels", doc.unique_id),
            ("démasquage aux professionnels", doc.unique_id),
        ]

    def test_relations_follow_the_new_version(self, lps: Lps) -> None:
        root = fed(lps)
        entry = registered(lps, root.unique_id, P)
        addendum = association(facts.APND, "Document01", str(entry.get("id")))
        assert feed(lps, Lot(patient=P, more=(addendum,))).xds == "Success"
        assert Update(P).version(entry, *MASKED).send(lps).xds == "Success"
        now = str(registered(lps, root.unique_id, P).get("id"))
        asked = query(facts.Q_GET_ASSOCIATIONS, slot("$uuid", f"('{now}')"))
        links = lps.send("TD3.1", asked, AUTHOR.on(P)).all(".//rim:Association/@associationType")
        assert sorted(links) == sorted([facts.APND, facts.HAS_MEMBER])

    def test_not_where_the_message_says_no(self, lps: Lps) -> None:
        root = fed(lps)
        entry = registered(lps, root.unique_id, P)
        addendum = association(facts.APND, "Document01", str(entry.get("id")))
        assert feed(lps, Lot(patient=P, more=(addendum,))).xds == "Success"
        update = Update(P).version(entry, *MASKED)
        update.objects[1].append(slot("AssociationPropagation", "no"))
        assert update.send(lps).xds == "Success"
        now = str(registered(lps, root.unique_id, P).get("id"))
        asked = query(facts.Q_GET_ASSOCIATIONS, slot("$uuid", f"('{now}')"))
        links = lps.send("TD3.1", asked, AUTHOR.on(P)).all(".//rim:Association/@associationType")
        assert links == [facts.HAS_MEMBER]


class TestMakingVisible:
    def test_it_is_told_from_unmasking_by_the_registry(self, lps: Lps) -> None:
        doc = fed(lps, "N", "INVISIBLE_PATIENT")
        assert Update(P).version(registered(lps, doc.unique_id, P), "N").send(lps, OTHER).xds == "Success"
        assert last(lps)["transaction"] == "TD3.3b"
        assert codes_of(registered(lps, doc.unique_id, P)) == ["N"]

    @pytest.mark.parametrize("code", ["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"])
    def test_never_the_other_way(self, lps: Lps, code: str) -> None:
        doc = fed(lps)
        answer = Update(P).version(registered(lps, doc.unique_id, P), "N", code).send(lps)
        assert answer.codes == ["LocalPolicyRestrictionError"]
        assert code in answer.errors[0][1]
        assert version_of(registered(lps, doc.unique_id, P)) == "1"

    def test_a_session_may_allow_the_other_way(self, lps: Lps, change: Callable[..., None]) -> None:
        change(**{"UPDATE__VISIBILITY": "off"})
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        assert Update(P).version(entry, "N", "INVISIBLE_PATIENT").send(lps).xds == "Success"

    def test_both_codes_at_once_only_where_the_parameter_says_so(
        self, lps: Lps, change: Callable[..., None]
    ) -> None:
        doc = fed(lps, "N", "INVISIBLE_PATIENT")
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED, "INVISIBLE_PATIENT")
        assert update.send(lps).xds == "Failure"
        change(cumul_invisible_patient_masque_ps=True)
        assert update.send(lps).xds == "Success"
        assert last(lps)["transaction"] == "TD3.3a"


class TestStatus:
    @pytest.mark.parametrize(
        ("moves", "transactions"),
        [
            ([(APPROVED, ARCHIVED)], ["TD3.3d"]),
            ([(APPROVED, ARCHIVED), (ARCHIVED, APPROVED)], ["TD3.3d", "TD3.3d"]),
            ([(APPROVED, DELETED)], ["TD3.3c"]),
            ([(APPROVED, ARCHIVED), (ARCHIVED, DELETED)], ["TD3.3d", "TD3.3c"]),
        ],
    )
    def test_the_moves(self, lps: Lps, moves: list[tuple[str, str]], transactions: list[str]) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        for (original, new), transaction in zip(moves, transactions, strict=True):
            assert Update(P).status(str(entry.get("id")), original, new).send(lps).xds == "Success"
            assert last(lps)["transaction"] == transaction
        after = registered(lps, doc.unique_id, P)
        assert (status_of(after), version_of(after), after.get("id")) == (
            moves[-1][1].rpartition(":")[2],
            "1",
            entry.get("id"),
        )
        assert found(lps, OTHER) == ([(doc.unique_id, "1")] if moves[-1][1] == APPROVED else [])
        assert found(lps, OTHER, moves[-1][1]) == [(doc.unique_id, "1")]

    @pytest.mark.parametrize(
        ("original", "new"),
        [
            (APPROVED, DEPRECATED),
            (APPROVED, APPROVED),
            (ARCHIVED, APPROVED),
            (ARCHIVED, DELETED),
            (APPROVED, "urn:inconnu"),
            ("", DELETED),
            (APPROVED, ""),
        ],
    )
    def test_other_moves_are_refused(self, lps: Lps, original: str, new: str) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        answer = Update(P).status(str(entry.get("id")), original, new).send(lps)
        assert set(answer.codes) == {"XDSMetadataUpdateError"}
        assert status_of(registered(lps, doc.unique_id, P)) == "Approved"

    def test_deleting_is_final(self, lps: Lps) -> None:
        doc = fed(lps)
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        assert Update(P).status(identity, APPROVED, DELETED).send(lps).xds == "Success"
        for new in (APPROVED, ARCHIVED):
            assert Update(P).status(identity, DELETED, new).send(lps).codes == ["XDSMetadataUpdateError"]

    def test_an_older_version_has_no_status_to_change(self, lps: Lps) -> None:
        doc = fed(lps)
        before = registered(lps, doc.unique_id, P)
        assert Update(P).version(before, *MASKED).send(lps).xds == "Success"
        answer = Update(P).status(str(before.get("id")), DEPRECATED, DELETED).send(lps)
        assert set(answer.codes) == {"XDSMetadataUpdateError"}
        assert "dernière version" in answer.errors[0][1]

    @pytest.mark.parametrize("target", ["urn:uuid:11111111-2222-4333-8444-555555555555", "1.2.3", "Set01"])
    def test_an_unknown_target(self, lps: Lps, target: str) -> None:
        assert Update(P).status(target, APPROVED, DELETED).send(lps).codes == ["UnresolvedReferenceException"]

    def test_a_document_of_another_patient(self, lps: Lps) -> None:
        doc = Doc()
        assert feed(lps, Lot(documents=(doc,))).xds == "Success"
        entry = registered(lps, doc.unique_id, "alimentation")
        answer = Update(P).status(str(entry.get("id")), APPROVED, DELETED).send(lps)
        assert answer.codes == ["XDSPatientIDReconciliationError"]


class TestRights:
    @pytest.mark.parametrize(
        ("who", "new", "code"),
        [
            (AUTHOR, DELETED, ""),
            (AUTHOR, ARCHIVED, ""),
            (OTHER, DELETED, "LocalPolicyRestrictionError"),
            (OTHER, ARCHIVED, "LocalPolicyRestrictionError"),
            (MT, DELETED, "LocalPolicyRestrictionError"),
            (MT, ARCHIVED, ""),
        ],
    )
    def test_deleting_is_for_the_author_archiving_for_the_medecin_traitant_too(
        self, lps: Lps, who: Who, new: str, code: str
    ) -> None:
        doc = fed(lps)
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        answer = Update(P).status(identity, APPROVED, new).send(lps, who)
        assert answer.codes == ([code] if code else [])

    @pytest.mark.parametrize(("who", "allowed"), [(AUTHOR, False), (MT, True)])
    def test_a_document_of_the_patient_is_for_the_medecin_traitant(
        self, lps: Lps, who: Who, allowed: bool
    ) -> None:
        doc = Doc(type_code="74465-6", class_code="90")
        assert feed(lps, Lot(patient=P, documents=(doc,))).xds == "Success"
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        answer = Update(P).status(identity, APPROVED, DELETED).send(lps, who)
        assert answer.codes == ([] if allowed else ["LocalPolicyRestrictionError"])

    def test_a_physician_archives_any_document_in_emergency(self, lps: Lps) -> None:
        doc = Doc(professional="medecin-traitant")
        assert feed(lps, Lot(patient=P, documents=(doc,))).xds == "Success"
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        update = Update(P).status(identity, APPROVED, ARCHIVED)
        assert update.send(lps, AUTHOR).codes == ["LocalPolicyRestrictionError"]
        urgent = replace(AUTHOR, access="bris_de_glace", reason="coma")
        assert update.send(lps, urgent).xds == "Success"

    def test_masking_is_for_normal_mode(self, lps: Lps) -> None:
        doc = fed(lps)
        urgent = replace(AUTHOR, access="bris_de_glace", reason="coma")
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED)
        assert update.send(lps, urgent).fault == "MockWrongAccessMode"

    def test_an_organisation_deletes_what_is_its_own(self, lps: Lps, change: Callable[..., None]) -> None:
        change(**{"VIHF__SIGNED__INDIRECT": "off"})
        who = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE")
        own = Doc(professional="medecin-hospitalier", structure="hopital")
        assert feed(lps, Lot(patient=P, documents=(own,), structure="hopital"), who).xds == "Success"
        other = fed(lps)
        for doc, code in ((own, ""), (other, "LocalPolicyRestrictionError")):
            identity = str(registered(lps, doc.unique_id, P).get("id"))
            update = Update(P, "medecin-hospitalier", "hopital").status(identity, APPROVED, DELETED)
            assert update.send(lps, who).codes == ([code] if code else [])
        archived = Update(P, "medecin-hospitalier", "hopital").status(identity, APPROVED, ARCHIVED)
        assert archived.send(lps, who).fault == "DMPAccessDeniedByRightsService"

    def test_each_operation_of_a_message_takes_its_own_right(self, lps: Lps) -> None:
        mine, other = fed(lps), Doc(professional="medecin-traitant")
        assert feed(lps, Lot(patient=P, documents=(other,))).xds == "Success"
        update = Update(P).version(registered(lps, mine.unique_id, P), *MASKED)
        update.status(str(registered(lps, other.unique_id, P).get("id")), APPROVED, DELETED)
        assert update.send(lps).codes == ["LocalPolicyRestrictionError"]
        assert version_of(registered(lps, mine.unique_id, P)) == "1"  # all or nothing

    def test_no_authorisation_is_needed_by_feeding_software(
        self, lps: Lps, change: Callable[..., None]
    ) -> None:
        patient = "actif-sans-autorisation"
        doc = Doc()
        assert feed(lps, Lot(patient=patient, documents=(doc,))).xds == "Success"
        identity = lps.send("TD3.1", get_documents(doc.unique_id), AUTHOR.on(patient)).one(
            ".//rim:ObjectRef/@id"
        )
        update = Update(patient).status(identity, APPROVED, DELETED)
        change(alimentation_without_authorisation=False)
        assert (
            update.send(lps).codes == ["MockNotAuthorized"] or update.send(lps).fault == "MockNotAuthorized"
        )
        change(alimentation_without_authorisation=True)
        assert update.send(lps).xds == "Success"


class TestVersions:
    @pytest.mark.parametrize("previous", ["2", "0", "un", None])
    def test_the_previous_version_is_the_current_one(self, lps: Lps, previous: str | None) -> None:
        doc = fed(lps)
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED, previous=previous)
        assert update.send(lps).codes == ["XDSMetadataVersionError"]

    def test_an_unknown_document(self, lps: Lps) -> None:
        doc = fed(lps)
        lid = "urn:uuid:11111111-2222-4333-8444-555555555555"
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED, lid=lid)
        assert update.send(lps).codes == ["XDSMetadataVersionError"]

    def test_without_a_logical_id(self, lps: Lps) -> None:
        doc = fed(lps)
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED, lid=None)
        assert update.send(lps).codes == ["XDSMetadataUpdateError"]

    def test_with_the_id_of_the_document(self, lps: Lps) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        update = Update(P).version(entry, *MASKED, own=str(entry.get("id")))
        assert update.send(lps).codes == ["XDSMetadataUpdateError"]

    @pytest.mark.parametrize(
        ("scheme", "value", "code"),
        [
            (facts.DE_UNIQUE_ID, "2.25.278345942963021599585645203991875524719", "XDSMetadataUpdateError"),
            (
                facts.DE_PATIENT_ID,
                "185106399920556^^^&1.2.250.1.213.1.4.10&ISO^NH",
                "XDSPatientIDReconciliationError",
            ),
        ],
    )
    def test_identifiers_stay(self, lps: Lps, scheme: str, value: str, code: str) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        entry.xpath(f"rim:ExternalIdentifier[@identificationScheme='{scheme}']", namespaces=facts.NS)[0].set(
            "value", value
        )
        assert code in Update(P).version(entry, *MASKED).send(lps).codes

    @pytest.mark.parametrize(
        ("attribute", "value"), [("mimeType", "text/plain"), ("objectType", facts.ON_DEMAND_DOCUMENT)]
    )
    def test_nature_stays(self, lps: Lps, attribute: str, value: str) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        entry.set(attribute, value)
        assert "XDSMetadataUpdateError" in Update(P).version(entry, *MASKED).send(lps).codes

    def test_the_hash_stays(self, lps: Lps) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        entry.xpath("rim:Slot[@name='hash']//rim:Value", namespaces=facts.NS)[0].text = "0" * 40
        assert Update(P).version(entry, *MASKED).send(lps).codes == ["XDSMetadataUpdateError"]

    def test_nothing_but_visibility_changes(self, lps: Lps, change: Callable[..., None]) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        entry.xpath("rim:Name/rim:LocalizedString", namespaces=facts.NS)[0].set("value", "Autre titre")
        update = Update(P).version(entry, *MASKED)
        assert update.send(lps).codes == ["LocalPolicyRestrictionError"]
        change(**{"UPDATE__ONLY__VISIBILITY": "off"})
        assert update.send(lps).xds == "Success"
        title = "string(rim:Name/rim:LocalizedString/@value)"
        assert registered(lps, doc.unique_id, P).xpath(title, namespaces=facts.NS) == "Autre titre"

    def test_a_version_that_says_the_same_is_let_through_with_a_warning(self, lps: Lps) -> None:
        doc = fed(lps)
        assert Update(P).version(registered(lps, doc.unique_id, P), "N").send(lps).xds == "Success"
        assert "UPDATE-NO-CHANGE" in {item["rule"] for item in last(lps)["warnings"]}

    def test_what_is_missing_in_the_new_version_is_refused(self, lps: Lps) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        entry.remove(entry.xpath("rim:Slot[@name='creationTime']", namespaces=facts.NS)[0])
        assert "XDSRegistryMetadataError" in Update(P).version(entry, *MASKED).send(lps).codes

    def test_twice_in_one_message(self, lps: Lps) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        update = Update(P).version(entry, *MASKED).status(str(entry.get("id")), APPROVED, ARCHIVED)
        assert update.send(lps).codes == ["XDSMetadataUpdateError"]

    @pytest.mark.parametrize("new", [ARCHIVED, DELETED])
    def test_only_an_approved_version_is_superseded(self, lps: Lps, new: str) -> None:
        doc = fed(lps)
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        assert Update(P).status(identity, APPROVED, new).send(lps).xds == "Success"
        update = Update(P).version(registered(lps, doc.unique_id, P), *MASKED)
        assert update.send(lps).codes == ["XDSMetadataUpdateError"]


class TestReplacement:
    def test_of_the_latest_version(self, lps: Lps) -> None:
        doc = fed(lps)
        before = registered(lps, doc.unique_id, P)
        assert Update(P).version(before, *MASKED).send(lps).xds == "Success"
        stale = Doc(replaces=str(before.get("id")))
        assert feed(lps, Lot(patient=P, documents=(stale,))).codes == ["XDSRegistryDeprecatedDocumentError"]
        fresh = Doc(replaces=str(registered(lps, doc.unique_id, P).get("id")))
        assert feed(lps, Lot(patient=P, documents=(fresh,))).xds == "Success"
        assert status_of(registered(lps, doc.unique_id, P)) == "Deprecated"

    def test_a_replaced_document_takes_no_new_version(self, lps: Lps) -> None:
        doc = fed(lps)
        entry = registered(lps, doc.unique_id, P)
        assert feed(lps, Lot(patient=P, documents=(Doc(replaces=str(entry.get("id"))),))).xds == "Success"
        assert Update(P).version(entry, *MASKED).send(lps).codes == ["XDSMetadataUpdateError"]


class TestMessage:
    def test_no_operation(self, lps: Lps) -> None:
        assert Update(P).send(lps).codes == ["XDSMetadataUpdateError"]

    def test_no_set(self, lps: Lps) -> None:
        doc = fed(lps)
        body = Update(P).status(str(registered(lps, doc.unique_id, P).get("id")), APPROVED, DELETED).build()
        listing = body[0]
        listing.remove(listing[0])
        assert "XDSMetadataUpdateError" in lps.send("TD3.3", body, AUTHOR.on(P)).codes

    def test_no_list(self, lps: Lps) -> None:
        assert lps.send("TD3.3", el("lcm:SubmitObjectsRequest"), AUTHOR.on(P)).codes == [
            "XDSMetadataUpdateError"
        ]

    def test_another_operation_of_the_standard(self, lps: Lps) -> None:
        update = Update(P)
        update.objects.append(
            association(
                facts.SUBMIT_ASSOCIATION, "Set01", "urn:uuid:" + "1" * 8 + "-1111" * 3 + "-" + "1" * 12
            )
        )
        assert update.send(lps).codes == ["XDSMetadataUpdateOperationError"]

    def test_a_set_is_used_once(self, lps: Lps) -> None:
        doc = fed(lps)
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        first = Update(P).status(identity, APPROVED, ARCHIVED)
        assert first.send(lps).xds == "Success"
        again = Update(P, unique_id=first.unique_id).status(identity, ARCHIVED, APPROVED)
        assert again.send(lps).codes == ["XDSDuplicateUniqueIdInRegistry"]

    def test_the_author_of_the_set_acts(self, lps: Lps) -> None:
        doc = fed(lps)
        identity = str(registered(lps, doc.unique_id, P).get("id"))
        update = Update(P, professional="medecin-traitant").status(identity, APPROVED, ARCHIVED)
        assert update.send(lps, AUTHOR).xds == "Success"
        assert "UPDATE-AUTHOR" in {item["rule"] for item in last(lps)["warnings"]}

    def test_a_closed_dmp(self, lps: Lps) -> None:
        answer = Update("ferme").status("urn:uuid:x", APPROVED, DELETED).send(lps)
        assert answer.fault == "DMPClosed"


def test_of_two_updates_at_once_one_wins(lps: Lps) -> None:
    doc = fed(lps)
    entry = registered(lps, doc.unique_id, P)
    bodies = [Update(P).version(entry, *MASKED) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda update: update.send(lps), bodies))
    assert sorted(answer.xds for answer in answers) == ["Failure"] * 5 + ["Success"]
    assert {tuple(answer.codes) for answer in answers if answer.xds == "Failure"} == {
        ("XDSMetadataVersionError",)
    }
    assert version_of(registered(lps, doc.unique_id, P)) == "2"
