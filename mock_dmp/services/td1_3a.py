"""TD1.3a: the administrative data of a DMP (CNSLT_DATA); the patient's own numbers and the channels of one-time
codes come mixed, twice where they are the same.
"""

from __future__ import annotations

from typing import Final

from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.hl7v3 import record_response
from mock_dmp.services import tracing
from mock_dmp.services.gdp.reading import query_of
from mock_dmp.services.identity import patient_of
from mock_dmp.state import accounts
from protocol.directory import Patient
from protocol.patientmodel import Telecom, TelecomUse

_USES: Final[dict[str, TelecomUse]] = {"SMS": "MC", "EMAIL": "MAIL"}


@handler("TD1.3a")
def consult(call: Call) -> Reply:
    """308 with the whole record. Raises Refusal."""
    query = query_of(call)
    patient = patient_of(call)
    if patient is None or patient.dmp.status == "absent":
        raise Refusal("MockPatientNotFound", carrier="ack", rule="DMP-STATE")
    answer = record_response(query, patient, _channels(call, patient), now=call.session.now())
    tracing.trace(call, "consultation des données administratives", result=patient.dmp.status)
    return Reply(answer)


def _channels(call: Call, patient: Patient) -> tuple[Telecom, ...]:
    with call.session.store.read() as db:
        account = accounts.find(db, call.session.name, patient.key)
    channels = account.channels if account is not None else ()
    return tuple(Telecom(_USES[one.type], one.value) for one in channels)
