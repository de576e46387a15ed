"""TD1.4: closes a DMP (FERM). TD0.2 then tells when, the code and the words of the closing."""

from __future__ import annotations

from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.services.gdp import record
from mock_dmp.services.gdp.registering import known, register
from protocol.directory import Patient
from protocol.gdp import GdpRequest


@handler("TD1.4")
def close(call: Call) -> Reply:
    """315 with the state `terminated`. Raises Refusal (316)."""
    return register(call, "fermeture du DMP", _closed)


def _closed(call: Call, asked: GdpRequest, before: Patient | None) -> Patient:
    return record.closed(asked, known(before), call.session.now())
