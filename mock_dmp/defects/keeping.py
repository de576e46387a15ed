"""Defects of what is kept: a submission that is refused, or half kept, or overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import delete

from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.defects.api import defect
from mock_dmp.registry import Handler
from mock_dmp.services.xds.reading import read_submitted
from mock_dmp.state import documents
from mock_dmp.state.settings import Settings
from protocol.acceptance_rules import rules
from protocol.errors import MetadataError, Text

_FEEDING = ("TD2.1", "TD2.2")


@defect(
    "partial-kept",
    text=Text(
        "Un lot refusé est gardé quand même : tout ou rien n'est pas tenu",
        "A refused set is kept all the same: not all or nothing",
    ),
    caught_by=("EXPECT-XPATH",),
    stage="refused",
)
def partial_kept(call: Call, _refusal: Refusal, handlers: Mapping[str, Handler]) -> None:
    """Serves it again with no rule on documents; the answer stays the refusal."""
    if call.transaction.id in _FEEDING and call.caller is not None:
        try:
            with call.work.attempt():
                handlers[call.transaction.id](
                    _lenient(call, (name for name, one in rules().items() if one.stage == "xds"))
                )
        except Refusal:
            return  # it can't be kept at all


@defect(
    "duplicate-unique-id-accepted",
    text=Text(
        "Un uniqueId déjà pris est accepté avec d'autres octets",
        "A uniqueId that is taken is accepted with other bytes",
    ),
    caught_by=("EXPECT-EBXML", "EXPECT-SUCCESS"),
    stage="refused",
)
def duplicate_accepted(call: Call, refusal: Refusal, handlers: Mapping[str, Handler]) -> Reply | None:
    """Forgets the bytes that were there, then serves the set as if nothing was."""
    if call.transaction.id not in _FEEDING or refusal.code != "XDSNonIdenticalHash":
        return None
    try:
        entries = read_submitted(call.message).entries
    except MetadataError:
        return None
    for entry in entries:
        mine = documents.contents.c.session == call.session.name
        named = documents.contents.c.unique_id == entry.unique_id
        call.db.execute(delete(documents.contents).where(mine, named))
    return handlers[call.transaction.id](_lenient(call, ("XDS-NON-IDENTICAL", "XDS-DUPLICATE-DOCUMENT")))


def _lenient(call: Call, names: Iterable[str]) -> Call:
    """The call with these rules off."""
    settings = Settings({**call.session.settings.changed, **dict.fromkeys(names, "off")})
    return replace(call, session=replace(call.session, settings=settings))
