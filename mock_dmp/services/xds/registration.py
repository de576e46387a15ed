"""Turns an accepted submission into what the registry keeps: real ids, statuses, versions, hash and size.

Also finds what a replacement deprecates, attachments included. Writing it is `mock_dmp.state.documents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mock_dmp.identifiers import new_uuid
from mock_dmp.state.documents import Content, Registration
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import facts
from protocol.identifiers.uuids import is_urn_uuid, urn_uuid

#: A document attached to another one falls with it (ITI TF-3 4.2.2.2.3).
_ATTACHED = frozenset({facts.APND, facts.XFRM, facts.XFRM_RPLC})
_REPLACES = frozenset({facts.RPLC, facts.XFRM_RPLC})


@dataclass(frozen=True)
class Accepted:
    """The parts of a submission that passed the rules. `contents` by id of the entry."""

    patient: str
    objects: tuple[RegistryObject, ...]
    associations: tuple[Association, ...]
    contents: dict[str, Content]
    repository: str = facts.OID_REPOSITORY


def registration(accepted: Accepted, links: Callable[[Iterable[str]], list[Association]]) -> Registration:
    """What to write. `links` gives the registered associations that touch some ids."""
    ids = {
        identifier: identifier if is_urn_uuid(identifier) else _new_id()
        for identifier in (
            *(item.id for item in accepted.objects),
            *(link.id for link in accepted.associations),
        )
    }
    return Registration(
        patient=accepted.patient,
        objects=tuple(_registered(item, ids, accepted) for item in accepted.objects),
        associations=tuple(_linked(link, ids) for link in accepted.associations),
        contents=tuple(accepted.contents.values()),
        deprecated=deprecated(
            (link.target for link in accepted.associations if link.type in _REPLACES), links
        ),
    )


def deprecated(
    replaced: Iterable[str], links: Callable[[Iterable[str]], list[Association]]
) -> tuple[str, ...]:
    """The replaced documents and all that is attached to them by APND, XFRM or XFRM_RPLC, recursively."""
    falling = list(dict.fromkeys(replaced))
    fallen: dict[str, None] = {}
    while falling:
        fallen |= dict.fromkeys(falling)
        attached = [
            link.source for link in links(falling) if link.type in _ATTACHED and link.target in fallen
        ]
        falling = [identifier for identifier in dict.fromkeys(attached) if identifier not in fallen]
    return tuple(fallen)


def without_slots(item: RegistryObject, names: Iterable[str]) -> RegistryObject:
    """The object without those slots."""
    dropped = frozenset(names)
    return replace(item, slots=tuple(slot for slot in item.slots if slot.name not in dropped))


def _registered(item: RegistryObject, ids: dict[str, str], accepted: Accepted) -> RegistryObject:
    own = ids[item.id]
    kept = replace(
        item,
        id=own,
        lid=own,
        version=1,
        status=facts.APPROVED,
        classifications=tuple(
            replace(part, id=_nested(part.id), parent=own) for part in item.classifications
        ),
        identifiers=tuple(replace(part, id=_nested(part.id), parent=own) for part in item.identifiers),
    )
    content = accepted.contents.get(item.id)
    if content is None:
        return kept
    return (
        kept.with_slot("hash", content.sha1)
        .with_slot("size", str(content.size))
        .with_slot("repositoryUniqueId", accepted.repository)
    )


def _linked(link: Association, ids: dict[str, str]) -> Association:
    return replace(
        link,
        id=ids[link.id],
        source=ids.get(link.source, link.source),
        target=ids.get(link.target, link.target),
        status=facts.APPROVED,
    )


def _nested(identifier: str) -> str:
    return identifier if is_urn_uuid(identifier) else _new_id()


def _new_id() -> str:
    return urn_uuid(new_uuid())
