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
from protocol.shape import Each, Members, fit
from protocol.trust import moment
from reports import numbers
from reports.model import Report

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "tag:dmpcompat,2026:test-report/v1"
#: Name of the subject that stands for the evidence tree: its manifest.
EVIDENCE: Final = "preuves/manifest-sha256.txt"
#: The result of the run, beside the report folder.
RUN: Final = "run.json"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

_TEXTS: Final = Each(str)
_NAMED: Final = Members({"name": str, "version": str, "sha256": str}, open=True)
_INHERITED: Final = Members(
    {"code": str, "connector": str, "reference": str, "verdict": str, "report_sha256": str}, open=True
)
_PREDICATE: Final = Members(
    {
        "reportRef": str,
        "kind": str,
        "result": str,
        "issuedAt": str,
        "period": Members({"from": str, "to": str}),
        "software": Members({"vendor": str, "name": str, "version": str}, open=True),
        "scope": Members(
            {"profiles": _TEXTS, "modes": _TEXTS, "target": str, "frames": str, "leftOut": _TEXTS}, open=True
        ),
        "framework": str,
        "plan": _NAMED,
        "rules": _NAMED,
        "pack": (_NAMED, None),
        "tool": _NAMED,
        "cases": Each(Members({"code": str, "verdict": str}, open=True)),
        "requirements": Each(Members({"id": str, "verdict": str}, open=True)),
    },
    #: Members that statements made by earlier versions lack.
    {"journal": (Members({"head": str, "lines": int}), None), "inherited": Each(_INHERITED)},
)
_SHAPE: Final = Members(
    {
        "_type": str,
        "predicateType": str,
        "subject": Each(Members({"name": str, "digest": Members({"sha256": str})})),
        "predicate": _PREDICATE,
    }
)


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
        fit(raw, _SHAPE)
        if (raw["_type"], raw["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError(f"types {raw['_type']!r}, {raw['predicateType']!r}")
        journal_of(raw)
        moment(raw["predicate"]["issuedAt"])
        digests = digests_of(raw)
        if missing := {EVIDENCE, RUN} - set(digests):
            raise ValueError(f"lacks {' '.join(sorted(missing))}")
        for name, digest in digests.items():
            if not _SHA256.fullmatch(digest):
                raise ValueError(f"digest of {name!r}")
        for one in raw["predicate"].get("inherited", ()):
            if (
                str(numbers.parse(one["reference"])) != one["reference"]
            ):  # the name of a folder of the evidence
                raise ValueError(f"reference {one['reference']!r}")
    except ValueError as problem:
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

    Raises ValueError for a digest that is none.
    """
    journal = statement["predicate"].get("journal")
    if journal is None:
        return None
    head, lines = journal["head"], journal["lines"]
    if not _SHA256.fullmatch(head):
        raise ValueError("journal")
    return str(head), lines


def _refused(code: str, text: Text, found: str = "") -> EvidenceError:
    return EvidenceError(code, text, found=found)
