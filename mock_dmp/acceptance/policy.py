"""Takes a call through the stages, in their documented order, up to its handler.

VIHF, signature, freshness, coherence, homologation, rights: the first breach of a rule that refuses ends the
call; those that warn go to the journal. Transport and SOAP came before, business rules come after.
"""

from __future__ import annotations

from typing import Literal, cast

from mock_dmp.acceptance import coherence, freshness, homologation, reason, rights, signature, subject, vihf
from mock_dmp.acceptance.demand import (
    COHERENCE,
    FRESHNESS,
    HOMOLOGATION,
    RIGHTS,
    SIGNATURE,
    VIHF,
    Demand,
)
from mock_dmp.acceptance.engine import Stage
from mock_dmp.acceptance.official import Official
from mock_dmp.acceptance.refine import refined
from mock_dmp.acceptance.trust import Trust
from mock_dmp.context import Call, Caller, Carrier, Refusal
from protocol.coded import Coded

Access = Literal["normal", "bris_de_glace", "centre_15"]
_ACCESS = ("normal", "bris_de_glace", "centre_15")

#: The modules whose import registers the rules, in the order of their stages.
MODULES = (vihf, signature, freshness, coherence, reason, homologation, rights)
STAGES: tuple[Stage[Demand], ...] = (VIHF, SIGNATURE, FRESHNESS, COHERENCE, HOMOLOGATION, RIGHTS)


def accept(call: Call, trust: Trust | None = None, official: Official | None = None) -> None:
    """Accept the call and set its `vihf` and `caller`. Raises Refusal.

    Without `trust` (a mock without a PKI) nothing is said of authority and revocation; `official` is the status list
    of a register, when the platform was given one.
    """
    with call.session.store.read() as db:
        _through(Demand(call=call, trust=trust, now=call.session.now(), db=db, official=official))


def _through(demand: Demand) -> None:
    """Stage after stage."""
    call = demand.call
    _judge(VIHF, demand)
    if demand.told is None:  # a session that turned the rules off still can't do without
        raise Refusal("MockInvalidVihf", rule="VIHF-STRUCTURE")
    _judge(SIGNATURE, demand)
    demand.look_up()
    demand.body_patient = subject.of_body(call.message.envelope.body)
    _judge(FRESHNESS, demand)
    _judge(COHERENCE, demand)
    _judge(HOMOLOGATION, demand)
    call.vihf, call.patient = demand.vihf, demand.patient
    call.caller = _caller(demand)
    call.transaction = refined(call)
    _judge(RIGHTS, demand)


def _judge(stage: Stage[Demand], demand: Demand) -> None:
    for judged in stage.judge(demand, demand.settings):
        problem = judged.problem
        if problem.severity == "warning":
            demand.call.warn(problem)
            continue
        raise Refusal(
            problem.code,
            problem.text,
            context=problem.context,
            location=problem.location,
            carrier=_carrier(demand.call, problem.code),
            rule=judged.rule,
        )


#: Codes that tell the state of a DMP, and how each service of patients carries them.
_STATES = frozenset({"DMPClosed", "DMPFound", "MockAttachedToMes", "MockPatientNotFound"})
_STATE_CARRIERS: dict[str, Carrier] = {"patients": "ack", "patientsSpecific": "ws", "habilitations": "ws"}


def _carrier(call: Call, code: str) -> Carrier | None:
    """The state of a DMP is told the way of the service, anything else as the catalogue says."""
    if code in _STATES:
        return _STATE_CARRIERS.get(call.transaction.service)
    return "ack" if code == "MockInvalidRequest" and call.transaction.service == "patients" else None


def _caller(demand: Demand) -> Caller:
    told = demand.vihf
    purpose = told.purpose.code if told.purpose else "normal"
    return Caller(
        mode=told.mode or "DIRECTE",
        ps_id=told.name_id,
        structure_id=told.structure,
        role=told.roles[0] if told.roles else Coded("", ""),
        specialty=told.roles[1] if len(told.roles) > 1 else None,
        access=cast("Access", purpose if purpose in _ACCESS else "normal"),
        secret=told.secret,
        wire_number=told.wire_number,
        professional=demand.professional,
        structure=demand.structure,
    )
