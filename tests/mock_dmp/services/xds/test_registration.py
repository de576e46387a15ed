"""Ids, hash and size of what is registered; what a replacement takes along."""

from __future__ import annotations

from collections.abc import Iterable

from mock_dmp.services.xds.registration import Accepted, deprecated, registration
from mock_dmp.state.documents import Content
from mock_dmp.state.xds_objects import Association, ExternalIdentifier, RegistryObject, Slot
from protocol import facts
from protocol.identifiers.uuids import is_urn_uuid

UUID = "urn:uuid:00000000-0000-4000-8000-000000000001"


def entry(identity: str) -> RegistryObject:
    unique = ExternalIdentifier("ei1", facts.DE_UNIQUE_ID, "1.2.3", (), identity)
    return RegistryObject("entry", identity, "t", "m", (Slot("hash", ("FALSE",)),), (), (), (), (unique,))


def test_symbolic_ids_become_uuids_everywhere() -> None:
    link = Association("a1", facts.HAS_MEMBER, "set", "doc")
    content = Content("1.2.3", "ff", "ab" * 20, 12)
    package = RegistryObject("set", "set", "", "", (), (), (), (), ())
    whole = registration(Accepted("p", (package, entry("doc")), (link,), {"doc": content}), lambda _: [])
    added, kept = whole.objects
    assert all(
        is_urn_uuid(one) for one in (added.id, kept.id, kept.identifiers[0].id, whole.associations[0].id)
    )
    assert (whole.associations[0].source, whole.associations[0].target) == (added.id, kept.id)
    assert (kept.slot("hash"), kept.slot("size")) == ("ab" * 20, "12")
    assert kept.slot("repositoryUniqueId") == facts.OID_REPOSITORY
    assert (kept.lid, kept.status, kept.version) == (kept.id, facts.APPROVED, 1)
    assert kept.identifiers[0].parent == kept.id


def test_given_uuids_stay() -> None:
    whole = registration(Accepted("p", (entry(UUID),), (), {}), lambda _: [])
    assert whole.objects[0].id == UUID


def test_what_falls_with_a_document() -> None:
    known = [
        Association("1", facts.APND, "b", "a"),
        Association("2", facts.XFRM, "c", "b"),
        Association("3", facts.RPLC, "z", "a"),
        Association("4", facts.APND, "a", "c"),
        Association("5", facts.SIGNS, "s", "a"),
    ]

    def links(ids: Iterable[str]) -> list[Association]:
        wanted = set(ids)
        return [link for link in known if {link.source, link.target} & wanted]

    assert set(deprecated(["a"], links)) == {"a", "b", "c"}
    assert deprecated([], links) == ()
