"""TD0.2: does the patient have a DMP, in which state, and is the caller authorised on it? (TEST_EXST)

An unknown patient is an answer (NF), not an error.
"""

from __future__ import annotations

from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.hl7v3 import Existence, existence_response
from mock_dmp.rights import Standing
from mock_dmp.services import tracing
from mock_dmp.services.gdp.reading import query_of
from mock_dmp.services.identity import patient_of, standing_of
from protocol.directory import Patient

_AUTHORISATION = {None: "NON_EXISTE", "valid": "VALIDE", "expired": "EXPIRE", "forbidden": "INTERDIT"}


@handler("TD0.2")
def existence(call: Call) -> Reply:
    """Answer the test of existence. Raises Refusal."""
    query = query_of(call)
    patient = patient_of(call)
    if patient is None or patient.dmp.status == "absent":
        tracing.trace(call, "test d'existence", result="NF")
        return Reply(existence_response(query, None, now=call.session.now()))
    found = _existence(patient, standing_of(call, patient))
    tracing.trace(call, "test d'existence", result=patient.dmp.status)
    return Reply(existence_response(query, found, now=call.session.now()))


def _existence(patient: Patient, who: Standing) -> Existence:
    state = "INTERDIT" if who.blocked else _AUTHORISATION[who.state]
    return Existence(patient, state, who.medecin_traitant)
