"""What a step kind is: a frozen model read from the plan, that knows its own names and how to run.

A kind is one file of this package with one class under `@step`. Reading the plan and running the case never
name a kind: they ask this registry. The context given to `run` is in `harness.context`.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from harness.checks.rule import Finding
from protocol.errors import DmpcompatError, Text
from protocol.exchange import Exchange
from protocol.yamlread import Where

if TYPE_CHECKING:
    from harness.context import CaseContext
    from harness.problems import Problems
    from harness.vocabulary import Vocabulary


class Unmet(DmpcompatError):
    """A precondition that can't be established: the case ends INCONCLUSIVE, never FAIL."""


class Impossible(Unmet):
    """Whoever operates the software says that it can't do this: NOT_APPLICABLE, for the reviewer to accept."""


@dataclass(frozen=True)
class Seen:
    """An exchange that a step saw, and did not make; `transaction` is its id."""

    exchange: Exchange
    transaction: str


@dataclass(frozen=True)
class Outcome:
    """What a step left: findings, the exchange when it made one, and how its expectation was resolved.

    `resolved` is plain JSON, kept in the evidence so that the step can be judged again from there alone.
    `seen`: exchanges that it watched, kept and judged together; None for a step that watches nothing.
    `unmet`: the case can't go on, its precondition isn't there; `stop`: it can't go on, since the answer
    isn't the expected one.
    """

    findings: tuple[Finding, ...] = ()
    exchange: Exchange | None = None
    resolved: Mapping[str, Any] | None = None
    unmet: Unmet | None = None
    stop: bool = False
    seen: tuple[Seen, ...] | None = None


class StepSpec(BaseModel, ABC):
    """One step of a case, as the plan writes it. The key of the plan that names the kind is a field too."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)
    kind: ClassVar[str]

    @abstractmethod
    def summary(self) -> Text:
        """One line for the reader of a report."""

    @abstractmethod
    def run(self, context: CaseContext) -> Outcome:
        """Do it. Raises Unmet, or another DmpcompatError for a failure of the tool."""

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        """Report the unknown names of this step; `at` is its place in the file."""

    @classmethod
    def again(cls, resolved: Mapping[str, Any]) -> list[Finding]:  # noqa: ARG003 - for those who judge alone
        """The findings of a step without frame, from what the evidence keeps of it."""
        return []

    def used(self) -> frozenset[str]:
        """Names of the captured values (`${name}`) that it needs."""
        return frozenset()

    def saved(self) -> frozenset[str]:
        """Names of the values that it captures."""
        return frozenset()

    def transactions(self) -> frozenset[str]:
        """Transactions that it tests; those of a precondition are not."""
        return frozenset()

    def announced(self, _context: CaseContext) -> Mapping[str, Any] | None:
        """The exchange that it is going to make, for the mock's live view; None when it makes none.

        Plain JSON: transaction, patient (INS), caller, structure, access_mode. Informs a reader, weighs on no verdict.
        """
        return None


Model = TypeVar("Model", bound=type[StepSpec])
_KINDS: dict[str, type[StepSpec]] = {}


def step(model: Model) -> Model:
    """Register a step kind under its `kind`."""
    _KINDS[model.kind] = model
    return model


def kinds() -> Mapping[str, type[StepSpec]]:
    """Every kind, by name; imports the files of this package."""
    package = importlib.import_module("harness.steps")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"harness.steps.{module.name}")
    return dict(sorted(_KINDS.items()))


def parse_step(value: Any) -> StepSpec:
    """Choose the kind by the key that is present, then validate with its model."""
    known = kinds()
    if not isinstance(value, Mapping) or not value:
        raise PydanticCustomError("step_shape", "a step is a mapping such as {{drive: TD0.2}}")
    present = [key for key in value if key in known]
    # `patient` is a kind, and a field of those that are about one.
    named = [key for key in present if not any(key in _fields(known[other]) for other in present)]
    if len(named) != 1:
        unknown = next(iter(value))
        raise PydanticCustomError(
            "unknown_step", "unknown step kind", {"name": unknown, "known": list(known)}
        )
    return known[named[0]].model_validate(value)


def _fields(model: type[StepSpec]) -> frozenset[str]:
    """Keys that a step of that kind may have beside the one that names it."""
    names = {field.alias or name for name, field in model.model_fields.items()}
    return frozenset(names - {model.kind})


class _AnyStep:
    """How pydantic reads and describes a step of any registered kind."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(parse_step)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"oneOf": [handler(model.__pydantic_core_schema__) for model in kinds().values()]}


AnyStep = Annotated[StepSpec, _AnyStep]
