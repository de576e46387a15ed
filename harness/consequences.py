"""After the steps of a case: what its faults struck, told by the journal of the mock, and what was sent next.

The frames are those that the driver exchanged, or those of the journal for a software that the driver does not play.
Which frames must not follow is judged by `harness.checks.after_fault`; here they are only put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks.judged import Declared, Judged
from harness.context import CaseContext, Watch
from harness.control import Control
from protocol.exchange import Exchange
from protocol.transactions import Registry

#: Keep a frame of the journal as evidence; gives its stem.
Keep = Callable[[Exchange, str], str]


@dataclass(frozen=True)
class Played:
    """One exchange of the driver, as it is in the evidence."""

    stem: str
    exchange: Exchange
    transaction: str


@dataclass(frozen=True)
class Consequence:
    """What is judged for one fault: the frames in order (stem and exchange), and the record that judges them again."""

    frames: tuple[tuple[str, Exchange], ...]
    told: Mapping[str, Any]


def consequences(context: CaseContext, played: Sequence[Played], keep: Keep) -> list[Consequence]:
    """One for each fault that was armed and forbids something. Raises ToolError."""
    watches = [watch for watch in context.watches if watch.forbid]
    if not watches:
        return []
    control, session = context.platform.need(), context.platform.session
    lines = [line for line in control.exchanges(session) if line["transaction"]]
    hits = {int(one["id"]): int(one["hits"]) for one in control.faults(session)}
    frames = _frames(control, session, lines, played, context.judging.registry, keep)
    return [
        Consequence(
            tuple((frame.stem, frame.exchange) for frame in frames),
            {
                "fault": watch.fault,
                "forbid": list(watch.forbid),
                "calls": watch.calls,
                "seconds": watch.seconds,
                "hits": hits.get(watch.id, 0),
                "transactions": [frame.transaction for frame in frames],
                "struck": [rank for rank, line in enumerate(lines) if _hit(line, watch, session)],
                "since": min(watch.since, len(lines)),
            },
        )
        for watch in watches
    ]


def _frames(
    control: Control,
    session: str,
    lines: Sequence[Mapping[str, Any]],
    played: Sequence[Played],
    registry: Registry,
    keep: Keep,
) -> list[Played]:
    """For each line of the journal the driver's own exchange, else that of the journal."""
    own: dict[str, list[Played]] = {}
    for one in played:
        view = Judged(one.exchange, "request", registry.by_id(one.transaction), Declared())
        own.setdefault(view.value("(soap:Header|soap11:Header)/wsa:MessageID"), []).append(one)
    found: list[Played] = []
    for line in lines:
        mine = own.get(line["message_id"])
        if mine and line["message_id"]:
            found.append(mine.pop(0))
            continue
        exchange = control.exchange(session, line)
        found.append(Played(keep(exchange, line["transaction"]), exchange, line["transaction"]))
    return found


def _hit(line: Mapping[str, Any], watch: Watch, session: str) -> bool:
    return any(
        int(fault["id"]) == watch.id and fault.get("session", session) == session for fault in line["faults"]
    )
