"""Stage coherence: the reason of an HL7 v3 message is one of those that its interaction serves.

Judged before the rights: of the acts that one interaction carries, nobody can tell which rights are asked for
without a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.demand import COHERENCE, Demand
from mock_dmp.acceptance.engine import Breach
from protocol import safexml, transactions

_ACT = "hl7:controlActProcess"
_REASON = f"{_ACT}/hl7:reasonCode/@code"


@COHERENCE.rule("HL7-REASON")
def known_reason(demand: Demand) -> Iterator[Breach]:
    """The transaction that was chosen is the one that the reason names. A message without an act isn't readable."""
    chosen, body = demand.call.transaction, demand.call.message.envelope.body
    if chosen.discriminator is None or chosen.discriminator.kind != "reason":
        return
    said = safexml.value(body, _REASON)
    if said in chosen.discriminator.values or not safexml.xpath(body, _ACT):
        return
    shared = [one.discriminator for one in transactions.load().sharing(chosen.action)]
    known = [value for kinds in shared if kinds is not None for value in kinds.values]
    yield Breach("reasonCode", said or "absent", ", ".join(known))
