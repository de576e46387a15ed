"""Defects of the dates of the VIHF."""

from __future__ import annotations

from datetime import timedelta

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.clock import saml_instant
from harness.drive.draft import Draft


@alteration("stale-vihf", stage="vihf", fr="VIHF émis il y a deux heures", en="VIHF issued two hours ago")
def stale(draft: Draft) -> None:
    _shift(draft, timedelta(hours=-2))


@alteration(
    "future-vihf", stage="vihf", fr="VIHF émis deux heures plus tard", en="VIHF issued two hours ahead"
)
def future(draft: Draft) -> None:
    _shift(draft, timedelta(hours=2))


@alteration(
    "expired-conditions",
    stage="vihf",
    fr="fenêtre de validité du VIHF déjà fermée",
    en="window of validity of the VIHF already closed",
)
def expired_conditions(draft: Draft) -> None:
    conditions = pick.first(draft.tree("assertion"), "saml:Conditions")
    now = draft.clock.now()
    conditions.set("NotBefore", saml_instant(now - timedelta(hours=2)))
    conditions.set("NotOnOrAfter", saml_instant(now - timedelta(hours=1)))


@alteration(
    "unreadable-issue-instant",
    stage="vihf",
    fr="date d'émission du VIHF illisible",
    en="unreadable date of issue of the VIHF",
)
def unreadable(draft: Draft) -> None:
    draft.tree("assertion").set("IssueInstant", "hier")


def _shift(draft: Draft, by: timedelta) -> None:
    assertion = draft.tree("assertion")
    at = draft.clock.now() + by
    assertion.set("IssueInstant", saml_instant(at))
    pick.first(assertion, "saml:AuthnStatement").set("AuthnInstant", saml_instant(at))
    for conditions in assertion.iterfind("{*}Conditions"):
        conditions.set("NotBefore", saml_instant(at))
        conditions.set("NotOnOrAfter", saml_instant(at + timedelta(minutes=5)))
