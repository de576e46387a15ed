"""TD0.2: does the patient have a DMP, in which state, and is the caller authorised on it? (TEST_EXST)

An unknown patient is an answer (NF), not an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach, breach_of, judged
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.hl7v3 import Existence, existence_response
from mock_dmp.rights import Standing
from mock_dmp.services import tracing
from mock_dmp.services.identity import patient_of, standing_of
from protocol import facts
from protocol.directory import Patient
from protocol.errors import MetadataError
from protocol.hl7v3 import GdpQuery, read_query_by_identifier

_INTERACTION = "PRPA_IN201307UV02"
_REASON = "TEST_EXST"
_AUTHORISATION = {None: "NON_EXISTE", "valid": "VALIDE", "expired": "EXPIRE", "forbidden": "INTERDIT"}


@handler("TD0.2")
def existence(call: Call) -> Reply:
    """Answer the test of existence. Raises Refusal."""
    query = _read(call)
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


def _read(call: Call) -> GdpQuery:
    try:
        query = read_query_by_identifier(call.message.envelope.body)
    except MetadataError as problem:
        breach = breach_of(problem)
        raise Refusal(
            "MockInvalidRequest", problem.text, context=breach.context(), carrier="ack", rule="HL7-STRUCTURE"
        ) from problem
    for rule, breach in _breaches(query):
        for item in judged(rule, breach, call.session.settings):
            if item.problem.severity == "error":
                raise Refusal(item.problem.code, context=item.problem.context, carrier="ack", rule=rule)
            call.warn(item.problem)
    return query


def _breaches(query: GdpQuery) -> Iterator[tuple[str, Breach]]:
    if not query.message_id[0] or not query.query_id[0]:
        yield "HL7-STRUCTURE", Breach("id et queryId", "absent", "un identifiant de message et de requête")
    if query.interaction != _INTERACTION:
        yield "HL7-INTERACTION", Breach("interactionId", query.interaction or "absent", _INTERACTION)
    if query.reason != _REASON:
        yield "HL7-REASON", Breach("reasonCode", query.reason or "absent", _REASON)
    if query.receiver_oid != facts.OID_DMP:
        yield "HL7-RECEIVER", Breach("receiver/device/id", query.receiver_oid or "absent", facts.OID_DMP)
    if not all(query.patient):
        yield "HL7-PATIENT", Breach("patientIdentifier/value", "absent", "l'INS du patient")
