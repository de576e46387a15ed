"""Reads the HL7 v3 requests of the `patients` service and judges them; a breach that refuses is an acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach, Judged, breach_of, judged
from mock_dmp.acceptance.gdp import GDP, Application
from mock_dmp.context import Call, Refusal
from mock_dmp.services.identity import caller_of
from protocol import facts
from protocol.directory import Patient
from protocol.errors import MetadataError
from protocol.gdp import GdpRequest, read_request
from protocol.hl7v3 import GdpQuery, read_query_by_identifier


def query_of(call: Call) -> GdpQuery:
    """The query of TD0.2 or TD1.3a. Raises Refusal."""
    try:
        query = read_query_by_identifier(call.message.envelope.body)
    except MetadataError as problem:
        raise _unreadable(problem) from problem
    _settle(call, _on_envelope(call, query, complete=bool(query.message_id[0] and query.query_id[0])))
    return query


def request_of(call: Call) -> GdpRequest:
    """The request of TD1.1, TD1.2, TD1.3b or TD1.4; its own rules come with `judge`. Raises Refusal."""
    try:
        asked = read_request(call.message.envelope.body)
    except MetadataError as problem:
        raise _unreadable(problem) from problem
    _settle(call, _on_envelope(call, asked, complete=bool(asked.message_id[0])))
    return asked


def judge(call: Call, asked: GdpRequest, record: Patient | None) -> None:
    """Judge what the request says of the patient. Raises Refusal, with all that is wrong."""
    settings = call.session.settings
    application = Application(
        transaction=call.transaction.id,
        asked=asked,
        caller=caller_of(call),
        record=record,
        today=call.session.now().date(),
        majority=int(settings.switch("age_majorite")),
    )
    _settle(call, GDP.judge(application, settings))


def _settle(call: Call, found: Iterator[Judged]) -> None:
    """Warnings go to the journal; errors refuse, all of them in one acknowledgement."""
    errors = []
    for item in found:
        if item.problem.severity == "error":
            errors.append(item)
        else:
            call.warn(item.problem)
    if errors:
        first = errors[0]
        raise Refusal(
            first.problem.code,
            first.problem.text,
            context=first.problem.context,
            location=first.problem.location,
            carrier="ack",
            rule=first.rule,
            more=[item.problem for item in errors[1:]],
        )


def _unreadable(problem: MetadataError) -> Refusal:
    context = breach_of(problem).context()
    return Refusal("MockInvalidRequest", problem.text, context=context, carrier="ack", rule="HL7-STRUCTURE")


def _on_envelope(call: Call, asked: GdpQuery | GdpRequest, *, complete: bool) -> Iterator[Judged]:
    for rule, breach in _breaches(call, asked, complete):
        yield from judged(rule, breach, call.session.settings)


def _breaches(call: Call, asked: GdpQuery | GdpRequest, complete: bool) -> Iterator[tuple[str, Breach]]:
    interaction = call.transaction.request_root.rpartition("}")[2]
    query = isinstance(asked, GdpQuery)
    if not complete:
        where = "id et queryId" if query else "id"
        yield "HL7-STRUCTURE", Breach(where, "absent", "un identifiant de message (et de requête)")
    if asked.interaction != interaction:
        yield "HL7-INTERACTION", Breach("interactionId", asked.interaction or "absent", interaction)
    if asked.receiver_oid != facts.OID_DMP:
        yield "HL7-RECEIVER", Breach("receiver/device/id", asked.receiver_oid or "absent", facts.OID_DMP)
    if not all(asked.patient):
        where = "patientIdentifier/value" if query else "patient/id"
        yield "HL7-PATIENT", Breach(where, "absent", "l'INS du patient")
