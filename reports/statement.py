"""The signed statement of a report: an in-toto statement over the digests of the report's files and evidence.

It repeats what decides (software, plan, rules, verdicts) so that the signed part stands alone, and the digest of
everything else. Reading is strict: an unknown member is refused, since a verifier must not skip what it does
not understand.
"""

from __future__ import annotations

import re
from typing import Any, Final

from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.trust import moment
from reports.model import Report

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "tag:dmpcompat,2026:test-report/v1"
#: Name of the subject that stands for the evidence tree: its manifest.
EVIDENCE: Final = "preuves/manifest-sha256.txt"
#: The result of the run, beside the report folder.
RUN: Final = "run.json"

_MEMBERS: Final = {
    "reportRef",
    "kind",
    "result",
    "issuedAt",
    "period",
    "software",
    "scope",
    "framework",
    "plan",
    "rules",
    "pack",
    "tool",
    "cases",
    "requirements",
}
#: Members that statements made by earlier versions lack.
_LATER: Final = {"journal", "inherited"}


def payload(report: Report, digests: dict[str, str]) -> bytes:
    """Canonical bytes of the statement. `digests`: SHA-256 (hex) by file name, the evidence manifest included."""
    raw = report.as_json()
    return canonical.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "reportRef": report.reference,
                "kind": "TEST",
                "result": report.result,
                "issuedAt": raw["issued"],
                "period": {"from": raw["started"], "to": raw["ended"]},
                "software": raw["software"],
                "scope": {
                    "profiles": raw["profiles"],
                    "modes": raw["modes"],
                    "target": raw["target"],
                    "frames": raw["frames"],
                    "leftOut": raw["left_out"],
                },
                "framework": report.guide,
                "plan": raw["plan"],
                "rules": raw["rules"],
                "pack": raw["pack"],
                "tool": raw["tool"],
                "cases": [{"code": case.code, "verdict": case.verdict} for case in report.cases],
                "requirements": [{"id": line.id, "verdict": line.verdict} for line in report.requirements],
                "journal": raw["journal"],
                "inherited": raw["inherited"],
            },
        }
    )


def read(data: bytes) -> dict[str, Any]:
    """Read and check a statement: canonical form, types, members, digests, dates. Raises EvidenceError."""
    if not canonical.is_canonical(data):
        raise _refused(
            "STMT-001", Text("la déclaration n'est pas canonique", "the statement is not canonical")
        )
    raw: dict[str, Any] = canonical.loads(data)
    try:
        if set(raw) != {"_type", "subject", "predicateType", "predicate"}:
            raise ValueError(f"members {sorted(raw)}")
        if (raw["_type"], raw["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError(f"types {raw['_type']!r}, {raw['predicateType']!r}")
        if set(raw["predicate"]) - _LATER != _MEMBERS:
            raise ValueError(f"members {sorted((set(raw['predicate']) - _LATER) ^ _MEMBERS)}")
        journal_of(raw)
        for name in ("reportRef", "result", "issuedAt"):
            if not isinstance(raw["predicate"][name], str):
                raise ValueError(f"{name} {raw['predicate'][name]!r}")
        moment(raw["predicate"]["issuedAt"])
        for name, digest in digests_of(raw).items():
            if not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise ValueError(f"digest of {name!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise _refused(
            "STMT-002", Text("la déclaration est mal formée", "the statement is malformed"), str(problem)
        ) from problem
    return raw


def digests_of(statement: dict[str, Any]) -> dict[str, str]:
    """SHA-256 by subject name. Raises ValueError when a name comes twice."""
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    if len(digests) != len(statement["subject"]):
        raise ValueError("a subject is named twice")
    return digests


def journal_of(statement: dict[str, Any]) -> tuple[str, int] | None:
    """Digest and number of the last line of the journal when it was signed; None when there was no journal.

    Raises ValueError, KeyError or TypeError for anything else.
    """
    journal = statement["predicate"].get("journal")
    if journal is None:
        return None
    head, lines = journal["head"], journal["lines"]
    if set(journal) != {"head", "lines"} or type(lines) is not int or not re.fullmatch(r"[0-9a-f]{64}", head):
        raise ValueError("journal")
    return str(head), lines


def _refused(code: str, text: Text, found: str = "") -> EvidenceError:
    return EvidenceError(code, text, found=found)
