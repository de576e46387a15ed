"""Tells the mock's live view what a case is about to send, so that it can say what was expected.

It informs whoever watches; a failure is told to the journal of the run and weighs on no verdict.
"""

from __future__ import annotations

from typing import Any

from harness.context import CaseContext
from harness.events import Journal
from harness.results import text_to_plain
from protocol.errors import DmpcompatError


def announce(context: CaseContext, journal: Journal) -> None:
    """Post what each step of the case will make, in one call. Nothing on a platform without a control API."""
    platform = context.platform
    if platform.control is None:
        return
    try:
        if told := announced(context):
            platform.control.expect(platform.session, told)
    # Whatever goes wrong here must not reach the verdict of the case.
    except Exception as problem:  # noqa: BLE001 - told, never a verdict
        said = problem.message("en") if isinstance(problem, DmpcompatError) else repr(problem)
        journal.tell("announcing-failed", context.case.code, problem=said)


def announced(context: CaseContext) -> list[dict[str, Any]]:
    """The expectations of the case, in the order of its steps: same shape as the mock's control API."""
    found = []
    for number, step in enumerate(context.case.steps, 1):
        told = step.announced(context)
        if told is not None:
            sentence = text_to_plain(step.summary())
            found.append({**told, "case": context.case.code, "step": str(number), "sentence": sentence})
    return found
