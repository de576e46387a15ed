"""The direct engine: runs a Schematron over a document without XSLT.

Of the rules of a pattern, the first whose context matches a node is the one that fires there. What can't be evaluated
is listed as not run: it is never counted as passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree

from harness.schematron.constants import Library
from harness.schematron.folder import Folder
from harness.schematron.index import Index
from harness.schematron.inspection import inspect
from harness.schematron.interpret import Interpreter
from harness.schematron.matching import Matching
from harness.schematron.model import Assertion, Rule, Schema
from harness.schematron.names import Binding, Symbol
from harness.schematron.parse import XPathSyntaxError
from harness.schematron.planning import RulePlan
from harness.schematron.reader import read
from harness.schematron.result import Defect, Failure, Fired, LayerResult, NotRun
from harness.schematron.values import Document, Unsupported
from protocol import safexml
from protocol.errors import Text


def compile_schematron(pack_folder: Path, relative: str) -> DirectSchematron:
    """Read and prepare a Schematron of a pack; its expressions are compiled as rules fire.

    Raises ToolError: SCH-001 not in the pack, SCH-002 not a Schematron, SCH-003 unreadable file, SCH-004 an include
    that is not there, SCH-005 a reference that leads nowhere.
    """
    folder = Folder(pack_folder)
    return DirectSchematron(folder, read(folder, relative), relative)


class DirectSchematron:
    """A Schematron ready to run (`result.Compiled`)."""

    def __init__(self, folder: Folder, schema: Schema, relative: str) -> None:
        self.schematron = PurePosixPath(relative).as_posix()
        self.layer = PurePosixPath(relative).stem
        self.schema = schema
        self._folder = folder
        base = (folder.root / relative).parent
        self._interpreter = Interpreter(schema.namespaces, Library(folder, base, self.schematron))
        self._names = _globals(schema)
        self._rules: list[tuple[int, Rule, Fired]] = []
        self._plans: dict[int, RulePlan] = {}
        self._matching = Matching(self._interpreter, self._names)
        self._handed: list[NotRun] = []
        for rank, pattern in enumerate(schema.patterns):
            for rule in pattern.rules:
                self._add(rank, rule, Fired(pattern.label, rule.context))
        self._inspected: tuple[Defect, ...] | None = None

    def _add(self, pattern: int, rule: Rule, fired: Fired) -> None:
        try:
            self._matching.add(len(self._rules), rule.context)
        except (XPathSyntaxError, Unsupported) as problem:
            self._handed.append(_not_run(f"{rule.where} {rule.context}", problem))
        self._rules.append((pattern, rule, fired))

    @property
    def defects(self) -> tuple[Defect, ...]:
        """Faults of the kit: files, then expressions (every one is read here, which takes a while the first time)."""
        if self._inspected is None:
            self._inspected = tuple(inspect(self.schema, self._interpreter, self._names))
        return (*self._folder.defects, *self._inspected)

    def prepare(self) -> None:
        """Compile every rule now instead of when it first fires: for whoever will judge many documents."""
        for rule in range(len(self._rules)):
            self._plan(rule)

    def run(self, root: etree._Element, index: Index | None = None) -> LayerResult:
        """Judge a document. `index`: made once of the same root for several layers. A root that is a part of another
        document is judged as if it were a document of its own."""
        if index is None:
            index = Index(_whole(root))
        missed: dict[str, NotRun] = {one.what: one for one in self._handed}
        fired: list[Fired] = []
        failures: list[Failure] = []

        def unmatched(rule: int, problem: Exception) -> None:
            source = self._rules[rule][1]
            what = f"{source.where} {source.context}"
            missed.setdefault(what, _not_run(what, problem))

        found, on_document = self._matching.match(index, unmatched)

        def trouble(assertion: Assertion, problem: Exception) -> None:
            what = f"{assertion.where} {assertion.test}"
            missed.setdefault(what, _not_run(what, problem))

        for pattern, matched in self._by_pattern(found, on_document, index).items():
            label = self.schema.patterns[pattern].label
            told: list[tuple[int, Failure]] = []
            order: list[tuple[int, Fired]] = []
            for rule, nodes in matched:
                _, source, mark = self._rules[rule]
                order += [(_rank(index, node), mark) for node in nodes]
                for node, assertion, text in self._plan(rule).failures(index, nodes, trouble):
                    told.append((_rank(index, node), _failure(label, source, assertion, text, node)))
            order.sort(key=_first)
            told.sort(key=_first)
            fired += [mark for _, mark in order]
            failures += [failure for _, failure in told]
        return self._result(fired, failures, missed.values())

    def _by_pattern(
        self, found: dict[int, list[etree._Element]], on_document: list[int], index: Index
    ) -> dict[int, list[tuple[int, list[Any]]]]:
        """Of each pattern, in order, its rules with the nodes each fires on: those no earlier rule took."""
        taken: dict[int, set[Any]] = {}
        patterns: dict[int, list[tuple[int, list[Any]]]] = {}
        for rule in sorted({*found, *on_document}):
            pattern = self._rules[rule][0]
            before = taken.setdefault(pattern, set())
            nodes: list[Any] = [Document(index.root)] if rule in on_document else []
            nodes += found.get(rule, [])
            kept = [node for node in nodes if node not in before] if before else nodes
            if not kept:
                continue
            before.update(kept)
            batches = patterns.setdefault(pattern, [])
            alone = [node for node in kept if isinstance(node, Document)] if rule in on_document else []
            if alone:
                batches.append((rule, alone))
                kept = [node for node in kept if not isinstance(node, Document)]
            if kept:
                batches.append((rule, kept))
        return patterns

    def _plan(self, rule: int) -> RulePlan:
        plan = self._plans.get(rule)
        if plan is None:
            plan = self._plans[rule] = RulePlan(self._rules[rule][1], self._interpreter, self._names)
        return plan

    def _result(self, fired: list[Fired], failures: list[Failure], missed: Iterable[NotRun]) -> LayerResult:
        return LayerResult(
            self.layer, self.schematron, "direct", tuple(fired), tuple(failures), tuple(missed)
        )


def _first(pair: tuple[int, object]) -> int:
    return pair[0]


def _whole(root: etree._Element) -> etree._Element:
    if root.getparent() is None:
        return root
    from copy import deepcopy

    alone = deepcopy(root)
    alone.tail = None
    return alone


def _globals(schema: Schema) -> dict[str, Symbol]:
    """Lets of the schema, then of the patterns, which XSLT implementations make global too."""
    names: dict[str, Symbol] = {}
    for let in (*schema.lets, *(let for pattern in schema.patterns for let in pattern.lets)):
        names[let.name] = Binding(let.name, let.value, dict(names), shared=True)
    return names


def _rank(index: Index, node: Any) -> int:
    return -1 if isinstance(node, Document) else index.rank[node]


def _failure(pattern: str, rule: Rule, assertion: Assertion, text: str, node: Any) -> Failure:
    document = isinstance(node, Document)
    return Failure(
        pattern, rule.context, assertion.test, text, assertion.role, "/" if document else safexml.path_of(node),
        0 if document else node.sourceline or 0, assertion.id,
    )  # fmt: skip


def _not_run(what: str, problem: Exception) -> NotRun:
    if isinstance(problem, Unsupported):
        why = Text(
            f"le moteur direct ne sait pas le faire : {problem}", f"the direct engine can't do it: {problem}"
        )
        return NotRun(what, why, handed=True)
    return NotRun(what, Text(f"évaluation impossible : {problem}", f"can't be evaluated: {problem}"))
