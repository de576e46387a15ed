"""What was recorded of the mutation: the level that must hold, why a mutant survives, the figures of the pages.

`datasets/mutation/reasons.yaml` is written by hand; `figures.json` by `python -m bench.kill`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from harness.mutate.kill import Kill, Rate
from harness.mutate.registry import mutators
from protocol.datafolders import folder
from protocol.errors import NO_TEXT, Text

FIGURES: Final = "figures.json"
#: Cases of the shipped plan that a fresh run plays to have specimens of every transaction.
CASES: Final = (
    *("CT-0.0-010", "CT-0.1-010", "CT-0.1-020", "CT-0.1-065", "CT-0.1-120", "CT-0.3-010", "CT-0.4-010"),
    *(
        "CT-0.4-020",
        "CT-0.5-020",
        "CT-0.9-010",
        "CT-0.9-080",
        "CT-0.10-010",
        "CT-1.1-010",
        "CT-1.3-030",
        "CT-1.5-010",
    ),
    *("CT-1.5-030", "CT-1.5-040", "CT-1.5-050", "CT-1.6-010", "CT-2.1-030", "CT-2.1-100", "CT-2.1-110"),
    *("CT-3.1-030", "CT-3.1-130", "CT-3.2-010", "CT-3.3-010", "CT-3.3-015", "CT-TR-097"),
)


@dataclass(frozen=True)
class Record:
    """`level`, `target_level`: percentages under which the proof has grown weaker. `survivors`: mutator -> why nothing
    kills it; `idle`: mutator -> why no specimen holds what it changes; `unaimed`: rule -> what proves it instead.
    """

    level: float
    target_level: float
    survivors: Mapping[str, Text]
    idle: Mapping[str, Text]
    unaimed: Mapping[str, Text]

    def why_unaimed(self, rule: str) -> Text:
        """Why no mutator aims at a rule, and what proves it; an empty text when no reason is listed."""
        for name, why in self.unaimed.items():
            if rule == name or (name.endswith("*") and rule.startswith(name[:-1])):
                return why
        return NO_TEXT


@cache
def record() -> Record:
    """What is recorded."""
    place = folder("datasets") / "mutation" / "reasons.yaml"
    told = yaml.safe_load(place.read_text(encoding="utf-8"))
    return Record(
        float(told["level"]),
        float(told["target_level"]),
        *(
            {name: Text(one["fr"], one["en"]) for name, one in told[key].items()}
            for key in ("survivors", "idle", "unaimed")
        ),
    )


@cache
def figures() -> Mapping[str, Any]:
    """The figures that were recorded last."""
    return dict(json.loads((folder("datasets") / "mutation" / FIGURES).read_text(encoding="utf-8")))


def to_plain(kill: Kill) -> dict[str, Any]:
    """What came of a mutation, as JSON."""
    return {
        "schema": "dmpcompat-kill/1",
        "mutators": len(mutators()),
        "harmless": sum(one.harmless for one in mutators()),
        "mutants": kill.rate.mutants,
        "killed": kill.rate.killed,
        "killed_by_target": kill.target_rate.killed,
        "rules": {name: _plain(rate) for name, rate in kill.by_rule().items()},
        "requirements": {name: _plain(rate) for name, rate in kill.by_requirement().items()},
        "killers": dict(sorted(kill.killers().items())),
        "survivors": list(kill.survivors),
        "missed": list(kill.missed),
        "idle": list(kill.idle),
        "false_alarms": sorted({one.mutator.name for one in kill.false_alarms}),
        "failures": sorted({one.mutator.name for one in kill.failures}),
    }


def weaker(kill: Kill) -> list[str]:
    """What is worse than the record, a line each; none when the proof holds."""
    known = record()
    found = []
    for name, rate, level in (
        ("level", kill.rate, known.level),
        ("target_level", kill.target_rate, known.target_level),
    ):
        if rate.percent < level:
            found.append(f"{name}: {rate.percent:.2f} < {level}")
    found += [f"survivor: {name}" for name in kill.survivors if name not in known.survivors]
    found += [f"idle: {name}" for name in kill.idle if name not in known.idle]
    found += [
        f"false alarm: {one.mutator.name} ({', '.join((*one.killers, *one.heard))})"
        for one in kill.false_alarms
    ]
    found += [f"failure: {one.mutator.name} ({', '.join(one.errors)})" for one in kill.failures]
    before = {name: Rate(*pair) for name, pair in figures()["rules"].items()}
    for name, rate in kill.by_rule().items():
        if name in before and rate.percent < before[name].percent:
            found.append(
                f"rule {name}: {rate.killed}/{rate.mutants} < {before[name].killed}/{before[name].mutants}"
            )
    return found


def _plain(rate: Rate) -> list[int]:
    return [rate.killed, rate.mutants]
