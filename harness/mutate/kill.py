"""Which rules see which mutants: each mutator on its specimens, judged before and after.

A mutant is killed by a rule that says FAIL, WARN or AMBIGUOUS more often than it did of the original. That the bytes
can no longer be read, that a signature that was not made again no longer holds, or what a rule of level info says,
kills nothing unless the mutator aims at just that rule. A mutant without a mark is a survivor; a harmless one must be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from harness.checks import api
from harness.checks.aftermath import Aftermath
from harness.checks.judged import Declared, Judged
from harness.checks.rule import Finding
from harness.mutate.registry import Mutator, mutators
from harness.mutate.specimen import Document, Frame, Run, Specimen, Struck, concerns, mutated

#: Rules that any change breaks: the bytes are no longer XML, or a signature was not made again.
INCIDENTAL: Final = frozenset(
    {
        *("SOAP-READABLE", "CDA-READABLE", "XADES-READABLE"),
        *("SIG-DIGEST", "SIG-VALUE", "XADES-DIGEST", "XADES-VALUE", "XADES-REFERENCES"),
    }
)
_SAID: Final = frozenset({"FAIL", "WARN", "AMBIGUOUS"})


@dataclass(frozen=True)
class Mutant:
    """One mutant. `killers`: the rules that killed it; `heard`: those of level info or incidental that spoke too.

    `errors`: rules that broke down on it, which is a fault of ours whatever the mutant.
    """

    mutator: Mutator
    specimen: str
    killers: tuple[str, ...]
    heard: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def killed(self) -> bool:
        return bool(self.killers)

    @cached_property
    def by_target(self) -> bool:
        """Killed by a rule, or by a rule of a requirement, that the mutator says it breaks."""
        return any(self.aims(rule) for rule in self.killers)

    def aims(self, rule: str) -> bool:
        return rule in self.mutator.breaks or bool(set(_requirements(rule)) & set(self.mutator.breaks))


@dataclass(frozen=True)
class Rate:
    """Mutants aimed at something, and how many of them it killed."""

    killed: int
    mutants: int

    @property
    def percent(self) -> float:
        return 100 * self.killed / self.mutants if self.mutants else 0.0


@dataclass(frozen=True)
class Kill:
    """What came of all mutators. `idle`: mutators that found nothing to change in any specimen."""

    mutants: tuple[Mutant, ...]
    idle: tuple[str, ...]
    specimens: int

    @property
    def broken(self) -> tuple[Mutant, ...]:
        """Those that break something."""
        return tuple(one for one in self.mutants if not one.mutator.harmless)

    @property
    def rate(self) -> Rate:
        """All mutants that break something, by whatever rule."""
        return Rate(sum(one.killed for one in self.broken), len(self.broken))

    @property
    def target_rate(self) -> Rate:
        """The same, killed by a rule that the mutator names."""
        return Rate(sum(one.by_target for one in self.broken), len(self.broken))

    @property
    def survivors(self) -> tuple[str, ...]:
        """Mutators with a mutant that nothing killed."""
        return tuple(sorted({one.mutator.name for one in self.broken if not one.killed}))

    @property
    def missed(self) -> tuple[str, ...]:
        """Mutators with a mutant that was killed, but by none of the rules that must see it."""
        return tuple(sorted({one.mutator.name for one in self.broken if one.killed and not one.by_target}))

    @property
    def false_alarms(self) -> tuple[Mutant, ...]:
        """Harmless mutants of which a rule said something."""
        return tuple(one for one in self.mutants if one.mutator.harmless and (one.killers or one.heard))

    @property
    def failures(self) -> tuple[Mutant, ...]:
        """Mutants on which a rule broke down."""
        return tuple(one for one in self.mutants if one.errors)

    def by_rule(self) -> dict[str, Rate]:
        """For each rule that a mutator aims at: its own kills. Several rules may be aimed at; each is counted."""
        aimed: Counter[str] = Counter()
        hit: Counter[str] = Counter()
        for one in self.broken:
            for rule in _rules_of(one.mutator.breaks):
                aimed[rule] += 1
                hit[rule] += rule in one.killers or rule in one.heard
        return {rule: Rate(hit[rule], aimed[rule]) for rule in sorted(aimed)}

    def by_requirement(self) -> dict[str, Rate]:
        """For each requirement: mutants aimed at it or at one of its rules, and kills by one of its rules."""
        aimed: Counter[str] = Counter()
        hit: Counter[str] = Counter()
        for one in self.broken:
            names = {name for rule in _rules_of(one.mutator.breaks) for name in _requirements(rule)}
            for name in names:
                aimed[name] += 1
                hit[name] += any(name in _requirements(rule) for rule in one.killers)
        return {name: Rate(hit[name], aimed[name]) for name in sorted(aimed)}

    def killers(self) -> Counter[str]:
        """How many mutants each rule killed, aimed at or not."""
        return Counter(rule for one in self.broken for rule in one.killers)


def kill(
    specimens: Sequence[Specimen],
    declared: Declared,
    *,
    most: int = 2,
    seed: int = 1,
    chosen: Iterable[Mutator] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Kill:
    """Every mutator on the first `most` specimens that it changes. The same seed gives the same mutants."""
    bench = _Bench(declared)
    mutants: list[Mutant] = []
    idle: list[str] = []
    for mutator in mutators() if chosen is None else chosen:
        if progress is not None:
            progress(mutator.name)
        made = list(_first(bench.mutants(mutator, specimens, seed), most))
        mutants += made
        if not made:
            idle.append(mutator.name)
    return Kill(tuple(mutants), tuple(idle), len(specimens))


def _first(mutants: Iterator[Mutant], most: int) -> Iterator[Mutant]:
    for _, one in zip(range(most), mutants, strict=False):
        yield one


class _Bench:
    """Judges originals once, and mutants."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._before: dict[str, Counter[tuple[str, str]]] = {}

    def mutants(self, mutator: Mutator, specimens: Sequence[Specimen], seed: int) -> Iterator[Mutant]:
        for specimen in specimens:
            changed = mutated(mutator, specimen, seed) if concerns(mutator, specimen) else None
            if changed is not None:
                yield self._mutant(mutator, specimen, changed)

    def _mutant(self, mutator: Mutator, before: Specimen, after: Specimen) -> Mutant:
        if before.name not in self._before:
            self._before[before.name] = said(self._judge(before))
        more = said(self._judge(after)) - self._before[before.name]
        loud = {rule for rule, status in more if status in _SAID}
        quiet = {rule for rule, status in more if status == "INFO"}
        aimed = _rules_of(mutator.breaks)
        killers = {rule for rule in loud if rule not in INCIDENTAL or rule in aimed} | (quiet & aimed)
        return Mutant(
            mutator,
            before.name,
            tuple(sorted(killers)),
            tuple(
                sorted(
                    (loud | quiet)
                    - killers
                    - (INCIDENTAL if mutator.harmless and _unsigned(mutator) else set())
                )
            ),
            tuple(sorted({rule for rule, status in more if status == "ERROR"})),
        )

    def _judge(self, specimen: Specimen) -> list[Finding]:
        match specimen:
            case Document():
                found = api.judge_document(specimen.data, "document")
            case Frame():
                found = api.judge(
                    specimen.exchange, specimen.transaction, self._declared, sides=(specimen.side,)
                )
            case Run():
                found = self._judge_run(specimen)
            case Struck():
                found = self._judge_aftermath(specimen)
        return api.with_severity(found)

    def _judge_run(self, run: Run) -> list[Finding]:
        requests = [one.exchange for one in run.frames if one.side == "request"]
        answers = [(one.exchange, one.transaction, True) for one in run.frames if one.side == "response"]
        return [*api.judge_sequence(requests, self._declared), *api.judge_answers(answers, self._declared)]

    def _judge_aftermath(self, specimen: Struck) -> list[Finding]:
        struck, later = (
            tuple(Judged(one.exchange, "request", one.transaction, self._declared) for one in frames)
            for frames in (specimen.struck, specimen.later)
        )
        view = Aftermath("mutation", max(1, len(struck)), struck, (), later)
        return api.judge_aftermath(view, only=["AFTERMATH"])


def _unsigned(mutator: Mutator) -> bool:
    """Whether a harmless change touches bytes that a signature may cover."""
    return mutator.over not in ("cda", "cda-bytes")


def said(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """How often each rule said each thing, silence and success left out."""
    return Counter((one.rule, one.status) for one in findings if one.status not in ("PASS", "VACUOUS"))


def _requirements(rule: str) -> tuple[str, ...]:
    return _told().get(rule, ())


def _told() -> Mapping[str, tuple[str, ...]]:
    return {item.id: item.requirements for item in api.rules()}


def _rules_of(names: Iterable[str]) -> frozenset[str]:
    """Rules among these names, and those of the requirements among them."""
    wanted = set(names)
    return frozenset(
        rule for rule, requirements in _told().items() if rule in wanted or wanted & set(requirements)
    )
