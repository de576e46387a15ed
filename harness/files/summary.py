"""The counts of a run, kept as results come: by verdict, rule, type of document, producer and software.

Bounded: past MAX_KINDS values of one sort, the others are counted together, under "…".
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.checks.rule import Status
from harness.files.layers import LayerVerdict
from harness.files.record import Outcome, Record, Verdict

MAX_KINDS: Final = 2_000
OTHERS: Final = "…"
_EXAMPLES: Final = 5
#: From the worst to the best: how rows are stacked and verdicts compared.
ORDER: Final[tuple[Verdict, ...]] = ("ERROR", "FAIL", "INCONCLUSIVE", "WARN", "PASS")
_EXIT: Final[Mapping[Verdict, int]] = {"PASS": 0, "WARN": 0, "INCONCLUSIVE": 2, "FAIL": 1, "ERROR": 3}


@dataclass
class RuleTally:
    """Files in which a rule found something, by its worst status there, and the first of them by path."""

    files: Counter[Status] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.files.values())


@dataclass
class Group:
    """Files of one type, producer or software by verdict; `label`: the first of their own words."""

    label: str = ""
    files: Counter[Outcome] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.files.values())


class Summary:
    """Counts of the files of a run. `skipped` files are in no other count."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.verdicts: Counter[Verdict] = Counter()
        self.skipped = 0
        self.rules: dict[str, RuleTally] = {}
        self.types: dict[str, Group] = {}
        self.templates: dict[str, Group] = {}
        self.producers: dict[str, Group] = {}
        self.softwares: dict[str, Group] = {}
        #: Files by verdict of each layer, our own first; empty without a pack.
        self.layers: dict[str, Counter[LayerVerdict]] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        if record.verdict == "SKIPPED":
            self.skipped += 1
            return
        self.verdicts[record.verdict] += 1
        self._add_rules(record)
        for layer, said in record.layers.items():
            self.layers.setdefault(layer, Counter())[said] += 1
        seen = record.portrait
        for where, name, label in (
            (self.types, seen.type or record.kind, seen.label),
            (self.templates, seen.template, seen.label),
            (self.producers, seen.producer, ""),
            (self.softwares, seen.software, ""),
        ):
            key = name if name in where or len(where) < MAX_KINDS else OTHERS
            group = where.setdefault(key, Group())
            group.files[record.verdict] += 1
            if label and key == name and not (group.label and group.label <= label):
                group.label = label

    @property
    def files(self) -> int:
        """Files judged."""
        return sum(self.verdicts.values())

    @property
    def verdict(self) -> Verdict:
        """The worst of the files; INCONCLUSIVE when there is none to judge."""
        return next((verdict for verdict in ORDER if self.verdicts[verdict]), "INCONCLUSIVE")

    @property
    def exit_code(self) -> int:
        """0 conform, 1 non-conform, 2 inconclusive, 3 tool error."""
        return _EXIT[self.verdict]

    def _add_rules(self, record: Record) -> None:
        worst: dict[str, Status] = {}
        for fault in record.faults:
            before = worst.get(fault.rule)
            if before is None or _WORSE.index(fault.status) < _WORSE.index(before):
                worst[fault.rule] = fault.status
        for rule, status in worst.items():
            tally = self.rules.setdefault(rule, RuleTally())
            tally.files[status] += 1
            insort(tally.examples, record.path)
            del tally.examples[_EXAMPLES:]


_WORSE: Final[tuple[Status, ...]] = ("ERROR", "FAIL", "AMBIGUOUS", "WARN", "INFO", "VACUOUS", "PASS")


def largest(groups: Mapping[str, Group], most: int) -> list[tuple[str, Group]]:
    """The groups with the most files, then by name."""
    return sorted(groups.items(), key=lambda item: (-item[1].total, item[0]))[:most]
