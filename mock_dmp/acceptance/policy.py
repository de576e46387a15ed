"""Takes a call through the stages, in their documented order, up to its handler.

VIHF, signature, freshness, coherence, homologation, rights: the first breach of a rule that refuses ends the
call; those that warn go to the journal. Transport and SOAP came before, business rules come after.
"""

from __future__ import annotations

from typing import Literal, cast

from mock_dmp.acceptance import coherence, freshness, homologation, rights, signature, subject, vihf
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
from mock_dmp.acceptance.trust import Trust
from mock_dmp.context import Call, Caller, Carrier, Refusal
from protocol.coded import Coded

Access = Literal["normal", "bris_de_glace", "centre_15"]
_ACCESS = ("normal", "bris_de_glace", "centre_15")

#: The modules whose import registers the rules, in the order of their stages.
MODULES = (vihf, signature, freshness, coherence, homologation, rights)
STAGES: tuple[Stage[Demand], ...] = (VIHF, SIGNATURE, FRESHNESS, COHERENCE, HOMOLOGATION, RIGHTS)


def accept(call: Call, trust: Trust | None = None) -> None:
    """Accept the call and set its `vihf` and `caller`. Raises Refusal.

    Without `trust` (a mock without a PKI) nothing is said of authority and revocation.
    """
    demand = Demand(call=call, trust=trust, now=call.session.now())
    _judge(VIHF, demand)
    if demand.told is None:  # a session that turned the rules off still can't do without
        raise Refusal("MockInvalidVihf", rule="VIHF-STRUCTURE")
    _judge(SIGNATURE, demand)
    demand.look_up()
    demand.body_patient = subject.of_body(call.message.envelope.body)
    _judge(FRESHNESS, demand)
    _judge(COHERENCE, demand)
    _judge(HOMOLOGATION, demand)
    call.vihf = demand.vihf
    call.caller = _caller(demand)
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


def _carrier(call: Call, code: str) -> Carrier | None:
    """A closed DMP is told by the status of the custom services, elsewhere as the catalogue says."""
    if code == "DMPClosed" and call.transaction.service in ("habilitations", "patientsSpecific"):
        return "ws"
    return None


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
