"""`assert`: compares values captured by earlier steps, without any message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.steps.api import Outcome, StepSpec, step
from harness.substitution import names_in, substitute
from protocol.errors import Text


class Comparison(BaseModel):
    """One value against exactly one of `equals`, `differs`, `matches`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str = Field(min_length=1)
    equals: str | None = None
    differs: str | None = None
    matches: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Comparison:
        if sum(item is not None for item in (self.equals, self.differs, self.matches)) != 1:
            raise ValueError("exactly one of equals, differs, matches")
        return self


@step
class AssertStep(StepSpec):
    """A comparison between captured values."""

    kind: ClassVar[str] = "assert"
    assert_: Comparison = Field(alias="assert")

    def summary(self) -> Text:
        return Text(f"comparer {self.assert_.value}", f"compare {self.assert_.value}")

    def used(self) -> frozenset[str]:
        return names_in(self.assert_.model_dump())

    @classmethod
    def again(cls, resolved: Mapping[str, Any]) -> list[Finding]:
        return [compare(Comparison.model_validate(resolved["assert"]))]

    def run(self, context: CaseContext) -> Outcome:
        resolved = substitute(self.assert_.model_dump(exclude_none=True), context.values)
        return Outcome((compare(Comparison.model_validate(resolved)),), resolved={"assert": resolved})


def compare(item: Comparison) -> Finding:
    """The finding of one comparison whose values are resolved."""
    if item.equals is not None:
        good, expected = item.value == item.equals, item.equals
    elif item.differs is not None:
        good, expected = item.value != item.differs, f"≠ {item.differs}"
    else:
        good, expected = re.search(item.matches or "", item.value) is not None, item.matches or ""
    return Finding("EXPECT-VALUE", "PASS" if good else "FAIL", "values:", item.value, expected)
