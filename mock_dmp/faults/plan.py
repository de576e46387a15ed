"""A fault plan: which fault, and when it strikes. Read from YAML or JSON; its JSON Schema comes from the kinds.

faults:
  - fault: reset
    with: {bytes: 200}
    when: {transaction: TD2.1, call: 2}
    when_done: after
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from mock_dmp.faults import api
from mock_dmp.faults.answering import drawn
from mock_dmp.faults.api import Kind, Moment, Value
from protocol import transactions
from protocol.errors import DmpcompatError, Text, UsageError
from protocol.strictdata import Fields, plain
from protocol.yamlread import YamlDocument

PLAN_SCHEMA: Final = "dmpcompat-faults/1"
#: A plan is written by hand: more than this is a mistake.
MOST: Final = 200
_FOREVER: Final = 0
#: Errors of `mock_dmp.faults.api`, which knows no file.
_OF_KINDS: Final = frozenset({"FLT-001", "FLT-002", "FLT-003", "FLT-004"})


@dataclass(frozen=True)
class When:
    """Which calls of its session a fault strikes. The calls counted are those of the transaction and the patient.

    `transaction` and `patient` (INS, without its OID): "" for any. `first` and `last`: ranks of calls, from 1; `last`
    0 for no end. `every`: one call out of that many, from `first` on. `probability` (0 to 1) is drawn from `seed` and
    the rank: the same calls are struck each time. `times`: how often before it is disarmed, 0 for never.
    """

    transaction: str = ""
    patient: str = ""
    first: int = 1
    last: int = _FOREVER
    every: int = 1
    probability: float = 1.0
    seed: int = 0
    times: int = 1

    def strikes(self, rank: int, hits: int) -> bool:
        """Does the fault, which struck `hits` times, strike the call of that rank?"""
        if rank < self.first or (self.last and rank > self.last) or (rank - self.first) % self.every:
            return False
        if self.times and hits >= self.times:
            return False
        return self.probability >= 1 or drawn(self.seed, rank).random() < self.probability

    def spent(self, rank: int, hits: int) -> bool:
        """Can it strike no more after the call of that rank?"""
        return bool((self.times and hits >= self.times) or (self.last and rank >= self.last))

    def to_plain(self) -> dict[str, Any]:
        return {
            "transaction": self.transaction,
            "patient": self.patient,
            "from": self.first,
            "to": self.last,
            "every": self.every,
            "probability": self.probability,
            "seed": self.seed,
            "times": self.times,
        }


@dataclass(frozen=True)
class Planned:
    """One fault of a plan, checked."""

    kind: Kind
    parameters: Mapping[str, Value]
    when: When
    moment: Moment

    def to_plain(self) -> dict[str, Any]:
        """What is stored and shown; `read` takes it back."""
        return {
            "fault": self.kind.name,
            "with": dict(self.parameters),
            "when": self.when.to_plain(),
            "when_done": self.moment,
        }


def read_plan(document: YamlDocument) -> tuple[Planned, ...]:
    """The faults of a plan: a mapping with `faults`, or one fault alone. Raises UsageError with file:line."""
    fields = Fields(document.data, document, error=UsageError)
    if "faults" not in fields.names():
        return (_planned(fields),)
    schema = fields.text("schema", PLAN_SCHEMA)
    if schema != PLAN_SCHEMA:
        raise fields.refuse(
            "FLT-005", Text("schéma inconnu", "unknown schema"), "schema", schema, expected=PLAN_SCHEMA
        )
    found = fields.each("faults", _planned, empty=False)
    fields.done()
    if len(found) > MOST:
        raise fields.refuse(
            "FLT-006", Text("trop de pannes", "too many faults"), "faults", len(found), expected=f"<= {MOST}"
        )
    return found


def read(data: Any) -> Planned:
    """One fault from plain data. Raises UsageError."""
    return _planned(Fields(data, plain(data, "fault"), error=UsageError))


def _planned(fields: Fields) -> Planned:
    kind = _kind(fields)
    given = _given(fields, kind)
    when = fields.optional("when", _when) or When()
    moment = fields.one_of("when_done", kind.moments, kind.moments[0])
    fields.done()
    if kind.stage == "handshake" and (when.transaction or when.patient):
        raise fields.refuse(
            "FLT-007",
            Text(
                "une panne de la poignée de main précède toute transaction et tout patient",
                "a fault of the handshake comes before any transaction and any patient",
            ),
            "when",
            when.transaction or when.patient,
        )
    return Planned(kind, given, when, moment)


def _kind(fields: Fields) -> Kind:
    try:
        return api.kind(fields.text("fault"))
    except UsageError as problem:
        raise _placed(fields, problem, "fault") from problem


def _given(fields: Fields, kind: Kind) -> Mapping[str, Value]:
    given = fields.raw("with", {})
    if not isinstance(given, Mapping):
        raise fields.refuse("FLT-002", Text("un objet est attendu", "a mapping is expected"), "with", given)
    try:
        return kind.settled(given)
    except UsageError as problem:
        inner = fields.inner("with") if given else fields
        raise _placed(inner, problem, problem.field.removeprefix("with." if given else "")) from problem


def _placed(fields: Fields, problem: UsageError, key: str) -> DmpcompatError:
    """The same error, with the file and the line; an error that has them stays as it is."""
    if problem.code not in _OF_KINDS:
        return problem
    return fields.refuse(
        problem.code, problem.text, key, problem.found, expected=problem.expected, mend=problem.mend
    )


def _when(fields: Fields) -> When:
    transaction = fields.text("transaction", "")
    known = transactions.load().ids()
    if transaction and transaction not in known:
        fields.one_of("transaction", tuple(known))
    call = fields.number("call", 0)
    read_when = When(
        transaction=transaction,
        patient=fields.text("patient", ""),
        first=call or fields.number("from", 1),
        last=call or fields.number("to", _FOREVER),
        every=fields.number("every", 1),
        probability=float(_fraction(fields)),
        seed=fields.number("seed", 0),
        times=fields.number("times", 1),
    )
    if call and {"from", "to"} & set(fields.names()):
        raise fields.refuse("FLT-008", Text("call, ou from et to", "call, or from and to"), "call", call)
    fields.done()
    if min(read_when.first, read_when.every) < 1 or read_when.last < 0 or read_when.times < 0:
        raise fields.refuse(
            "FLT-008", Text("un rang est un entier positif", "a rank is a positive integer"), "", ""
        )
    return read_when


def _fraction(fields: Fields) -> float:
    value = fields.raw("probability", 1.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise fields.refuse(
            "FLT-008",
            Text("une probabilité va de 0 à 1", "a probability goes from 0 to 1"),
            "probability",
            value,
        )
    return float(value)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a fault plan, from the kinds of this installation."""
    natural = {"type": "integer", "minimum": 0}
    rank = {"type": "integer", "minimum": 1}
    when = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "transaction": {"enum": sorted(transactions.load().ids())},
            "patient": {"type": "string", "description": "INS du patient, sans son OID"},
            "call": rank,
            "from": rank,
            "to": natural,
            "every": rank,
            "probability": {"type": "number", "minimum": 0, "maximum": 1},
            "seed": {"type": "integer"},
            "times": natural | {"description": "0 : jusqu'au désarmement", "default": 1},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan de pannes dmpcompat",
        "type": "object",
        "required": ["faults"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": PLAN_SCHEMA},
            "faults": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST,
                "items": {"oneOf": [_described(kind) for kind in api.kinds().values()]},
            },
        },
        "$defs": {"when": when},
    }


def _described(kind: Kind) -> dict[str, Any]:
    required = [item.name for item in kind.parameters if item.required]
    given: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: item.schema() for item in kind.parameters},
    }
    if required:
        given["required"] = required
    return {
        "type": "object",
        "description": kind.text.fr,
        "required": ["fault", *(["with"] if required else [])],
        "additionalProperties": False,
        "properties": {
            "fault": {"const": kind.name},
            "with": given,
            "when": {"$ref": "#/$defs/when"},
            "when_done": cast("dict[str, Any]", {"enum": list(kind.moments)}),
        },
    }
