"""Delta homologation: which cases a new release must replay, from what changed, and whether a run replayed them.

The subset is the cases of the homologated scope that touch a changed transaction or profile, and a smoke run of one
nominal case a transaction for the rest: what did not change must still be there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from harness.plan import Case, Plan
from protocol.errors import Text
from reports.dossier.book import IllegalAct
from reports.dossier.view import View

#: INHERITED counts while the connector is in force: asked when the release is added.
_GOOD = ("PASS", "WARN", "INHERITED")


def subset(plan: Plan, scope: Collection[str], changed: Collection[str]) -> tuple[str, ...]:
    """Codes of the cases to replay, in the order of the plan. `scope`: cases of the homologation; `changed`: ids of
    transactions or names of profiles. Raises IllegalAct for a change that no case of the scope knows, or a plan that
    lacks cases of the scope.
    """
    cases = [case for case in plan.cases if case.code in scope]
    if lost := sorted(set(scope) - {case.code for case in cases}):
        raise IllegalAct(
            "DOSSIER-063",
            Text("ce plan n'est pas celui du dossier", "this plan is not that of the file"),
            found=f"{plan.id} : {' '.join(lost)}"[:200],
            mend=Text("donner le plan de la campagne : --plan", "give the plan of the campaign: --plan"),
        )
    known = {name for case in cases for name in _touched(case)}
    if strangers := sorted(set(changed) - known):
        raise IllegalAct(
            "DOSSIER-060",
            Text("évolution hors du périmètre homologué", "a change outside the homologated scope"),
            found=" ".join(strangers),
            expected=" ".join(sorted(known)),
            mend=Text("un périmètre nouveau demande un nouveau dossier", "a new scope asks for a new file"),
        )
    touched = {case.code for case in cases if set(changed) & _touched(case)}
    return tuple(case.code for case in cases if case.code in touched | set(_smoke(cases)))


def refuse_short(file: View, facts: Mapping[str, Any], wanted: Iterable[str]) -> None:
    """Raises IllegalAct when a run (`facts`, from `lodging`) is of another product or replays less than that."""
    piece = file.piece("evidence")
    software = facts["software"]
    if piece is None or software["name"] != piece.facts["software"]["name"]:
        raise IllegalAct(
            "DOSSIER-061",
            Text("ce rapport est d'un autre logiciel", "this report is of another software"),
            found=str(software["name"]),
        )
    verdicts = facts["verdicts"]
    if short := [f"{case}={verdicts.get(case, '-')}" for case in wanted if verdicts.get(case) not in _GOOD]:
        raise IllegalAct(
            "DOSSIER-062",
            Text("la non-régression n'est pas démontrée", "regression is not excluded"),
            found=" ".join(short),
            mend=Text("rejouer ces cas avec la nouvelle version", "replay these cases with the new release"),
        )


def _touched(case: Case) -> set[str]:
    return {*case.filters.transactions, *case.filters.profiles}


def _smoke(cases: Iterable[Case]) -> Iterable[str]:
    """The first nominal case of each transaction."""
    first: dict[str, str] = {}
    for case in cases:
        if case.type == "N":
            for transaction in case.filters.transactions:
                first.setdefault(transaction, case.code)
    return first.values()
