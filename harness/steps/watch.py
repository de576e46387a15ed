"""`watch`: nothing of what is forbidden may be sent for a stated time, while the operator does what `operate` says.

A wrong software would send `seeded`: the paired self-play does (`provoke`), and the case must then fail. Our driver
otherwise sends nothing here, and the journal of the session is judged. Without any source of frames it raises Unmet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema

from harness.checks.watched import ANY_CALL
from harness.context import CaseContext
from harness.players.attended import Attended, Span
from harness.problems import Problems
from harness.steps.api import Outcome, Seen, StepSpec, step
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import DriveStep
from harness.vocabulary import Vocabulary
from harness.wording import Words
from protocol import directory, transactions
from protocol.errors import Text
from protocol.yamlread import Where

#: Paths of the mock that are no service of the DMP, under its root or that of a session.
_NEIGHBOURS: Final[Mapping[str, str]] = {"insi": "INSi", "param-lps": "param-lps"}
_SESSION_DEPTH: Final = 2


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Forbidden = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": ANY_CALL},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        }
    ),
]


class Window(BaseModel):
    """What is forbidden (transactions, or `any`), for whom, how long, and what the operator does meanwhile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forbid: Forbidden
    seconds: int = Field(default=30, ge=1, le=3600)
    patient: str = Field(default="", description="only what is sent about that patient is forbidden")
    operate: Words
    seeded: DriveStep | BrowseStep | CallStep | None = Field(
        default=None, description="what a wrong software would send: for the paired self-play"
    )
    provoke: StrictBool = Field(
        default=False, description="send what is seeded: set by the paired self-play, never in a plan"
    )


@step
class WatchStep(StepSpec):
    """A time during which something must not be sent."""

    kind: ClassVar[str] = "watch"
    watch: Window

    @property
    def operate(self) -> Words:
        """What the operator is told to do."""
        return self.watch.operate

    def summary(self) -> Text:
        what = ", ".join(self.watch.forbid)
        if self.watch.forbid == [ANY_CALL]:
            return Text("surveiller que rien n'est envoyé", "watch that nothing is sent")
        return Text(f"surveiller que {what} n'est pas envoyé", f"watch that {what} is not sent")

    def used(self) -> frozenset[str]:
        return self.watch.seeded.used() if self.watch.seeded else frozenset()

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        where = (*at, "watch")
        known = names.transactions | frozenset(transactions.NEIGHBOURS) | {ANY_CALL}
        for index, name in enumerate(self.watch.forbid):
            if name not in known or (name == ANY_CALL and len(self.watch.forbid) > 1):
                what = Text("transaction interdite", "forbidden transaction")
                problems.unknown("010", what, (*where, "forbid", index), name, known)
        if self.watch.patient and self.watch.patient not in names.patients:
            what = Text("patient", "patient")
            problems.unknown("013", what, (*where, "patient"), self.watch.patient, names.patients)
        if self.watch.seeded is not None:
            self.watch.seeded.check_names((*where, "seeded"), names, problems)

    def run(self, context: CaseContext) -> Outcome:
        player = context.player
        span = player.watch(self, context) if isinstance(player, Attended) else self._journal(context)
        told = {
            "forbid": list(self.watch.forbid),
            "patient": _matricule(self.watch.patient, context),
            "seconds": self.watch.seconds,
            "transactions": [name for _, name in span.frames],
            "others": list(span.others),
            "sent": span.sent,
        }
        findings = context.judging.watch([exchange for exchange, _ in span.frames], told)
        seen = tuple(Seen(exchange, name) for exchange, name in span.frames)
        return Outcome(findings, seen=seen, resolved=told)

    def _journal(self, context: CaseContext) -> Span:
        """What the session of the mock received; our driver plays what is seeded, when it is told to."""
        control, session = context.platform.need(), context.platform.session
        before = len(control.exchanges(session))
        if self.watch.provoke and self.watch.seeded is not None:
            self.watch.seeded.run(context)
        lines = control.exchanges(session)
        named = [(line, transaction_of(line)) for line in lines[before:]]
        frames = tuple((control.exchange(session, line), name) for line, name in named if name)
        others = tuple(_shown(line) for line, name in named if not name)
        return Span(frames, others, len(lines))


def transaction_of(line: Mapping[str, Any]) -> str:
    """The transaction or the neighbour that a line of the journal is of, "" when it is of none."""
    if line["transaction"]:
        return str(line["transaction"])
    path = [part for part in urlsplit(str(line["request"]["target"])).path.split("/") if part]
    inside = path[_SESSION_DEPTH:] if path[:1] == ["s"] else path
    return _NEIGHBOURS.get(inside[0], "") if inside else ""


def _shown(line: Mapping[str, Any]) -> str:
    request = line["request"]
    return f"{request['method']} {urlsplit(str(request['target'])).path}"


def _matricule(key: str, context: CaseContext) -> str:
    patient = context.campaign.patients.get(key) or directory.patients().get(key)
    return patient.ins.number if patient else ""
