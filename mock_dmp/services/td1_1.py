"""TD1.1: opens a DMP (CREA_RD), of a patient the session knows without one, or of an INS it has never seen."""

from __future__ import annotations

from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.services.gdp import record
from mock_dmp.services.gdp.registering import register
from protocol.directory import Patient
from protocol.gdp import GdpRequest


@handler("TD1.1")
def create(call: Call) -> Reply:
    """312 with the INS and the identity. Raises Refusal (313)."""
    return register(call, "création du DMP", _created)


def _created(call: Call, asked: GdpRequest, known: Patient | None) -> Patient:
    now = call.session.now()
    majority = int(call.session.settings.switch("age_majorite"))
    return record.opened(asked, known or record.newcomer(asked, now, majority), now)
