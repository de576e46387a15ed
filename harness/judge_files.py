"""Judging files and whole trees, for `dmpcompat check`: what each file is, its findings, and the verdict of the run.

A file is a CDA document, an XDS or SOAP message, or an exchange kept by `Exchange.save`. Renderings are in
harness.check_formats; rules are in harness.checks. Bad files give findings; only a bad request raises.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Literal

from harness import packs
from harness.check_subject import Kind, Subject, kind_of, read_exchange, read_message
from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.rule import Finding, Status
from harness.pack_schema import PackSchemas
from protocol.errors import DmpcompatError, Text, UsageError
from protocol.exchange import Exchange

Verdict = Literal["PASS", "WARN", "FAIL", "INCONCLUSIVE", "ERROR"]
_EXIT: Mapping[Verdict, int] = {"PASS": 0, "WARN": 0, "INCONCLUSIVE": 2, "FAIL": 1, "ERROR": 3}
_EXCHANGE = "_echange.json"
_FRAME = re.compile(r"_(requete|reponse)\.[a-z]+$")
#: Fewer files than this are judged in this process: starting others costs more.
_ALONE = 8


@dataclass(frozen=True)
class Asked:
    """What is asked of each file; plain values, so that it travels to other processes."""

    kind: Kind = "auto"
    pack: packs.Pack | None = None
    declared: Declared | None = None
    only: tuple[str, ...] | None = None
    explain: bool = False


@dataclass(frozen=True)
class FileResult:
    """One file: its path as it was given, what it is, and its findings with their default severity applied."""

    path: str
    kind: Kind
    findings: tuple[Finding, ...]

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """Number of findings by status."""
        return Counter(finding.status for finding in self.findings)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What a reader must look at: everything but PASS and VACUOUS."""
        return tuple(finding for finding in self.findings if finding.status not in ("PASS", "VACUOUS"))

    @property
    def verdict(self) -> Verdict:
        for status in ("ERROR", "FAIL"):
            if self.counts.get(status):
                return "ERROR" if status == "ERROR" else "FAIL"
        if not self.counts.get("PASS"):
            return "INCONCLUSIVE"
        return "WARN" if self.counts.get("WARN") else "PASS"


@dataclass(frozen=True)
class CheckRun:
    """The whole run. `skipped`: files of a tree that are nothing we judge; `pack`: name and digest, "" without one."""

    results: tuple[FileResult, ...]
    skipped: tuple[str, ...]
    pack: str
    bundle: str

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """Number of files by verdict."""
        return Counter(result.verdict for result in self.results)

    @property
    def verdict(self) -> Verdict:
        """The worst of the files; INCONCLUSIVE when there is none to judge."""
        for verdict in ("ERROR", "FAIL", "INCONCLUSIVE", "WARN"):
            if any(result.verdict == verdict for result in self.results):
                return verdict
        return "PASS" if self.results else "INCONCLUSIVE"

    @property
    def exit_code(self) -> int:
        """0 conform, 1 non-conform, 2 inconclusive, 3 tool error."""
        return _EXIT[self.verdict]


def judge_paths(
    paths: Sequence[Path],
    asked: Asked | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CheckRun:
    """Judge files, and every file of the folders among `paths`, in a stable order.

    `jobs`: processes used for long runs. `progress(done, total)` is called after each file. Raises UsageError
    (CHECK-010) for a path that isn't there, (CHECK-001) for a rule or group that does not exist.
    """
    wanted = asked or Asked()
    api.selection(wanted.only)
    named = [path for path in paths if not path.is_dir()]
    for path in named:
        if not path.is_file():
            raise UsageError(
                "CHECK-010", Text("fichier introuvable", "no such file"), field="PATH", found=str(path)
            )
    files = list(dict.fromkeys([*named, *(file for path in paths if path.is_dir() for file in _tree(path))]))
    results: list[FileResult] = []
    skipped: list[str] = []
    for result in _each(files, wanted, jobs):
        if result.kind == "auto" and Path(result.path) not in named:
            skipped.append(result.path)
        else:
            results.append(result)
        if progress is not None:
            progress(len(results) + len(skipped), len(files))
    label = wanted.pack.label if wanted.pack else ""
    return CheckRun(tuple(results), tuple(skipped), label, api.rule_bundle_digest())


def judge_file(path: Path, asked: Asked) -> FileResult:
    """Judge one file. Never raises for what it holds: an unreadable file is an ERROR finding of CHECK-FILE."""
    try:
        subject = kind_of(path, asked.kind)
        findings = _findings(subject, asked)
    except (OSError, DmpcompatError) as problem:
        said = problem.message("fr") if isinstance(problem, DmpcompatError) else str(problem)
        return FileResult(str(path), asked.kind, (Finding("CHECK-FILE", "ERROR", f"{path}:", said),))
    return FileResult(str(path), subject.kind, tuple(findings))


def _findings(subject: Subject, asked: Asked) -> list[Finding]:
    pack = _schemas(asked.pack, asked.explain) if asked.pack else None
    if subject.kind == "cda":
        return api.with_severity(
            api.judge_document(subject.data, subject.path.name, pack=pack, only=asked.only)
        )
    if subject.kind == "exchange":
        return _exchange(read_exchange(subject.path), subject, pack, asked, asked.only)
    if subject.kind == "xds":
        message = read_message(subject)
        return _exchange(message.exchange, subject, pack, asked, asked.only or message.groups)
    return [Finding("CHECK-FILE", "VACUOUS", f"{subject.path.name}:", "", "CDA | XDS | SOAP | _echange.json")]


def _exchange(
    exchange: Exchange, subject: Subject, pack: PackSchemas | None, asked: Asked, only: Sequence[str] | None
) -> list[Finding]:
    transaction = subject.transaction_of(exchange)
    if transaction is None:
        return [
            Finding(
                "CHECK-FILE", "FAIL", f"{subject.path.name}:", "transaction ?", "wsa:Action, racine du corps"
            )
        ]
    sides = subject.sides_of(exchange)
    found = api.judge(exchange, transaction, asked.declared, sides=sides, pack=pack, only=only)
    return [replace(item, where=f"{subject.path.name}:{item.where}") for item in api.with_severity(found)]


@lru_cache(maxsize=4)
def _schemas(pack: packs.Pack, explain: bool) -> PackSchemas:
    return PackSchemas(pack, explain=explain)


def _each(files: Sequence[Path], asked: Asked, jobs: int) -> Iterator[FileResult]:
    if jobs <= 1 or len(files) < _ALONE:
        yield from (judge_file(path, asked) for path in files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        yield from pool.map(
            partial(judge_file, asked=asked), files, chunksize=max(1, len(files) // (jobs * 8))
        )


def _tree(folder: Path) -> Iterator[Path]:
    """Files of a folder that may be judged, sorted; the bodies of an exchange go with its description."""
    for root, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        described = {name.removesuffix(_EXCHANGE) for name in files if name.endswith(_EXCHANGE)}
        for name in sorted(files):
            if name.startswith(".") or _FRAME.sub("", name) in described:
                continue
            if name.lower().endswith((".xml", ".mime", _EXCHANGE)):
                yield Path(root) / name
