"""One JSON object: the counts, the files, and the findings that are not passes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.checks.rule import Finding
from harness.files.formats.words import mend_of, title_of
from harness.files.record import Record
from harness.files.summary import Group, Summary, largest
from harness.files.tree import CheckRun
from protocol.errors import Lang


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """Indented JSON, ending with a new line, piece by piece."""
    head = {
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "rule_bundle": run.bundle,
        "pack": run.pack,
        "digest": run.digest,
        "counts": dict(sorted(run.summary.verdicts.items())),
        "summary": summary(run.summary),
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    yield ',\n "skipped": '
    yield from _listed(
        json.dumps(one.path, ensure_ascii=False)
        for one in (run.results if run.summary.skipped else ())
        if one.verdict == "SKIPPED"
    )
    yield ',\n "files": '
    yield from _listed(
        json.dumps(plain(one, lang), ensure_ascii=False, indent=1)
        for one in run.results
        if one.verdict != "SKIPPED"
    )
    yield "\n}\n"


def plain(record: Record, lang: Lang) -> dict[str, Any]:
    """One file as plain JSON values."""
    fields: dict[str, Any] = {
        "path": record.path,
        "sha256": record.sha256,
        "kind": record.kind,
        "type": record.portrait.type,
        "template": record.portrait.template,
        "producer": record.portrait.producer,
        "software": record.portrait.software,
        "verdict": record.verdict,
        "counts": dict(sorted(record.counts.items())),
        "findings": [_finding(finding, lang) for finding in record.faults],
    }
    if record.layers:
        fields["layers"] = dict(record.layers)
    if record.left_out:
        fields["findings_left_out"] = record.left_out
    return fields


def summary(counted: Summary) -> dict[str, Any]:
    """The counts of a run as plain JSON values, the largest first."""
    rules = sorted(counted.rules.items(), key=lambda item: (-item[1].total, item[0]))
    layers = counted.layers
    return {
        "files": counted.files,
        "skipped": counted.skipped,
        "rules": {
            rule: {**dict(sorted(tally.files.items())), "examples": tally.examples} for rule, tally in rules
        },
        **({"layers": {name: dict(sorted(said.items())) for name, said in layers.items()}} if layers else {}),
        "types": _groups(counted.types),
        "templates": _groups(counted.templates),
        "producers": _groups(counted.producers),
        "softwares": _groups(counted.softwares),
    }


def _groups(groups: Mapping[str, Group]) -> dict[str, Any]:
    return {
        name: {"label": group.label, **dict(sorted(group.files.items()))}
        for name, group in largest(groups, len(groups))
    }


def _listed(items: Iterator[str]) -> Iterator[str]:
    yield "["
    between = "\n"
    for item in items:
        yield between + item
        between = ",\n"
    yield "]" if between == "\n" else "\n]"


def _finding(finding: Finding, lang: Lang) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "status": finding.status,
        "title": title_of(finding, lang),
        "where": finding.where,
        "found": finding.found,
        "expected": finding.expected,
        "mend": mend_of(finding, lang),
    }
