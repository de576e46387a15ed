"""Which waiting expectation an exchange answers, else which is nearest and how it differs, field by field.

Pure: values in, a verdict out. What is read from the bytes is `mock_dmp.observed`; what waits, and since when, is
`mock_dmp.state.expectations`. Informs a reader; judges no software.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from protocol.errors import NO_TEXT, Text

#: Fields that are compared, with what a difference costs: each weighs more than all that follow.
WEIGHTS: Final = {"transaction": 16, "patient": 8, "caller": 4, "structure": 2, "access": 1}
_WHOLE: Final = 100


@dataclass(frozen=True)
class Facts:
    """What an exchange is, or should be. "" where nothing can be told, or where anything will do.

    `transaction` is an id (TD2.1); `patient` an INS without its key's domain; `caller` and `structure` national
    ids; `access` normal, bris_de_glace or centre_15.
    """

    transaction: str = ""
    patient: str = ""
    caller: str = ""
    structure: str = ""
    access: str = ""


@dataclass(frozen=True)
class Expectation:
    """One exchange that somebody waits for. `id` is unique in its session; `case` and `step` name it for a reader."""

    id: str
    facts: Facts
    case: str = ""
    step: str = ""
    sentence: Text = NO_TEXT


@dataclass(frozen=True)
class Difference:
    """One field that is not as expected; `found` is "" when the exchange does not tell."""

    field: str
    expected: str
    found: str


@dataclass(frozen=True)
class Verdict:
    """What became of an exchange. `expected`: it is the one that `id` waited for; else `id` is the nearest ("" when
    nothing waited) and `differences` say why not. `score`: 0 to 100, how much of the expectation is there.
    """

    expected: bool
    id: str = ""
    case: str = ""
    step: str = ""
    sentence: Text = NO_TEXT
    score: int = 0
    differences: tuple[Difference, ...] = field(default=())


def differences(expected: Facts, found: Facts) -> tuple[Difference, ...]:
    """The fields that the expectation names and the exchange does not hold, the heaviest first."""
    return tuple(
        Difference(name, getattr(expected, name), getattr(found, name))
        for name in WEIGHTS
        if getattr(expected, name) and getattr(expected, name) != getattr(found, name)
    )


def score(expected: Facts, found: Facts) -> int:
    """0 to 100: the weight of what agrees, out of what the expectation names. Nothing named agrees with all."""
    named = sum(weight for name, weight in WEIGHTS.items() if getattr(expected, name))
    missed = sum(WEIGHTS[one.field] for one in differences(expected, found))
    return _WHOLE if not named else _WHOLE * (named - missed) // named


def match(found: Facts, waiting: Sequence[Expectation]) -> Verdict:
    """The verdict on one exchange against what waits, the oldest first.

    Of several that it answers, the one that says most, then the oldest. Of several it does not answer, the one
    with the least weight of differences, then the highest score, then the oldest.
    """
    best: tuple[tuple[int, int], Expectation] | None = None
    for one in waiting:
        missed = sum(WEIGHTS[difference.field] for difference in differences(one.facts, found))
        rank = (missed, -_named(one.facts) if not missed else -score(one.facts, found))
        if best is None or rank < best[0]:
            best = rank, one
    if best is None:
        return Verdict(expected=False)
    (missed, _), one = best
    return Verdict(
        expected=not missed,
        id=one.id,
        case=one.case,
        step=one.step,
        sentence=one.sentence,
        score=score(one.facts, found),
        differences=differences(one.facts, found),
    )


def _named(facts: Facts) -> int:
    return sum(weight for name, weight in WEIGHTS.items() if getattr(facts, name))
