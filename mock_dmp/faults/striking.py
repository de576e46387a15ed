"""What the armed faults do to one call: counted and chosen before it is handled, applied to its answer after.

Counting is committed by itself, so that a call which fails, or whose answer is lost, is counted too. Nothing here is
reached by a session without an armed fault or a defect.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from mock_dmp import defects as deliberate
from mock_dmp.context import Call, Refusal, Reply, Session
from mock_dmp.defects import Defect
from mock_dmp.faults import plan
from mock_dmp.faults.answering import Answering
from mock_dmp.faults.plan import Planned
from mock_dmp.journal import Record
from mock_dmp.registry import Handler
from mock_dmp.state import faults
from mock_dmp.state.faults import ARMED, Kept
from protocol.errors import VihfError
from protocol.vihf import read_vihf

_LOG = logging.getLogger("dmpcompat.mock")

#: Rule told by the journal for a call that a fault stopped before it was handled.
RULE: Final = "FAULT"


@dataclass(frozen=True)
class Strike:
    """One fault that strikes this call. `rank`: which of the calls that it counts."""

    kept: Kept
    planned: Planned
    rank: int

    def told(self) -> dict[str, Any]:
        """What the journal says of it."""
        return {
            "id": self.kept.id,
            "fault": self.planned.kind.name,
            "with": dict(self.planned.parameters),
            "when_done": self.planned.moment,
            "call": self.rank,
        }


@dataclass
class Interference:
    """Everything that spoils one call: the faults that strike it, and the defects of its session."""

    session: Session
    strikes: tuple[Strike, ...] = ()
    defects: tuple[Defect, ...] = ()
    call: Call | None = None

    def wait(self) -> None:
        """Delays that come before the work. Nothing is locked now."""
        for strike in self._of("conduct", "before"):
            time.sleep(float(strike.planned.parameters.get("seconds", 0)))

    def instead(self) -> Refusal | None:
        """The refusal that takes the place of the work, when a fault acts before it."""
        for strike in self.strikes:
            if strike.planned.moment != "before" or strike.planned.kind.name == "delay":
                continue
            if strike.planned.kind.stage == "refuse":
                return self._refusal(strike)
            return Refusal("MockInternalError", context=f"panne {strike.planned.kind.name}", rule=RULE)
        return None

    def afterwards(self) -> Refusal | None:
        """The refusal that hides work which was done."""
        return next((self._refusal(strike) for strike in self._of("refuse", "after")), None)

    def spoil_envelope(self, answering: Answering) -> None:
        for defect in self.defects:
            if defect.stage == "envelope":
                defect.apply(answering)
        for strike in self.strikes:
            if strike.planned.kind.stage == "envelope":
                strike.planned.kind.apply(answering, **strike.planned.parameters)

    def spoil_bytes(self, answering: Answering) -> None:
        answering.stage = "bytes"
        for defect in self.defects:
            if defect.stage == "bytes":
                defect.apply(answering)
        for stage in ("bytes", "conduct"):
            for strike in self.strikes:
                if strike.planned.kind.stage == stage:
                    strike.planned.kind.apply(answering, **strike.planned.parameters)

    def _of(self, stage: str, moment: str) -> Iterator[Strike]:
        for strike in self.strikes:
            if strike.planned.kind.stage == stage and strike.planned.moment == moment:
                yield strike

    def _refusal(self, strike: Strike) -> Refusal:
        found: Refusal = strike.planned.kind.apply(self.call, **strike.planned.parameters)
        found.rule = RULE
        return found


def troubled(session: Session) -> bool:
    """Is there anything to look at? Costs nothing: the settings came with the session."""
    changed = session.settings.changed
    return bool(changed.get(ARMED)) or bool(changed.get(deliberate.SWITCH))


def interference(session: Session) -> Interference:
    """The session's defects, and its settings as they make them; no fault has struck yet."""
    armed = deliberate.of(session.settings)
    return Interference(deliberate.changed(session, armed), (), armed)


def begin(found: Interference | None, call: Call, *, record: Record) -> Refusal | None:
    """Count the call for each armed fault, keep those that strike it, wait as they ask.

    Returns the refusal that takes the place of the work when one acts before it.
    """
    if found is None:
        return None
    found.call = call
    if not found.session.settings.changed.get(ARMED):
        return None
    with call.session.store.write() as db:
        found.strikes = tuple(_struck(db, call))
    record.faults += [strike.told() for strike in found.strikes]
    found.wait()
    return found.instead()


def served_anyway(
    found: Interference | None, refusal: Refusal, handlers: Mapping[str, Handler]
) -> Reply | None:
    """Let the defects act on a refused call; the first that serves it all the same gives the reply."""
    reply: Reply | None = None
    for defect in found.defects if found is not None else ():
        if defect.stage == "refused" and found is not None and found.call is not None:
            reply = reply or defect.apply(found.call, refusal, handlers)
    return reply


def _struck(db: Connection, call: Call) -> Iterator[Strike]:
    for kept in faults.listing(db, call.session.name, armed=True):
        planned = plan.read(kept.plan)
        if planned.kind.stage == "handshake" or not _concerns(planned, call):
            continue
        rank = kept.calls + 1
        hit = planned.when.strikes(rank, kept.hits)
        hits = kept.hits + hit
        faults.count(db, kept, calls=rank, hits=hits, armed=not planned.when.spent(rank, hits))
        if hit:
            _LOG.info("fault %s strikes exchange %s", planned.kind.name, call.exchange_id)
            yield Strike(kept, planned, rank)


def _concerns(planned: Planned, call: Call) -> bool:
    when = planned.when
    if when.transaction and when.transaction != call.transaction.id:
        return False
    return not when.patient or when.patient == _patient(call)


def _patient(call: Call) -> str:
    """INS of the patient that the VIHF names; "" when it can't be told."""
    assertion = next(iter(call.message.envelope.assertions), None)
    if assertion is None:
        return ""
    try:
        named = read_vihf(assertion).patient
    except VihfError:
        return ""
    return "" if named is None else named.id
