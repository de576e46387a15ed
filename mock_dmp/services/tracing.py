"""Writes the traces of an accepted call: one line an action and document, committed with what the call does."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from mock_dmp.context import Call, Caller, Refusal
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
        line = Trace(
            at=traces.stamp(call.session.now()),
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
            patient=vihf.patient.id if vihf.patient and call.transaction.on_patient else "",
            document=document,
            result=result,
            actor="structure" if caller.mode == "INDIRECTE" else "professional",
            name=vihf.subject_id or _name(caller),
            assertion=vihf.id,
            software=f"{vihf.lps_name} {vihf.lps_version}".strip(),
        )
        call.work.last(partial(traces.add, session=call.session.name, trace=line))


def _name(caller: Caller) -> str:
    known = caller.professional
    return f"{known.given} {known.family}" if known else ""
