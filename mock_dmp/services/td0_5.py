"""TD0.5: who may this patient be, whose INS is not known? Régulation only (PDQ, PRPA_IN201305UV02).

Nobody is an answer (NF). Scores, what is near and what is too many are inferred: each can be set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mock_dmp.acceptance.engine import Breach, breach_of, judged
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.pdq import Candidate, search_response
from mock_dmp.services import matching, tracing
from mock_dmp.state import patients
from protocol import facts
from protocol.errors import IdentifierError, MetadataError
from protocol.folding import fold
from protocol.identifiers.dtm import parse_dtm
from protocol.pdq import QUESTION, Criteria, PatientSearch, read_search

_TRIGGER: Final = "PRPA_TE201305UV02"
#: Shortest family name that is looked for.
_SHORTEST: Final = 2


@handler("TD0.5")
def search(call: Call) -> Reply:
    """Answer with the candidates, best first. Raises Refusal."""
    query = _read(call)
    limit = int(call.session.settings.switch("pdq_limit"))
    with call.session.store.read() as db:
        found = matching.candidates(db, call.session, query.criteria)
        _limited(call, len(found), limit)
        shown = found[:limit]
        records = {
            one.key: one for one in patients.by_keys(db, call.session.name, [one.patient for one in shown])
        }
    best = [Candidate(records[one.patient], one.score) for one in shown if one.patient in records]
    tracing.trace(call, "recherche sans INS", result=f"{len(found)} patient(s)")
    return Reply(search_response(query, best, total=len(found), now=call.session.now()))


def _limited(call: Call, found: int, limit: int) -> None:
    """More than the limit is refused; a session that forgives gets the best of them."""
    if found > limit:
        _judge(call, "PDQ-TOO-MANY", Breach("patients", str(found), f"{limit} au plus"))


def _read(call: Call) -> PatientSearch:
    try:
        query = read_search(call.message.envelope.body)
    except MetadataError as problem:
        raise Refusal(
            "MockInvalidRequest",
            problem.text,
            context=breach_of(problem).context(),
            carrier="ack",
            rule="PDQ-STRUCTURE",
        ) from problem
    for rule, breach in (*_envelope(query), *_criteria(query.criteria)):
        _judge(call, rule, breach)
    return query


def _judge(call: Call, rule: str, breach: Breach) -> None:
    for item in judged(rule, breach, call.session.settings):
        if item.problem.severity == "error":
            raise Refusal(
                item.problem.code,
                item.problem.text,
                context=item.problem.context,
                carrier="ack",
                rule=rule,
            )
        call.warn(item.problem)


def _envelope(query: PatientSearch) -> Iterator[tuple[str, Breach]]:
    if not query.message_id[0] or not query.query_id[0]:
        yield "PDQ-STRUCTURE", Breach("id et queryId", "absent", "un identifiant de message et de requête")
    if query.interaction != QUESTION:
        yield "HL7-INTERACTION", Breach("interactionId", query.interaction or "absent", QUESTION)
    if query.receiver_oid != facts.OID_DMP:
        yield "HL7-RECEIVER", Breach("receiver/device/id", query.receiver_oid or "absent", facts.OID_DMP)
    if query.trigger != _TRIGGER:
        yield "PDQ-TRIGGER", Breach("controlActProcess/code", query.trigger or "absent", _TRIGGER)


def _criteria(asked: Criteria) -> Iterator[tuple[str, Breach]]:
    if len(fold(asked.family)) < _SHORTEST:
        yield (
            "PDQ-NAME",
            Breach("livingSubjectName/value/family", asked.family or "absent", f"{_SHORTEST} lettres"),
        )
    if asked.birth and not _is_day(asked.birth):
        yield "PDQ-BIRTH", Breach("livingSubjectBirthTime/value", asked.birth, "AAAAMMJJ")
    if asked.sex and asked.sex not in ("M", "F"):
        yield "PDQ-SEX", Breach("livingSubjectAdministrativeGender/value", asked.sex, "M ou F")


def _is_day(written: str) -> bool:
    """YYYYMMDD in the calendar, or a lunar date: its month or day is 00."""
    if len(written) == 8 and written.isdigit() and ("00" in (written[4:6], written[6:])):
        return True
    try:
        return parse_dtm(written).precision == "day"
    except IdentifierError:
        return False
