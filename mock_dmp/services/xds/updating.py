"""One metadata update from its message to the registry: judged, then written in one transaction (ITI-57).

All operations of a message are done or none. A new version keeps the logical id, the uniqueId and whatever the
registry owns; the one before is deprecated, and what points at it points at the new one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mock_dmp.acceptance.engine import Judged
from mock_dmp.acceptance.xds.filing import Filing, Known
from mock_dmp.acceptance.xds.update_metadata import UPDATE_MESSAGE
from mock_dmp.acceptance.xds.updates import UPDATE, Updating
from mock_dmp.context import Call, Problem, Refusal
from mock_dmp.identifiers import new_uuid
from mock_dmp.rights import Standing
from mock_dmp.services.xds.changes import Changes, NewVersion, read_changes
from mock_dmp.services.xds.registration import Accepted, registration
from mock_dmp.services.xds.submission import refuse
from mock_dmp.state import documents
from mock_dmp.state.documents import Registration
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import facts
from protocol.errors import Text
from protocol.identifiers.uuids import is_urn_uuid, urn_uuid

#: Associations that follow a document from version to version; its submission sets stay with the version.
_RELATIONS = frozenset({facts.RPLC, facts.APND, facts.XFRM, facts.XFRM_RPLC})
_OWNED = ("hash", "size", "repositoryUniqueId")


def update(call: Call, filing: Filing, who: Standing | None) -> tuple[Changes, tuple[Problem, ...]]:
    """Judge and write. The changes that were made, and the warnings. Raises Refusal with every problem found."""
    found = [_of_the_registry(item) for item in UPDATE_MESSAGE.judge(filing, filing.settings)]
    with call.session.store.read() as db:
        first = _beside(filing, who, Known(db, call.session.name))
        found += UPDATE.judge(first, filing.settings)
    refuse(call, found)
    documents.hold(call.db, call.session.name, first.changes.held)
    again = _beside(filing, who, Known(call.db, call.session.name))
    refuse(call, UPDATE.judge(again, filing.settings))
    write(call.db, call.session.name, _patient(filing), filing.sent.sets, again.changes)
    return again.changes, tuple(item.problem for item in found)


def _beside(filing: Filing, who: Standing | None, known: Known) -> Updating:
    def knows(entry: RegistryObject) -> bool:
        """An object of another patient is left to the rule that says so."""
        own = filing.patient is not None and known.patient_of(entry.id) == filing.patient.key
        return not own or who is None or who.knows(entry, filing.settings)

    return Updating(filing, read_changes(filing.sent, known.db, known.session, knows), known, who)


def _of_the_registry(item: Judged) -> Judged:
    """There is no repository in ITI-57: its metadata errors are the registry's."""
    if item.problem.code != "XDSRepositoryMetadataError":
        return item
    return replace(item, problem=replace(item.problem, code="XDSRegistryMetadataError"))


def write(
    db: Connection, session: str, patient: str, sets: tuple[RegistryObject, ...], changes: Changes
) -> None:
    """Register the new versions and statuses of one patient (key), brought by those submission sets.

    Whoever asks: a software by ITI-57, or the patient. Raises Refusal when an identifier is taken.
    """
    package = registration(Accepted(patient, sets, (), {}), lambda _: [])
    ids = {one.id: own.id for one, own in zip(sets, package.objects, strict=True)}
    next_ids = {change.entry.id: _new_id(change.entry.id) for change in changes.versions}
    made = [(change, change.current) for change in changes.versions if change.current is not None]
    moved = {current.id: next_ids[change.entry.id] for change, current in made}
    whole = Registration(
        patient=package.patient,
        objects=(*package.objects, *(_next(change, now, moved[now.id]) for change, now in made)),
        associations=(
            *_members(changes.versions, ids | next_ids),
            *_propagated(db, session, [(change, now) for change, now in made if change.propagates], moved),
        ),
        contents=(),
        deprecated=tuple(moved),
    )
    try:
        with db.begin_nested():
            documents.register(db, session, whole, deprecated_status=facts.DEPRECATED)
    except IntegrityError as problem:
        # The session forgives what the registry can't hold twice all the same.
        raise Refusal(
            "XDSRegistryError",
            Text("un identifiant est déjà pris", "an identifier is taken"),
            rule="XDS-DUPLICATE-SET",
        ) from problem
    for change in changes.statuses:
        if change.target is not None and change.new:
            documents.set_status(db, session, change.target.id, change.new[0])


def _patient(filing: Filing) -> str:
    return filing.patient.key if filing.patient else str(filing.ins or "")


def _next(change: NewVersion, current: RegistryObject, own: str) -> RegistryObject:
    """The new version as the registry keeps it: what it owns comes from the current one."""
    kept = replace(
        change.entry,
        id=own,
        lid=current.lid,
        version=current.version + 1,
        status=facts.APPROVED,
        home=current.home,
        object_type=current.object_type,
        mime_type=current.mime_type,
        classifications=tuple(
            replace(part, id=_new_id(), parent=own) for part in change.entry.classifications
        ),
        identifiers=tuple(replace(part, id=_new_id(), parent=own) for part in current.identifiers),
    )
    for name in _OWNED:
        if current.slot(name):
            kept = kept.with_slot(name, current.slot(name))
    return kept


def _members(versions: Iterable[NewVersion], ids: dict[str, str]) -> Iterator[Association]:
    for change in versions:
        for link in change.members:
            yield replace(
                link,
                id=_new_id(link.id),
                source=ids.get(link.source, link.source),
                target=ids.get(link.target, link.target),
                status=facts.APPROVED,
            )


def _propagated(
    db: Connection, session: str, made: list[tuple[NewVersion, RegistryObject]], moved: dict[str, str]
) -> Iterator[Association]:
    """The relations of the superseded versions, once more for the new ones."""
    follow = {current.id for _, current in made}
    for link in documents.links(db, session, follow):
        if link.type in _RELATIONS:
            ends = {end: moved[end] for end in (link.source, link.target) if end in follow}
            yield replace(
                link,
                id=_new_id(),
                source=ends.get(link.source, link.source),
                target=ends.get(link.target, link.target),
            )


def _new_id(wanted: str = "") -> str:
    return wanted if is_urn_uuid(wanted) else urn_uuid(new_uuid())
