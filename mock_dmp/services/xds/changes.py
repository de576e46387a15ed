"""What a metadata update asks, beside the registry it would change (ITI-57): new versions, status changes.

Reads only: which of them is allowed is for `mock_dmp.acceptance.xds.updates`, writing for
`mock_dmp.services.xds.updating`. A document that the caller may not know of is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from mock_dmp.services.xds.reading import Submitted
from mock_dmp.state import documents
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import facts
from protocol.discriminants import status_operation, visibility_operations


@dataclass(frozen=True)
class NewVersion:
    """An entry with a logical id. `current`: the latest version registered, None when there is none to know of.

    `members` are the HasMember that bring it in; `patient` is the key of the patient of `current`.
    """

    entry: RegistryObject
    members: tuple[Association, ...]
    current: RegistryObject | None
    patient: str = ""

    @property
    def about(self) -> RegistryObject | None:
        """The registered document that changes."""
        return self.current

    @property
    def previous(self) -> tuple[str, ...]:
        """Values of PreviousVersion."""
        return tuple(value for link in self.members for value in link.values("PreviousVersion"))

    @property
    def propagates(self) -> bool:
        """Do the associations of the document follow it (ITI TF, Metadata Update, AssociationPropagation)?"""
        return all(link.values("AssociationPropagation") != ("no",) for link in self.members)

    @property
    def operations(self) -> tuple[str, ...]:
        """Any of mask, unmask, show, hide; none without a current version, or when nothing of that changes."""
        if self.current is None:
            return ()
        return visibility_operations(self.current.visibility, self.entry.visibility)


@dataclass(frozen=True)
class StatusChange:
    """One UpdateAvailabilityStatus. `target` is what it names, `latest` the latest version of that document."""

    link: Association
    target: RegistryObject | None
    latest: RegistryObject | None = None
    patient: str = ""

    @property
    def about(self) -> RegistryObject | None:
        """The registered document that changes."""
        return self.target

    @property
    def original(self) -> tuple[str, ...]:
        return self.link.values("OriginalStatus")

    @property
    def new(self) -> tuple[str, ...]:
        return self.link.values("NewStatus")

    @property
    def operations(self) -> tuple[str, ...]:
        """delete, archive or unarchive; none for a status that no operation leads to."""
        found = status_operation(self.new[0]) if self.new else ""
        return (found,) if found else ()


@dataclass(frozen=True)
class Changes:
    """All that one message asks. `others`: entries without a logical id."""

    versions: tuple[NewVersion, ...]
    statuses: tuple[StatusChange, ...]
    others: tuple[RegistryObject, ...]

    @property
    def all(self) -> tuple[NewVersion | StatusChange, ...]:
        """Every change, new versions first."""
        return (*self.versions, *self.statuses)

    @property
    def operations(self) -> frozenset[str]:
        """Every operation of the message."""
        return frozenset(name for one in self.all for name in one.operations)

    @property
    def held(self) -> tuple[str, ...]:
        """Ids of the objects that nobody else may change meanwhile."""
        found = [one.current for one in self.versions]
        found += [item for one in self.statuses for item in (one.target, one.latest)]
        return tuple(dict.fromkeys(id for item in found if item for id in (item.id, item.lid)))


def read_changes(
    sent: Submitted,
    db: Connection,
    session: str,
    known: Callable[[RegistryObject], bool] = lambda _: True,
) -> Changes:
    """The changes asked, each with what it is about. `known` tells whether the caller may know of a document."""
    reader = _Reader(sent, db, session, known)
    return Changes(
        versions=tuple(reader.version(entry) for entry in sent.entries if entry.lid),
        statuses=tuple(reader.status(link) for link in sent.associations if link.type == facts.UPDATE_STATUS),
        others=tuple(entry for entry in sent.entries if not entry.lid),
    )


@dataclass(frozen=True)
class _Reader:
    sent: Submitted
    db: Connection
    session: str
    known: Callable[[RegistryObject], bool]

    def version(self, entry: RegistryObject) -> NewVersion:
        current = self._latest(entry.lid)
        return NewVersion(
            entry,
            tuple(self._members(entry.id)),
            current,
            documents.patient_of(self.db, self.session, current.id) if current else "",
        )

    def status(self, link: Association) -> StatusChange:
        named = next(iter(documents.by_id(self.db, self.session, [link.target.lower()])), None)
        if named is None or named.kind != "entry":
            return StatusChange(link, None)
        latest = self._latest(named.lid)
        if latest is None:
            return StatusChange(link, None)
        return StatusChange(link, named, latest, documents.patient_of(self.db, self.session, named.id))

    def _members(self, entry_id: str) -> Iterator[Association]:
        packages = {package.id for package in self.sent.sets}
        for link in self.sent.associations:
            if link.type == facts.HAS_MEMBER and link.target == entry_id and link.source in packages:
                yield link

    def _latest(self, lid: str) -> RegistryObject | None:
        """What counts is the latest version: a masked document hides its older versions too."""
        found = documents.latest(self.db, self.session, lid)
        return found if found is not None and self.known(found) else None
