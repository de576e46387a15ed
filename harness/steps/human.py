"""Steps that only a human can do: an act without a frame (`instruct`), a screen to show, a declaration to make.

With our own driver nobody is there: the step is noted as played by the simulated LPS and weighs on no verdict. A
player that has an operator (`harness.players.attended`) asks.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

from harness.context import CaseContext
from harness.players.attended import Attended
from harness.steps.api import Outcome, StepSpec, step
from harness.wording import Words
from protocol.errors import Text

#: What the evidence says of such a step when our driver plays.
SIMULATED: Final = Text(
    "joué par le LPS simulé : rien à montrer", "played by the simulated LPS: nothing to show"
)


class HumanStep(StepSpec):
    """A step for a human; the key of the kind holds what they are told."""

    @property
    @abstractmethod
    def operate(self) -> Words:
        """What the operator is told."""

    def summary(self) -> Text:
        return self.operate.text()

    def run(self, context: CaseContext) -> Outcome:
        if isinstance(context.player, Attended):
            answer = context.player.ask(self, context)
            told = {"asked": self.kind, "sentence": self.operate.model_dump(), **answer.told}
            return Outcome(answer.findings, resolved=told, unmet=answer.unmet)
        simulated = {"fr": SIMULATED.fr, "en": SIMULATED.en}
        return Outcome(resolved={"asked": self.kind, "simulated": simulated})


@step
class InstructStep(HumanStep):
    """Something to do that sends nothing by itself."""

    kind: ClassVar[str] = "instruct"
    instruct: Words

    @property
    def operate(self) -> Words:
        return self.instruct


@step
class ScreenStep(HumanStep):
    """A screen to show: what must be seen on it."""

    kind: ClassVar[str] = "screen"
    screen: Words

    @property
    def operate(self) -> Words:
        return self.screen


@step
class DeclareStep(HumanStep):
    """A declaration to make: the question that is answered in writing."""

    kind: ClassVar[str] = "declare"
    declare: Words

    @property
    def operate(self) -> Words:
        return self.declare
