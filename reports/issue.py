"""Issues a report from a finished run: model, renderings, statement, signature, in one folder that appears whole.

It computes no verdict. The numbers of an authority, reviewers' decisions and the register are left to the
homologation file.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.checks.rule import Finding
from harness.evidence import INDEX, MANIFEST, read_json
from harness.expectation_words import title
from harness.results import INHERITED, RUN_FILE, CaseResult, RunResult, finding_from_plain, text_from_plain
from protocol import dsse, requirements
from protocol.errors import NO_TEXT, DmpcompatError, EvidenceError, Lang, Text, UsageError
from protocol.trust import trust_document
from reports import explain, keys, numbers, stamped, statement
from reports.model import (
    RESULTS,
    CaseLine,
    DeviationLine,
    FindingLine,
    InheritedLine,
    JournalHead,
    Named,
    PassedLine,
    Report,
    RequirementLine,
    Software,
    worst,
)
from reports.reissuing import completed
from reports.render import RENDERINGS

FOLDER: Final = "rapport"


@dataclass(frozen=True)
class Issued:
    """An issued report and where it is; `unstamped`: why its statement has no time stamp, when one was to be had."""

    report: Report
    folder: Path
    unstamped: DmpcompatError | None = None


def issue(run_folder: Path, *, seal: keys.Seal | None = None, lang: Lang = "fr") -> Issued:
    """Write `rapport/` beside the evidence of the run in `run_folder`; an issued report is never overwritten.

    Raises UsageError when a report is there already, EvidenceError when the run is damaged.
    """
    place = run_folder / FOLDER
    refuse_issued(run_folder)
    run = RunResult.load(run_folder)
    signer = seal or keys.installation_seal()
    issued = datetime.now(UTC).replace(microsecond=0)
    reference = numbers.allocate(issued.date(), "T", signer.key.issuers[0])
    report = compose(run, reference=str(reference), issued=issued)
    files = {name: render(report, lang) for name, render in RENDERINGS.items()}
    files["trust.json"] = trust_document([signer.key])
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    digests[statement.EVIDENCE] = _sha256(run.evidence / MANIFEST)
    digests[statement.RUN] = _sha256(run_folder / RUN_FILE)
    envelope = dsse.sign(statement.payload(report, digests), [signer])
    stamp, unstamped = _stamp(envelope)
    files |= {"statement.dsse.json": envelope, **stamp}
    made = Path(tempfile.mkdtemp(prefix=".rapport-", dir=run_folder))
    try:
        made.chmod(0o755)
        for name, data in files.items():
            (made / name).write_bytes(data)
        if place.exists():  # it told a red preflight only, as refuse_issued saw
            shutil.rmtree(place)
        made.rename(place)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return Issued(report, place, unstamped)


def _stamp(envelope: bytes) -> tuple[dict[str, bytes], DmpcompatError | None]:
    """The time stamp of a statement, or why there is none: the result of a run is not lost for it."""
    try:
        response = stamped.stamp(envelope)
    except DmpcompatError as problem:
        return {}, problem
    return ({} if response is None else {stamped.FILE: response}), None


def refuse_issued(run_folder: Path) -> None:
    """Raises UsageError when the folder holds a report that rests on evidence: running again there would break it.

    A report of a red preflight rests on none, and may be replaced once the configuration is mended.
    """
    place = run_folder / FOLDER
    if place.exists() and not _rests_on_nothing(place):
        raise UsageError(
            "ISSUE-001",
            Text("un rapport a déjà été établi ici", "a report was already issued here"),
            field=str(place),
            mend=Text("relancer dans un autre dossier", "run again into another folder"),
        )


def _rests_on_nothing(place: Path) -> bool:
    try:
        return not any(case["evidence"] for case in read_json(place / "report.json")["cases"])
    except (EvidenceError, KeyError, TypeError):
        return False


def compose(run: RunResult, *, reference: str, issued: datetime) -> Report:
    """The report of a run, its cases completed by what was lodged. Raises EvidenceError when the run or its evidence
    lacks something.
    """
    run = completed(run)
    facts = run.facts
    try:
        campaign, plan, rules = facts["campaign"], facts["plan"], facts["rules"]
        pack = facts.get("pack")
        left_out = tuple(item["code"] for item in facts["scope"] if item["state"] == "not-selected")
        result = RESULTS[run.exit_code]
        cases = tuple(_case(run, case) for case in run.verdicts)
        inherited = tuple(_inherited(item) for item in facts.get("inherited", ()))
        return Report(
            reference=reference,
            issued=issued,
            started=_moment(facts["started"]),
            ended=_moment(facts["ended"]),
            result="PARTIAL" if left_out and result == "CONFORM" else result,
            software=Software(
                vendor=campaign["vendor"]["name"],
                name=campaign["software"]["name"],
                version=campaign["software"]["version"],
                wire_number=campaign["software"]["number"],
            ),
            frames=facts["frames"],
            target=facts["target"]["url"],
            profiles=tuple(campaign["profiles"]),
            modes=tuple(campaign["authentication"]),
            guide=", ".join(plan["guide"]),
            plan=Named(plan["id"], plan["version"], plan["sha256"]),
            rules=Named(facts["tool"]["name"], facts["tool"]["version"], rules["sha256"]),
            pack=Named(pack["name"], pack["version"], pack["sha256"]) if pack else None,
            tool=Named(facts["tool"]["name"], facts["tool"]["version"], ""),
            cases=cases,
            left_out=left_out,
            requirements=_requirements(cases, inherited),
            evidence=_sha256(run.evidence / MANIFEST),
            journal=_journal(run),
            inherited=inherited,
            deviations=tuple(_deviation(item) for item in facts.get("deviations", {}).get("known", ())),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise EvidenceError(
            "ISSUE-002",
            Text("le résultat de l'exécution est incomplet", "the result of the run is incomplete"),
            found=f"{type(problem).__name__}: {problem}",
        ) from problem


def _journal(run: RunResult) -> JournalHead | None:
    told = read_json(run.evidence / INDEX).get("journal")
    return None if told is None else JournalHead(told["head"], told["lines"])


def _inherited(item: dict[str, Any]) -> InheritedLine:
    return InheritedLine(
        code=item["code"],
        title=text_from_plain(item["title"]),
        reference=item["reference"],
        connector=item["connector"],
        verdict=item["verdict"],
        requirements=tuple(item["requirements"]),
        report_sha256=item["report_sha256"],
        homologation=item.get("homologation", ""),
    )


def _deviation(item: dict[str, Any]) -> DeviationLine:
    told = {"reason": text_from_plain(item["reason"]), "cases": tuple(item["cases"])}
    return DeviationLine(**item | told)


def _case(run: RunResult, case: CaseResult) -> CaseLine:
    stored: list[Finding] = []
    if case.evidence:
        lines = read_json(run.evidence / case.evidence / "assertions.json")
        stored = [finding_from_plain(line)[1] for line in lines]
    held = Counter(finding.rule for finding in stored if finding.status == "PASS")
    return CaseLine(
        code=case.code,
        official=case.official,
        title=case.title,
        type=case.type,
        side=case.side,
        transactions=case.transactions,
        requirements=case.requirements,
        verdict=str(case.verdict),
        reason=case.reason,
        findings=tuple(_finding(item) for item in stored if item.status not in ("PASS", "VACUOUS")),
        passed=tuple(PassedLine(rule, title(rule), count) for rule, count in sorted(held.items())),
        vacuous=sum(finding.status == "VACUOUS" for finding in stored),
        exchanges=tuple(dict.fromkeys(finding.exchange for finding in stored if finding.exchange)),
        evidence=case.evidence,
    )


def _finding(finding: Finding) -> FindingLine:
    known = explain.explanation(finding)
    return FindingLine(
        rule=finding.rule,
        status=finding.status,
        title=known.title,
        where=finding.where,
        found=finding.found,
        expected=finding.expected,
        cause=known.cause,
        mend=known.mend,
        clause=known.clause,
        requirements=known.requirements,
        exchange=finding.exchange,
    )


def _requirements(
    cases: tuple[CaseLine, ...], inherited: tuple[InheritedLine, ...]
) -> tuple[RequirementLine, ...]:
    """One line a requirement of the plan, in alphabetical order; what a connector proves is told as such."""
    known = requirements.requirements()
    carried: dict[str, list[tuple[str, str]]] = {}
    for case in cases:
        for identifier in case.requirements:
            carried.setdefault(identifier, []).append((case.code, case.verdict))
    for one in inherited:
        for identifier in one.requirements:
            carried.setdefault(identifier, []).append((one.code, INHERITED))
    return tuple(
        RequirementLine(
            id=identifier,
            text=known[identifier].text if identifier in known else NO_TEXT,
            verdict=worst([verdict for _, verdict in lines]),
            cases=tuple(code for code, _ in lines),
        )
        for identifier, lines in sorted(carried.items())
    )


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as problem:
        raise EvidenceError(
            "ISSUE-003",
            Text("fichier de l'exécution illisible", "unreadable file of the run"),
            field=str(path),
            found=str(problem),
        ) from problem


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
