"""Does a frame answer a step? All that must agree agrees: it does, and other differences are remarks. Else a near miss.

A frame answers one step at most: who has taken which is the player's account. What is compared is in `traits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.context import CaseContext
from harness.drive.messages.td3_1 import QUERIES
from harness.observe.operator import Difference, NearMiss
from harness.observe.reading import Frame, Values
from harness.observe.source import Seen
from harness.observe.traits import Agreement, Trait, Wanted, traits_of
from harness.steps.api import StepSpec
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import DriveStep
from harness.substitution import names_in
from protocol import directory
from protocol.errors import NO_TEXT, Text

Step = DriveStep | BrowseStep | CallStep
_SERVICE: Final = Text("service appelé", "service that is called")
_PATIENT: Final = Text("patient", "patient")
#: A trait of this name tells one act from another: without it nothing else is worth a comparison.
_FIRST: Final = "transaction"
_MOST_SHOWN: Final = 20
#: Traits that only the assertion of a frame can tell.
_ASSERTED: Final = frozenset({"mode", "card"})
_NAMES: Final = {identifier: name for name, identifier in QUERIES.items()}


@dataclass(frozen=True)
class Compared:
    """One frame against one step. `missing`: what must agree and does not; `remarks`: what should, and does not.

    `shared`: how many traits agree, to tell the nearest of several.
    """

    missing: tuple[Difference, ...]
    remarks: tuple[Difference, ...]
    shared: int

    @property
    def answers(self) -> bool:
        return not self.missing


def waited_for(step: StepSpec) -> Step | None:
    """The step as one that a frame of the software answers; None for those that our driver or a human plays."""
    if isinstance(step, CallStep):
        return step
    return step if isinstance(step, (DriveStep, BrowseStep)) and not step.need else None


def counts(step: Step, seen: Seen) -> bool:
    """Whether a frame is of those that a step looks at: calls of the DMP, those of its neighbours for such a step."""
    return bool(seen.transaction) if isinstance(step, CallStep) else seen.business


def compare(step: Step, context: CaseContext, seen: Seen, frame: Frame | None = None) -> Compared:
    """Trait by trait, as far as the case knows what it wants. `frame`: the same, read before.

    Raises ToolError for a frame that is no call.
    """
    if isinstance(step, CallStep):
        return _compare_call(step, context, seen)
    wanted, frame = Wanted(step, context), frame or Frame(seen, context.judging.registry)
    missing: list[Difference] = []
    remarks: list[Difference] = []
    shared = 0
    for trait in traits_of(wanted):
        expected = trait.wanted(wanted)
        if not expected and (trait.agreement != "same" or not _speaks(trait, wanted)):
            continue
        found = trait.found(frame)
        if agree(trait.agreement, expected, found):
            shared += 1
            continue
        # Without any assertion it is still that act, sent wrong: the rules say so, as they can't of another user's.
        must = trait.must and (bool(found) or trait.name not in _ASSERTED)
        (missing if must else remarks).append(_difference(trait, expected, found))
        if trait.name == _FIRST:
            break
    return Compared(tuple(missing), tuple(remarks), shared)


def _compare_call(step: CallStep, context: CaseContext, seen: Seen) -> Compared:
    """A call of a neighbour: the service, the patient that it is about, the address where a redirection led."""
    frame = Frame(seen, context.judging.registry)
    if seen.transaction != step.neighbour:
        found = Difference(_SERVICE, step.neighbour, seen.transaction)
        return Compared((found,), (), 0)
    patient = context.campaign.patients.get(step.patient) or directory.patients().get(step.patient)
    missing = []
    if patient is not None:
        names = {
            _plain(name)
            for name in (patient.ins.number, patient.family_birth, step.with_.family or "")
            if name
        }
        if not names & {_plain(said) for said in frame.said}:
            missing.append(Difference(_PATIENT, f"{patient.family_birth} {patient.ins.number}", ""))
    return Compared(tuple(missing), (), 1)


def agree(agreement: Agreement, expected: Values, found: Values) -> bool:
    """Compared without case; `starts`: one is the beginning of the other, as dates of another precision are."""
    left, right = [_plain(one) for one in expected], [_plain(one) for one in found]
    if agreement == "all":
        return set(left) <= set(right)
    if agreement == "same":
        return set(left) == set(right)
    if agreement == "starts":
        return any(a.startswith(b) or b.startswith(a) for a in left for b in right if a and b)
    return bool(set(left) & set(right))


def near(seen: Seen, found: Compared, hint: Text = NO_TEXT) -> NearMiss:
    """What is told of a frame that does not answer."""
    return NearMiss(seen.key, seen.transaction, found.missing, hint)


def ahead(number: int, steps: Sequence[StepSpec], context: CaseContext, seen: Seen) -> Text:
    """“This looks like step 3; we wait for step 2”: for a frame that answers a later step. `number` is that of the step
    that is waited for, from 1.
    """
    for rank, step in enumerate(steps[number:], number + 1):
        later = waited_for(step)
        if later is None or not counts(later, seen) or _unknown(later, context):
            continue
        if compare(later, context, seen).answers:
            return Text(
                f"cela ressemble à l'étape {rank} ; l'étape attendue est la {number}",
                f"this looks like step {rank}; we wait for step {number}",
            )
    return NO_TEXT


def nearest(misses: Sequence[tuple[NearMiss, Compared]]) -> NearMiss | None:
    """The near miss that shares most with the step, then the latest."""
    best = max(enumerate(misses), key=lambda item: (item[1][1].shared, item[0]), default=None)
    return None if best is None else best[1][0]


def sentence(miss: NearMiss) -> Text:
    """What is not the one of the step, in one line."""
    if not miss.differences:
        return miss.hint

    return Text(
        " ; ".join(
            f"{one.what.fr} : attendu {one.expected or 'rien'}, trouvé {one.found or 'rien'}"
            for one in miss.differences
        ),
        "; ".join(
            f"{one.what.en}: expected {one.expected or 'nothing'}, found {one.found or 'nothing'}"
            for one in miss.differences
        ),
    )


def _unknown(step: Step, context: CaseContext) -> bool:
    """Whether the step needs values that are not captured yet: too little is known to say that a frame is its."""
    if isinstance(step, BrowseStep):
        return bool(names_in({"follow": step.follow, "form": step.form}) - context.values.keys())
    told = step.with_ if isinstance(step, DriveStep) else step.with_.model_dump()
    return bool(names_in(told) - context.values.keys())


def _speaks(trait: Trait, wanted: Wanted) -> bool:
    """Whether a step that wants none of a thing says so: submissions do, of replacement and of visibility."""
    drive = wanted.drive
    return trait.name in ("replacement", "visibility") and drive is not None and bool(drive.documents)


def _difference(trait: Trait, expected: Values, found: Values) -> Difference:
    return Difference(trait.what, _shown(expected), _shown(found[:_MOST_SHOWN]))


def _shown(values: Values) -> str:
    """The values for a reader: stored queries by their names."""
    return ", ".join(dict.fromkeys(_NAMES.get(value, value) for value in values))


def _plain(value: str) -> str:
    return value.strip().casefold()
