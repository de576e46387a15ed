"""Which cases of the plan apply to a campaign, and why: computed before the run, never guessed after.

A case is `included`, `excluded` (outside the declared scope), `not-applicable` (set aside by the campaign
with a reason for the reviewer), `inherited` (a connector's report proves it, see harness.inheritance) or
`not-selected` (left out of this run by the person who started it).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harness.campaign import Campaign
from harness.inheritance import Heritage, Inheritance
from harness.plan import Case
from harness.problems import nearest
from protocol.errors import NO_TEXT, Text, UsageError
from protocol.requirements import requirements
from protocol.transactions import Registry

#: Transactions of access (authentication, existence) come with every profile.
_ACCESS_PROFILE: Final = "acces"

State = Literal["included", "excluded", "not-applicable", "inherited", "not-selected"]


@dataclass(frozen=True)
class Scoped:
    """One case and what becomes of it in this run."""

    case: Case
    state: State
    reason: Text


def scope(
    campaign: Campaign,
    registry: Registry,
    only: Sequence[str] = (),
    heritage: Heritage | None = None,
) -> tuple[Scoped, ...]:
    """Every case of the plan, in its order, with its state and reason.

    `only`: case codes, `CT-0.2-*` patterns or transaction ids (TD0.2). Raises UsageError when one of them
    selects nothing. `heritage`: what is proved elsewhere; a case of it that `only` asks for is played all the same.
    """
    cases = campaign.plan.plan.cases
    _check_selection(cases, only)
    product = declared(campaign, registry)
    excused = {item.case: item.reason.text() for item in campaign.file.not_applicable}
    found = (_one(case, campaign, product, excused.get(case.code), only) for case in cases)
    proved = heritage or Heritage()
    return tuple(
        _inherited(one, proved.cases.get(one.case.code), proved.played.get(one.case.code), bool(only))
        for one in found
    )


@dataclass(frozen=True)
class Declared:
    """What a product is said to cover. `guide`: edition whose requirements count; "" for any."""

    profiles: frozenset[str]
    modes: frozenset[str]
    transactions: frozenset[str]
    options: frozenset[str]
    guide: str = ""


def declared(campaign: Campaign, registry: Registry) -> Declared:
    """What the campaign declares."""
    return Declared(
        frozenset(campaign.file.profiles),
        frozenset(str(mode) for mode in campaign.file.authentication),
        declared_transactions(campaign, registry),
        frozenset(campaign.file.options),
        campaign.file.guide,
    )


def declared_transactions(campaign: Campaign, registry: Registry) -> frozenset[str]:
    """Transactions of the declared profiles, narrowed to those that the campaign lists when it lists some."""
    covered = transactions_of(campaign.file.profiles, registry)
    return covered & set(campaign.file.transactions) if campaign.file.transactions else covered


def transactions_of(profiles: Iterable[str], registry: Registry) -> frozenset[str]:
    """Transactions of these profiles, those of access among them."""
    wanted = {*profiles, _ACCESS_PROFILE}
    return frozenset(item.id for item in registry if wanted & set(item.profiles))


def _one(
    case: Case, campaign: Campaign, product: Declared, excuse: Text | None, only: Sequence[str]
) -> Scoped:
    beyond = outside(case, product)
    if beyond is not None:
        return Scoped(case, "excluded", beyond)
    if excuse is not None:
        return Scoped(case, "not-applicable", excuse)
    if only and not any(_selects(pattern, case) for pattern in only):
        return Scoped(
            case, "not-selected", Text("non demandé pour cette exécution", "not asked for in this run")
        )
    return Scoped(case, "included", _because(case, campaign))


def _inherited(one: Scoped, proof: Inheritance | None, why: Text | None, selecting: bool) -> Scoped:
    """A case of the scope that is proved elsewhere is not played, unless somebody asks for it by name.

    One that is played although a connector is there says why.
    """
    asked = one.state == "included" and selecting
    if proof is not None and not asked and one.state in ("included", "not-selected"):
        return Scoped(one.case, "inherited", proof.reason())
    if why is None or one.state != "included":
        return one
    told = Text(f"à jouer : {why.fr}", f"to be played: {why.en}")
    both = [(item.fr, item.en) for item in (one.reason, told) if item.fr]
    return Scoped(
        one.case, one.state, Text(" ; ".join(fr for fr, _ in both), "; ".join(en for _, en in both))
    )


def outside(case: Case, product: Declared) -> Text | None:
    """Why the case is outside what a product is said to cover; None when it is inside."""
    filters = case.filters
    for wanted, have, fr, en in (
        (filters.profiles, product.profiles, "profil non déclaré", "profile not declared"),
        (
            filters.authentication,
            product.modes,
            "mode d'authentification non déclaré",
            "authentication mode not declared",
        ),
    ):
        if wanted and not have & set(wanted):
            listed = ", ".join(wanted)
            return Text(f"{fr} : {listed}", f"{en}: {listed}")
    if missing := sorted(set(filters.transactions) - product.transactions):
        listed = ", ".join(missing)
        return Text(
            f"hors des transactions déclarées : {listed}", f"outside the declared transactions: {listed}"
        )
    if missing := sorted(set(filters.options) - product.options):
        listed = ", ".join(missing)
        return Text(f"option non déclarée : {listed}", f"option not declared: {listed}")
    guide = product.guide
    if guide and case.requirements and not set(case.requirements) & requirements(guide).keys():
        listed = ", ".join(case.requirements)
        return Text(f"exigences absentes de {guide} : {listed}", f"requirements not in {guide}: {listed}")
    return None


def _because(case: Case, campaign: Campaign) -> Text:
    filters = case.filters
    pairs = (
        ("profil", "profile", [item for item in campaign.file.profiles if item in filters.profiles]),
        (
            "authentification",
            "authentication",
            [item for item in campaign.file.authentication if item in filters.authentication],
        ),
        ("transaction", "transaction", filters.transactions),
        ("option", "option", filters.options),
    )
    kept = [(fr, en, ", ".join(values)) for fr, en, values in pairs if values]
    return Text(
        " ; ".join(f"{fr} : {values}" for fr, _, values in kept),
        "; ".join(f"{en}: {values}" for _, en, values in kept),
    )


def _selects(pattern: str, case: Case) -> bool:
    names = (case.code, case.official, *case.filters.transactions)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names if name)


def _check_selection(cases: Sequence[Case], only: Sequence[str]) -> None:
    for pattern in only:
        if not any(_selects(pattern, case) for case in cases):
            guess = nearest(pattern, [case.code for case in cases])
            raise UsageError(
                "RUN-001",
                Text(
                    "la sélection ne désigne aucun cas du plan", "the selection matches no case of the plan"
                ),
                field="--only",
                found=pattern,
                mend=Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT,
            )
