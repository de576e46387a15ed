"""What a run says to an application file: its report, verified, and the facts that the guards look at.

Nothing is copied: the file keeps the digests of the signed statement and of the evidence; who examines has the bundle.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from harness.evidence import sha256_of
from protocol import dsse
from protocol.errors import EvidenceError, Text, UsageError
from reports import statement, verify

_PLAYED = "driver"


class NotLodged(EvidenceError):
    """A run that says nothing of a product, or whose report is not what it says."""

    exit_code = 1


def facts_of(run: Path, trust: Path | None = None, executors: tuple[str, ...] = ()) -> dict[str, Any]:
    """The facts of a PIECE event about the run in that folder.

    Raises NotLodged when its report does not verify.
    """
    path = next((one for one in (run / "rapport", run) if (one / verify.STATEMENT_FILE).is_file()), run)
    outcome = verify.verify(path, trust=trust)
    if bad := [step for step in outcome.steps if step.outcome == "KO"]:
        raise NotLodged(
            "DOSSIER-020",
            Text("le rapport ne se vérifie pas", "the report does not verify"),
            field=str(path),
            found=f"{bad[0].number}: {bad[0].detail.en}",
        )
    data = (path / verify.STATEMENT_FILE).read_bytes()
    signed = dsse.read(data)
    told = statement.read(signed.payload)
    predicate = told["predicate"]
    return {
        "what": "evidence",
        "name": predicate["reportRef"],
        "sha256": hashlib.sha256(signed.payload).hexdigest(),
        "evidenceSha256": statement.digests_of(told)[statement.EVIDENCE],
        "result": predicate["result"],
        "frames": predicate["scope"]["frames"],
        "software": {name: predicate["software"][name] for name in ("vendor", "name", "version")},
        "profiles": predicate["scope"]["profiles"],
        "modes": predicate["scope"]["modes"],
        "framework": predicate["framework"],
        "plan": predicate["plan"],
        "rules": predicate["rules"],
        "verdicts": {case["code"]: case["verdict"] for case in predicate["cases"]},
        "requirements": {one["id"]: one["verdict"] for one in predicate["requirements"]},
        "leftOut": list(predicate["scope"]["leftOut"]),
        "inherited": sorted({one["reference"] for one in predicate.get("inherited", ())}),
        "executors": sorted({*executors, *(one.keyid for one in signed.signatures)}),
    }


def document(path: Path) -> dict[str, Any]:
    """Name and SHA-256 of a document that the file refers to (convention, attestation). Raises UsageError (folder)."""
    if not path.is_file():
        raise UsageError(
            "DOSSIER-022",
            Text("un document est attendu", "a document is expected"),
            field="SOURCE",
            found=str(path),
        )
    return {"name": path.name, "sha256": sha256_of(path)}


def refuse_own_driver(facts: dict[str, Any], *, allowed: bool) -> None:
    """Raises NotLodged for evidence that our driver made, unless the office is one of tests and says so."""
    if facts["frames"] == _PLAYED and not allowed:
        raise NotLodged(
            "DOSSIER-021",
            Text(
                "ces échanges sont ceux du pilote intégré, pas d'un logiciel",
                "these exchanges are those of the built-in driver, not of a software",
            ),
            found=facts["frames"],
            expected="observed, proxy, import",
            mend=Text("rejouer avec --observe", "run again with --observe"),
        )
