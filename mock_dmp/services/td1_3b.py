"""TD1.3b: changes contacts, address, legal representative and oppositions (MODIF_DATA).

An opposition that the message does not carry stays as it is; what else it lacks follows the switch
`gdp_absent_data`.
"""

from __future__ import annotations

from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.services.gdp import record
from mock_dmp.services.gdp.registering import keeps, known, register
from protocol.directory import Patient
from protocol.gdp import GdpRequest


@handler("TD1.3b")
def modify(call: Call) -> Reply:
    """315 with the record after the change. Raises Refusal (316)."""
    return register(call, "modification des données administratives", _changed)


def _changed(call: Call, asked: GdpRequest, before: Patient | None) -> Patient:
    return record.changed(asked, known(before), keep=keeps(call))
