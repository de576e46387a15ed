"""Seeded defects: what a case claims to catch (`catches`), and the same case with that defect in it.

    NAME[@STEP]         the driver's alteration (docs/reference/alterations.md) in that step, whose request is judged;
                        in the first step whose request is judged when none is said
    seeded@STEP         what that step says a wrong software does (`seeded`)
    mock:NAME           a deliberate defect of the mock
    setting:NAME=VALUE  a setting of the mock

Steps are counted from 1. Running the cases is `harness.plans.prove`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.plan import Case
from harness.steps.drive import DriveStep
from harness.steps.watch import WatchStep
from protocol import acceptance_rules
from protocol.errors import PlanError, Text

Kind = Literal["alter", "seeded", "mock", "setting"]
_FORM: Final = re.compile(
    r"seeded@(?P<seeded>[0-9]+)|mock:(?P<mock>[a-z0-9-]+)|setting:(?P<setting>[A-Za-z0-9_-]+)=(?P<value>.*)"
    r"|(?P<alter>[a-z0-9-]+)(?:@(?P<step>[0-9]+))?"
)
_EXPECTED: Final = "NAME[@STEP] | seeded@STEP | mock:NAME | setting:NAME=VALUE"


@dataclass(frozen=True)
class Seed:
    """One seeded defect. `step`: rank from 1, 0 for the first step whose request is judged."""

    text: str
    kind: Kind
    name: str = ""
    value: str = ""
    step: int = 0


def parse_seed(text: str) -> Seed:
    """Read one entry of `catches`. Raises PlanError (PLAN-034)."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise _wrong(text, _EXPECTED)
    if found["seeded"]:
        return Seed(text, "seeded", step=int(found["seeded"]))
    if found["mock"]:
        return Seed(text, "mock", found["mock"])
    if found["setting"]:
        return Seed(text, "setting", found["setting"], found["value"])
    return Seed(text, "alter", found["alter"], step=int(found["step"] or 0))


def judged_step(case: Case) -> int:
    """Rank from 1 of the first step whose request is judged and is not wrong on purpose; 0 when there is none."""
    for rank, step in enumerate(case.steps, 1):
        sides = getattr(step, "sides", None)
        inside = getattr(step, "alter", None) or getattr(step, "follow", None) or getattr(step, "form", None)
        if sides is not None and not inside and "request" in sides(case.side):
            return rank
    return 0


def with_seed(case: Case, told: Mapping[str, Any], seed: Seed) -> dict[str, Any]:
    """The case (as data) with that defect. Raises PlanError when it has no place for it."""
    changed = copy.deepcopy(dict(told))
    if seed.kind in ("mock", "setting"):
        settings = {"defects": seed.name} if seed.kind == "mock" else {seed.name: _typed(seed)}
        changed["steps"] = _set(changed["steps"], settings)
        return changed
    rank = seed.step or judged_step(case)
    if not 1 <= rank <= len(case.steps):
        raise _wrong(seed.text, f"1 … {len(case.steps)}")
    if seed.kind == "seeded":
        changed["steps"] = _seeded(case, changed["steps"], rank, seed)
        return changed
    step = changed["steps"][rank - 1]
    step |= {"alter": [*step.get("alter", ()), seed.name], "judge": ["request", "response"]}
    return changed


def _seeded(case: Case, steps: list[dict[str, Any]], rank: int, seed: Seed) -> list[dict[str, Any]]:
    step = steps[rank - 1]
    if isinstance(case.steps[rank - 1], WatchStep) and step["watch"].get("seeded"):
        step["watch"]["provoke"] = True
        return steps
    wrong = step.pop("seeded", None)
    if not wrong:
        raise _wrong(seed.text, "seeded: …")
    if "fault" not in step:
        steps[rank - 1] = step | wrong
        return steps
    struck = next(
        (at for at in range(rank, len(steps)) if isinstance(case.steps[at], DriveStep)), len(steps) - 1
    )
    # That it follows the struck call is all that is judged of it; `need`: the case is not about its transaction.
    return [*steps[: struck + 1], wrong | {"judge": [], "expect": {}, "need": True}, *steps[struck + 1 :]]


def _set(steps: list[dict[str, Any]], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings before everything, and again after each step that may change them."""
    forced = {"prepare": {"settings": settings}}
    made: list[dict[str, Any]] = [forced]
    for step in steps:
        made += [step, forced] if "prepare" in step else [step]
    return made


def _typed(seed: Seed) -> str | int | bool:
    """The value as the switch takes it; a rule takes its severity as it is."""
    switch = acceptance_rules.switches().get(seed.name)
    if switch is None:
        return seed.value
    if isinstance(switch.default, bool):
        return seed.value == "true"
    return int(seed.value) if isinstance(switch.default, int) else seed.value


def _wrong(found: str, expected: str) -> PlanError:
    return PlanError(
        "PLAN-034",
        Text(
            "défaut semé illisible, ou sans place dans le cas", "seeded defect that can't be read or placed"
        ),
        field="catches",
        found=found,
        expected=expected,
    )
