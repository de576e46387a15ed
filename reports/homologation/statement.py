"""The signed statement of a homologation: what was decided, about what, on which evidence, under which rules.

An in-toto statement made of the application file alone, so that the same file gives the same bytes. An original verdict
stands beside what a reviewer decided. It names no secret: of the wire number it has the commitment. Signing and
travelling are `reports.homologation.bundle`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.shape import Each, Members, fit
from protocol.trust import moment, stamp
from reports import numbers
from reports.dossier.view import View, view
from reports.register.opening import Configuration
from reports.statement import STATEMENT_TYPE

PREDICATE_TYPE: Final = "tag:dmpcompat,2026:homologation/v1"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TEXTS: Final = Each(str)
_TOOL: Final = Members({"name": str, "version": str, "sha256": str}, open=True)
_SHAPE: Final = Members(
    {
        "_type": str,
        "predicateType": str,
        "subject": Each(Members({"name": str, "digest": Members({"sha256": str})})),
        "predicate": Members(
            {
                "kind": str,
                "reference": str,
                "numberCommitment": str,
                "issuer": Members({"id": str, "name": str}),
                "issuedAt": str,
                "holder": Members({"name": str, "siret": str}),
                "software": Members({"family": str, "name": str, "version": str}),
                "profiles": _TEXTS,
                "modes": _TEXTS,
                "framework": str,
                "parent": str,
                "plan": _TOOL,
                "rules": _TOOL,
                "report": Members({"reference": str, "result": str, "frames": str}),
                "result": str,
                "cases": Each(Members({"code": str, "verdict": str, "counts": str, "decisions": _TEXTS})),
                "requirements": Each(Members({"id": str, "verdict": str})),
                "anomalies": int,
                "approvals": _TEXTS,
                "file": Members({"name": str, "events": int, "head": str}),
            }
        ),
    }
)


def payload(file: View, commitment: str, configuration: Configuration) -> bytes:
    """Canonical bytes of the statement about a file whose reference is reserved. Raises EvidenceError when none is."""
    return canonical.dumps(
        document(file, commitment, {"id": configuration.issuer, "name": configuration.name})
    )


def document(file: View, commitment: str, issuer: Mapping[str, str]) -> dict[str, Any]:
    """What the statement of a file says: the file as it was when its reference was reserved, whatever came after.

    Raises EvidenceError when none was.
    """
    reserved = next((event for event in reversed(file.history) if event.kind == "RESERVED"), None)
    if reserved is not None:
        file = view(event for event in file.history if event.seq <= reserved.seq)
    piece = file.piece("evidence")
    if piece is None or reserved is None:
        raise EvidenceError(
            "HOMO-001", Text("ce dossier n'est pas décidé", "this file is not decided"), field=file.dossier
        )
    facts = piece.facts
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "preuves", "digest": {"sha256": facts["evidenceSha256"]}},
            {"name": "rapport", "digest": {"sha256": piece.sha256}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "kind": str(file.opening["kind"]),
            "reference": str(reserved.facts["reference"]),
            "numberCommitment": commitment,
            "issuer": dict(issuer),
            "issuedAt": stamp(reserved.at),
            "holder": {"name": str(file.opening["holder"]), "siret": str(file.opening.get("siret", ""))},
            "software": {
                "family": str(file.opening["family"]),
                "name": facts["software"]["name"],
                "version": facts["software"]["version"],
            },
            "profiles": list(file.opening["profiles"]),
            "modes": list(file.opening["modes"]),
            "framework": facts["framework"],
            "parent": str(file.opening.get("parent", "")),
            "plan": facts["plan"],
            "rules": facts["rules"],
            "report": {"reference": piece.name, "result": facts["result"], "frames": facts["frames"]},
            "result": _result(file),
            "cases": [_case(file, code) for code in sorted(file.verdicts)],
            "requirements": [
                {"id": name, "verdict": verdict} for name, verdict in sorted(facts["requirements"].items())
            ],
            "anomalies": sum(event.kind == "ANOMALY" for event in file.history),
            "approvals": sorted(file.approvals),
            "file": {"name": file.dossier, "events": reserved.seq + 1, "head": reserved.line},
        },
    }


def digest(data: bytes) -> str:
    """What the register names: SHA-256 (hex) of the payload."""
    return hashlib.sha256(data).hexdigest()


def read(data: bytes) -> dict[str, Any]:
    """Read and check a statement strictly: canonical form, types, members, digests. Raises EvidenceError."""
    if not canonical.is_canonical(data):
        raise _refused(
            "HOMO-002", Text("la déclaration n'est pas canonique", "the statement is not canonical")
        )
    raw: dict[str, Any] = canonical.loads(data)
    try:
        fit(raw, _SHAPE)
        predicate = raw["predicate"]
        if (raw["_type"], raw["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError(f"types {raw['_type']!r}, {raw['predicateType']!r}")
        moment(predicate["issuedAt"])
        if str(numbers.parse(predicate["reference"])) != predicate["reference"]:
            raise ValueError(predicate["reference"])
        if predicate["file"]["events"] < 1:
            raise ValueError(f"events {predicate['file']['events']}")
        digests = [subject["digest"]["sha256"] for subject in raw["subject"]]
        for found in (*digests, predicate["numberCommitment"], predicate["file"]["head"]):
            if not _SHA256.fullmatch(found):
                raise ValueError(f"digest {found!r}")
    except ValueError as problem:
        raise _refused(
            "HOMO-003", Text("la déclaration est mal formée", "the statement is malformed"), str(problem)
        ) from problem
    return raw


def evidence_of(raw: dict[str, Any]) -> dict[str, str]:
    """SHA-256 by subject: `preuves` (the manifest), `rapport` (the statement of the report)."""
    return {subject["name"]: subject["digest"]["sha256"] for subject in raw["subject"]}


def _case(file: View, code: str) -> dict[str, Any]:
    """The original verdict, what counts, and the events that decided it."""
    decisions = [one[code].line for one in (file.overrides, file.accepted) if code in one]
    return {
        "code": code,
        "verdict": file.verdicts[code],
        "counts": file.verdict(code),
        "decisions": decisions,
    }


def _result(file: View) -> str:
    reserved = file.overrides or "WARN" in file.verdicts.values()
    return "CONFORM_WITH_RESERVES" if reserved else "CONFORM"


def _refused(code: str, text: Text, found: str = "") -> EvidenceError:
    return EvidenceError(code, text, found=found)
