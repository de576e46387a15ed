"""What is kept of a judged file: one line of a state file. Passing findings are counted and digested, not kept."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from harness.checks.rule import Finding, Status
from harness.files.layers import LayerVerdict, layers_of
from harness.files.portrait import NOBODY, Portrait
from harness.files.subject import Kind

Verdict = Literal["PASS", "WARN", "FAIL", "INCONCLUSIVE", "ERROR"]
#: SKIPPED: a file of a tree that is nothing we judge; it counts for no verdict.
Outcome = Literal["PASS", "WARN", "FAIL", "INCONCLUSIVE", "ERROR", "SKIPPED"]
#: A file may have as many faults as it has elements: past these, they are counted only.
MAX_FAULTS: Final = 400
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Record:
    """One file. `faults`: findings that are neither PASS nor VACUOUS, with severities applied; `left_out`: how many
    more there were; `seen`: SHA-256 (hex) over all findings; `sha256`: of the content, "" when it was not read.

    `lost`: the verdict is about our process, not about the file, which is judged again on resuming. `layers`: verdict
    of our rules and of each official layer, empty without a pack.
    """

    path: str
    sha256: str
    kind: Kind
    verdict: Outcome
    counts: Mapping[Status, int]
    faults: tuple[Finding, ...]
    seen: str
    left_out: int = 0
    portrait: Portrait = NOBODY
    lost: bool = False
    layers: Mapping[str, LayerVerdict] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def verdict_of(counts: Mapping[Status, int]) -> Verdict:
    """The verdict of a file by the number of its findings of each status."""
    if counts.get("ERROR"):
        return "ERROR"
    if counts.get("FAIL"):
        return "FAIL"
    if counts.get("AMBIGUOUS") or not counts.get("PASS"):
        return "INCONCLUSIVE"
    return "WARN" if counts.get("WARN") else "PASS"


def faults_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What a reader must look at: everything but PASS and VACUOUS."""
    return tuple(finding for finding in findings if finding.status not in ("PASS", "VACUOUS"))


def recorded(
    path: str,
    sha256: str,
    kind: Kind,
    findings: Sequence[Finding],
    portrait: Portrait = NOBODY,
    *,
    skipped: bool = False,
    lost: bool = False,
) -> Record:
    """The record of a file from all its findings."""
    counts: Counter[Status] = Counter(finding.status for finding in findings)
    faults = faults_of(findings)
    return Record(
        path,
        sha256,
        kind,
        "SKIPPED" if skipped else verdict_of(counts),
        dict(counts),
        tuple(_short(finding) for finding in faults[:MAX_FAULTS]),
        _digest(path.rpartition("/")[2], findings),
        max(0, len(faults) - MAX_FAULTS),
        portrait,
        lost,
        layers_of(findings),
    )


def renamed(record: Record, path: str) -> Record:
    """The same content under another path: places of findings begin with the name of the file."""
    old, new = f"{record.name}:", f"{path.rpartition('/')[2]}:"
    faults = record.faults
    if old != new:
        faults = tuple(
            replace(one, where=new + one.where.removeprefix(old)) if one.where.startswith(old) else one
            for one in faults
        )
    return replace(record, path=path, faults=faults)


def mark_of(record: Record) -> str:
    """The line of a file in the digest of a run: path, content, verdict, findings."""
    return json.dumps([record.path, record.sha256, record.verdict, record.seen], ensure_ascii=True)


def plain(record: Record) -> dict[str, Any]:
    """The record as JSON values, the inverse of `from_plain`."""
    fields: dict[str, Any] = {
        "path": record.path,
        "sha256": record.sha256,
        "kind": record.kind,
        "verdict": record.verdict,
        "counts": record.counts,
        "seen": record.seen,
        "portrait": {name: value for name, value in asdict(record.portrait).items() if value},
        "faults": [
            [one.rule, one.status, one.where, one.found, one.expected, one.exchange] for one in record.faults
        ],
    }
    if record.left_out:
        fields["left_out"] = record.left_out
    if record.lost:
        fields["lost"] = True
    if record.layers:
        fields["layers"] = dict(record.layers)
    return fields


def from_plain(fields: Mapping[str, Any]) -> Record:
    """Raises KeyError, TypeError or ValueError for what `plain` did not write."""
    return Record(
        str(fields["path"]),
        str(fields["sha256"]),
        fields["kind"],
        fields["verdict"],
        dict(fields["counts"]),
        tuple(Finding(*one) for one in fields["faults"]),
        str(fields["seen"]),
        int(fields.get("left_out", 0)),
        Portrait(**fields["portrait"]),
        bool(fields.get("lost", False)),
        dict(fields.get("layers", {})),
    )


def _digest(name: str, findings: Sequence[Finding]) -> str:
    """Over every finding; places without the name of the file, so that the same content has the same digest."""
    start = f"{name}:"
    lines = (
        f"{one.rule}\0{one.status}\0{one.where.removeprefix(start)}\0{one.found}\0{one.expected}\n"
        for one in findings
    )
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _short(finding: Finding) -> Finding:
    values = (finding.where, finding.found, finding.expected)
    if max(map(len, values)) <= _LONGEST:
        return finding
    where, found, expected = (
        value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)})" for value in values
    )
    return replace(finding, where=where, found=found, expected=expected)
