"""One submission from its message to the registry: judged, bytes kept, then written in one transaction.

Blobs are on disk before the transaction commits, so what was acknowledged is whole; blobs of a submission that
did not commit are named by no row and seen by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy.exc import IntegrityError

from mock_dmp.acceptance.engine import Judged
from mock_dmp.acceptance.xds import rules
from mock_dmp.acceptance.xds.contents import bytes_of
from mock_dmp.acceptance.xds.filing import MESSAGE, REGISTRY, Filing, Known, RegistryFiling
from mock_dmp.context import Call, Carrier, Problem, Refusal
from mock_dmp.services.xds.registration import Accepted, registration, without_slots
from mock_dmp.state import documents
from mock_dmp.state.documents import Content, Registration
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.errors import Text, ToolError

__all__ = ["Outcome", "refuse", "submit", "told"]

#: Warnings that IHE itself defines are always told.
_ALWAYS_TOLD = frozenset({"XDSExtraMetadataNotSaved", "DocumentQueued"})


@dataclass(frozen=True)
class Outcome:
    """A submission that is in the registry, not committed yet. `warnings` were found on the way."""

    registration: Registration
    warnings: tuple[Problem, ...]


def submit(call: Call, filing: Filing) -> Outcome:
    """Judge and register. Raises Refusal with every problem that was found.

    The registry is judged where no rival can interfere; before that only for the list of a message refused anyway.
    """
    found = list(MESSAGE.judge(filing, filing.settings))
    if any(item.problem.severity == "error" for item in found):
        with call.session.store.read() as db:
            known = Known(db, call.session.name)
            found += REGISTRY.judge(RegistryFiling(filing, known), filing.settings)
        refuse(call, found)
    contents = _keep(call, filing)
    return _write(call, filing, contents, found)


def told(call: Call, problems: Iterable[Problem]) -> list[Problem]:
    """The problems that the answer says: every error, and the warnings that the session wants there."""
    everything = call.session.settings.on("xds_warnings_told")
    return [item for item in problems if everything or item.severity == "error" or item.code in _ALWAYS_TOLD]


def refuse(call: Call, found: Iterable[Judged]) -> None:
    """Raise one Refusal with all problems when one of them is an error (ITI TF-3 4.2.4).

    The warnings go to the journal, of a submission that is accepted later too.
    """
    judged = list(found)
    errors = [item for item in judged if item.problem.severity == "error"]
    if not errors:
        return
    for item in judged:
        if item.problem.severity == "warning":
            call.warn(item.problem)
    first = errors[0]
    carrier = str(call.session.settings.switch("xds_refusal_carrier"))
    raise Refusal(
        first.problem.code,
        first.problem.text,
        context=first.problem.context,
        location=first.problem.location,
        carrier=cast("Carrier", carrier),
        rule=first.rule,
        more=told(call, (item.problem for item in judged if item is not first)),
    )


def _keep(call: Call, filing: Filing) -> dict[str, Content]:
    """Write the bytes of every entry, synced; content by id of the entry."""
    kept: dict[str, Content] = {}
    for entry in filing.sent.entries:
        document = bytes_of(filing, entry)
        if document is not None:
            with document.open() as stream:
                digest, size = call.session.store.blobs.put_stream(stream)
            kept[entry.id] = Content(entry.unique_id, digest, document.sha1, size)
    return kept


def _write(call: Call, filing: Filing, contents: dict[str, Content], message: list[Judged]) -> Outcome:
    """Judge the registry rules, and write; `message` is what was found before."""
    session = call.session.name

    def judge() -> list[Judged]:
        return list(REGISTRY.judge(RegistryFiling(filing, Known(call.db, session)), filing.settings))

    documents.hold(call.db, session, (link.target for link in filing.sent.associations))
    found = [*message, *judge()]
    refuse(call, found)
    whole = registration(
        Accepted(
            patient=filing.patient.key if filing.patient else str(filing.ins or ""),
            objects=tuple(_stripped(filing, item) for item in filing.sent.objects),
            associations=filing.sent.associations,
            contents=contents,
        ),
        lambda ids: documents.links(call.db, session, ids),
    )
    _still_there(call, whole.contents)
    try:
        with call.db.begin_nested():
            documents.register(call.db, session, whole, deprecated_status=facts.DEPRECATED)
    except IntegrityError as problem:
        refuse(call, judge())
        # The session forgives what the registry can't hold twice all the same.
        raise Refusal(
            "XDSRegistryError",
            Text(
                "un identifiant est déjà pris, et le registre ne peut pas le tenir deux fois",
                "an identifier is taken, and the registry can't hold it twice",
            ),
            rule="XDS-NON-IDENTICAL",
        ) from problem
    return Outcome(whole, tuple(item.problem for item in found))


def _still_there(call: Call, contents: Iterable[Content]) -> None:
    """Inside the transaction: from here on nobody removes them (mock_dmp.state.collection)."""
    for content in contents:
        if not call.session.store.blobs.holds(content.sha256):
            raise ToolError(
                "MOCK-021",
                Text(
                    "le contenu écrit a disparu avant l'enregistrement",
                    "the content went before it was registered",
                ),
                field=content.unique_id,
            )


def _stripped(filing: Filing, item: RegistryObject) -> RegistryObject:
    """Extra slots are dropped only when the session warns of it (XDS-EXTRA-METADATA)."""
    if filing.settings.severity("XDS-EXTRA-METADATA") != "warn":
        return item
    return without_slots(item, rules.extra_slots(item))
