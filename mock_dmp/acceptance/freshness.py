"""Stage freshness: the VIHF is recent by the session's clock, inside its Conditions, and not used before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from mock_dmp.acceptance.demand import FRESHNESS, Demand
from mock_dmp.acceptance.engine import Breach, judged
from mock_dmp.context import Refusal
from mock_dmp.state import assertions


@FRESHNESS.rule("VIHF-FRESHNESS")
def fresh(demand: Demand) -> Iterator[Breach]:
    """Age, advance and Conditions; AIR has a shorter age (EX_AIR-040)."""
    age, ahead = _tolerance(demand)
    vihf, now = demand.vihf, demand.now
    if now - vihf.issue_instant > age:
        yield Breach(
            "saml:Assertion/@IssueInstant",
            f"{vihf.issue_instant:%Y-%m-%dT%H:%M:%SZ}",
            f"au plus {age.total_seconds():.0f} s avant {now:%Y-%m-%dT%H:%M:%SZ}",
        )
    if vihf.issue_instant - now > ahead:
        yield Breach(
            "saml:Assertion/@IssueInstant",
            f"{vihf.issue_instant:%Y-%m-%dT%H:%M:%SZ}",
            f"au plus {ahead.total_seconds():.0f} s après {now:%Y-%m-%dT%H:%M:%SZ}",
        )
    if vihf.not_before is not None and vihf.not_before - now > ahead:
        yield Breach(
            "saml:Conditions/@NotBefore", f"{vihf.not_before:%Y-%m-%dT%H:%M:%SZ}", f"{now:%Y-%m-%dT%H:%M:%SZ}"
        )
    if vihf.not_on_or_after is not None and now >= vihf.not_on_or_after:
        yield Breach(
            "saml:Conditions/@NotOnOrAfter",
            f"{vihf.not_on_or_after:%Y-%m-%dT%H:%M:%SZ}",
            f"après {now:%Y-%m-%dT%H:%M:%SZ}",
        )


@FRESHNESS.rule("VIHF-REPLAY")
def not_replayed(demand: Demand) -> Iterator[Breach]:
    """Remembered inside the call's transaction, as it begins: of two parallel replays one is refused there."""
    call, seen = demand.call, demand.vihf.id
    if assertions.known(demand.db, call.session.name, seen, now=demand.now) is not None:
        yield _replayed(seen)
        return

    def remember(db: Connection) -> Refusal | None:
        rival = assertions.remember(
            db,
            call.session.name,
            seen,
            call.exchange_id,
            until=demand.now + max(_tolerance(demand)) + timedelta(minutes=5),
            now=demand.now,
        )
        if rival is None:
            return None
        found = next(judged("VIHF-REPLAY", _replayed(seen), demand.settings))
        if found.problem.severity == "error":
            return Refusal(
                found.problem.code, context=found.problem.context, location=found.rule, rule=found.rule
            )
        if found.problem not in call.warnings:
            call.warn(found.problem)
        return None

    call.work.first(remember)


def _replayed(seen: str) -> Breach:
    return Breach("saml:Assertion/@ID", f"{seen}, déjà vu", "un VIHF neuf à chaque appel")


def _tolerance(demand: Demand) -> tuple[timedelta, timedelta]:
    """Age and advance allowed. The advance is for clocks, so AIR does not shorten it."""
    ahead = timedelta(seconds=int(demand.settings.switch("freshness_seconds")))
    if demand.vihf.mode == "INDIRECTE_RENFORCEE":
        return timedelta(seconds=int(demand.settings.switch("air_freshness_seconds"))), ahead
    return ahead, ahead
