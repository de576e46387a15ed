"""Carries out a registration (TD1.1, TD1.2, TD1.3b, TD1.4): read, judge, change the record, trace, answer.

The state of the DMP is looked at again inside the write transaction: of two creations at the same moment one is
told DMPFound.
"""

from __future__ import annotations

from collections.abc import Callable

from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.render.hl7v3 import registration_response
from mock_dmp.services import tracing
from mock_dmp.services.gdp.reading import judge, request_of
from mock_dmp.services.identity import vihf_of
from mock_dmp.state import patients
from protocol import facts
from protocol.directory import Patient
from protocol.gdp import GdpRequest

Change = Callable[[Call, GdpRequest, Patient | None], Patient]


def register(call: Call, action: str, change: Change) -> Reply:
    """Answer with the record as `change` makes it. `action` is what the trace says. Raises Refusal."""
    asked = request_of(call)
    with call.session.store.read() as db:
        judge(call, asked, patients.by_ins(db, call.session.name, *_ins(call)))
    record = patients.by_ins(call.db, call.session.name, *_ins(call))
    _check_state(call, record)
    after = change(call, asked, record)
    patients.save(call.db, call.session.name, after)
    tracing.trace(call, action, result=after.dmp.status)
    return Reply(registration_response(call, asked, after, now=call.session.now()))


def known(record: Patient | None) -> Patient:
    """The record of a patient who must have one. Raises Refusal."""
    if record is None:
        raise Refusal("MockPatientNotFound", carrier="ack", rule="DMP-STATE")
    return record


def keeps(call: Call) -> bool:
    """Does what a message lacks stay in the record?"""
    return call.session.settings.switch("gdp_absent_data") == "unchanged"


def _ins(call: Call) -> tuple[str, str]:
    """Number and OID of the VIHF's patient. Raises Refusal: nobody named, or a real identity, whatever the settings."""
    named = vihf_of(call).patient
    if named is None:
        raise Refusal("MockInvalidVihf", context="resource-id absent", rule="VIHF-RESOURCE-ID")
    if named.oid in facts.PRODUCTION_INS_OIDS:
        raise Refusal("MockProductionIdentity", context=named.oid, rule="VIHF-PRODUCTION-INS")
    return named.id, named.oid


def _check_state(call: Call, record: Patient | None) -> None:
    """As the rule DMP-STATE, which a session may turn off but for what can't be done at all."""
    status = record.dmp.status if record is not None else "absent"
    if status in call.transaction.dmp_states or call.session.settings.severity("DMP-STATE") != "refuse":
        return
    code = {"active": "DMPFound", "closed": "DMPClosed", "absent": "MockPatientNotFound"}[status]
    raise Refusal(code, carrier="ack", rule="DMP-STATE")
