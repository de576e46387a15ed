"""What a run says to an application file: its report, verified, and the facts that the guards look at.

Nothing is copied: the file keeps the digests of the signed statement and of the evidence; who examines has the bundle.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from harness.evidence import sha256_of
from protocol import dsse
from protocol.errors import DmpcompatError, EvidenceError, Text, UsageError
from reports import statement, verify, verify_evidence
from reports.dossier import heritage

_PLAYED = "driver"
#: Steps that may not be left open: a report whose seal nobody believes, or without its evidence, says nothing.
_NEEDED = ("signature", "evidence", "journal")


class NotLodged(EvidenceError):
    """A run that says nothing of a product, or whose report is not what it says."""

    exit_code = 1


def facts_of(
    run: Path,
    trust: Path | None = None,
    executors: tuple[str, ...] = (),
    *,
    rejudged: bool = True,
    strict: bool = False,
) -> dict[str, Any]:
    """The facts of a PIECE event about the run in that folder, its verdicts computed again where its rules are here;
    `strict`: refused where they are not, since a vendor may name any.

    Raises NotLodged when its report does not verify, or something of it can't be verified.
    """
    path = next((one for one in (run / "rapport", run) if (one / verify.STATEMENT_FILE).is_file()), run)
    before = _envelope(path)
    for step in verify.verify(path, trust=trust).steps:
        if step.outcome == "KO" or (step.outcome == "SKIPPED" and step.name in _NEEDED):
            raise _unverified(path, f"{step.number}: {step.detail.en}")
    if rejudged:
        _rejudged(path, strict=strict)
    data = _envelope(path)
    if data != before:
        raise NotLodged(
            "DOSSIER-023",
            Text("le rapport a changé pendant sa vérification", "the report changed while it was verified"),
            field=str(path),
        )
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
        "verdicts": heritage.verdicts(predicate),
        "requirements": {one["id"]: one["verdict"] for one in predicate["requirements"]},
        "leftOut": list(predicate["scope"]["leftOut"]),
        "inherited": sorted({one["reference"] for one in predicate.get("inherited", ())}),
        "heritage": _heritage(path, predicate),
        "executors": sorted({*executors, *(one.keyid for one in signed.signatures)}),
    }


def _heritage(path: Path, predicate: dict[str, Any]) -> dict[str, str]:
    evidence = _evidence(path)
    try:
        return heritage.of_run(evidence, predicate) if evidence is not None else {}
    except (DmpcompatError, OSError) as problem:
        found = problem.message("en") if isinstance(problem, DmpcompatError) else str(problem)
        raise _unverified(path, found) from problem


def _evidence(path: Path) -> Path | None:
    """The tree that the report in this folder rests on."""
    return next((one for one in (path.parent / "preuves", path / "preuves") if one.is_dir()), None)


def _rejudged(path: Path, *, strict: bool) -> None:
    """Whoever holds the key of a report may sign any verdict: those that the frames give are computed here."""
    try:
        verify_evidence.rejudge_all(_evidence(path))
    except verify_evidence.Skip as skipped:
        if strict:
            raise _unverified(path, skipped.reason.en) from skipped
        return  # other rules or an official pack that is not here: the examiner has them, `verify` says so
    except EvidenceError as problem:
        raise _unverified(path, problem.message("en")) from problem


def _unverified(path: Path, found: str) -> NotLodged:
    return NotLodged(
        "DOSSIER-020",
        Text("le rapport ne se vérifie pas", "the report does not verify"),
        field=str(path),
        found=found,
        mend=Text(
            "donner le dossier de l'exécution entier, et --trust avec le fichier de confiance de qui l'a signé",
            "give the whole folder of the run, and --trust with the trust file of whoever signed it",
        ),
    )


def _envelope(path: Path) -> bytes:
    place = path / verify.STATEMENT_FILE
    return place.read_bytes() if place.is_file() else b""


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
