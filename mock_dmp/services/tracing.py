"""Writes the traces of an accepted call: one line an action and document, inside the call's transaction."""

from __future__ import annotations

from collections.abc import Iterable

from mock_dmp.context import Call, Refusal
from mock_dmp.services.identity import caller_of, vihf_of
from mock_dmp.state import traces
from mock_dmp.state.traces import Trace


def refused(call: Call, refusal: Refusal) -> None:
    """Trace a refused call, once it is known who calls; before that there is nobody to name."""
    if call.caller is not None and call.vihf is not None:
        trace(call, call.transaction.title.fr, result=refusal.code)


def trace(call: Call, action: str, *, documents: Iterable[str] = (), result: str) -> None:
    """Append the lines. `documents` are uniqueIds; none makes one line without document."""
    caller, vihf = caller_of(call), vihf_of(call)
    for document in tuple(documents) or ("",):
        traces.add(
            call.db,
            call.session.name,
            Trace(
                at=call.session.now().isoformat(timespec="seconds"),
                exchange=call.exchange_id,
                transaction=call.transaction.id,
                action=action,
                ps_id=caller.ps_id,
                structure_id=caller.structure_id,
                role=str(caller.role),
                mode=caller.mode,
                access=caller.access,
                reason=vihf.reason,
                secret=caller.secret,
                patient=vihf.patient.id if vihf.patient else "",
                document=document,
                result=result,
            ),
        )
