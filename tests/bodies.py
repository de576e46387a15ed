"""Every SOAP body of a run beside the project's own schemas: which bodies must be valid, and which are not.

What the plan spoils on purpose is left out by rule: the request of a step that alters, follows or fills in something
itself, and the answers of a case that arms faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from lxml import etree

from harness import evidence
from harness.checks.judged import Declared, Judged
from harness.plan import LoadedPlan
from harness.xsd.own import own_schemas
from protocol import facts, transactions

#: A step with one of these says itself what is in the message.
_OWN_WORDS: Final = ("alter", "follow", "form")
_PAYLOADS: Final = ("XDS", "HL7V3", "SERVICES")
_FAULT: Final = f"{{{facts.SOAP12}}}Fault"


@dataclass(frozen=True)
class Body:
    """One side of one exchange that is a SOAP message. `spoiled`: the plan made it wrong."""

    case: str
    stem: str
    transaction: str
    side: Literal["request", "response"]
    spoiled: bool
    envelope: etree._Element
    payload: etree._Element | None

    @property
    def problems(self) -> list[str]:
        """What the schemas refuse: of the envelope, which a fault is part of, and of its payload."""
        found = list(own_schemas().problems("SOAP", self.envelope) or ())
        if self.payload is None or self.payload.tag != _FAULT:
            judged = None
            if self.payload is not None:
                known = (own_schemas().problems(family, self.payload) for family in _PAYLOADS)
                judged = next((one for one in known if one is not None), None)
            if judged is None:
                return [f"{self.side}: no schema for {getattr(self.payload, 'tag', 'an empty body')}"]
            found += judged
        return [f"{one.path}: {one.said}" for one in found]


def bodies(root: Path, plan: LoadedPlan) -> Iterator[Body]:
    """Both sides of each frame of the evidence that are SOAP messages."""
    sides: tuple[Literal["request", "response"], ...] = ("request", "response")
    for case in plan.plan.cases:
        kept = evidence.finished(root, case.code)
        faulty = any(step.kind == "fault" for step in case.steps)
        for frame in kept["frames"] if kept else ():
            if frame["transaction"] in transactions.NEIGHBOURS:
                continue  # of another server than the DMP
            step = case.steps[frame["step"] - 1]
            own = any(getattr(step, name, None) for name in _OWN_WORDS)
            exchange = evidence.frame(root, case.code, frame["stem"])
            transaction = transactions.load().by_id(frame["transaction"])
            for side, spoiled in zip(sides, (own, faulty), strict=True):
                judged = Judged(exchange, side, transaction, Declared())
                if judged.present and judged.root is not None and judged.soap:
                    yield Body(
                        case.code, frame["stem"], transaction.id, side, spoiled, judged.root, judged.payload
                    )
