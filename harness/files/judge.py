"""Judging one file, for `dmpcompat check`: what it is, its findings with severities applied, its record.

A file is a CDA document, an XDS or SOAP message, an exchange kept by `Exchange.save`, or the metadata of an XDM
delivery. Whole trees are harness.files.tree; rules are in harness.checks. Bad files give findings and raise nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.rule import Finding, Status
from harness.files import xdm
from harness.files.archives import (
    CHECK_FILE,
    MAX_MESSAGE,
    Entry,
    read,
    refuse_odd,
    told,
)
from harness.files.archives import read_exchange as read_exchange_in
from harness.files.delivery import agreeing, as_announced
from harness.files.inventory import EXCHANGE, exchange_of
from harness.files.portrait import NOBODY, Portrait, portrait
from harness.files.record import Record, Verdict, faults_of, recorded, verdict_of
from harness.files.subject import (
    METADATA_GROUPS,
    Kind,
    Subject,
    is_exchange,
    read_exchange,
    read_message,
    subject_of,
)
from harness.naming import transaction_of
from harness.packs import registry as packs
from harness.packs.schema import PackSchemas, schemas_of
from protocol.errors import DmpcompatError
from protocol.exchange import Exchange
from protocol.regularfile import read_regular

_JUDGED = "CDA | XDS | SOAP | _echange.json"


@dataclass(frozen=True)
class Asked:
    """What is asked of each file; plain values, so that it travels to other processes."""

    kind: Kind = "auto"
    pack: packs.Pack | None = None
    declared: Declared | None = None
    only: tuple[str, ...] | None = None
    explain: bool = False

    @cached_property
    def mark(self) -> str:
        """Digest (hex) of everything that decides a verdict beside the file: rules, pack, what is asked."""
        # The secret wire number is not in the repr.
        said = (api.rule_bundle_digest(), self.kind, self.declared, self.only, self.explain)
        pack = f"{self.pack.digest}|{packs.engine_digest()}" if self.pack else ""
        return hashlib.sha256(f"{said}|{pack}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Fetched:
    """What was read of an entry: its bytes, or the exchange that it describes; `sha256` over all of it."""

    sha256: str
    data: bytes = b""
    exchange: Exchange | None = None


@dataclass(frozen=True)
class FileResult:
    """One file: its path as it was given, what it is, and its findings with their default severity applied.

    `skipped`: nothing we judge, found in a tree.
    """

    path: str
    kind: Kind
    findings: tuple[Finding, ...]
    sha256: str = ""
    portrait: Portrait = NOBODY
    skipped: bool = False

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """Number of findings by status."""
        return Counter(finding.status for finding in self.findings)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What a reader must look at: everything but PASS and VACUOUS."""
        return faults_of(self.findings)

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.counts)

    def record(self) -> Record:
        return recorded(self.path, self.sha256, self.kind, self.findings, self.portrait, skipped=self.skipped)


def judge_file(path: Path, asked: Asked) -> FileResult:
    """Judge one file. Never raises for what it holds: an unreadable file is an ERROR finding of CHECK-FILE."""
    return judge_entry(Entry(str(path), str(path.absolute()), named=True), asked)


def judge_entry(entry: Entry, asked: Asked, *, brief: bool = False) -> FileResult:
    """Judge one entry of a tree or an archive. Never raises for what it holds.

    `brief`: rules that only pass do not tell where nor what they saw, since their findings are to be counted.
    """
    if entry.trouble or entry.skip:
        return FileResult(entry.path, "auto", entry.trouble, skipped=entry.skip)
    try:
        return judge_fetched(entry, fetch(entry, asked), asked, brief=brief)
    except (OSError, DmpcompatError, MemoryError) as problem:
        return refused(entry, problem)


def record_entry(entry: Entry, asked: Asked) -> Record:
    """`judge_entry`, as what is kept of it: what the processes of a crew send back."""
    return judge_entry(entry, asked, brief=True).record()


def fetch(entry: Entry, asked: Asked) -> Fetched:
    """Read an entry. Raises OSError, FileRefused, ZipRefused, EvidenceError, UsageError (CHECK-011)."""
    if entry.beside is not None:
        described, bodies = read_exchange_in(entry)
        exchange = exchange_of(entry.path, described, bodies)
        return Fetched(_digest(described, exchange), exchange=exchange)
    if entry.chain or entry.role or not is_exchange(entry.name, asked.kind):
        data = read(entry)
        return Fetched(hashlib.sha256(data).hexdigest(), data)
    path = Path(entry.file)
    described = read_regular(entry.file, MAX_MESSAGE)
    for body in path.parent.glob(f"{path.name.removesuffix(EXCHANGE)}_re*.*"):
        refuse_odd(str(body), MAX_MESSAGE)
    exchange = read_exchange(path)
    return Fetched(_digest(described, exchange), exchange=exchange)


def _digest(described: bytes, exchange: Exchange) -> str:
    return hashlib.sha256(described + exchange.digest().encode()).hexdigest()


def judge_fetched(entry: Entry, fetched: Fetched, asked: Asked, *, brief: bool = False) -> FileResult:
    """Judge what was read of an entry, wherever it was read. Raises DmpcompatError."""
    name = Path(entry.name)
    if entry.role == "attached":
        found = tuple(_announced(entry, fetched.data, None, asked))
        return FileResult(entry.path, "auto", found, fetched.sha256)
    subject = (
        Subject(name, "exchange", b"")
        if fetched.exchange is not None
        else subject_of(name, fetched.data, asked.kind)
    )
    findings, seen = _findings(subject, fetched, entry, asked, brief=brief)
    if subject.foreign and entry.announced:
        findings = []  # XML of another kind (a signature…): it is the document announced, or it is not
    findings += _announced(entry, fetched.data, subject, asked)
    skipped = subject.foreign and not entry.named and entry.announced is None
    return FileResult(entry.path, subject.kind, tuple(findings), fetched.sha256, seen, skipped)


def refused(entry: Entry, problem: Exception) -> FileResult:
    """What could not be read or judged: our own failure, or the file's when it is refused for what it is."""
    named = {"FILE-SIZE": "FAIL", "FILE-KIND": "INFO", "ZIP-ENCRYPTED": "INFO", "ZIP-METHOD": "INFO"}
    code = problem.code if isinstance(problem, DmpcompatError) else ""
    status: Any = named.get(code, "FAIL" if code.startswith("ZIP-") else "ERROR")
    return FileResult(entry.path, "auto", (Finding(CHECK_FILE, status, f"{entry.name}:", told(problem)),))


def _findings(
    subject: Subject, fetched: Fetched, entry: Entry, asked: Asked, *, brief: bool
) -> tuple[list[Finding], Portrait]:
    pack = schemas_of(asked.pack, explain=asked.explain) if asked.pack else None
    if subject.kind == "cda":
        found = api.judge_document(
            subject.data, subject.path.name, pack=pack, only=asked.only, parsed=subject.root, brief=brief
        )
        return api.with_severity(found), portrait(subject.root)
    if fetched.exchange is not None:
        return _exchange(fetched.exchange, subject, pack, asked, asked.only)
    if subject.kind == "xds" and entry.role == "metadata":
        message = read_message(replace(subject, data=xdm.submission(subject.data)))
        return _exchange(message.exchange, subject, pack, asked, asked.only or _on_media())
    if subject.kind == "xds":
        message = read_message(subject)
        return _exchange(message.exchange, subject, pack, asked, asked.only or message.groups)
    return [Finding(CHECK_FILE, "INFO", f"{subject.path.name}:", subject.why, _JUDGED)], NOBODY


def _exchange(
    exchange: Exchange, subject: Subject, pack: PackSchemas | None, asked: Asked, only: Sequence[str] | None
) -> tuple[list[Finding], Portrait]:
    transaction = transaction_of(exchange)
    if transaction is None:
        expected = "wsa:Action, racine du corps"
        return [Finding(CHECK_FILE, "FAIL", f"{subject.path.name}:", "transaction ?", expected)], NOBODY
    sides = subject.sides_of(exchange)
    found = api.judge(exchange, transaction, asked.declared, sides=sides, pack=pack, only=only)
    placed = [replace(item, where=f"{subject.path.name}:{item.where}") for item in api.with_severity(found)]
    return placed, Portrait(type=transaction.id, label=transaction.title.fr)


def _announced(entry: Entry, data: bytes, subject: Subject | None, asked: Asked) -> list[Finding]:
    """A document of an XDM delivery against its entry."""
    said = entry.announced
    if said is None:
        return []
    found = as_announced(said, data, entry.name)
    if subject is not None and subject.kind == "cda" and subject.root is not None:
        found += agreeing(said, data, entry.name, asked.declared, asked.only)
    return found


@lru_cache(maxsize=1)
def _on_media() -> tuple[str, ...]:
    """Rules of METADATA_GROUPS, save that which looks for the documents in the message: they are files beside it."""
    groups = api.groups()
    return tuple(rule for group in METADATA_GROUPS for rule in groups.get(group, ()) if rule != "DE-DOCUMENT")
