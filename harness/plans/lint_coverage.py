"""Rules of the lint on what a plan covers and whether it was proved: requirements of the guide, paired self-play."""

from __future__ import annotations

from collections.abc import Iterator

from harness.plans.lint import Seen, Subject, lint_rule
from protocol.errors import Text
from protocol.requirements import GUIDES, requirements


@lint_rule(
    "PLAN-103",
    "error",
    title=Text(
        "exigence absente des éditions du guide que le plan vise",
        "requirement that no edition of the guide of the plan has",
    ),
    why=Text("le cas prouve ce que plus personne ne demande", "the case proves what nobody asks any longer"),
    mend=Text(
        "retirer l'exigence, ou l'édition du plan", "remove the requirement, or the edition of the plan"
    ),
)
def unknown_requirement(subject: Subject) -> Iterator[Seen]:
    guides = [guide for guide in subject.plan.plan.guide if guide in GUIDES] or [GUIDES[-1]]
    known = {name for guide in guides for name in requirements(guide)}
    for case in subject.cases:
        for name in case.requirements:
            if name not in known:
                yield Seen(case.code, f"{name} : {', '.join(guides)}")


@lint_rule(
    "PLAN-115",
    "error",
    title=Text("exigence obligatoire sans cas ni raison", "mandatory requirement without a case or a reason"),
    why=Text("le plan la laisse passer sans le dire", "the plan lets it by without saying so"),
    mend=Text(
        "écrire un cas, ou left_out dans datasets/requirements",
        "write a case, or left_out in datasets/requirements",
    ),
)
def uncovered(subject: Subject) -> Iterator[Seen]:
    covered = {name for case in subject.cases for name in case.requirements}
    for name, one in requirements(GUIDES[-1]).items():
        if one.mandatory and name not in covered and not one.left_out.fr:
            yield Seen("", name)


@lint_rule(
    "PLAN-116",
    "error",
    title=Text(
        "cas que l'auto-épreuve appariée n'a pas prouvé", "case that the paired self-play has not proved"
    ),
    why=Text(
        "on ne sait pas s'il passe quand il faut et échoue quand il faut",
        "nobody knows whether it passes and fails when it must",
    ),
    mend=Text("dmpcompat plan prove", "dmpcompat plan prove"),
)
def not_proved(subject: Subject) -> Iterator[Seen]:
    if subject.proof is not None:
        for code, why in subject.proof.missing(subject.plan).items():
            yield Seen(code, why.fr if why.fr == why.en else f"{why.fr} / {why.en}")


@lint_rule(
    "PLAN-118",
    "warning",
    title=Text(
        "exigence couverte, et dite laissée de côté", "requirement that is covered, and said to be left out"
    ),
    why=Text("la raison écrite n'est plus vraie", "the reason that is written is no longer true"),
    mend=Text("retirer left_out dans datasets/requirements", "remove left_out in datasets/requirements"),
)
def covered_after_all(subject: Subject) -> Iterator[Seen]:
    covered = {name for case in subject.cases for name in case.requirements}
    for name, one in requirements().items():
        if name in covered and one.left_out.fr:
            yield Seen("", name)


@lint_rule(
    "PLAN-119",
    "info",
    title=Text("plan sans preuve gardée", "plan without a proof beside it"),
    why=Text("il ne peut pas être publié", "it can't be published"),
    mend=Text("dmpcompat plan prove", "dmpcompat plan prove"),
)
def no_proof(subject: Subject) -> Iterator[Seen]:
    if subject.proof is None and any(case.side == "L" for case in subject.cases):
        yield Seen("")
