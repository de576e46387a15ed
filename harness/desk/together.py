"""Several operators at once: terminal, page, hook, folder of screens. All are told; the first answer holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from harness.checks.rule import Finding
from harness.observe.operator import Answer, NearMiss, Operator, Task


class Together:
    """An Operator made of others, asked in their order."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._operators = tuple(operators)

    @property
    def who(self) -> str:
        return " + ".join(dict.fromkeys(one.who for one in self._operators if one.who))

    def begin(self, task: Task) -> None:
        for one in self._operators:
            one.begin(task)

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        for one in self._operators:
            one.waiting(since, near, platform_down)

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        for one in self._operators:
            one.done(task, findings)

    def answer(self) -> Answer | None:
        """The first complete answer; what another says meanwhile is asked for at the next call."""
        for one in self._operators:
            found = one.answer()
            if found is not None and found.complete:
                return found
        return None
