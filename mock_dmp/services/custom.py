"""What the handlers of the DMP's own services share: reading the body, judging it, refusing by its status.

The rules are those of datasets/acceptance/custom.yaml; what each operation does is in its own module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Protocol, TypeVar

from lxml import etree

from mock_dmp.acceptance.engine import Breach, breach_of, judged
from mock_dmp.context import Call, Refusal
from mock_dmp.services.identity import patient_of
from protocol.directory import Patient
from protocol.errors import MetadataError


class Asked(Protocol):
    """A request of `protocol.customservices`."""

    @property
    def strangers(self) -> tuple[str, ...]: ...


R = TypeVar("R", bound=Asked)


def read(call: Call, reader: Callable[[etree._Element], R]) -> R:
    """The body of the call, by one of the readers of `protocol.customservices`. Raises Refusal."""
    try:
        asked = reader(call.message.envelope.body)
    except MetadataError as problem:
        refuse(call, "WS-CONTENT", breach_of(problem))
    for name in asked.strangers:
        judge(call, "WS-STRANGER", Breach("corps", name, "les éléments de l'opération"))
    return asked


def judge(call: Call, rule: str, breach: Breach) -> None:
    """Refuse or warn, as the session says of the rule. Raises Refusal.

    What is wrong in the body is told by the status of the answer, as the DMP's business refusals are; rights
    that lack are told as everywhere.
    """
    for item in judged(rule, breach, call.session.settings):
        problem = item.problem
        if problem.severity == "warning":
            call.warn(problem)
            continue
        raise Refusal(
            problem.code,
            problem.text,
            context=problem.context,
            carrier="ws" if problem.code == "MockInvalidRequest" else None,
            rule=rule,
        )


def refuse(call: Call, rule: str, breach: Breach) -> NoReturn:
    """As `judge`, where even a session that forgives can't be served. Raises Refusal."""
    judge(call, rule, breach)
    raise Refusal("MockInvalidRequest", breach.text, context=breach.context(), carrier="ws", rule=rule)


def record_of(call: Call) -> Patient:
    """The patient whom the VIHF names. Raises Refusal when the session knows none."""
    patient = patient_of(call)
    if patient is None:
        raise Refusal("MockPatientNotFound", carrier="ws")
    return patient
