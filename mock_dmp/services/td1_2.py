"""TD1.2: reopens a closed DMP (REAC), as the patient consents to; what it held is there again."""

from __future__ import annotations

from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.services.gdp import record
from mock_dmp.services.gdp.registering import keeps, known, register
from protocol.directory import Patient
from protocol.gdp import GdpRequest


@handler("TD1.2")
def reactivate(call: Call) -> Reply:
    """315 with the state `active`. Raises Refusal (316)."""
    return register(call, "réactivation du DMP", _reopened)


def _reopened(call: Call, asked: GdpRequest, closed: Patient | None) -> Patient:
    return record.reopened(asked, known(closed), call.session.now(), keep=keeps(call))
