"""Paired self-play: each case of a software passes when our driver plays it right, fails with each defect it claims.

The proof is kept beside the plan (`<plan>.proof.json`), case by case, each pinned by the digest of its case: one that
changes is to be proved again. A plan is published when every case of side L is proved. The mock is the caller's.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness.campaign import CampaignFile
from harness.choices import Choices
from harness.evidence import read_json, to_json, write_atomic
from harness.plan import Case, LoadedPlan
from harness.plans.seeds import parse_seed, with_seed
from harness.plans.written import data_of, digest_of, whole_of
from harness.run import run_campaign
from harness.verdict import Verdict
from protocol.errors import EvidenceError, PlanError, Text, UsageError
from protocol.yamlread import read_yaml

SCHEMA: Final = "dmpcompat-proof/1"


@dataclass(frozen=True)
class CaseProof:
    """What one case proved. `sha256`: digest of the case; `played`: verdict when it is played right; `seeds`: verdict
    with each defect; `problem`: why it could not be tried.
    """

    code: str
    sha256: str
    played: str
    seeds: Mapping[str, str]
    problem: Text | None = None

    @property
    def holds(self) -> bool:
        """Played right it passes, and at least one defect was tried and each made it fail."""
        failed = set(self.seeds.values()) == {str(Verdict.FAIL)}
        return self.played == Verdict.PASS and failed and self.problem is None

    def to_plain(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "played": self.played, "seeds": dict(self.seeds)}


@dataclass(frozen=True)
class Proof:
    """The proofs of a plan, by case. `plan` is its id."""

    plan: str
    cases: Mapping[str, CaseProof]

    def missing(self, plan: LoadedPlan) -> dict[str, Text]:
        """Cases of side L that are not proved as they are now, and why."""
        told = data_of(plan)
        found = {}
        for case in plan.plan.cases:
            if case.side == "L" and (why := self._why_not(case, told[case.code])) is not None:
                found[case.code] = why
        return found

    def _why_not(self, case: Case, told: Mapping[str, Any]) -> Text | None:
        proof = self.cases.get(case.code)
        if proof is None:
            return Text("jamais prouvé", "never proved")
        if proof.sha256 != digest_of(told):
            return Text("le cas a changé depuis sa preuve", "the case has changed since it was proved")
        if proof.problem is not None:
            return proof.problem
        if proof.played != Verdict.PASS:
            return Text(f"bien joué, il donne {proof.played}", f"played right it gives {proof.played}")
        escaped = [seed for seed, verdict in proof.seeds.items() if verdict != Verdict.FAIL]
        if escaped:
            listed = ", ".join(f"{seed} → {proof.seeds[seed]}" for seed in escaped)
            return Text(f"défaut non attrapé : {listed}", f"defect not caught: {listed}")
        return None if proof.seeds else Text("aucun défaut semé", "no seeded defect")

    def with_cases(self, more: Mapping[str, CaseProof], plan: LoadedPlan) -> Proof:
        """The same with other proofs of some cases, and without those of cases that the plan no longer has."""
        codes = [case.code for case in plan.plan.cases if case.side == "L"]
        merged = {**self.cases, **more}
        return replace(self, cases={code: merged[code] for code in codes if code in merged})

    def to_plain(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "plan": self.plan,
            "cases": {code: one.to_plain() for code, one in self.cases.items()},
        }


def place_of(plan: Path) -> Path:
    """Where the proof of a plan is kept."""
    return plan.with_name(f"{plan.stem}.proof.json")


def load_proof(place: Path, plan: LoadedPlan) -> Proof:
    """The proof that is kept; an empty one when there is none. Raises EvidenceError."""
    if not place.is_file():
        return Proof(plan.plan.id, {})
    told = read_json(place)
    try:
        cases = {
            code: CaseProof(code, one["sha256"], one["played"], dict(one["seeds"]))
            for code, one in told["cases"].items()
        }
        return Proof(told["plan"], cases)
    except (KeyError, TypeError, AttributeError) as problem:
        raise EvidenceError(
            "PROVE-001",
            Text("preuve d'un plan illisible", "unreadable proof of a plan"),
            field=str(place),
            found=str(problem),
        ) from problem


def save_proof(proof: Proof, place: Path) -> None:
    write_atomic(place, to_json(proof.to_plain()))


def chosen(plan: LoadedPlan, only: Sequence[str]) -> tuple[Case, ...]:
    """Cases of side L, those that match. Raises UsageError when nothing does."""
    found = tuple(
        case
        for case in plan.plan.cases
        if case.side == "L" and (not only or any(fnmatch.fnmatchcase(case.code, one) for one in only))
    )
    if not found:
        raise UsageError(
            "PROVE-002",
            Text("aucun cas d'un logiciel n'est choisi", "no case of a software is chosen"),
            field="--only",
            found=" ".join(only),
        )
    return found


def prove(
    plan: LoadedPlan,
    cases: Sequence[Case],
    campaign: Path,
    *,
    target: str,
    pki: Path,
    scratch: Path,
    jobs: int = 1,
) -> dict[str, CaseProof]:
    """Play the cases right and with each defect, in one campaign made of `campaign`, against the mock at `target`.

    `scratch` takes what is made, nothing of it is needed afterwards; `jobs` cases are played side by side. Raises what
    run_campaign does.
    """
    told = data_of(plan)
    made, problems = _mutants(cases, told)
    file = _written(plan, [told[case.code] for case in cases], made, campaign, scratch)
    result = run_campaign(file, Choices(out=scratch / "out", target=target, pki=pki, seed=1, jobs=jobs))
    played = {case.code: str(case.verdict) for case in result.verdicts}
    proofs = {}
    for case in cases:
        seeds = {seed: played[name] for name, (code, seed, _) in made.items() if code == case.code}
        data = told[case.code]
        proofs[case.code] = CaseProof(
            case.code, digest_of(data), played[case.code], seeds, problems.get(case.code)
        )
    return proofs


_Made = dict[str, tuple[str, str, dict[str, Any]]]


def _mutants(cases: Sequence[Case], told: Mapping[str, dict[str, Any]]) -> tuple[_Made, dict[str, Text]]:
    """Name -> code, defect and data of each case with a defect; and the cases whose defect has no place."""
    made: _Made = {}
    problems: dict[str, Text] = {}
    for case, seed in ((one, seed) for one in cases for seed in one.catches):
        try:
            changed = with_seed(case, told[case.code], parse_seed(seed))
        except PlanError as problem:
            problems[case.code] = Text(problem.message("fr"), problem.message("en"))
            continue
        name = f"DEF-{len(made) // 1000 + 1}-{len(made) % 1000:03}"
        made[name] = (case.code, seed, changed | {"code": name, "linked": []})
    return made, problems


def _written(
    plan: LoadedPlan, right: Sequence[dict[str, Any]], made: _Made, campaign: Path, scratch: Path
) -> Path:
    """The campaign that plays them all, each under its own name."""
    whole = [*({**case, "linked": []} for case in right), *(data for _, _, data in made.values())]
    (scratch / "plan.yaml").write_text(json.dumps({**whole_of(plan), "cases": whole}), encoding="utf-8")
    kept = dict(read_yaml(campaign, error=PlanError).data)
    kept |= {"plan": {"file": "plan.yaml"}, "not_applicable": []}
    place = scratch / "campagne.yaml"
    place.write_text(json.dumps(dict(_known(kept))), encoding="utf-8")
    return place


def _known(campaign: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of a campaign file; a lock beside the original is not this one's."""
    names = {field.alias or name for name, field in CampaignFile.model_fields.items()}
    yield from ((name, value) for name, value in campaign.items() if name in names)
