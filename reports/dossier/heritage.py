"""What an integrator's file takes from its connector: looked at when it is lodged, and against the register later.

At lodging: each inherited case is one that the connector's signed statement, kept in the evidence, says it passed, and
whose requirements the engine alone proves. Later: that statement is of a report that the connector's own homologation,
or a release added to it, was decided on. Whether the connector is in force is the register's to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.inheritance import HERITAGE, by_engine
from harness.plan import stored_plan
from harness.results import INHERITED
from protocol import dsse
from protocol.errors import DmpcompatError, EvidenceError, Text
from reports import statement
from reports.homologation import statement as decision
from reports.register.opening import Office

_PASSED = ("PASS", "WARN")
_FILE = "statement.dsse.json"


def of_run(evidence: Path, predicate: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of the statement of each report that a run inherits from, by reference. The evidence was verified.

    Raises EvidenceError (DOSSIER-024) for a case that its connector did not prove.
    """
    told = predicate.get("inherited", ())
    if not told:
        return {}
    path = evidence / "plan.yaml"
    cases = {case.code: case for case in stored_plan(path.read_bytes(), path).plan.cases}
    passed, digests = {}, {}
    for reference in sorted({one["reference"] for one in told}):
        payload = dsse.read((evidence / HERITAGE / reference / _FILE).read_bytes()).payload
        said = statement.read(payload)["predicate"]
        passed[reference] = {one["code"]: one["verdict"] for one in said["cases"]}
        digests[reference] = hashlib.sha256(payload).hexdigest()
    wrong = [
        f"{one['code']}={one['verdict']}"
        for one in told
        if one["verdict"] not in _PASSED
        or passed[one["reference"]].get(one["code"]) != one["verdict"]
        or one["code"] not in cases
        or not by_engine(cases[one["code"]])
    ]
    if wrong:
        raise EvidenceError(
            "DOSSIER-024",
            Text(
                "des cas hérités que le connecteur ne prouve pas",
                "inherited cases that the connector does not prove",
            ),
            field="inherited",
            found=" ".join(wrong),
        )
    return digests


def verdicts(predicate: Mapping[str, Any]) -> dict[str, str]:
    """What a report says of each case: its verdict, INHERITED for those that a connector proves."""
    played = {one["code"]: one["verdict"] for one in predicate["cases"]}
    return {one["code"]: INHERITED for one in predicate.get("inherited", ())} | played


def reports_of(office: Office, reference: str) -> frozenset[str]:
    """SHA-256 of the statements of the reports that a homologation of this register, and its releases, rest on.

    Empty for a reference that it does not have, or whose signed decision is not the one that was entered.
    """
    entries = office.register.entries(reference)
    found = {
        str(entry.facts["statementDigest"])
        for entry in entries
        if entry.kind == "AMEND" and "statementDigest" in entry.facts
    }
    issued = next((entry for entry in entries if entry.kind == "ISSUE"), None)
    try:
        payload = dsse.read((office.folder / "declarations" / reference / _FILE).read_bytes()).payload
        if issued is not None and decision.digest(payload) == issued.facts.get("statementDigest"):
            found.add(decision.evidence_of(decision.read(payload))["rapport"])
    except (OSError, DmpcompatError):
        return frozenset(found)  # the decision is not here any more: what stands on it can't be shown to
    return frozenset(found)
