"""What every handler asks first: who calls, about whom, and what that gives the right to."""

from __future__ import annotations

from mock_dmp.context import Call, Caller
from mock_dmp.rights import Standing, standing
from mock_dmp.state import patients
from protocol.directory import Patient
from protocol.errors import Text, ToolError
from protocol.vihf import Vihf


def vihf_of(call: Call) -> Vihf:
    """The accepted VIHF. Raises ToolError when acceptance did not run."""
    if call.vihf is None:
        raise _not_accepted(call)
    return call.vihf


def caller_of(call: Call) -> Caller:
    """The accepted caller. Raises ToolError when acceptance did not run."""
    if call.caller is None:
        raise _not_accepted(call)
    return call.caller


def patient_of(call: Call) -> Patient | None:
    """The record of the VIHF's patient, None when the session knows none.

    As acceptance saw it where it is not going to be changed (documents), as it is now elsewhere.
    """
    named = vihf_of(call).patient
    if named is None:
        return None
    if call.patient is not None and call.transaction.on_documents:
        return call.patient
    with call.session.store.read() as db:
        return patients.by_ins(db, call.session.name, named.id, named.oid)


def standing_of(call: Call, patient: Patient) -> Standing:
    """What the caller is to that patient's DMP now."""
    with call.session.store.read() as db:
        return standing(db, call.session.name, caller_of(call), patient, call.session.now())


def _not_accepted(call: Call) -> ToolError:
    return ToolError(
        "MOCK-022",
        Text("appel servi avant d'être accepté", "call served before being accepted"),
        field=call.transaction.id,
    )
