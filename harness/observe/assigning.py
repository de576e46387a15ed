"""Which captured frames are given to which case: by the names of folders, else by recognition in the order of the plan.

A case whose steps are all answered is served before one that lacks a frame. What is not captured yet (`${…}`) is not
compared here: the player looks again, with all that the case knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.context import CaseContext
from harness.observe.reading import Frame
from harness.observe.recognition import Step, compare, counts, waited_for
from harness.observe.source import Listed, RecordingSource, Seen, Source, everything, folders
from harness.plan import Case
from harness.steps.browse import BrowseStep
from harness.steps.drive import DriveStep


@dataclass
class Capture:
    """Frames that were captured before. `whole`: all of them; `of`: those of a case, by its code."""

    whole: Source
    of: Mapping[str, Source]


def capture(place: Path, cases: Sequence[Case], context: Callable[[Case], CaseContext]) -> Capture:
    """Read a folder of frames. Raises EvidenceError when there is none in it, or one can't be read."""
    named = {case.code: case for case in cases}
    sorted_by_test = {name: path for name, path in folders(place).items() if name in named}
    given: dict[str, Source] = {}
    apart: list[Seen] = []
    for code, path in sorted_by_test.items():
        held = [replace(seen, key=f"{code}/{seen.key}") for seen in everything(RecordingSource(path))]
        given[code] = Listed(f"recording:{place.name}/{code}", tuple(held), apart=True)
        apart += held
    together: list[Seen] = []
    if not sorted_by_test or any(place.glob("*_echange.json")):
        together = everything(RecordingSource(place))
    name = f"recording:{place.name}"
    chosen = assign([case for case in cases if case.code not in given], together, context)
    taken = {seen.key for held in chosen.values() for seen in held}
    free = [seen for seen in together if seen.key not in taken]
    for case in cases:
        if case.code not in given:
            held = [*chosen.get(case.code, ()), *free]
            given[case.code] = Listed(name, tuple(sorted(held, key=lambda seen: seen.order)))
    return Capture(Listed(name, tuple(together or apart)), given)


def assign(
    cases: Sequence[Case], frames: Sequence[Seen], context: Callable[[Case], CaseContext]
) -> dict[str, tuple[Seen, ...]]:
    """Frames by case, none twice: whole cases first, then the beginnings of the others, in the order of the cases."""
    calls = [seen for seen in frames if seen.transaction]
    found: dict[str, tuple[Seen, ...]] = {}
    matchers = {case.code: _Matcher(case, context(case)) for case in cases}
    read: dict[str, Frame] = {}
    for whole in (True, False):
        for case in cases:
            if case.code in found:
                continue
            taken = {seen.key for held in found.values() for seen in held}
            free = [seen for seen in calls if seen.key not in taken]
            held = matchers[case.code].matched(free, read)
            if held and (len(held) == len(matchers[case.code].steps) or not whole):
                found[case.code] = held
    return found


class _Matcher:
    """The steps of one case that wait for a frame, and what was compared already."""

    def __init__(self, case: Case, context: CaseContext) -> None:
        self.steps: list[Step] = [
            wanted for step in case.steps if (wanted := waited_for(step) or _captured_too(step)) is not None
        ]
        self._context = context
        self._known: dict[tuple[int, str], bool] = {}

    def matched(self, free: Sequence[Seen], read: dict[str, Frame]) -> tuple[Seen, ...]:
        """A frame for each step in order, as close together as they can be; for the first steps when some lack."""
        chosen: list[int] = []
        place = 0
        for rank in range(len(self.steps)):
            while place < len(free) and not self._answers(rank, free[place], read):
                place += 1
            if place == len(free):
                break
            chosen.append(place)
            place += 1
        if not chosen:
            return ()
        # From the last one back, the latest that answers: frames of one case follow one another.
        end = chosen[-1]
        tight = [end]
        for rank in range(len(chosen) - 2, -1, -1):
            end -= 1
            while not self._answers(rank, free[end], read):
                end -= 1
            tight.append(end)
        return tuple(free[place] for place in reversed(tight))

    def _answers(self, rank: int, seen: Seen, read: dict[str, Frame]) -> bool:
        key = (rank, seen.key)
        if key not in self._known:
            frame = read.setdefault(seen.key, Frame(seen, self._context.judging.registry))
            step = self.steps[rank]
            self._known[key] = counts(step, seen) and compare(step, self._context, seen, frame).answers
        return self._known[key]


def _captured_too(step: object) -> Step | None:
    """A precondition, which the software has played itself when its frames were captured."""
    return step if isinstance(step, (DriveStep, BrowseStep)) else None
