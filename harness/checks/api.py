"""The door of the oracle: `judge` an exchange, `judge_document` a CDA file, list and explain the rules.

Rules are found by walking the modules of this package. A rule that looked at nothing is VACUOUS; a rule that raises
is ERROR, never FAIL. Findings say PASS or FAIL; `with_severity` turns FAIL into WARN or INFO as the plan wishes.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, Literal

from lxml import etree

import harness.checks as package
from harness.checks.aftermath import Aftermath
from harness.checks.cda_view import CdaView, SchemaPack
from harness.checks.certainty import weighed
from harness.checks.explaining import explained
from harness.checks.judged import Declared, Judged
from harness.checks.rule import (
    Answered,
    Confidence,
    Finding,
    Rule,
    Severity,
    Side,
    Status,
    check,
    check_aftermath,
    check_answers,
    check_document,
    check_sequence,
    check_watch,
    failed,
    passed,
    verdict,
)
from harness.checks.running import Prepared, judge_briefly, prepared, run
from harness.checks.watched import Watched
from harness.xsd import order as schema_order
from harness.xsd import own as own_schemas
from harness.xsd import words as schema_words
from protocol.errors import Lang, Text, UsageError
from protocol.exchange import Exchange
from protocol.transactions import Transaction, load

__all__ = [
    "Confidence",
    "Declared",
    "Finding",
    "Judged",
    "Rule",
    "Severity",
    "Side",
    "Status",
    "check",
    "check_aftermath",
    "check_answers",
    "check_document",
    "check_sequence",
    "check_watch",
    "explain",
    "failed",
    "groups",
    "judge",
    "judge_aftermath",
    "judge_answers",
    "judge_document",
    "judge_sequence",
    "judge_watch",
    "passed",
    "rule",
    "rule_bundle_digest",
    "rules",
    "verdict",
    "with_severity",
]

SideAsked = Literal["request", "response"]
#: Transactions that carry documents, and on which side.
_CARRIERS = frozenset((("TD2.1", "request"), ("TD2.2", "request"), ("TD3.2", "response")))
#: Sides of an exchange that a rule runs on; documents are found on both.
_LOOKED_AT: Mapping[Side, tuple[SideAsked, ...]] = {
    "request": ("request",),
    "response": ("response",),
    "both": ("request", "response"),
    "connection": ("request",),
    "document": (),
    "sequence": (),
    "answers": (),
    "aftermath": (),
    "watch": (),
}


def judge(
    exchange: Exchange,
    transaction: Transaction,
    declared: Declared | None = None,
    *,
    sides: Sequence[SideAsked] = ("request", "response"),
    pack: SchemaPack | None = None,
    only: Iterable[str] | None = None,
) -> list[Finding]:
    """Every finding of every rule that concerns this transaction, in the order of the catalogue.

    `sides`: rules of the connection and of documents go with the side that carries them. `only` keeps the
    rules (ids or names of groups) that are listed. `pack` adds the verdict of official schemas. Never raises
    for what the exchange holds.
    """
    wanted = selection(only)
    views = _views(exchange, transaction, declared or Declared(), sides, pack)
    findings: list[Finding] = []
    for item in _concerned(rules, transaction.id, transaction.message):
        if wanted is None or item.id in wanted:
            findings += _on_exchange(item, views)
    if exchange.marks:
        findings = weighed(findings, {item.id: item.group for item in rules()}, exchange.marks)
    for finding in findings:
        finding.__dict__["exchange"] = exchange.id
    return findings


def _views(
    exchange: Exchange,
    transaction: Transaction,
    declared: Declared,
    sides: Sequence[SideAsked],
    pack: SchemaPack | None,
) -> dict[SideAsked, Judged]:
    """The sides asked for, in that order; the answer's is given the request's, so that it is read once."""
    asked = Judged(exchange, "request", transaction, declared, pack)
    answered = Judged(exchange, "response", transaction, declared, pack, asked)
    return {side: asked if side == "request" else answered for side in sides}


def judge_document(
    data: bytes,
    name: str = "",
    *,
    pack: SchemaPack | None = None,
    only: Iterable[str] | None = None,
    parsed: etree._Element | None = None,
    brief: bool = False,
) -> list[Finding]:
    """Every finding of the document rules on one bare CDA file. `name` prefixes the places.

    `parsed`: the root of `data`, when it has been read already. `brief`: a rule that only passes tells how many times,
    not where nor what it saw.
    """
    view = CdaView(data, name, pack, parsed)
    wanted = selection(only)
    if brief:
        return judge_briefly(_prepared(wanted), view, f"{name}:")
    return [finding for item in _of_documents(wanted) for finding in run(item, view, f"{name}:")]


@lru_cache(maxsize=64)
def _prepared(wanted: frozenset[str] | None) -> tuple[Prepared, ...]:
    return prepared(_of_documents(wanted))


@lru_cache(maxsize=256)
def _of_documents(wanted: frozenset[str] | None) -> tuple[Rule[CdaView], ...]:
    """The document rules, those that are wanted."""
    return tuple(
        item for item in rules() if item.side == "document" and (wanted is None or item.id in wanted)
    )


def judge_sequence(
    exchanges: Sequence[Exchange], declared: Declared | None = None, *, only: Iterable[str] | None = None
) -> list[Finding]:
    """Findings of the rules that look at the requests of a whole run (what must be new each time)."""
    wanted = selection(only)
    blank = next(iter(load().implemented()))
    views = [Judged(exchange, "request", blank, declared or Declared()) for exchange in exchanges]
    return [
        finding
        for item in rules()
        if item.side == "sequence" and (wanted is None or item.id in wanted)
        for finding in run(item, views, "request:")
    ]


def judge_answers(
    exchanges: Sequence[tuple[Exchange, Transaction, bool]], declared: Declared | None = None
) -> list[Finding]:
    """Findings on the coherence of the answers of a run; only those marked True are judged, the others are known."""
    answers = [
        Answered(Judged(exchange, "response", transaction, declared or Declared()), judged)
        for exchange, transaction, judged in exchanges
    ]
    return [
        finding for item in rules() if item.side == "answers" for finding in run(item, answers, "response:")
    ]


def judge_aftermath(view: Aftermath, *, only: Iterable[str]) -> list[Finding]:
    """Findings of the rules that are named (ids or `AFTERMATH`) on what followed a fault."""
    wanted = selection(only)
    return [
        finding
        for item in rules()
        if item.side == "aftermath" and (wanted is None or item.id in wanted)
        for finding in run(item, view, "request:")
    ]


def judge_watch(view: Watched) -> list[Finding]:
    """Findings on what was sent while a software was watched: of the rule that what is forbidden calls for."""
    wanted = "WATCH-NO-CALL" if view.any_call else "WATCH-FORBIDDEN"
    return run(rule(wanted), view, "session:")


def with_severity(
    findings: Iterable[Finding], severities: Mapping[str, Severity] | None = None
) -> list[Finding]:
    """Apply severities by rule id (default: the rule's own): FAIL becomes WARN or INFO; "off" drops the findings."""
    if not severities and not _some_off():
        found = list(findings)
        if "FAIL" not in [finding.status for finding in found]:
            return found  # most documents
        findings = found
    chosen = severities or {}
    status: Mapping[Severity, Status] = {"error": "FAIL", "warning": "WARN", "info": "INFO"}
    defaults = _defaults()
    kept, seen = [], None
    severity: Severity = "error"
    for finding in findings:
        if finding.rule != seen:  # findings of a rule come together
            seen = finding.rule
            severity = chosen.get(seen) or defaults.get(seen) or rule(seen).default
        if severity != "off":
            kept.append(replace(finding, status=status[severity]) if finding.status == "FAIL" else finding)
    return kept


@cache
def rules() -> tuple[Rule[Any], ...]:
    """The catalogue, in the order of modules and of their source."""
    found: list[Rule[Any]] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        members = vars(importlib.import_module(f"{package.__name__}.{module}"))
        found += [
            value
            for value in members.values()
            if isinstance(value, Rule) and value.module.endswith(f".{module}")
        ]
    return tuple(found)


@cache
def _by_id() -> Mapping[str, Rule[Any]]:
    return {item.id: item for item in rules()}


@cache
def _defaults() -> Mapping[str, Severity]:
    return {item.id: item.default for item in rules()}


@cache
def _some_off() -> bool:
    """Whether a rule says nothing unless the plan asks."""
    return "off" in _defaults().values()


def rule(identifier: str) -> Rule[Any]:
    """The rule of that id. Raises UsageError, naming the nearest one."""
    found = _by_id().get(identifier)
    if found is None:
        raise UsageError(
            "CHECK-001",
            Text("règle inconnue", "unknown rule"),
            found=identifier,
            expected=", ".join(_nearest(identifier)),
        )
    return found


def groups() -> dict[str, tuple[str, ...]]:
    """Ids of the rules by group (A-TLS, A-SOAP, A-VIHF, A-NUM, A-INS, and the subjects: MTOM, XDS, CDA…)."""
    return dict(_by_group())


@cache
def _by_group() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for item in rules():
        found[item.group] = (*found.get(item.group, ()), item.id)
    return found


def explain(identifier: str, lang: Lang = "fr") -> str:
    """A few lines on a rule for a reader: what it asks, of what, by which text, and how to mend. Raises UsageError."""
    return explained(rule(identifier), lang)


@cache
def rule_bundle_digest() -> str:
    """SHA-256 (hex) over the ids of the rules, the source of every module of this package, and our schemas with the
    modules that read them: quoted in reports."""
    digest = hashlib.sha256()
    for item in rules():
        digest.update(f"{item.id}\n".encode())
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        source = inspect.getsource(importlib.import_module(f"{package.__name__}.{module}"))
        digest.update(f"{module}\n{source}".encode())
    for beside in (own_schemas, schema_order, schema_words):
        digest.update(inspect.getsource(beside).encode())
    digest.update(own_schemas.own_schemas().digest().encode())
    return digest.hexdigest()


def selection(only: Iterable[str] | None) -> frozenset[str] | None:
    """Ids of the rules that these rules and groups name; None for all. Raises UsageError (CHECK-001)."""
    return None if only is None else _chosen(tuple(only))


@lru_cache(maxsize=256)
def _chosen(only: tuple[str, ...]) -> frozenset[str]:
    by_group = _by_group()
    chosen: set[str] = set()
    for name in only:
        chosen.update(by_group[name] if name in by_group else (rule(name).id,))
    return frozenset(chosen)


def _on_exchange(item: Rule[Any], views: Mapping[SideAsked, Judged]) -> list[Finding]:
    if item.side == "document":
        carrying = (view for view in views.values() if _carries_documents(view))
        return [finding for view in carrying for finding in _on_documents(item, view)]
    found: list[Finding] = []
    for name in _LOOKED_AT[item.side]:
        view = views.get(name)
        if view is not None and view.present:
            found += run(item, view, f"{name}:")
        elif view is not None:
            found.append(Finding(item.id, "VACUOUS", f"{name}:", view.exchange.failure))
    return found


@lru_cache(maxsize=256)
def _concerned(
    catalogue: Callable[[], Iterable[Rule[Any]]], transaction: str, message: str
) -> tuple[Rule[Any], ...]:
    """Rules of any call are of SOAP calls: an address that a browser opens has its own, by name."""
    url = message == "url"
    return tuple(
        item
        for item in catalogue()
        if (_LOOKED_AT[item.side] or item.side == "document")
        and (transaction in item.on if url else item.concerns(transaction))
    )


def _carries_documents(view: Judged) -> bool:
    return (view.transaction.id, view.side) in _CARRIERS


def _on_documents(item: Rule[CdaView], view: Judged) -> Iterator[Finding]:
    if not view.cda:
        yield Finding(item.id, "VACUOUS", f"{view.side}:")
    for document in view.cda:
        yield from run(item, document, document.name)


def _nearest(identifier: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(identifier.upper(), [*_by_id(), *groups()], n=3)
