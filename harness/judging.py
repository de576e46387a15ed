"""The one way an exchange is judged: when it happens, when it is masked, and again from the evidence.

Everything it needs is in the resolved step that the evidence keeps (transaction, sides, rules,
expectation), the declaration and the policy of the plan; so a verdict can be computed again by anyone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from harness.call_expectations import CallExpect, judge_call
from harness.checks import api
from harness.checks.aftermath import aftermath
from harness.checks.cda_view import SchemaPack
from harness.checks.judged import Declared
from harness.checks.rule import Finding, Severity
from harness.checks.watched import watched
from harness.expectations import Expect, judge_answer
from harness.page_expectations import PageExpect, judge_page
from harness.verdict import apply_policy
from protocol.exchange import Exchange
from protocol.transactions import Registry


@dataclass(frozen=True)
class Judging:
    """What a judgement depends on beside the bytes."""

    registry: Registry
    declared: Declared
    policy: Mapping[str, Severity]
    under_test: Literal["L", "D"]
    pack: SchemaPack | None = None

    def expectation(self, exchange: Exchange, resolved: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Findings on what the step expected of the answer."""
        if "page" in resolved:
            page = PageExpect.model_validate(resolved["page"])
            return judge_page(page, exchange, under_test=self.under_test)
        if "call" in resolved:
            return judge_call(
                CallExpect.model_validate(resolved["call"]), exchange, str(resolved["transaction"])
            )
        expect = Expect.model_validate(resolved["expect"])
        transaction = self.registry.by_id(str(resolved["transaction"]))
        known = resolved.get("known")
        return judge_answer(expect, exchange, transaction, under_test=self.under_test, known=known)

    def rules(self, exchange: Exchange, resolved: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Findings of the rules, with the severity of the plan."""
        sides = tuple(resolved["sides"])
        if not sides:
            return ()
        transaction = self.registry.by_id(str(resolved["transaction"]))
        wanted = resolved["rules"]
        found = api.judge(exchange, transaction, self.declared, sides=sides, pack=self.pack, only=wanted)
        return apply_policy(found, self.policy, self._defaults)

    def all(self, exchange: Exchange, resolved: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Expectation first, then the rules."""
        return (*self.expectation(exchange, resolved), *self.rules(exchange, resolved))

    def sequence(self, exchanges: Sequence[Exchange]) -> tuple[Finding, ...]:
        """Findings on what must be new from one request to the next."""
        return apply_policy(api.judge_sequence(exchanges, self.declared), self.policy, self._defaults)

    def answers(self, exchanges: Sequence[Exchange], told: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Findings on the coherence of the answers together. `told`: `transactions`, and the ranks `judged`."""
        rows = [
            (exchange, self.registry.by_id(name), rank in told["judged"])
            for rank, (exchange, name) in enumerate(zip(exchanges, told["transactions"], strict=True))
        ]
        return apply_policy(api.judge_answers(rows, self.declared), self.policy, self._defaults)

    def aftermath(self, exchanges: Sequence[Exchange], told: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Findings on what was sent after a fault (`told`: see harness.checks.aftermath)."""
        if not told["forbid"]:
            return ()
        view = aftermath(exchanges, dict(told), self.registry, self.declared)
        return apply_policy(api.judge_aftermath(view, only=told["forbid"]), self.policy, self._defaults)

    def watch(self, exchanges: Sequence[Exchange], told: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Findings on what was sent while the software was watched (`told`: see harness.checks.watched)."""
        view = watched(exchanges, dict(told), self.registry, self.declared)
        return apply_policy(api.judge_watch(view), self.policy, self._defaults)

    @cached_property
    def _defaults(self) -> Mapping[str, Severity]:
        return {rule.id: rule.default for rule in api.rules()}


def changed_rules(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[str, ...]:
    """Rules whose findings differ between two judgements of the same exchange."""
    names = {finding.rule for finding in (*before, *after)}
    return tuple(
        sorted(
            name
            for name in names
            if [item for item in before if item.rule == name] != [item for item in after if item.rule == name]
        )
    )
