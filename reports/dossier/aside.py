"""Cases that a reviewer sets aside together: by pattern, or because the scope that the file declares excludes them.

A product that covers two profiles leaves most of the plan outside: each such case is accepted by an event of its own,
with the reason that the plan gives. Who may accept, and when, is decided by reports.dossier.legality.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.plan import Plan
from harness.scope import Declared, outside, transactions_of
from protocol.errors import NO_TEXT, Text, UsageError
from protocol.transactions import Registry
from reports.dossier.view import View

_ASIDE: Final = "NOT_APPLICABLE"


def matching(file: View, pattern: str) -> dict[str, Text]:
    """Cases set aside by the run, not accepted yet, of this code or pattern (`CT-1.*`). Raises UsageError for none."""
    found = {case: NO_TEXT for case in _open(file) if fnmatch.fnmatchcase(case, pattern)}
    return found or _nothing(pattern)


def beyond_scope(file: View, plan: Plan, registry: Registry) -> dict[str, Text]:
    """Cases set aside by the run, not accepted yet, that the declared profiles, modes and options exclude; and why.

    Computed from the plan and from the opening of the file, whatever the run gave as a reason. Raises UsageError for
    none.
    """
    product = _declared(file.opening, registry)
    reasons = {case.code: outside(case, product) for case in plan.cases}
    found = {case: reason for case in _open(file) if (reason := reasons.get(case)) is not None}
    return found or _nothing(" ".join([*file.opening["profiles"], *file.opening["modes"]]))


def facts_of(cases: Mapping[str, Text], reason: str) -> list[tuple[str, dict[str, Any]]]:
    """Reason and facts of one ACCEPT_NA event a case."""
    return [
        (f"{reason} — {why.fr}" if why.fr else reason, {"case": case, "accepted": True})
        for case, why in cases.items()
    ]


def _declared(opening: Mapping[str, Any], registry: Registry) -> Declared:
    profiles: Sequence[str] = opening["profiles"]
    return Declared(
        frozenset(profiles),
        frozenset(opening["modes"]),
        transactions_of(profiles, registry),
        frozenset(opening.get("options", ())),
    )


def _open(file: View) -> list[str]:
    return [
        case
        for case, verdict in file.verdicts.items()
        if verdict == _ASIDE and not (case in file.accepted and file.accepted[case].facts["accepted"])
    ]


def _nothing(found: str) -> dict[str, Text]:
    raise UsageError(
        "DOSSIER-074",
        Text("aucun cas « sans objet » à accepter", "no not-applicable case to accept"),
        found=found,
        mend=Text("dmpcompat homologate status", "dmpcompat homologate status"),
    )
