"""Our rules against the official layers of a kit: who catches what, on the official samples and on mutants of them.

`python -m bench.agreement` (DMPCOMPAT_KITS) prints the tables of docs/agreement.md. What is caught is what a defect
adds to the verdict of its sample. Reasons for what the official layers alone catch: datasets/checks/agreement.yaml.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from lxml import etree

from bench.schema_mutants import HL7, KINDS, Mutant, Unfit, mutants
from harness.checks import api
from harness.checks.cda_view import SchemaPack
from harness.packs import registry as packs
from harness.packs.schema import PackSchemas
from protocol.datafolders import folder
from protocol.errors import DmpcompatError
from protocol.yamlread import read_yaml

ROOT: Final = Path(__file__).resolve().parent.parent
KITS: Final = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits")
#: Official layers, in the order of the table.
LAYERS: Final = ("XSD", "SM", "IHE", "MDC", "ANS", "TERM", "VOLET")
#: Our own, by what they judge.
OURS: Final = {
    "SCHEMA": "own schema",
    "CDA-HEADER": "header rules",
    "CDA-BODY": "body rules",
    "CDA-MODEL": "model rules",
}
#: Most draws before the schema accepts enough of them.
_TRIES: Final = 40


@dataclass(frozen=True, order=True)
class Said:
    """What an official layer says: its words, the pattern and the context of the assert, its role (or "")."""

    text: str
    pattern: str = ""
    context: str = ""
    role: str = ""


Seen = Counter[tuple[str, Said]]


@dataclass
class Case:
    """One defect: its kind, the element it was put on, what the official layers and ours say of it that is new."""

    sample: str
    kind: str
    place: str
    official: Mapping[str, tuple[Said, ...]]
    ours: Mapping[str, tuple[str, ...]]


@dataclass
class Agreement:
    """What a run saw. `false_alarms`: our failures (errors) on unchanged samples."""

    samples: int
    cases: list[Case] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def caught(self) -> Counter[str]:
        """both, us alone, them alone, nobody."""
        return Counter(_who(case) for case in self.cases)

    def alone(self, layer: str) -> list[Case]:
        """Cases that this layer catches and none of our rules."""
        return [case for case in self.cases if layer in case.official and not case.ours]


def _who(case: Case) -> str:
    if case.official:
        return "both" if case.ours else "them alone"
    return "us alone" if case.ours else "nobody"


def run(samples: Sequence[Path], kit: Path, each: int, seed: int = 1) -> Agreement:
    """Judge `each` mutants of each sample by both sides; half of them are spoilt in the header."""
    digest, count = packs.folder_digest(kit)
    pack = PackSchemas(packs.Pack(kit.name, str(kit), digest, count))
    started = time.process_time()
    found = Agreement(len(samples))
    for number, path in enumerate(samples):
        # Without its processing instructions, one of which may name its volet: mutants have none.
        root = etree.fromstring(etree.tostring(etree.parse(str(path)).getroot()))
        base = _official(root, pack), _ours(root)
        found.false_alarms += [f"{path.name}: {rule}" for rule in _errors(root)]
        for mutant in _spoilt(root, each, seed * 100_003 + number, pack):
            data = etree.tostring(mutant.root)
            again = etree.fromstring(data)
            official = _new(_official(again, pack), base[0])
            ours = {
                group: tuple(one.text for one in rules)
                for group, rules in _new(_ours(again), base[1]).items()
            }
            found.cases.append(Case(path.name, mutant.kind, mutant.place, official, ours))
    found.seconds = time.process_time() - started
    return found


def _spoilt(root: etree._Element, count: int, seed: int, pack: SchemaPack) -> Iterator[Mutant]:
    """A third anywhere, a third in the header, a third that the official schema accepts (half of it in the header)."""
    third = count // 3
    yield from mutants(root, count - 2 * third, seed)
    chance = random.Random(-seed)  # noqa: S311 - reproducible, no secret
    header = (one for one in iter(lambda: _in_header(root, chance), 0) if isinstance(one, Mutant))
    yield from islice(header, third)
    anywhere = mutants(root, _TRIES * third, seed + 1)
    yield from islice((one for one in anywhere if not pack.cda_problems(one.root)), third // 2)
    yield from islice((one for one in header if not pack.cda_problems(one.root)), third - third // 2)


def _in_header(root: etree._Element, chance: random.Random) -> Mutant | None:
    """A defect outside the body, None when the kind that was drawn can't be put where it was drawn."""
    changed = copy.deepcopy(root)
    clinical = next(changed.iter(f"{{{HL7}}}ClinicalDocument"), changed)
    parts = [part for part in clinical.iterchildren(etree.Element) if part.tag != f"{{{HL7}}}component"]
    names: dict[tuple[object, object], list[etree._Element]] = defaultdict(list)
    for part in parts:
        for item in part.iter(etree.Element):
            parent = item.getparent()
            names[(item.tag, None if parent is None else parent.tag)].append(item)
    element = chance.choice(names[chance.choice(sorted(names, key=str))])
    kind = chance.choice(list(KINDS))
    place = etree.QName(element).localname
    try:
        KINDS[kind](element, chance)
    except Unfit:
        return None
    return Mutant(kind, place, changed)


def _official(root: etree._Element, pack: SchemaPack) -> Seen:
    found: Seen = Counter()
    for problem in pack.cda_problems(root) or ():
        found["XSD", Said(problem.message)] += 1
    for layer in LAYERS[1:]:
        try:
            said = pack.layer(layer, root)
        except DmpcompatError as problem:
            found[layer, Said(f"error {problem.code}")] += 1
            continue
        for failure in said.failures:
            told = Said(failure.text, failure.pattern, failure.context, failure.role)
            found[layer, told] += 1
    return found


def _ours(root: etree._Element) -> Seen:
    found: Seen = Counter()
    for one in api.judge_document(etree.tostring(root), "x", only=_groups()):
        if one.status in ("FAIL", "WARN", "INFO", "ERROR"):
            rule = api.rule(one.rule)
            found[rule.group, Said(one.rule)] += 1
    return found


def _groups() -> list[str]:
    return [name for name in api.groups() if name in OURS]


def _errors(root: etree._Element) -> list[str]:
    findings = api.with_severity(api.judge_document(etree.tostring(root), "x", only=_groups()))
    return [one.rule for one in findings if one.status in ("FAIL", "ERROR")]


def _new(now: Seen, before: Seen) -> dict[str, tuple[Said, ...]]:
    """By layer, what there is more of than in the sample."""
    more: dict[str, list[Said]] = defaultdict(list)
    for layer, text in now - before:
        more[layer].append(text)
    return {layer: tuple(sorted(texts)) for layer, texts in more.items()}


@dataclass(frozen=True)
class Reason:
    """Why no rule of ours says what a layer says, and what exactly: every condition that is given must hold.

    `says`: expression that the beginning of its words matches; `patterns`: names of patterns; `context`: expression
    over the context of its rule; `role`: that of the assert.
    """

    layer: str
    why: str
    says: str = ""
    patterns: tuple[str, ...] = ()
    context: str = ""
    role: str = ""

    def covers(self, layer: str, said: Said) -> bool:
        return (
            layer == self.layer
            and (not self.says or re.match(self.says, said.text) is not None)
            and (not self.patterns or said.pattern in self.patterns)
            and (not self.context or re.search(self.context, said.context) is not None)
            and self.role in ("", said.role)
        )


def reasons() -> list[Reason]:
    """In the order in which they are tried."""
    document = read_yaml(folder("datasets") / "checks" / "agreement.yaml")
    return [Reason(**{**row, "patterns": tuple(row.get("patterns", ()))}) for row in document.data["reasons"]]


def explained(case: Case, listed: Sequence[Reason]) -> str:
    """The reason that covers what the official layers alone say of a case, "" when none does."""
    whys = [_why(layer, said, listed) for layer, told in case.official.items() for said in told]
    return next((why for why in whys if why), "") if all(whys) else ""


def _why(layer: str, said: Said, listed: Sequence[Reason]) -> str:
    return next((one.why for one in listed if one.covers(layer, said)), "")


def report(found: Agreement) -> list[str]:
    """Markdown: the total, then layer by layer, then what the official layers alone catch, by reason."""
    listed, total, counts = reasons(), max(1, len(found.cases)), found.caught()
    lines = [
        f"{found.samples} samples, {len(found.cases)} mutants, {found.seconds:.0f} s of processor time; "
        f"{len(found.false_alarms)} failures of ours on unchanged samples.",
        "",
        "| Caught by | Mutants | Share |",
        "| --- | --- | --- |",
        *(
            f"| {who} | {counts[who]} | {counts[who] / total:.1%} |"
            for who in ("both", "us alone", "them alone", "nobody")
        ),
        "",
        "| Official layer | Catches | We do too | It alone |",
        "| --- | --- | --- | --- |",
    ]
    for layer in LAYERS:
        mine = [case for case in found.cases if layer in case.official]
        both = sum(bool(case.ours) for case in mine)
        lines.append(f"| {layer} | {len(mine)} | {both} | {len(mine) - both} |")
    lines += [
        "",
        "| Layer of ours | Catches | Official layers do too | It alone |",
        "| --- | --- | --- | --- |",
    ]
    for group, name in OURS.items():
        mine = [case for case in found.cases if group in case.ours]
        if mine:
            theirs = sum(bool(case.official) for case in mine)
            lines.append(f"| {name} | {len(mine)} | {theirs} | {len(mine) - theirs} |")
    why = Counter(explained(case, listed) for case in found.cases if _who(case) == "them alone")
    lines += ["", "| Them alone, because | Mutants |", "| --- | --- |"]
    lines += [f"| {reason or '**no reason listed**'} | {count} |" for reason, count in why.most_common()]
    return lines


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.agreement")
    parser.add_argument("--each", type=int, default=10, help="mutants of each sample")
    parser.add_argument("--every", type=int, default=1, help="one sample in so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="list what the official layers alone catch")
    asked = parser.parse_args(arguments)
    kit = KITS / "ans-cda"
    samples = sorted((kit / "ExemplesCDA").glob("*.xml"))[:: asked.every]
    if not samples:
        print(f"no official samples in {kit} (DMPCOMPAT_KITS)", file=sys.stderr)
        return 2
    found = run(samples, kit, asked.each, asked.seed)
    print("\n".join(report(found)))
    if asked.show:
        listed = reasons()
        for case in found.cases:
            if _who(case) == "them alone":
                print(
                    f"\n{case.kind} {case.place} ({case.sample}) [{explained(case, listed) or 'NO REASON'}]"
                )
                for layer, told in case.official.items():
                    print(
                        *(f"  {layer} {one.pattern} {{{one.role}}}: {one.text[:220]}" for one in told[:3]),
                        sep="\n",
                    )
        print(*found.false_alarms, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
