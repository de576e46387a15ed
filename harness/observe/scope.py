"""What somebody's software can be asked: the cases that are left out when it is observed, each with its reason.

It narrows what `harness.scope` chose. Nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.plan import Case
from harness.scope import Scoped
from harness.steps.api import StepSpec
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import Actor, DriveStep, Product
from harness.steps.prepare import PrepareStep
from protocol.errors import Text

#: Kinds that the harness does by itself at the mock, with no part of the software in them.
_STAGED: Final = frozenset({"prepare", "fault", "patient", "traces"})
#: Kinds that are observed or asked, or that compare what was captured.
_KNOWN: Final = _STAGED | {"drive", "browse", "call", "watch", "instruct", "screen", "declare", "assert"}
#: What a software sees of a connection over which nothing was sent.
_BEFORE: Final = frozenset({"refused-tls", "bad-server", "unreachable"})


def observable(scoped: Sequence[Scoped], *, staged: bool) -> tuple[Scoped, ...]:
    """The same cases, those that can't be asked of a real software excluded. `staged`: the platform is the mock, which
    can be prepared and made to fail; frames that were captured elsewhere can't.
    """
    return tuple(_one(item, staged) if item.state == "included" else item for item in scoped)


def preconditions(case: Case) -> Case:
    """The case with the steps that our own driver plays: its identities are those that the harness needs keys of."""
    ours = [step for step in case.steps if getattr(step, "need", False)]
    return case.model_copy(update={"steps": ours})


def _one(item: Scoped, staged: bool) -> Scoped:
    reason = next(_against(item.case, staged), None)
    return item if reason is None else replace(item, state="excluded", reason=reason)


def _against(case: Case, staged: bool) -> Iterator[Text]:
    """Why a case can't be asked, the first reason first."""
    if case.side == "D":
        yield Text(
            "ce cas éprouve la plateforme, pas le logiciel", "this case tests the platform, not the software"
        )
    for number, step in enumerate(case.steps, 1):
        told = _wrong_on_purpose(step) or _unseen(step, staged)
        if told is not None:
            yield Text(f"étape {number} : {told.fr}", f"step {number}: {told.en}")
    if not any(_acts(step) for step in case.steps):
        yield Text("rien n'est demandé au logiciel", "nothing is asked of the software")


def _wrong_on_purpose(step: StepSpec) -> Text | None:
    if not isinstance(step, (DriveStep, BrowseStep)) or step.need:
        return None
    if step.alter or (isinstance(step, DriveStep) and step.lps != Product()):
        return Text(
            "un message faux exprès, qu'un vrai logiciel ne sait pas envoyer",
            "a message that is wrong on purpose, which a real software can't send",
        )
    if step.as_ != Actor(name=step.as_.name):
        return Text(
            "une identité ou des certificats remplacés exprès, que le poste n'a pas",
            "an identity or certificates replaced on purpose, which the workstation lacks",
        )
    return None


def _unseen(step: StepSpec, staged: bool) -> Text | None:
    if step.kind not in _KNOWN:
        return Text(
            f"« {step.kind} » se joue par notre pilote seul", f"`{step.kind}` is played by our driver alone"
        )
    if step.kind in _STAGED and not staged:
        return Text(
            f"« {step.kind} » demande un simulateur à préparer ; ces trames viennent d'ailleurs",
            f"`{step.kind}` needs a mock to prepare; these frames come from elsewhere",
        )
    if isinstance(step, CallStep) and (step.delay or step.with_.assertion):
        return Text(
            "un appel dont l'heure ou le jeton est forcé, ce qu'un vrai logiciel ne sait pas faire",
            "a call whose time or token is forced, which a real software can't do",
        )
    if isinstance(step, PrepareStep) and step.prepare.clock is not None:
        return Text(
            "l'horloge de la plateforme est déplacée, et le logiciel garde la sienne",
            "the clock of the platform is turned, and the software keeps its own",
        )
    if isinstance(step, DriveStep) and (step.expect.connection or _below(step.expect.seen)):
        return Text(
            "une connexion refusée ne laisse aucune trame", "a connection that is refused leaves no frame"
        )
    return None


def _below(seen: str) -> bool:
    """Whether all that is expected to be seen happens before a request is sent."""
    return bool(seen) and {word.strip() for word in seen.split("|")} <= _BEFORE


def _acts(step: StepSpec) -> bool:
    return step.kind in ("call", "watch", "instruct", "screen", "declare") or (
        isinstance(step, (DriveStep, BrowseStep)) and not step.need
    )
