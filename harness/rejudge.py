"""Judges stored evidence again and compares finding by finding: same rules, same bytes, same findings.

`CaseAgain.assertions` is the file of findings as it would be written now: the bytes of `assertions.json` when nothing
changed. With other rules, `Rejudgement.by_rule` tells the difference.
Frames in which a secret was overwritten are judged too; the rules that depended on it, listed when it was
masked, are reported `NOT RE-JUDGEABLE (masked)` and not compared. Nothing is sent and nothing is written.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from harness import evidence
from harness.checks import api
from harness.checks.cda_view import SchemaPack
from harness.checks.judged import Declared
from harness.checks.rule import Finding
from harness.judging import Judging
from harness.packs.pinned import found_again, same_engine
from harness.packs.schema import schemas_of
from harness.plan import LoadedPlan, stored_plan
from harness.results import finding_from_plain, finding_to_plain
from harness.runner import conclusion
from harness.steps.api import kinds
from harness.verdict import Verdict, of_case
from harness.vocabulary import MODES
from protocol import transactions
from protocol.errors import EvidenceError, Text
from protocol.exchange import Exchange

MASKED: Final = "NOT RE-JUDGEABLE (masked)"
#: The same of rules of an official pack that is not here.
WITHOUT_PACK: Final = "NOT RE-JUDGEABLE (pack)"
_LEFT: Final = (MASKED, WITHOUT_PACK)
_OFFICIAL: Final = "CDA-OFFICIAL"
#: Kinds of steps that judge several frames together: methods of Judging.
_TOGETHER: Final = ("answers", "aftermath", "watch")
Change = Literal[
    "same",
    "different",
    "appeared",
    "disappeared",
    "NOT RE-JUDGEABLE (masked)",
    "NOT RE-JUDGEABLE (pack)",
]


@dataclass(frozen=True)
class Compared:
    """One finding before and after. `before` or `after` is None when it exists on one side only; `place` is where it
    stands among the findings of now, those that are gone after all others.
    """

    case: str
    step: int
    change: Change
    before: Finding | None
    after: Finding | None
    place: tuple[int, int] = (0, 0)

    @property
    def passage(self) -> str:
        """`PASS → FAIL`; – where there was, or is, none. The same status twice: what was found has changed."""
        before, after = (one.status if one is not None else "–" for one in (self.before, self.after))
        return f"{before} → {after}"

    @property
    def rule(self) -> str:
        told = self.after or self.before
        return told.rule if told is not None else ""


@dataclass(frozen=True)
class CaseAgain:
    """One case judged again. `before` is the stored verdict, `after` the one of the findings now."""

    code: str
    before: Verdict
    after: Verdict
    findings: tuple[Compared, ...]
    digests: tuple[str, ...]
    stored_sha256: str = ""

    @cached_property
    def assertions(self) -> bytes:
        """`assertions.json` with the findings of now; those of masked rules, which can't be judged, as stored."""
        kept = (
            (item.step, item.before if item.change in _LEFT else item.after)
            for item in sorted(self.findings, key=lambda one: one.place)
        )
        return evidence.to_json([finding_to_plain(one, step) for step, one in kept if one is not None])

    @property
    def identical(self) -> bool:
        """Whether the file of findings would be the same, byte for byte."""
        return hashlib.sha256(self.assertions).hexdigest() == self.stored_sha256

    @property
    def changed(self) -> tuple[Compared, ...]:
        return tuple(item for item in self.findings if item.change not in ("same", *_LEFT))

    @property
    def holds(self) -> bool:
        """Same verdict, same findings, bodies of the recorded digest."""
        same = all(item.change in {"same", *_LEFT} for item in self.findings)
        return same and self.before == self.after and not self.digests


@dataclass(frozen=True)
class Rejudgement:
    """A whole tree judged again. `rules_changed`: the rules are not those of the run, differences may be
    theirs. `missing_pack`: the official pack of the run (name, digest, version) that is not registered here, ""
    when none is missing; what its rules said is then taken as it was.
    """

    cases: tuple[CaseAgain, ...]
    rules_changed: bool
    tree: tuple[str, ...]
    missing_pack: str = ""

    @property
    def holds(self) -> bool:
        return not self.tree and all(case.holds for case in self.cases)

    @property
    def identical(self) -> bool:
        """Whether every file of findings would be the same, byte for byte."""
        return all(case.identical for case in self.cases)

    def by_rule(self) -> dict[str, dict[str, int]]:
        """Rule -> how many findings went from what to what (`PASS → FAIL`, `– → WARN`), for those that changed."""
        found: dict[str, Counter[str]] = {}
        for case in self.cases:
            for item in case.changed:
                found.setdefault(item.rule, Counter())[item.passage] += 1
        return {rule: dict(sorted(counts.items())) for rule, counts in sorted(found.items())}


def rejudge(root: Path, only: Sequence[str] = ()) -> Rejudgement:
    """Judge the evidence tree `root` (the `preuves` folder) again, or the cases of these codes only.

    Raises EvidenceError when it can't be read.
    """
    index = evidence.read_json(root / evidence.INDEX)
    try:
        plan = stored_plan((root / "plan.yaml").read_bytes(), root / "plan.yaml")
        codes = [
            test["code"] for test in index["tests"] if test["folder"] and (not only or test["code"] in only)
        ]
        pack, missing = found_again(index)
        engine_changed = pack is not None and not same_engine(index)
        rules_changed = index["rules"]["sha256"] != api.rule_bundle_digest() or engine_changed
        declared = declared_of(index)
    except (OSError, KeyError, TypeError) as problem:
        raise EvidenceError(
            "REJUDGE-001",
            Text("l'index des preuves est incomplet", "the index is incomplete"),
            found=str(problem),
        ) from problem
    official = schemas_of(pack) if pack else None
    left = frozenset(api.groups()[_OFFICIAL]) if missing else frozenset[str]()
    cases = tuple(_case(root, code, plan, declared, official, left) for code in codes)
    return Rejudgement(cases, rules_changed, evidence.verify(root), missing)


def declared_of(index: Mapping[str, Any]) -> Declared:
    """What the campaign of an evidence tree declared, from its index."""
    campaign = index["campaign"]
    return Declared(
        software=campaign["software"]["name"],
        version=campaign["software"]["version"],
        wire_number=index["declared_number"],
        modes=tuple(MODES[mode] for mode in campaign["authentication"]),
    )


def _case(
    root: Path,
    code: str,
    plan: LoadedPlan,
    declared: Declared,
    pack: SchemaPack | None,
    left: frozenset[str],
) -> CaseAgain:
    """`left`: rules of a pack that is missing."""
    test = evidence.finished(root, code)
    if test is None:
        raise EvidenceError(
            "REJUDGE-002", Text("cas absent des preuves", "case not in the evidence"), found=code
        )
    judging = Judging(transactions.load(), declared, plan.plan.severity, plan.case(code).side, pack)
    stored: dict[int, list[Finding]] = {}
    for line in evidence.read_json(root / code / "assertions.json"):
        step, finding = finding_from_plain(line)
        stored.setdefault(step, []).append(finding)
    compared: list[Compared] = []
    for step in test["steps"]:
        number, before = int(step["step"]), stored.get(int(step["step"]), [])
        after = _again(root, code, step, judging) if before else []
        masked = frozenset(step.get("not_rejudgeable", ()))
        compared += _compare(code, number, before, after, masked, left)
    return CaseAgain(
        code,
        Verdict(test["verdict"]),
        _verdict(test, compared),
        tuple(compared),
        tuple(_digests(root, code, test)),
        evidence.sha256_of(root / code / "assertions.json"),
    )


def _again(root: Path, code: str, step: Mapping[str, Any], judging: Judging) -> list[Finding]:
    resolved = step.get("resolved", {})
    if step["kind"] == "sequence":
        return list(judging.sequence([evidence.frame(root, code, stem) for stem in step["frames"]]))
    if step["kind"] in _TOGETHER:
        frames = [evidence.frame(root, code, stem) for stem in step["frames"]]
        return list(getattr(judging, step["kind"])(frames, resolved))
    if "frame" not in step:
        kind = kinds().get(str(step["kind"]))
        return [] if kind is None else kind.again(resolved)
    return list(judging.all(evidence.frame(root, code, step["frame"]), resolved))


def _compare(
    code: str,
    step: int,
    before: list[Finding],
    after: list[Finding],
    masked: frozenset[str],
    without: frozenset[str],
) -> Iterator[Compared]:
    old_ones, new_ones = _by_rule(before), _by_rule(after)
    for rule in dict.fromkeys((*old_ones, *new_ones)):
        old, new = [item for _, item in old_ones.get(rule, ())], new_ones.get(rule, [])
        for place in range(max(len(old), len(new))):
            first = old[place] if place < len(old) else None
            rank, second = new[place] if place < len(new) else (len(after), None)
            if rule in masked | without and first is not None:
                rank = before.index(first)
            left: Change | None = MASKED if rule in masked else WITHOUT_PACK if rule in without else None
            yield Compared(code, step, left or _change(first, second), first, second, (step, rank))


def _by_rule(findings: Sequence[Finding]) -> dict[str, list[tuple[int, Finding]]]:
    """Rule -> its findings, each with its rank among all of them; read once, for there are hundreds a step."""
    found: dict[str, list[tuple[int, Finding]]] = {}
    for rank, item in enumerate(findings):
        found.setdefault(item.rule, []).append((rank, item))
    return found


def _change(before: Finding | None, after: Finding | None) -> Change:
    if before is None:
        return "appeared"
    if after is None:
        return "disappeared"
    return "same" if before == after else "different"


def _verdict(test: Mapping[str, Any], compared: list[Compared]) -> Verdict:
    """The verdict that the findings of now give; what stopped the case is taken from the record."""
    kept = [item.before if item.change in _LEFT else item.after for item in compared]
    findings = [finding for finding in kept if finding is not None]
    stored = Verdict(test["verdict"])
    if test.get("trouble") and of_case(findings) is not Verdict.FAIL:
        return stored
    return conclusion(findings, None, test.get("missing", ()))[0]


def _digests(root: Path, code: str, test: Mapping[str, Any]) -> Iterator[str]:
    """Bodies that were kept intact must have the digest that was recorded when they crossed the wire."""
    for item in test.get("frames", ()):
        exchange = evidence.frame(root, code, item["stem"])
        for side in ("request", "response"):
            if (
                side in item
                and not item[side]["redacted"]
                and _sha256(exchange, side) != item[side]["sha256"]
            ):
                yield f"{code}/{item['stem']} {side}"


def _sha256(exchange: Exchange, side: str) -> str:
    body = (
        exchange.request.body if side == "request" else exchange.response.body if exchange.response else b""
    )
    return hashlib.sha256(body).hexdigest()
