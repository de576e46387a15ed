"""What each stored query returns, once understood: objects of the registry that the caller may see.

Find… and GetAll list without the signature documents (unless the session shows them); Get… by id give whatever
is visible, by uniqueId the latest version. Objects of other patients are only counted: they never leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from mock_dmp.rights import Standing
from mock_dmp.services.xds.query.criteria import Asked
from mock_dmp.services.xds.query.match import matches_entry, matches_set
from mock_dmp.state import documents
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import facts
from protocol.directory import Patient

_ENTRY: Final = "$XDSDocumentEntry"
_SET: Final = "$XDSSubmissionSet"


@dataclass(frozen=True)
class Scope:
    """Whose registry, for whom."""

    session: str
    patient: Patient
    who: Standing
    settings: Settings


@dataclass(frozen=True)
class Found:
    """The answer. `foreign`: how many objects of other patients the ids named."""

    objects: tuple[RegistryObject | Association, ...]
    foreign: int = 0


def run(db: Connection, asked: Asked, scope: Scope) -> Found:
    """Run a query whose parameters are right. Raises nothing."""
    assert asked.query is not None  # noqa: S101 - refused before
    if asked.query.folder:  # the DMP has none
        return Found(())
    return _RUN[asked.query.name](_Search(db, scope), asked)


@dataclass(frozen=True)
class _Search:
    db: Connection
    scope: Scope

    def entries(self, asked: Asked) -> list[RegistryObject]:
        """The patient's entries for a list; the types asked for already leave out most of the others."""
        session, patient = self.scope.session, self.scope.patient.key
        if self.scope.settings.on("signature_documents_listed"):
            found = documents.entries(self.db, session, patient)
        else:
            groups = asked.criteria.get(f"{_ENTRY}TypeCode", ())
            found = documents.documents(
                self.db, session, patient, types=groups[0] if len(groups) == 1 else ()
            )
        return [entry for entry in found if self.listed(entry)]

    def sets(self) -> list[RegistryObject]:
        found = documents.sets(self.db, self.scope.session, self.scope.patient.key)
        return self.visible(found)

    def listed(self, entry: RegistryObject) -> bool:
        if entry.is_signature and not self.scope.settings.on("signature_documents_listed"):
            return False
        return self.sees(entry)

    def sees(self, item: RegistryObject) -> bool:
        """What hides the latest version hides the older ones, which are all Deprecated."""
        if item.kind == "set":
            return True
        if not self.scope.who.knows(item, self.scope.settings):
            return False
        if item.status != facts.DEPRECATED:
            return True
        newest = documents.latest(self.db, self.scope.session, item.lid)
        return newest is None or newest.id == item.id or self.scope.who.knows(newest, self.scope.settings)

    def visible(self, items: Iterable[RegistryObject]) -> list[RegistryObject]:
        """Those the caller may see; a set goes with its documents, so that it does not betray a masked one."""
        return [item for item in items if self.sees(item) and (item.kind == "entry" or self._shown(item))]

    def mine(self, items: list[RegistryObject]) -> tuple[list[RegistryObject], int]:
        """Objects of the patient that may be seen, and the number of those of other patients."""
        own = [item for item in items if self._patient(item.id) == self.scope.patient.key]
        return self.visible(own), len(items) - len(own)

    def links(self, ids: Iterable[str]) -> list[Association]:
        """Associations both ends of which may be seen."""
        found = documents.links(self.db, self.scope.session, ids)
        ends = {end for link in found for end in (link.source, link.target)}
        shown = {item.id for item in self.mine(documents.by_id(self.db, self.scope.session, ends))[0]}
        return [link for link in found if link.source in shown and link.target in shown]

    def by_id(self, ids: Iterable[str]) -> list[RegistryObject]:
        return documents.by_id(self.db, self.scope.session, [identifier.lower() for identifier in ids])

    def named(self, asked: Asked) -> tuple[list[RegistryObject], int]:
        """Entries by entryUUID (that version), uniqueId (the latest) or logical id (all), whichever was given."""
        session = self.scope.session
        found = self.by_id(asked.every(f"{_ENTRY}EntryUUID"))
        found += documents.only_latest(
            documents.by_unique_id(self.db, session, "entry", asked.every(f"{_ENTRY}UniqueId"))
        )
        for lid in dict.fromkeys(asked.every(f"{_ENTRY}LogicalID")):
            found += documents.versions(self.db, session, lid.lower())
        return self.mine([item for item in found if item.kind == "entry"])

    def _shown(self, package: RegistryObject) -> bool:
        links = documents.links(self.db, self.scope.session, [package.id])
        members = [
            link.target for link in links if link.type == facts.HAS_MEMBER and link.source == package.id
        ]
        entries = [
            item
            for item in documents.by_id(self.db, self.scope.session, members)
            if item.kind == "entry" and not item.is_signature
        ]
        return not entries or any(self.sees(entry) for entry in entries)

    def _patient(self, identifier: str) -> str:
        return documents.patient_of(self.db, self.scope.session, identifier)


def _find_documents(search: _Search, asked: Asked) -> Found:
    return Found(tuple(entry for entry in search.entries(asked) if matches_entry(entry, asked.criteria)))


def _find_sets(search: _Search, asked: Asked) -> Found:
    return Found(tuple(package for package in search.sets() if matches_set(package, asked.criteria)))


def _get_all(search: _Search, asked: Asked) -> Found:
    found = [package for package in search.sets() if matches_set(package, asked.criteria)]
    found += [entry for entry in search.entries(asked) if matches_entry(entry, asked.criteria)]
    ids = {item.id for item in found}
    links = [link for link in search.links(ids) if link.source in ids and link.target in ids]
    return Found((*found, *links))


def _get_documents(search: _Search, asked: Asked) -> Found:
    found, foreign = search.named(asked)
    return Found(tuple(found), foreign)


def _get_documents_and_associations(search: _Search, asked: Asked) -> Found:
    found, foreign = search.named(asked)
    return Found((*found, *_with_status(asked, search.links(item.id for item in found))), foreign)


def _get_associations(search: _Search, asked: Asked) -> Found:
    ids = [identifier.lower() for identifier in asked.every("$uuid")]
    _, foreign = search.mine(search.by_id(ids))
    return Found(tuple(_with_status(asked, search.links(ids))), foreign)


def _with_status(asked: Asked, links: list[Association]) -> list[Association]:
    """Those with the asked status; Approved unless told (ITI TF, Metadata Update, 3.18)."""
    wanted = asked.every("$XDSAssociationStatus") or (facts.APPROVED,)
    return [link for link in links if link.status in wanted]


def _get_submission_sets(search: _Search, asked: Asked) -> Found:
    """The sets that the given documents belong to, and the HasMember that say so."""
    ids = {identifier.lower() for identifier in asked.every("$uuid")}
    _, foreign = search.mine(search.by_id(ids))
    links = [link for link in search.links(ids) if link.type == facts.HAS_MEMBER and link.target in ids]
    sets = search.by_id(dict.fromkeys(link.source for link in links))
    return Found((*sets, *links), foreign)


def _get_set_and_contents(search: _Search, asked: Asked) -> Found:
    found = search.by_id(asked.every(f"{_SET}EntryUUID"))
    found += documents.by_unique_id(search.db, search.scope.session, "set", asked.every(f"{_SET}UniqueId"))
    sets, foreign = search.mine([item for item in found if item.kind == "set"])
    # The criteria that choose the set say nothing of its documents.
    filters = {name: groups for name, groups in asked.criteria.items() if name.startswith(_ENTRY)}
    links = [
        link
        for link in search.links(item.id for item in sets)
        if link.type == facts.HAS_MEMBER and link.source in {item.id for item in sets}
    ]
    entries = [
        entry
        for entry in search.by_id(link.target for link in links)
        if search.listed(entry) and matches_entry(entry, filters)
    ]
    kept = {entry.id for entry in entries}
    return Found((*sets, *entries, *(link for link in links if link.target in kept)), foreign)


def _get_related(search: _Search, asked: Asked) -> Found:
    """The document, those tied to it by the asked associations, and these; nothing when none is."""
    found, foreign = search.named(asked)
    types = set(asked.every("$AssociationTypes"))
    ids = {item.id for item in found}
    links = [link for link in _with_status(asked, search.links(ids)) if link.type in types]
    others = search.by_id(
        dict.fromkeys(end for link in links for end in (link.source, link.target) if end not in ids)
    )
    related = [item for item in others if item.kind == "entry" and search.sees(item)]
    if not related:
        return Found((), foreign)
    kept = ids | {item.id for item in related}
    return Found(
        (*found, *related, *(link for link in links if link.source in kept and link.target in kept)), foreign
    )


_RUN: Final[Mapping[str, Callable[[_Search, Asked], Found]]] = {
    "FindDocuments": _find_documents,
    "FindDocumentsByReferenceId": _find_documents,
    "FindSubmissionSets": _find_sets,
    "GetAll": _get_all,
    "GetDocuments": _get_documents,
    "GetDocumentsAndAssociations": _get_documents_and_associations,
    "GetAssociations": _get_associations,
    "GetSubmissionSets": _get_submission_sets,
    "GetSubmissionSetAndContents": _get_set_and_contents,
    "GetRelatedDocuments": _get_related,
}
